//! Matches repertoires with rows of the metadata: exactly, by file name or by id, and complete in
//! both directions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::format;
use crate::limits::MAX_ID;

use super::error::CohortError;
use super::layout;
use super::sources::{Inputs, Source};

/// A repertoire and where it comes from.
pub(super) type IdOrigin = (String, String);

/// Finds the metadata rows of each source: those whose `filename` is the source, else the one whose
/// id is its name, with or without extension. Ids written with an extension lose it.
pub(super) fn name_sources(found: &mut Inputs) {
    let Some((_, table)) = &mut found.metadata else { return };
    let has_file: BTreeSet<usize> = found.listed.iter().map(|&(_, row)| row).collect();
    let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
    for (row, id) in table.ids().iter().enumerate().filter(|(row, _)| !has_file.contains(row)) {
        by_id.insert(id.clone(), row);
    }
    let mut by_file: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
    for (path, row) in &found.listed {
        by_file.entry(path).or_default().push(*row);
    }
    for source in &mut found.sources {
        let canonical = source.path.canonicalize().ok();
        let rows = canonical.and_then(|path| by_file.get(path.as_path()));
        source.rows = rows.cloned().unwrap_or_default();
        if source.rows.is_empty() {
            let name = source.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let names = [source.id.clone(), format::repertoire_id(&source.path), name];
            source.rows.extend(names.iter().find_map(|name| by_id.get(name)));
        }
        if let [row] = source.rows[..] {
            let file = source.path.file_name().unwrap_or_default().to_string_lossy();
            if table.ids()[row] == file {
                table.rename(row, &source.id);
            }
            source.id.clone_from(&table.ids()[row]);
        }
    }
}

/// Rows of the metadata that some source is named by.
fn taken(found: &Inputs) -> BTreeSet<usize> {
    found.sources.iter().flat_map(|source| source.rows.iter().copied()).collect()
}

/// Ids of the metadata that no source is named by.
pub(super) fn free_ids(found: &Inputs) -> BTreeSet<String> {
    let taken = taken(found);
    let ids = found.metadata.iter().flat_map(|(_, table)| table.ids().iter().enumerate());
    ids.filter(|(row, _)| !taken.contains(row)).map(|(_, id)| id.clone()).collect()
}

/// Refuses mismatches that no reading can resolve: sources without a row when every row has its source, rows
/// without a source when every source has its row.
pub(super) fn check_names(found: &Inputs, stored: &BTreeSet<String>) -> Result<(), CohortError> {
    let Some((path, table)) = &found.metadata else { return Ok(()) };
    let taken = taken(found);
    let origin = |source: &Source| (source.id.clone(), source.name.clone());
    let unlisted: Vec<IdOrigin> =
        found.sources.iter().filter(|source| source.rows.is_empty()).map(origin).collect();
    let free = (0..table.len()).filter(|row| !taken.contains(row)).map(|row| &table.ids()[row]);
    let free: Vec<String> = free.cloned().collect();
    let (unmatched, unlisted) = match (free.is_empty(), unlisted.is_empty()) {
        (true, false) => (Vec::new(), unlisted),
        (false, true) => (free.into_iter().filter(|id| !stored.contains(id)).collect(), Vec::new()),
        _ => return Ok(()),
    };
    if unmatched.is_empty() && unlisted.is_empty() {
        return Ok(());
    }
    let missing = found.missing.clone().map(Box::new);
    Err(CohortError::Mismatch { path: path.clone(), unmatched, unlisted, missing })
}

/// Refuses ids that make no file names.
pub(super) fn check_lengths(ids: impl Iterator<Item = String>) -> Result<(), CohortError> {
    let ids: Vec<String> = ids.filter(|id| layout::file_name(id).len() > MAX_ID).collect();
    if ids.is_empty() { Ok(()) } else { Err(CohortError::LongIds { ids }) }
}

/// Refuses ids that some disks take for one file name: one repertoire would be written over the other.
fn check_case<'a>(ids: impl Iterator<Item = &'a String>) -> Result<(), CohortError> {
    let mut by_name: BTreeMap<String, BTreeSet<&String>> = BTreeMap::new();
    for id in ids {
        by_name.entry(layout::file_name(id).to_ascii_lowercase()).or_default().insert(id);
    }
    let alike: Vec<String> =
        by_name.into_values().filter(|ids| ids.len() > 1).flatten().cloned().collect();
    if alike.is_empty() { Ok(()) } else { Err(CohortError::AlikeIds { ids: alike }) }
}

/// Refuses repertoires that occur twice, ids that differ only in case, repertoires without a row, and rows without a repertoire
/// among `read` and `stored`.
pub(super) fn check(
    found: &Inputs,
    read: &[IdOrigin],
    stored: &BTreeSet<String>,
) -> Result<(), CohortError> {
    check_lengths(read.iter().map(|(id, _)| id.clone()))?;
    let mut origins: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    for (id, source) in read {
        origins.entry(id).or_default().push(source.clone());
    }
    let twice = origins.iter().filter(|(_, sources)| sources.len() > 1);
    let duplicates: Vec<_> = twice.map(|(id, sources)| ((*id).clone(), sources.clone())).collect();
    if !duplicates.is_empty() {
        return Err(CohortError::DuplicateIds { duplicates });
    }
    check_case(origins.keys().copied().chain(stored))?;
    let Some((path, table)) = &found.metadata else { return Ok(()) };
    let listed: BTreeSet<&String> = table.ids().iter().collect();
    let unlisted: Vec<IdOrigin> =
        read.iter().filter(|(id, _)| !listed.contains(id)).cloned().collect();
    let known = |id: &&String| origins.contains_key(id) || stored.contains(*id);
    let unmatched: Vec<String> = table.ids().iter().filter(|id| !known(id)).cloned().collect();
    if unmatched.is_empty() && unlisted.is_empty() {
        return Ok(());
    }
    let missing = found.missing.clone().map(Box::new);
    Err(CohortError::Mismatch { path: path.clone(), unmatched, unlisted, missing })
}
