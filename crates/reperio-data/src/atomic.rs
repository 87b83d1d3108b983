//! Files that are either whole or absent: written under a temporary name, then renamed.

use std::ffi::OsString;
use std::fs::{self, File};
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
        /// The file that stands in the way.
        parent: PathBuf,
    },
}

/// Calls `fill` on a temporary file beside `path`, flushes it to the disk and renames it to `path`.
///
/// Missing parent folders are made. A reader never sees a half-written `path`, whatever happens. What
/// is no regular file (a pipe, `/dev/stdout`) is written to as it is, never replaced.
///
/// # Errors
///
/// Names `path` if a folder cannot be made, `fill` fails, or the file cannot be flushed or renamed.
pub fn write(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
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
    let temporary = temporary(path);
    let written = File::create(&temporary).and_then(|mut file| {
        fill(&mut file)?;
        file.sync_all()
    });
    if let Err(source) = written.and_then(|()| rename(&temporary, path)) {
        let _ = fs::remove_file(&temporary); // The first error is the one worth reporting.
        return Err(named(source));
    }
    Ok(())
}

/// Makes the folder that `path` stands in.
///
/// # Errors
///
/// Names `path` and, where it is the reason, the file that should be a folder.
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
    // Only Unix can open a folder to flush it.
    if cfg!(unix) { File::open(folder.unwrap_or(Path::new(".")))?.sync_all() } else { Ok(()) }
}

/// The hidden name beside `path` under which it is written; the same on every run, so that a rerun
/// overwrites what a killed run left.
fn temporary(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".tmp");
    path.with_file_name(name)
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
