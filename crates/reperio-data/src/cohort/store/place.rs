//! Where an import stages files, and how they come from there into their place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::atomic::{self, WriteError};
use crate::lock::Lock;

use super::super::error::CohortError;
use super::super::layout::{COHORT, JOURNAL, MANIFEST, PREVIOUS};
use super::manifest::{self, Manifest, REPERTOIRES, REPORT};

/// Where the file `name` of a store stands until the import ends.
pub(super) fn staged(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{name}.new"))
}

/// Ids of the repertoires that stand under their hidden names.
pub(super) fn staged_ids<'a>(folder: &Path, manifest: &'a Manifest) -> Vec<&'a String> {
    let is_staged = |id: &&String| manifest::staged_path(folder, id).is_file();
    manifest.repertoires.keys().filter(is_staged).collect()
}

/// Renames everything from its hidden name, with the repertoires `ids`, the manifest last.
pub(super) fn put(folder: &Path, ids: &[&String]) -> Result<(), WriteError> {
    let place = |name: &str| folder.join(name);
    if place(MANIFEST).is_file() {
        rename(&place(MANIFEST), &place(PREVIOUS))?;
    }
    for id in ids {
        let from = manifest::staged_path(folder, id);
        let path = manifest::repertoire_path(folder, id);
        atomic::rename_unflushed(&from, &path).map_err(|source| WriteError::Io { path, source })?;
    }
    if !ids.is_empty() {
        // All at once, and before the manifest says that they are there.
        let path = folder.join(REPERTOIRES);
        atomic::flush(&path).map_err(|source| WriteError::Io { path, source })?;
    }
    for name in [COHORT, REPORT, MANIFEST] {
        rename(&staged(folder, name), &place(name))?;
    }
    Ok(())
}

/// Removes what unfinished imports of other files left, with the repertoires `gone`.
pub(super) fn tidy<'a>(
    folder: &Path,
    gone: impl Iterator<Item = &'a String>,
) -> Result<(), CohortError> {
    let mut files: Vec<PathBuf> = gone.map(|id| manifest::repertoire_path(folder, id)).collect();
    for folder in [folder.to_owned(), folder.join(REPERTOIRES)] {
        let entries = match fs::read_dir(&folder) {
            // A cohort without repertoires has no folder of them.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(|source| CohortError::Io { path: folder, source })?,
        };
        files.extend(entries.flatten().map(|entry| entry.path()).filter(|path| is_ours(path)));
    }
    files.extend([folder.join(PREVIOUS), folder.join(JOURNAL)]);
    for path in files {
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(WriteError::Io { path, source }.into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether there is anything in `folder` but what a killed import left.
pub(super) fn has_files(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_lock =
        |path: &Path| path.file_name().is_some_and(|name| Lock::is_name(&name.to_string_lossy()));
    entries.map(|entry| entry.path()).any(|path| !is_ours(&path) && !is_lock(&path))
}

/// Whether a file is a hidden one of this module or of [`atomic::write`].
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    (name.starts_with('.') && name.ends_with(".new")) || atomic::is_temporary(&name)
}

fn rename(from: &Path, to: &Path) -> Result<(), WriteError> {
    atomic::rename(from, to).map_err(|source| WriteError::Io { path: to.to_owned(), source })
}
