//! Where bytes become the files that readers open: one folder a thread, always the same names in it.
//!
//! It is in `TMPDIR`, which fuzzing puts into memory.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

thread_local! {
    static FOLDER: TempDir = tempfile::tempdir().expect("a folder for the bytes");
}

/// The folder `name`, made where it is missing.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = FOLDER.with(|folder| folder.path().join(name));
    fs::create_dir_all(&path).expect("a folder for the bytes");
    path
}

/// The folder `name` with nothing in it.
pub(crate) fn empty(name: &str) -> PathBuf {
    let path = folder(name);
    fs::remove_dir_all(&path).expect("a folder that was made here");
    folder(name)
}

/// The file `name` with `bytes`.
pub(crate) fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.with(|folder| folder.path().join(name));
    write(&path, bytes);
    path
}

/// Writes `bytes` to `path`.
pub(crate) fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file for the bytes");
}
