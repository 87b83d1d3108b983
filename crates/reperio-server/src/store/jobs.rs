//! The life of a job: accepted, begun, ended, removed.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::audit::{self, Action, Event};
use super::read::{self, File, Input, Job, State};
use super::{Store, StoreError};
use crate::clock::Millis;
use crate::engine::Kind;

/// How often a job may be begun. One that ends the server every time must not do so for ever.
pub(crate) const MOST_ATTEMPTS: u32 = 5;

/// A job to accept.
#[derive(Clone, Debug)]
pub(crate) struct NewJob<'a> {
    pub(crate) id: &'a str,
    pub(crate) owner: &'a str,
    pub(crate) kind: Kind,
    pub(crate) model: &'a str,
    pub(crate) model_sha256: &'a str,
    pub(crate) options: &'a [(String, String)],
    pub(crate) inputs: &'a [Input],
    /// Hash of the names and hashes of the inputs.
    pub(crate) input_sha256: &'a str,
    /// What two requests with one idempotency key must have in common.
    pub(crate) fingerprint: &'a str,
    /// The idempotency key.
    pub(crate) key: Option<&'a str>,
}

/// What became of a job that was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// It waits.
    New,
    /// The same was accepted before, under this id.
    Known(String),
    /// The key was used with another input.
    OtherInput,
    /// Too many wait.
    Full,
}

/// How a job ends.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Done {
        /// Its results.
        files: Vec<File>,
        /// What the command warned of.
        warnings: Vec<String>,
    },
    Failed(String),
    Cancelled,
    /// Not at all: the server stops, and the job waits for the next start. This is no attempt.
    Requeued,
}

impl Store {
    /// Accepts a job, if no more than `most` then wait.
    pub(crate) fn accept(
        &self,
        new: &NewJob<'_>,
        most: usize,
        now: Millis,
    ) -> Result<Accepted, StoreError> {
        let mut connection = self.lock();
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(known) = known(&change, new)? {
            return Ok(known);
        }
        let waiting = "SELECT count(*) FROM jobs WHERE state = 'queued'";
        let waiting: u64 = change.prepare_cached(waiting)?.query_row([], |row| row.get(0))?;
        if waiting >= most as u64 {
            return Ok(Accepted::Full);
        }
        insert(&change, new, now)?;
        let event = Event {
            job: Some(new.id),
            model_sha256: Some(new.model_sha256),
            input_sha256: Some(new.input_sha256),
            ..Event::new(new.owner, Action::Accepted)
        };
        audit::add(&change, event, now)?;
        change.commit()?;
        Ok(Accepted::New)
    }

    /// The longest waiting job, which from now on runs.
    pub(crate) fn begin(&self, now: Millis) -> Result<Option<Job>, StoreError> {
        let mut connection = self.lock();
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id: Option<String> = change
            .prepare_cached(
                "UPDATE jobs SET state = 'running', started = ?1, attempts = attempts + 1 WHERE number = \
                 (SELECT min(number) FROM jobs WHERE state = 'queued') RETURNING id",
            )?
            .query_row([now], |row| row.get(0))
            .optional()?;
        let begun = match id {
            Some(id) => read::job(&change, &id)?,
            None => None,
        };
        change.commit()?;
        Ok(begun)
    }

    /// Ends a running job. False if it does not run, or if nothing is known of it.
    pub(crate) fn end(&self, id: &str, end: &End, now: Millis) -> Result<bool, StoreError> {
        let (state, action, error) = match end {
            End::Done { .. } => (State::Done, Action::Done, None),
            End::Failed(text) => (State::Failed, Action::Failed, Some(text.as_str())),
            End::Cancelled => (State::Cancelled, Action::Cancelled, None),
            End::Requeued => return self.requeue(id),
        };
        let mut connection = self.lock();
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !leave(&change, (id, State::Running), (state, error), now)? {
            return Ok(false);
        }
        if let End::Done { files, warnings } = end {
            let warnings = serde_json::to_string(warnings).expect("plain data");
            let sql = "UPDATE jobs SET warnings = ?1 WHERE id = ?2";
            change.prepare_cached(sql)?.execute([warnings.as_str(), id])?;
            let mut insert = change.prepare_cached(
                "INSERT INTO files (job, path, bytes, sha256) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for file in files {
                insert.execute(params![id, file.path, file.bytes, file.sha256])?;
            }
        }
        of_server(&change, action, id, now)?;
        change.commit()?;
        Ok(true)
    }

    /// Cancels a job that waits. False if it does not.
    pub(crate) fn cancel(&self, id: &str, who: &str, now: Millis) -> Result<bool, StoreError> {
        let mut connection = self.lock();
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = leave(&change, (id, State::Queued), (State::Cancelled, None), now)?;
        if done {
            let event = Event { job: Some(id), ..Event::new(who, Action::Cancelled) };
            audit::add(&change, event, now)?;
        }
        change.commit()?;
        Ok(done)
    }

