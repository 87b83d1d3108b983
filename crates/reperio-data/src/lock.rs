//! One process at a time on one output.
//!
//! The lock is a hidden file beside the output, locked by the operating system. It ends with the process,
//! however the process ends. A file left by a killed process is not a lock.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::{atomic, files};

/// Name of the lock of a folder.
const FOLDER: &str = ".reperio.lock";

/// Largest depth of results in an output folder.
const DEPTH: usize = 2;

/// An output that no other process may write to, until this is dropped.
///
/// # Examples
///
/// ```
/// use reperio_data::lock::Lock;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let lock = Lock::folder(folder.path())?;
/// assert!(Lock::folder(folder.path()).is_err(), "taken");
/// drop(lock);
/// Lock::folder(folder.path())?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Holds the lock; none where the file system knows no locks.
    file: Option<File>,
}

/// Why an output cannot be locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process writes there.
    #[error(
        "{path}: another process is writing there, expected one at a time: wait for it or choose another output"
    )]
    Taken {
        /// The output.
        path: PathBuf,
    },
    /// The lock cannot be made.
    #[error("cannot lock {path}")]
    Io {
        /// The output.
        path: PathBuf,
        /// Operating-system reason.
        source: io::Error,
    },
}

impl Lock {
    /// Locks a folder, which must exist, and removes half-written files of killed processes from it.
    ///
    /// # Errors
    ///
    /// If another process holds the lock, or the folder cannot be written to.
    pub fn folder(folder: &Path) -> Result<Self, LockError> {
        let lock = Self::take(&folder.join(FOLDER), folder)?;
        atomic::sweep(folder, DEPTH);
        Ok(lock)
    }

    /// Locks a file, which need not exist; its folder must exist.
    ///
    /// # Errors
    ///
    /// If another process holds the lock, or the folder cannot be written to.
    pub fn file(path: &Path) -> Result<Self, LockError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let lock = Self::take(&path.with_file_name(format!(".{name}.lock")), path)?;
        atomic::sweep(lock.path.parent().unwrap_or(Path::new("")), 0);
        Ok(lock)
    }

    /// Whether a file of this name is a lock of a folder.
    #[cfg(feature = "store")]
    pub(crate) fn is_name(name: &str) -> bool {
        name == FOLDER
    }

    fn take(path: &Path, output: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Io { path: output.to_owned(), source };
        loop {
            let file = File::options().create(true).truncate(false).write(true).open(path);
            let file = file.map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Taken { path: output.to_owned() });
                }
                // Some network file systems know no locks; then there is none to wait for.
                Err(TryLockError::Error(source)) => {
                    tracing::warn!(
                        "{}: this file system cannot lock ({source}); do not run two commands with this output at once",
                        output.display()
                    );
                    return Ok(Self { path: path.to_owned(), file: None });
                }
            }
            // The process before may have removed the file between opening and locking it.
            let (held, named) = (file.metadata().map_err(failed)?, fs::metadata(path));
            if named.is_ok_and(|named| files::is_one(&held, &named)) {
                return Ok(Self { path: path.to_owned(), file: Some(file) });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is still locked: nobody else can hold it.
        if self.file.is_some() {
            let _ = fs::remove_file(&self.path); // What is left is no lock.
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_waits_for_the_first_to_go() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::folder(dir.path()).unwrap();
        let err = Lock::folder(dir.path()).unwrap_err();
        assert!(matches!(&err, LockError::Taken { path } if path == dir.path()), "{err}");
        drop(first);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
        drop(Lock::folder(dir.path()).unwrap());
    }

    #[test]
    fn what_a_killed_process_left_is_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FOLDER), "").unwrap();
        drop(Lock::folder(dir.path()).unwrap());
        let path = dir.path().join("scores.tsv");
        let held = Lock::file(&path).unwrap();
        assert!(Lock::file(&path).is_err());
        assert!(Lock::file(&dir.path().join("others.tsv")).is_ok());
        drop(held);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
    }
}
