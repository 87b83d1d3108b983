//! Works through many files in parallel.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use crate::format::{self, ReadError, ReadOptions, ReadRepertoire};
use crate::progress::{Observer, Progress};

use super::error::CohortError;
use super::inputs::Source;

/// Calls `work` on each of `files` and returns the results in the same order.
///
/// Files that cannot be read are all reported; any other error, and the wish to stop, end the work.
pub(super) fn each<S: Sync, T: Send>(
    files: &[S],
    task: &str,
    observer: &dyn Observer,
    work: impl Fn(&S) -> Result<T, CohortError> + Sync,
) -> Result<Vec<T>, CohortError> {
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let total = files.len() as u64;
    let one = |file: &S| {
        if stop.load(Ordering::Relaxed) || observer.cancelled() {
            return Err(CohortError::Cancelled);
        }
        let result = work(file);
        if !matches!(result, Ok(_) | Err(CohortError::Read(_))) {
            stop.store(true, Ordering::Relaxed);
        }
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        observer.progress(Progress { task, done, total, unit: "files" });
        result
    };
    let (mut values, mut unreadable, mut other) = (Vec::new(), Vec::new(), Vec::new());
    for result in files.par_iter().map(one).collect::<Vec<_>>() {
        match result {
            Ok(value) => values.push(value),
            Err(CohortError::Read(error)) => unreadable.push(error),
            Err(error) => other.push(error),
        }
    }
    // Once one file has failed the others say only that they were stopped.
    let cause = other.iter().position(|error| !matches!(error, CohortError::Cancelled));
    if let Some(error) = cause.map(|i| other.swap_remove(i)).or_else(|| other.pop()) {
        return Err(error);
    }
    match unreadable.len() {
        0 => Ok(values),
        1 => Err(CohortError::Read(unreadable.remove(0))),
        _ => Err(CohortError::ReadMany { errors: unreadable }),
    }
}

/// The repertoires of one file.
pub(super) struct FileContent {
    /// Under their final ids.
    pub(super) repertoires: Vec<ReadRepertoire>,
    /// Whether there is one, named after the file.
    pub(super) named_by_file: bool,
}

/// Reads one file and gives its only repertoire the id of the metadata.
pub(super) fn read(source: &Source, options: &ReadOptions) -> Result<FileContent, ReadError> {
    let mut repertoires = format::read_file(&source.path, options)?;
    let own = format::repertoire_id(&source.path);
    let named_by_file = matches!(&repertoires[..], [only] if only.repertoire.id == own);
    if named_by_file {
        repertoires[0].repertoire.id.clone_from(&source.id);
    }
    Ok(FileContent { repertoires, named_by_file })
}