    fn requeue(&self, id: &str) -> Result<bool, StoreError> {
        let connection = self.lock();
        let mut update = connection.prepare_cached(
            "UPDATE jobs SET state = 'queued', started = NULL, attempts = attempts - 1 WHERE id = ?1 AND state = 'running'",
        )?;
        Ok(update.execute([id])? == 1)
    }

    /// What a server that died was running waits again, or fails if it was begun too often. Returns how many wait again.
    pub(crate) fn recover(&self, now: Millis) -> Result<usize, StoreError> {
        let mut connection = self.lock();
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "SELECT id FROM jobs WHERE state = 'running' AND attempts >= ?1 ORDER BY number";
        let given_up: Vec<String> = change
            .prepare_cached(sql)?
            .query_map([MOST_ATTEMPTS], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in given_up {
            let text = format!("the server ended {MOST_ATTEMPTS} times while this job ran");
            leave(&change, (&id, State::Running), (State::Failed, Some(&text)), now)?;
            of_server(&change, Action::Failed, &id, now)?;
        }
        let again = change.execute(
            "UPDATE jobs SET state = 'queued', started = NULL WHERE state = 'running'",
            [],
        )?;
        change.commit()?;
        Ok(again)
    }

    /// Removes an ended job; its files are the caller's to remove. False if it has not ended.
    pub(crate) fn remove(
        &self,
        id: &str,
        event: Event<'_>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let mut connection = self.lock();
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "DELETE FROM jobs WHERE id = ?1 AND state NOT IN ('queued', 'running')";
        let removed = change.prepare_cached(sql)?.execute([id])? == 1;
        if removed {
            audit::add(&change, event, now)?;
        }
        change.commit()?;
        Ok(removed)
    }

    /// Jobs that ended before `limit`.
    pub(crate) fn ended_before(&self, limit: Millis) -> Result<Vec<String>, StoreError> {
        let connection = self.lock();
        let mut query = connection
            .prepare_cached("SELECT id FROM jobs WHERE finished < ?1 ORDER BY number LIMIT 1000")?;
        let rows = query.query_map([limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The job that was accepted before with the same key.
fn known(change: &Connection, new: &NewJob<'_>) -> Result<Option<Accepted>, rusqlite::Error> {
    let Some(key) = new.key else { return Ok(None) };
    let sql = "SELECT id, fingerprint FROM jobs WHERE id = (SELECT job FROM keys WHERE owner = ?1 AND key = ?2)";
    let found: Option<(String, String)> = change
        .prepare_cached(sql)?
        .query_row([new.owner, key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map(|(id, fingerprint)| {
        if fingerprint == new.fingerprint { Accepted::Known(id) } else { Accepted::OtherInput }
    }))
}

fn insert(change: &Connection, new: &NewJob<'_>, now: Millis) -> Result<(), rusqlite::Error> {
    let options = serde_json::to_string(new.options).expect("plain data");
    change
        .prepare_cached(
            "INSERT INTO jobs (id, owner, kind, model, model_sha256, options, fingerprint, state, created) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'queued', ?8)",
        )?
        .execute(params![
            new.id,
            new.owner,
            new.kind.name(),
            new.model,
            new.model_sha256,
            options,
            new.fingerprint,
            now
        ])?;
    let mut insert = change.prepare_cached(
        "INSERT INTO inputs (job, place, name, bytes, sha256) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (place, input) in new.inputs.iter().enumerate() {
        insert.execute(params![new.id, place, input.name, input.bytes, input.sha256])?;
    }
    if let Some(key) = new.key {
        let sql = "INSERT INTO keys (owner, key, job) VALUES (?1, ?2, ?3)";
        change.prepare_cached(sql)?.execute([new.owner, key, new.id])?;
    }
    Ok(())
}

/// Moves a job from one state to another. False if it is not in the first.
fn leave(
    change: &Connection,
    (id, from): (&str, State),
    (to, error): (State, Option<&str>),
    now: Millis,
) -> Result<bool, rusqlite::Error> {
    let sql = "UPDATE jobs SET state = ?1, error = ?2, finished = ?3 WHERE id = ?4 AND state = ?5";
    let mut update = change.prepare_cached(sql)?;
    Ok(update.execute(params![to.name(), error, now, id, from.name()])? == 1)
}

fn of_server(
    change: &Connection,
    action: Action,
    id: &str,
    now: Millis,
) -> Result<(), rusqlite::Error> {
    audit::add(change, Event { job: Some(id), ..Event::new("server", action) }, now)
}
