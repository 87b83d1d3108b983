//! The audit log: lines that are only ever added.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Store, StoreError};
use crate::clock::{self, Millis};

/// What somebody did, or what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Accepted,
    Done,
    Failed,
    Cancelled,
    /// Results were sent.
    Read,
    Removed,
    /// Removed because its time was over.
    Expired,
    LoggedIn,
    LoggedOut,
    /// A wrong, revoked or expired token.
    Refused,
    /// The log itself was sent.
    Exported,
    ServerStarted,
    ServerStopped,
    /// A model is offered from now on.
    ModelLoaded,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Read => "read",
            Self::Removed => "removed",
            Self::Expired => "expired",
            Self::LoggedIn => "logged-in",
            Self::LoggedOut => "logged-out",
            Self::Refused => "refused",
            Self::Exported => "exported",
            Self::ServerStarted => "server-started",
            Self::ServerStopped => "server-stopped",
            Self::ModelLoaded => "model-loaded",
        }
    }
}

/// A line to add.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event<'a> {
    /// The token's name, or `server`.
    pub(crate) who: &'a str,
    pub(crate) action: Action,
    pub(crate) job: Option<&'a str>,
    pub(crate) model_sha256: Option<&'a str>,
    /// Of everything that was uploaded.
    pub(crate) input_sha256: Option<&'a str>,
}

impl<'a> Event<'a> {
    pub(crate) fn new(who: &'a str, action: Action) -> Self {
        Self { who, action, job: None, model_sha256: None, input_sha256: None }
    }
}

/// A line as it is exported.
///
/// `hash` is the SHA-256 of the hash of the line before (64 zeros for the first), a line feed, and the other fields as
/// JSON in the order in which they stand here, without spaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    #[serde(flatten)]
    content: Content,
    hash: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Content {
    seq: i64,
    at: String,
    who: String,
    action: String,
    job: Option<String>,
    model_sha256: Option<String>,
    input_sha256: Option<String>,
}

impl Content {
    fn hash(&self, previous: &str) -> String {
        let text = serde_json::to_string(self).expect("plain data");
        format!("{:x}", Sha256::digest(format!("{previous}\n{text}")))
    }
}

impl Line {
    /// Its number.
    pub(crate) fn seq(&self) -> i64 {
        self.content.seq
    }

    /// Whether it follows the line whose hash is `previous`.
    #[cfg(test)]
    pub(crate) fn follows(&self, previous: &str) -> bool {
        self.hash == self.content.hash(previous)
    }

    #[cfg(test)]
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }
}

impl Store {
    /// Adds a line.
    pub(crate) fn note(&self, event: Event<'_>, now: Millis) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let change = connection.transaction()?;
        add(&change, event, now)?;
        Ok(change.commit()?)
    }

    /// At most `most` lines after that of the number `after`.
    pub(crate) fn audit(&self, after: i64, most: usize) -> Result<Vec<Line>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(
            "SELECT seq, at, who, action, job, model_sha256, input_sha256, hash FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let rows = query.query_map(params![after, most], |row| {
            let content = Content {
                seq: row.get(0)?,
                at: clock::text(row.get(1)?),
                who: row.get(2)?,
                action: row.get(3)?,
                job: row.get(4)?,
                model_sha256: row.get(5)?,
                input_sha256: row.get(6)?,
            };
            Ok(Line { content, hash: row.get(7)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Adds a line to the transaction that is under way.
pub(super) fn add(
    change: &Connection,
    event: Event<'_>,
    now: Millis,
) -> Result<(), rusqlite::Error> {
    let last: Option<(i64, String)> = change
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (seq, previous) = last.unwrap_or_else(|| (0, "0".repeat(64)));
    let content = Content {
        seq: seq + 1,
        at: clock::text(now),
        who: event.who.to_owned(),
        action: event.action.name().to_owned(),
        job: event.job.map(str::to_owned),
        model_sha256: event.model_sha256.map(str::to_owned),
        input_sha256: event.input_sha256.map(str::to_owned),
    };
    let hash = content.hash(&previous);
    change
        .prepare_cached("INSERT INTO audit (seq, at, who, action, job, model_sha256, input_sha256, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute(params![
            content.seq,
            now,
            content.who,
            content.action,
            content.job,
            content.model_sha256,
            content.input_sha256,
            hash
        ])?;
    Ok(())
}
