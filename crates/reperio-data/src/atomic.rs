//! Files that are either whole or absent: written under a temporary name, then renamed.

use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be written. Nothing is left under its name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The operating system refused: disk full, file-size limit, no permission.
    #[error("cannot write {path}")]
    Io {
        /// File that was to be written.
        path: PathBuf,
        /// Operating-system reason.
        source: io::Error,
    },
    /// Something on the way to the file is not a folder.
    #[error("cannot write {path}: {parent} is a file, expected a folder")]
    ParentIsFile {
        /// File that was to be written.
        path: PathBuf,
        /// The file that should be a folder.
        parent: PathBuf,
    },
}

/// Calls `fill` on a temporary file beside `path`, flushes it to the disk and renames it to `path`.
///
/// Missing parent folders are made. A reader never sees a half-written `path`, whatever happens. What
/// is not a regular file (a pipe, `/dev/stdout`) is written to as it is, never replaced.
///
/// # Examples
///
/// ```
/// use std::io::Write;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("scores.tsv");
/// reperio_data::atomic::write(&path, |file| file.write_all(b"a\t0.5\n"))?;
/// assert_eq!(std::fs::read_to_string(&path)?, "a\t0.5\n");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Names `path` if a folder cannot be made, `fill` fails, or the file cannot be flushed or renamed.
pub fn write(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), WriteError> {
    write_and(path, fill, rename)
}

/// As [`write()`], but the name may be lost by a power cut until its folder is flushed ([`flush`]): one flush serves for
/// thousands of files.
#[cfg(feature = "store")]
pub(crate) fn write_unflushed(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), WriteError> {
    write_and(path, fill, rename_unflushed)
}

fn write_and(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
    rename: impl FnOnce(&Path, &Path) -> io::Result<()>,
) -> Result<(), WriteError> {
    let named = |source| WriteError::Io { path: path.to_owned(), source };
    create_parent(path)?;
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return File::options()
            .write(true)
            .open(path)
            .and_then(|mut file| fill(&mut file))
            .map_err(named);
    }
    let (mut file, temporary) = temporary(path).map_err(named)?;
    let written = fill(&mut file).and_then(|()| file.sync_all());
    if let Err(source) = written.and_then(|()| rename(&temporary, path)) {
        let _ = fs::remove_file(&temporary); // The first error is the one worth reporting.
        return Err(named(source));
    }
    Ok(())
}

/// Makes the parent folder of `path`.
///
/// # Errors
///
/// Names `path` and, if that is the reason, the file that should be a folder.
pub fn create_parent(path: &Path) -> Result<(), WriteError> {
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    if let Some(file) = parent.ancestors().find(|ancestor| ancestor.is_file()) {
        return Err(WriteError::ParentIsFile { path: path.to_owned(), parent: file.to_owned() });
    }
    fs::create_dir_all(parent).map_err(|source| WriteError::Io { path: path.to_owned(), source })
}

/// Renames a file inside its folder and makes the new name survive a power cut.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    let folder = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    flush(folder.unwrap_or(Path::new(".")))
}

/// Renames a file inside its folder, whose new name may be lost until the folder is flushed ([`flush`]).
#[cfg(feature = "store")]
pub(crate) fn rename_unflushed(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Makes the names in a folder survive a power cut.
pub(crate) fn flush(folder: &Path) -> io::Result<()> {
    // Only Unix can open a folder to flush it.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// What temporary names begin and end with.
const TEMPORARY: (&str, &str) = (".reperio-", ".tmp");

/// Whether a name is that of a temporary file.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1)
}

/// A new file beside `path` under an unpredictable hidden name, and that name. It is locked while it is
/// open, so that [`sweep`] sees whether its writer lives.
fn temporary(path: &Path) -> io::Result<(File, PathBuf)> {
    loop {
        // Random keys of the operating system; they never reach the content of a file.
        let random = RandomState::new().build_hasher().finish();
        let path = path.with_file_name(format!("{}{random:016x}{}", TEMPORARY.0, TEMPORARY.1));
        let file = match File::create_new(&path) {
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => continue,
            file => file?,
        };
        let is_swept = matches!(file.try_lock(), Err(TryLockError::WouldBlock)) || !path.exists();
        if !is_swept {
            return Ok((file, path));
        }
    }
}

/// Removes the temporary files of killed processes from `folder`, and from folders in it to a depth.
pub(crate) fn sweep(folder: &Path, depth: usize) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            sweep(&entry.path(), depth - 1);
        } else if is_temporary(&entry.file_name().to_string_lossy())
            && let Ok(file) = File::options().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path()); // Another process may have been faster.
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_full_disk_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write(&path, |file| file.write_all(b"old")).unwrap();
        let result = write(&path, |file| {
            file.write_all(b"ne")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(matches!(result, Err(WriteError::Io { path: named, .. }) if named == path));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn what_a_killed_process_left_is_swept_and_what_another_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        for folder in [folder.path(), &below] {
            fs::write(folder.join(".reperio-0123456789abcdef.tmp"), "half").unwrap();
        }
        sweep(folder.path(), 2);
        assert_eq!((names(folder.path()), names(&below)), (vec!["a".to_owned()], vec![]));
        let path = below.join("a.txt");
        write(&path, |file| {
            sweep(folder.path(), 2);
            io::Write::write_all(file, b"new")
        })
        .unwrap();
        assert_eq!(names(&below), ["a.txt"]);
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        write(Path::new("/dev/null"), |file| file.write_all(b"text")).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_parent_that_is_a_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let err = write(&folder.path().join("file/sub/a.txt"), |_| Ok(())).unwrap_err();
        let text = err.to_string().replace(&folder.path().display().to_string(), "");
        insta::assert_snapshot!(text, @"cannot write /file/sub/a.txt: /file is a file, expected a folder");
    }
}
