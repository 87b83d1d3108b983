//! Repertoires with the same clonotypes under two ids: copies of one sample, which leak between training and test.

use std::collections::BTreeMap;

use crate::repertoire::Repertoire;

use super::manifest::Entry;

/// Clonotypes of which two repertoires can be the same by chance.
const BY_CHANCE: u64 = 1;

/// What one repertoire is compared by: its id, its clonotypes' fingerprint and their number.
pub(super) struct Likeness {
    pub(super) id: String,
    fingerprint: [u8; 32],
    clonotypes: u64,
}

impl Likeness {
    pub(super) fn of(repertoire: &Repertoire) -> Self {
        let Repertoire { id, .. } = repertoire;
        let clonotypes = repertoire.len() as u64;
        Self { id: id.clone(), fingerprint: repertoire.fingerprint(), clonotypes }
    }
}

/// Ids of repertoires that hold the same clonotypes, in groups.
pub(super) fn of(all: &[Likeness]) -> Vec<Vec<String>> {
    let large = all.iter().filter(|own| own.clonotypes > BY_CHANCE);
    groups(large.map(|own| (own.fingerprint, &own.id)))
}

/// The same of a store, by the checksums of its files.
pub(super) fn stored(entries: &BTreeMap<String, Entry>) -> Vec<Vec<String>> {
    let large = entries.iter().filter(|(_, entry)| entry.counts.clonotypes > BY_CHANCE);
    groups(large.map(|(id, entry)| (&entry.sha256, id)))
}

/// Ids under the same key, where there are several.
fn groups<'a, K: Ord>(all: impl Iterator<Item = (K, &'a String)>) -> Vec<Vec<String>> {
    let mut by_content: BTreeMap<K, Vec<String>> = BTreeMap::new();
    for (key, id) in all {
        by_content.entry(key).or_default().push(id.clone());
    }
    by_content.into_values().filter(|ids| ids.len() > 1).collect()
}

/// What a person should know about one group.
pub(super) fn warning(ids: &[String]) -> String {
    format!(
        "{} hold the same clonotypes: copies of one sample stand on both sides of a split, keep one of them or give them one group",
        ids.join(", ")
    )
}
