//! How all rows of a table are read.

use super::super::columns::{ChainPlaces, Check, Places};
use super::report::Reading;
use super::sequence::Sequence;
use crate::gene::{Locus, Species};

/// One receptor chain of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// In order of preference.
    pub(in super::super) sequences: Vec<Sequence>,
    pub(in super::super) v_call: Vec<usize>,
    pub(in super::super) j_call: Vec<usize>,
    /// Its locus where nothing else tells it.
    pub(in super::super) locus: Option<Locus>,
}

/// How all rows of a table are read.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(in super::super) chains: Vec<Chain>,
    /// Columns of sequences that a person named.
    pub(in super::super) named: Vec<usize>,
    pub(in super::super) count: Option<usize>,
    pub(in super::super) cell: Option<usize>,
    pub(in super::super) locus: Vec<usize>,
    pub(in super::super) repertoire_id: Option<usize>,
    /// Columns that must say the same in all rows of a repertoire.
    pub(in super::super) watched: Vec<usize>,
    pub(in super::super) checks: Vec<(usize, Check)>,
    pub(in super::super) region: Option<usize>,
    pub(in super::super) identity: Option<usize>,
    pub(in super::super) species: Species,
    pub(in super::super) short_rows: bool,
    /// Whether a point in a count may divide thousands, as where fields are divided by semicolons.
    pub(in super::super) semicolons: bool,
    /// What all this means, for a person.
    pub(in super::super) reading: Reading,
}

impl Chain {
    /// A chain as the names of its columns say.
    pub(super) fn named(places: &ChainPlaces) -> Self {
        Self {
            sequences: Sequence::named(places),
            v_call: places.v_call.clone(),
            j_call: places.j_call.clone(),
            locus: places.locus,
        }
    }
}

impl Plan {
    /// What the names of the columns say.
    pub(super) fn named(places: &Places) -> Self {
        Self {
            chains: places.chains.iter().map(Chain::named).collect(),
            locus: places.locus.clone(),
            checks: places.checks.clone(),
            region: places.region,
            identity: places.identity,
            short_rows: places.short_rows,
            ..Self::default()
        }
    }

    /// Reads the sequences of each chain as `known` says.
    pub(super) fn read_sequences_as(&mut self, known: &[Vec<Sequence>]) {
        for (chain, sequences) in self.chains.iter_mut().zip(known) {
            chain.sequences.clone_from(sequences);
        }
    }

    /// The columns of sequences of each chain.
    pub(in super::super) fn sequences(&self) -> Vec<Vec<Sequence>> {
        self.chains.iter().map(|chain| chain.sequences.clone()).collect()
    }

    /// Whether it reads rows in another way than `other`.
    pub(in super::super) fn differs(&self, other: &Self) -> bool {
        let columns = |plan: &Self| (plan.count, plan.cell, plan.repertoire_id);
        columns(self) != columns(other)
            || self.chains != other.chains
            || self.locus != other.locus
            || self.watched != other.watched
            || self.checks != other.checks
            || self.species != other.species
    }

    /// The columns that are read.
    pub(in super::super) fn columns(&self) -> Vec<usize> {
        let mut columns: Vec<usize> = self.locus.clone();
        for chain in &self.chains {
            columns.extend(chain.sequences.iter().map(|sequence| sequence.at));
            columns.extend(chain.v_call.iter().chain(&chain.j_call));
        }
        columns.extend(self.count.iter().chain(&self.cell).chain(&self.repertoire_id));
        columns.extend(self.region);
        columns.extend(self.checks.iter().map(|&(at, _)| at));
        columns.extend(&self.watched);
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}
