//! What the entries of a store say about each other: files of one sample, parts of one repertoire, copies.

use std::collections::BTreeMap;
use std::iter;

use super::super::copies::{self, BY_CHANCE};
use super::super::error::CohortError;
use super::super::samples::{self, Member};
use super::manifest::{Entry, SourceRecord};

/// A repertoire of a store, if its file named the sample.
pub(super) fn member(id: &str, entry: &Entry) -> Option<Member> {
    let by_column = || (!entry.source.named_by_file).then(|| id.to_owned());
    let sample = entry.sample.clone().or_else(by_column)?;
    let place = samples::place(&entry.source.name, &entry.reading);
    Some(Member { id: id.to_owned(), place, sample })
}

/// The repertoires whose files named their sample.
pub(super) fn members<'a>(
    entries: impl IntoIterator<Item = (&'a String, &'a Entry)>,
) -> Vec<Member> {
    entries.into_iter().filter_map(|(id, entry)| member(id, entry)).collect()
}

/// Refuses a table that is a part of one repertoire and another repertoire by itself: the other chains of its sample
/// were imported later.
pub(super) fn check_tables(all: &BTreeMap<String, Entry>) -> Result<(), CohortError> {
    let tables =
        all.iter().flat_map(|(id, own)| own.source.tables.iter().zip(iter::repeat((id, own))));
    let parts: BTreeMap<(&str, &str), (&String, &Entry)> =
        tables.map(|((name, sha256), whole)| ((&name[..], &sha256[..]), whole)).collect();
    let whole = |(id, own): (&String, &Entry)| {
        let SourceRecord { name, sha256, .. } = &own.source;
        let name = name.rsplit('/').next().unwrap_or(name);
        let (whole, of) = parts.get(&(name, &sha256[..]))?;
        (of.source.sha256 != *sha256).then(|| (id.clone(), (*whole).clone()))
    };
    let shared: Vec<_> = all.iter().filter_map(whole).collect();
    if shared.is_empty() { Ok(()) } else { Err(CohortError::SharedTables { shared }) }
}

/// Ids of repertoires that hold the same clonotypes, in groups, by the checksums of their files.
pub(super) fn copies(all: &BTreeMap<String, Entry>) -> Vec<Vec<String>> {
    let large = all.iter().filter(|(_, entry)| entry.counts.clonotypes > BY_CHANCE);
    copies::groups(large.map(|(id, entry)| (&entry.sha256, id)))
}

/// Ids of repertoires that hold the same clonotypes with other counts, in groups; entries of older versions do not
/// tell.
pub(super) fn recounted(all: &BTreeMap<String, Entry>) -> Vec<Vec<String>> {
    let large = all.iter().filter(|(_, entry)| {
        entry.counts.clonotypes > BY_CHANCE && !entry.clonotypes_sha256.is_empty()
    });
    copies::unequal(large.map(|(id, entry)| (&entry.clonotypes_sha256, &entry.sha256, id)))
}
