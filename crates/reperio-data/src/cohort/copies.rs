//! Repertoires with the same clonotypes under two ids: copies of one sample, which leak between training and test.

use std::collections::BTreeMap;

use crate::import_counts::ImportCounts;
use crate::repertoire::Repertoire;

use super::manifest::Entry;

/// Clonotypes of which two repertoires can be the same by chance.
const BY_CHANCE: u64 = 1;

/// Ids of repertoires that hold the same clonotypes, in groups.
pub(super) fn of(repertoires: &[Repertoire]) -> Vec<Vec<String>> {
    let mut alike: BTreeMap<(usize, usize, u64), Vec<&Repertoire>> = BTreeMap::new();
    for own in repertoires.iter().filter(|own| own.len() as u64 > BY_CHANCE) {
        let copies = own.counts().iter().fold(0, |sum: u64, &count| sum.wrapping_add(count));
        let key = (own.len(), own.junctions().residues().len(), copies);
        alike.entry(key).or_default().push(own);
    }
    let mut groups = Vec::new();
    for mut alike in alike.into_values() {
        while let Some(first) = alike.first().copied() {
            let (same, others): (Vec<_>, Vec<_>) =
                alike.into_iter().partition(|other| first.has_clonotypes_of(other));
            if same.len() > 1 {
                groups.push(same.iter().map(|own| own.id.clone()).collect());
            }
            alike = others;
        }
    }
    groups
}

/// The same of a store, by the checksums of its files.
pub(super) fn stored(entries: &BTreeMap<String, Entry>) -> Vec<Vec<String>> {
    let large = |counts: &ImportCounts| counts.clonotypes > BY_CHANCE;
    let mut by_content: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (id, entry) in entries.iter().filter(|(_, entry)| large(&entry.counts)) {
        by_content.entry(&entry.sha256).or_default().push(id.clone());
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
