//! A repertoire that is being made: rows in the order of drawing, which can still change.

use std::ops::Range;

use crate::repertoire::{Builder, Repertoire};
use crate::stable_hash::StableHasher;

/// A number that stands for a clonotype of a generator, whose genes are numbered.
pub(super) fn hash(junction: &[u8], (v, j): (usize, usize)) -> u64 {
    let mut hasher = StableHasher::default();
    hasher.number(v as u64);
    hasher.number(j as u64);
    hasher.bytes(junction);
    hasher.finish()
}

/// Rows before they are sorted and collapsed.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    residues: Vec<u8>,
    /// Where the residues of each row are.
    places: Vec<Range<usize>>,
    /// V and J gene.
    pub(super) genes: Vec<(&'a str, &'a str)>,
    /// Copies.
    pub(super) counts: Vec<u64>,
}

impl<'a> Draft<'a> {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            residues: Vec::with_capacity(rows * 16),
            places: Vec::with_capacity(rows),
            genes: Vec::with_capacity(rows),
            counts: Vec::with_capacity(rows),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    pub(super) fn push(&mut self, junction: &[u8], genes: (&'a str, &'a str), count: u64) {
        let place = self.append(junction);
        self.places.push(place);
        self.genes.push(genes);
        self.counts.push(count);
    }

    /// Makes row `i` another clonotype; its count stays.
    pub(super) fn replace(&mut self, i: usize, junction: &[u8], genes: (&'a str, &'a str)) {
        self.places[i] = self.append(junction);
        self.genes[i] = genes;
    }

    /// The first row that is this clonotype.
    pub(super) fn find(&self, junction: &[u8], genes: (&str, &str)) -> Option<usize> {
        (0..self.len()).find(|&i| self.junction(i) == junction && self.genes[i] == genes)
    }

    fn append(&mut self, junction: &[u8]) -> Range<usize> {
        let start = self.residues.len();
        self.residues.extend_from_slice(junction);
        start..self.residues.len()
    }

    /// Residue codes of row `i`.
    pub(super) fn junction(&self, i: usize) -> &[u8] {
        &self.residues[self.places[i].clone()]
    }

    /// Residue codes of row `i`, to be changed in place.
    pub(super) fn junction_mut(&mut self, i: usize) -> &mut [u8] {
        &mut self.residues[self.places[i].clone()]
    }

    /// The repertoire; equal rows collapse.
    pub(super) fn finish(&self, id: String) -> Repertoire {
        let mut builder = Builder::default();
        for i in 0..self.len() {
            builder.push_codes(self.junction(i), self.genes[i], self.counts[i]);
        }
        builder.finish(id)
    }
}
