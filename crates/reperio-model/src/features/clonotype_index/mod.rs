//! The clonotypes of a cohort and the repertoires that carry each, without labels.

mod groups;
mod neighbours;
mod rows;
mod shared;

use std::sync::Arc;

use reperio_data::repertoire::Repertoire;

use super::FeatureCache;
use rows::Rows;
pub(crate) use rows::first_rows;
use shared::Shared;

/// When two clonotypes of a cohort are the same one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// Equal junction, V gene and J gene; an unknown gene equals only an unknown gene.
    Clonotype,
    /// Equal junction.
    Junction,
    /// Equal junction, and a key is carried with one substitution at most.
    OneSubstitution,
}

impl Identity {
    fn feature(self) -> &'static str {
        match self {
            Self::Clonotype => "clonotype index by junction, V and J",
            Self::Junction => "clonotype index by junction",
            Self::OneSubstitution => "clonotype index by junction with one substitution",
        }
    }
}

/// Which repertoires of a cohort carry which clonotypes.
///
/// An *item* is a distinct clonotype under [`Identity`], a *key* what an association is sought for.
///
/// ```text
/// Clonotype, Junction   items are carried by at least two repertoires; a key is its item
/// OneSubstitution       items are all junctions; key i is item i with every item of its length at Hamming distance 1
/// ```
///
/// Counting is exact: rows meet by a 64-bit hash and are then compared. Items are in the order of their first
/// occurrence, repertoire by repertoire, whatever the number of threads. Memory: 16 bytes per row while counting
/// and 4 bytes per carrier after it, and under `OneSubstitution` 8 bytes per pair of neighbours.
#[derive(Debug, PartialEq, Eq)]
pub struct ClonotypeIndex {
    items: Shared,
    /// Neighbours of each item; empty where a key is its item.
    neighbours: Lists,
    distinct: Vec<u32>,
    by_family: bool,
}

/// Lists of numbers, one after another.
#[derive(Debug, Default, PartialEq, Eq)]
struct Lists {
    /// Where each list starts, and the end.
    offsets: Vec<usize>,
    values: Vec<u32>,
}

impl Lists {
    fn get(&self, i: usize) -> &[u32] {
        self.offsets.get(i + 1).map_or(&[], |&end| &self.values[self.offsets[i]..end])
    }
}

impl ClonotypeIndex {
    /// Counts `repertoires`, on the threads of rayon's current pool.
    ///
    /// # Panics
    ///
    /// If a repertoire has 2^32 clonotypes or more, or the cohort as many repertoires or items.
    pub fn new(repertoires: &[&Repertoire], identity: Identity) -> Self {
        let rows = Rows::new(repertoires, identity == Identity::Clonotype);
        let least = if identity == Identity::OneSubstitution { 1 } else { 2 };
        let (items, distinct) = shared::count(&rows, least);
        let neighbours = match identity {
            Identity::OneSubstitution => neighbours::of(&items.junctions(&rows)),
            Identity::Clonotype | Identity::Junction => Lists::default(),
        };
        Self { items, neighbours, distinct, by_family: rows.by_family() }
    }

    /// The index of all repertoires of `cache`, made once.
    pub fn of(cache: &FeatureCache<'_>, identity: Identity) -> Arc<Self> {
        cache.feature(identity.feature(), |repertoires| Self::new(repertoires, identity))
    }

    /// Items, which are as many as keys.
    pub fn len(&self) -> usize {
        self.items.first.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Repertoire and row where item `i` occurs first.
    pub fn first(&self, i: usize) -> (usize, usize) {
        let (repertoire, row) = self.items.first[i];
        (repertoire as usize, row as usize)
    }

    /// Repertoires that carry item `i`, increasing.
    pub fn carriers(&self, i: usize) -> &[u32] {
        self.items.carriers.get(i)
    }

    /// Items that count as key `i`: itself, then its neighbours, increasing.
    pub fn members(&self, i: usize) -> impl Iterator<Item = usize> {
        let neighbours = self.neighbours.get(i).iter().map(|&item| item as usize);
        std::iter::once(i).chain(neighbours)
    }

    /// Whether genes are equal if their families are: some repertoire knows no more. False where genes do not count.
    pub fn by_family(&self) -> bool {
        self.by_family
    }

    /// Distinct items of each repertoire, those that no other repertoire carries included.
    pub fn distinct(&self) -> &[u32] {
        &self.distinct
    }
}

#[cfg(test)]
mod tests;
