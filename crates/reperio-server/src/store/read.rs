//! Jobs as the store has them.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Store, StoreError};
use crate::clock::Millis;
use crate::engine::Kind;

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl State {
    const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will change any more.
    pub(crate) fn has_ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// A job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) number: i64,
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) kind: Kind,
    pub(crate) model: String,
    pub(crate) model_sha256: String,
    pub(crate) options: Vec<(String, String)>,
    pub(crate) state: State,
    pub(crate) created: Millis,
    pub(crate) started: Option<Millis>,
    pub(crate) finished: Option<Millis>,
    pub(crate) error: Option<String>,
    pub(crate) warnings: Vec<String>,
}

/// An uploaded file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = JobInput)]
pub(crate) struct Input {
    /// Its name, as the client gave it.
    pub(crate) name: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// SHA-256, in hexadecimal digits.
    pub(crate) sha256: String,
}

/// A file of the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its path below the job's results, with `/`.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

const COLUMNS: &str = "number, id, owner, kind, model, model_sha256, options, state, created, started, finished, error, warnings";

impl Store {
    /// The job `id`.
    pub(crate) fn job(&self, id: &str) -> Result<Option<Job>, StoreError> {
        Ok(job(&self.lock(), id)?)
    }

    /// The latest jobs, newest first; of `owner`, or of everybody.
    pub(crate) fn jobs(&self, owner: Option<&str>, most: usize) -> Result<Vec<Job>, StoreError> {
        let connection = self.lock();
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs WHERE ?1 IS NULL OR owner = ?1 ORDER BY number DESC LIMIT ?2"
        );
        let mut query = connection.prepare_cached(&sql)?;
        let rows = query.query_map(params![owner, most], of_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was uploaded for a job.
    pub(crate) fn inputs(&self, id: &str) -> Result<Vec<Input>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(
            "SELECT name, bytes, sha256 FROM inputs WHERE job = ?1 ORDER BY place",
        )?;
        let rows = query.query_map([id], |row| {
            Ok(Input { name: row.get(0)?, bytes: row.get(1)?, sha256: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The results of a job, by path.
    pub(crate) fn files(&self, id: &str) -> Result<Vec<File>, StoreError> {
        let connection = self.lock();
        let mut query = connection
            .prepare_cached("SELECT path, bytes, sha256 FROM files WHERE job = ?1 ORDER BY path")?;
        let rows = query.query_map([id], |row| {
            Ok(File { path: row.get(0)?, bytes: row.get(1)?, sha256: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many jobs are in each state.
    pub(crate) fn counts(&self) -> Result<Vec<(State, u64)>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached("SELECT count(*) FROM jobs WHERE state = ?1")?;
        let count = |state: State| Ok((state, query.query_row([state.name()], |row| row.get(0))?));
        State::ALL.into_iter().map(count).collect()
    }

    /// How many jobs wait before the one of this number.
    pub(crate) fn before(&self, number: i64) -> Result<u64, StoreError> {
        let connection = self.lock();
        let mut query = connection
            .prepare_cached("SELECT count(*) FROM jobs WHERE state = 'queued' AND number < ?1")?;
        Ok(query.query_row([number], |row| row.get(0))?)
    }

    /// Ids of all jobs.
    pub(crate) fn ids(&self) -> Result<Vec<String>, StoreError> {
        self.strings("SELECT id FROM jobs")
    }

    /// Ids of the jobs that have ended.
    pub(crate) fn ended(&self) -> Result<Vec<String>, StoreError> {
        self.strings("SELECT id FROM jobs WHERE state NOT IN ('queued', 'running')")
    }

    /// Ids of the jobs that have ended without a result.
    pub(crate) fn fruitless(&self) -> Result<Vec<String>, StoreError> {
        self.strings("SELECT id FROM jobs WHERE state IN ('failed', 'cancelled')")
    }

    /// Models, by hash, of the jobs that have not ended.
    pub(crate) fn models_in_use(&self) -> Result<Vec<String>, StoreError> {
        self.strings("SELECT DISTINCT model_sha256 FROM jobs WHERE state IN ('queued', 'running')")
    }

    fn strings(&self, sql: &str) -> Result<Vec<String>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(sql)?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

pub(super) fn job(connection: &Connection, id: &str) -> Result<Option<Job>, rusqlite::Error> {
    let sql = format!("SELECT {COLUMNS} FROM jobs WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id], of_row).optional()
}

fn of_row(row: &Row<'_>) -> Result<Job, rusqlite::Error> {
    let text = |column: usize| row.get::<_, String>(column);
    let wrong = |column: usize, text: String| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(column, kind, text.into())
    };
    let (kind, state, options) = (text(3)?, text(7)?, text(6)?);
    let known = Kind::ALL.into_iter().find(|own| own.name() == kind);
    let in_state = State::ALL.into_iter().find(|own| own.name() == state);
    let parsed = serde_json::from_str(&options);
    let warnings = serde_json::from_str(&text(12)?);
    Ok(Job {
        number: row.get(0)?,
        id: row.get(1)?,
        owner: row.get(2)?,
        kind: known.ok_or_else(|| wrong(3, kind))?,
        model: row.get(4)?,
        model_sha256: row.get(5)?,
        options: parsed.map_err(|err| wrong(6, err.to_string()))?,
        state: in_state.ok_or_else(|| wrong(7, state))?,
        created: row.get(8)?,
        started: row.get(9)?,
        finished: row.get(10)?,
        error: row.get(11)?,
        warnings: warnings.map_err(|err| wrong(12, err.to_string()))?,
    })
}
