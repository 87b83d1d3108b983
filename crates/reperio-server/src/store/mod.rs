//! What the server must not forget: jobs, their results, and the audit log, in one `SQLite` file.
//!
//! Every change is one transaction that is on the disk when it returns.

mod audit;
mod jobs;
mod read;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

pub(crate) use audit::{Action, Event, Line};
pub(crate) use jobs::{Accepted, End, NewJob};
pub(crate) use read::{File, Input, Job, State};

/// Changes of the schema in order; the file's `user_version` says how many it has.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// How long another process (a backup, a person with `sqlite3`) may hold the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be opened.
    #[error("cannot open {path}")]
    Open {
        /// File.
        path: PathBuf,
        /// What `SQLite` says.
        source: rusqlite::Error,
    },
    /// A later version of the program made it.
    #[error(
        "{path} has schema {found}, this program knows {known}: it was written by a later version"
    )]
    Later {
        /// File.
        path: PathBuf,
        /// Schema found.
        found: usize,
        /// The latest schema that is known.
        known: usize,
    },
    /// A query failed.
    #[error("the store failed")]
    Sqlite(#[from] rusqlite::Error),
}

/// The store. Calls block for as long as the disk takes.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the file `path`, and makes it if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let cannot = |source| StoreError::Open { path: path.to_owned(), source };
        let mut connection = Connection::open(path).map_err(cannot)?;
        connection.busy_timeout(PATIENCE).map_err(cannot)?;
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;";
        connection.execute_batch(settings).map_err(cannot)?;
        migrate(&mut connection, path)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// The connection. A thread that panicked left no transaction open: its guard rolled it back.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let cannot = |source| StoreError::Open { path: path.to_owned(), source };
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let change = change.map_err(cannot)?;
    let version = change.query_row("PRAGMA user_version", [], |row| row.get(0));
    let found: usize = version.map_err(cannot)?;
    let known = MIGRATIONS.len();
    if found > known {
        return Err(StoreError::Later { path: path.to_owned(), found, known });
    }
    for step in &MIGRATIONS[found..] {
        change.execute_batch(step).map_err(cannot)?;
    }
    change.pragma_update(None, "user_version", known).map_err(cannot)?;
    change.commit().map_err(cannot)
}

#[cfg(test)]
mod tests;
