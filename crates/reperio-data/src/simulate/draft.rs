//! A repertoire while it is being made: rows in the order they came, free to be changed.

use crate::alphabet;
use crate::repertoire::{Builder, Repertoire, Row};

/// Rows before they are sorted and collapsed.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    residues: Vec<u8>,
    ends: Vec<usize>,
    /// V and J gene.
    pub(super) genes: Vec<(&'a str, &'a str)>,
    /// Copies.
    pub(super) counts: Vec<u64>,
}

impl<'a> Draft<'a> {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            residues: Vec::with_capacity(rows * 16),
            ends: Vec::with_capacity(rows),
            genes: Vec::with_capacity(rows),
            counts: Vec::with_capacity(rows),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    pub(super) fn push(&mut self, junction: &[u8], genes: (&'a str, &'a str), count: u64) {
        self.residues.extend_from_slice(junction);
        self.ends.push(self.residues.len());
        self.genes.push(genes);
        self.counts.push(count);
    }

    fn start(&self, i: usize) -> usize {
        i.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    /// Residue codes of row `i`.
    pub(super) fn junction(&self, i: usize) -> &[u8] {
        &self.residues[self.start(i)..self.ends[i]]
    }

    /// Residue codes of row `i`, to be changed in place.
    pub(super) fn junction_mut(&mut self, i: usize) -> &mut [u8] {
        let start = self.start(i);
        &mut self.residues[start..self.ends[i]]
    }

    /// The repertoire; equal rows collapse.
    pub(super) fn finish(&self, id: String) -> Repertoire {
        let mut builder = Builder::default();
        for i in 0..self.len() {
            let junction_aa = alphabet::decode(self.junction(i));
            let ((v_call, j_call), duplicate_count) = (self.genes[i], self.counts[i]);
            builder.push(Row { junction_aa: &junction_aa, v_call, j_call, duplicate_count });
        }
        builder.finish(id)
    }
}
