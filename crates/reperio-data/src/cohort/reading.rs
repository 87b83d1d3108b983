//! Works through many files in parallel.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;

use crate::format::{self, ReadError, ReadOptions, ReadRepertoire};
use crate::metadata::Metadata;
use crate::progress::{Observer, Progress};

use super::chains;
use super::error::{CohortError, Skipped, chain};
use super::samples::Member;
use super::sources::{Inputs, Source};

/// How files are worked through.
#[derive(Clone, Copy)]
pub(super) struct Pace<'a> {
    /// What is being done.
    pub(super) task: &'a str,
    /// What is counted, plural.
    pub(super) unit: &'static str,
    /// Files at a time, at most.
    pub(super) at_once: usize,
    pub(super) observer: &'a dyn Observer,
}

/// Calls `work` on each of `files` and returns the results in the same order.
///
/// Files that cannot be read are all reported; any other error, and the wish to stop, end the work.
pub(super) fn each<S: Sync, T: Send>(
    files: &[S],
    pace: Pace<'_>,
    work: impl Fn(&S) -> Result<T, CohortError> + Sync,
) -> Result<Vec<T>, CohortError> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for result in try_each(files, pace, work)? {
        match result {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error),
        }
    }
    match errors.len() {
        0 => Ok(values),
        1 => Err(CohortError::Read(errors.remove(0))),
        _ => Err(CohortError::ReadMany { errors }),
    }
}

/// Calls `work` on each source of `found`. Those that cannot be read become skipped files if `options` say so;
/// their ids are the second result.
pub(super) fn each_source<T: Send>(
    found: &mut Inputs,
    options: &ReadOptions,
    pace: Pace<'_>,
    work: impl Fn(&Source) -> Result<T, CohortError> + Sync,
) -> Result<(Vec<T>, BTreeSet<String>), CohortError> {
    if !options.skip_unreadable {
        return Ok((each(&found.sources, pace, work)?, BTreeSet::new()));
    }
    let results = try_each(&found.sources, pace, work)?;
    let (mut values, mut unread) = (Vec::new(), BTreeSet::new());
    let mut sources = Vec::new();
    for (source, result) in found.sources.drain(..).zip(results) {
        match result {
            Ok(value) => {
                values.push(value);
                sources.push(source);
            }
            Err(error) => {
                unread.insert(source.id);
                found.skipped.push(Skipped { path: source.path, reason: chain(&error) });
            }
        }
    }
    found.sources = sources;
    Ok((values, unread))
}

/// Calls `work` on each of `files`; only that a file cannot be read is a result and no error.
fn try_each<S: Sync, T: Send>(
    files: &[S],
    Pace { task, unit, at_once, observer }: Pace<'_>,
    work: impl Fn(&S) -> Result<T, CohortError> + Sync,
) -> Result<Vec<Result<T, ReadError>>, CohortError> {
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
        observer.progress(Progress { task, done, total, unit });
        result
    };
    let (mut results, mut other) = (Vec::new(), Vec::new());
    // A thread that waits inside `work` begins another file: only the end of a batch bounds how many are open.
    let batches =
        files.chunks(at_once).flat_map(|batch| batch.par_iter().map(one).collect::<Vec<_>>());
    for result in batches {
        match result {
            Ok(value) => results.push(Ok(value)),
            Err(CohortError::Read(error)) => results.push(Err(error)),
            Err(error) => other.push(error),
        }
    }
    // Once one file has failed the others say only that they were stopped.
    let cause = other.iter().position(|error| !matches!(error, CohortError::Cancelled));
    match cause.map(|i| other.swap_remove(i)).or_else(|| other.pop()) {
        Some(error) => Err(error),
        None => Ok(results),
    }
}

/// What a store holds, or a cohort in memory.
pub(super) struct Stored<T> {
    pub(super) metadata: Metadata,
    /// The repertoires whose files named their sample.
    pub(super) members: Vec<Member>,
    /// What was made of each repertoire, in the order of the metadata's rows.
    pub(super) results: Vec<T>,
}

/// The repertoires of one file.
pub(super) struct FileContent {
    /// Under their final ids.
    pub(super) repertoires: Vec<ReadRepertoire>,
    /// Whether there is one, named after the file.
    pub(super) named_by_file: bool,
}

/// Reads one source and gives its only repertoire the id of the metadata: that which its file is named by, or else one
/// of `free`, which no file is named by, if the file says that it is of this sample.
///
/// Of several tables of one chain each, some may have no rows.
pub(super) fn read(
    source: &Source,
    options: &ReadOptions,
    free: &BTreeSet<String>,
) -> Result<FileContent, ReadError> {
    let (mut whole, mut empty) = (None::<FileContent>, Vec::new());
    for path in source.paths() {
        let part = match read_file(source, path, options, free) {
            Ok(part) => part,
            Err(error @ ReadError::HeaderOnly { .. }) => {
                empty.push((path, error));
                continue;
            }
            Err(error) => return Err(error),
        };
        match &mut whole {
            None => whole = Some(part),
            Some(whole) => {
                whole.named_by_file &= part.named_by_file;
                chains::join(&mut whole.repertoires, part.repertoires, path)?;
            }
        }
    }
    let Some(mut content) = whole else {
        return Err(empty.swap_remove(0).1); // A source has at least one file.
    };
    for read in &mut content.repertoires {
        read.reading.notes.extend(empty.iter().map(|(path, _)| chains::no_rows(path)));
    }
    Ok(content)
}

fn read_file(
    source: &Source,
    path: &Path,
    options: &ReadOptions,
    free: &BTreeSet<String>,
) -> Result<FileContent, ReadError> {
    let mut repertoires = format::read_file(path, options)?;
    let own = format::repertoire_id(path);
    let mut named_by_file = false;
    if let [only] = &mut repertoires[..]
        && only.repertoire.id == own
    {
        let sample = named_by_sample(source, only.sample.as_deref(), free);
        named_by_file = sample.is_none();
        only.repertoire.id = sample.unwrap_or(&source.id).to_owned();
    }
    Ok(FileContent { repertoires, named_by_file })
}

/// The sample that a source is named after, where the metadata has it and not the name of the file.
pub(super) fn named_by_sample<'a>(
    source: &Source,
    sample: Option<&'a str>,
    free: &BTreeSet<String>,
) -> Option<&'a str> {
    sample.filter(|sample| source.rows.is_empty() && free.contains(*sample))
}
