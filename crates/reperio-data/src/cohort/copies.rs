//! Repertoires with the same clonotypes under two ids: copies of one sample, which leak between training and test.

use std::collections::BTreeMap;

use crate::repertoire::{Fingerprints, Repertoire};

/// Clonotypes of which two repertoires can be the same by chance.
pub(super) const BY_CHANCE: u64 = 1;

/// What one repertoire is compared by: its id, the fingerprints of its clonotypes with and without their counts, and
/// their number.
pub(super) struct Likeness {
    pub(super) id: String,
    fingerprints: Fingerprints,
    clonotypes: u64,
}

impl Likeness {
    pub(super) fn of(repertoire: &Repertoire) -> Self {
        let Repertoire { id, .. } = repertoire;
        let clonotypes = repertoire.len() as u64;
        Self { id: id.clone(), fingerprints: repertoire.fingerprints(), clonotypes }
    }
}

/// Ids of repertoires that hold the same clonotypes, in groups.
pub(super) fn of(all: &[Likeness]) -> Vec<Vec<String>> {
    let large = all.iter().filter(|own| own.clonotypes > BY_CHANCE);
    groups(large.map(|own| (own.fingerprints.counted, &own.id)))
}

/// Ids of repertoires that hold the same clonotypes with other counts, in groups.
pub(super) fn recounted(all: &[Likeness]) -> Vec<Vec<String>> {
    let large = all.iter().filter(|own| own.clonotypes > BY_CHANCE);
    unequal(large.map(|own| (own.fingerprints.clonotypes, own.fingerprints.counted, &own.id)))
}

/// Ids with the same first key, where not all have the same second one.
pub(super) fn unequal<'a, K: Ord, L: Ord>(
    all: impl Iterator<Item = (K, L, &'a String)>,
) -> Vec<Vec<String>> {
    let mut by_content: BTreeMap<K, BTreeMap<L, Vec<String>>> = BTreeMap::new();
    for (key, counts, id) in all {
        by_content.entry(key).or_default().entry(counts).or_default().push(id.clone());
    }
    let mut groups = Vec::new();
    for by_counts in by_content.into_values().filter(|by_counts| by_counts.len() > 1) {
        let mut ids: Vec<String> = by_counts.into_values().flatten().collect();
        ids.sort_unstable();
        groups.push(ids);
    }
    groups
}

/// Ids under the same key, where there are several.
pub(super) fn groups<'a, K: Ord>(all: impl Iterator<Item = (K, &'a String)>) -> Vec<Vec<String>> {
    let mut by_content: BTreeMap<K, Vec<String>> = BTreeMap::new();
    for (key, id) in all {
        by_content.entry(key).or_default().push(id.clone());
    }
    by_content.into_values().filter(|ids| ids.len() > 1).collect()
}

/// What a person should know about one group.
pub(super) fn warning(ids: &[String]) -> String {
    format!(
        "{} hold the same clonotypes: copies of one sample can end up on both sides of a split; keep one of them or put them in one group",
        ids.join(", ")
    )
}

/// What a person should know about one group whose counts differ.
pub(super) fn recounted_warning(ids: &[String]) -> String {
    format!(
        "{} hold the same clonotypes with other counts: if they are copies of one sample, they can end up on both sides of a split; keep one of them or put them in one group",
        ids.join(", ")
    )
}
