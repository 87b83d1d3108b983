//! Occurrences of k-mers in a cohort, k-mer by k-mer.

use std::sync::Arc;

use rayon::prelude::*;
use reperio_data::repertoire::Repertoire;

use super::FeatureCache;
use super::kmer_set::{Kmer, KmerSet};

/// How often each repertoire has each k-mer, stored by k-mer.
///
/// Every clonotype counts once, whatever its copies. Kept are the k-mers that two repertoires or more have:
/// one that a single repertoire has says nothing about others. Memory: 8 bytes for each k-mer of each
/// repertoire.
#[derive(Debug)]
pub struct KmerCounts {
    kmers: Vec<Kmer>,
    /// Where the entries of each k-mer start, and the end.
    offsets: Vec<usize>,
    /// Repertoire and count, by increasing repertoire.
    entries: Vec<(u32, u32)>,
    /// Clonotypes of each repertoire, at least 1.
    clonotypes: Vec<f64>,
}

impl KmerCounts {
    /// The counts of a cohort, computed on first use.
    pub fn of(cache: &FeatureCache<'_>, set: KmerSet) -> Arc<Self> {
        cache.feature(&format!("counts of {set:?}"), |repertoires| Self::count(repertoires, set))
    }

    fn count(repertoires: &[&Repertoire], set: KmerSet) -> Self {
        let slots = set.slots();
        let sparse = |own: &&Repertoire| -> Vec<(u32, u32)> {
            let mut counts = vec![0_u32; slots.len() * slots.n_codes()];
            for i in 0..own.len() {
                slots.visit(own.junction_codes(i), |kmer| counts[slots.index(kmer)] += 1);
            }
            (0..).zip(counts).filter(|(_, count)| *count > 0).collect()
        };
        let rows: Vec<Vec<(u32, u32)>> = repertoires.par_iter().map(sparse).collect();
        let clonotypes = repertoires.iter().map(|own| own.len().max(1) as f64).collect();
        let mut own = Self { kmers: vec![], offsets: vec![0], entries: vec![], clonotypes };
        let mut carriers = vec![0_usize; slots.len() * slots.n_codes()];
        for &(index, _) in rows.iter().flatten() {
            carriers[index as usize] += 1;
        }
        let mut next = vec![usize::MAX; carriers.len()];
        let mut end = 0;
        for (index, &carriers) in carriers.iter().enumerate().filter(|(_, n)| **n >= 2) {
            next[index] = end;
            end += carriers;
            own.kmers.push(slots.kmer(index));
            own.offsets.push(end);
        }
        own.entries.resize(end, (0, 0));
        for (repertoire, row) in (0..).zip(rows) {
            for (index, count) in row {
                let next = &mut next[index as usize];
                if *next != usize::MAX {
                    own.entries[*next] = (repertoire, count);
                    *next += 1;
                }
            }
        }
        own
    }

    /// K-mers.
    pub fn len(&self) -> usize {
        self.kmers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.kmers.is_empty()
    }

    /// The k-mer of column `i`.
    pub fn kmer(&self, i: usize) -> Kmer {
        self.kmers[i]
    }

    /// Repertoires that have k-mer `i`, increasing, and how often.
    pub fn entries(&self, i: usize) -> &[(u32, u32)] {
        &self.entries[self.offsets[i]..self.offsets[i + 1]]
    }

    /// Clonotypes of `repertoire`, at least 1.
    pub fn clonotypes(&self, repertoire: u32) -> f64 {
        self.clonotypes[repertoire as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    fn repertoire(junctions: &[&str]) -> Repertoire {
        let mut builder = Builder::default();
        for &junction_aa in junctions {
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call: "",
                j_call: "",
                duplicate_count: 9,
            });
        }
        builder.finish("r".to_owned())
    }

    /// Every entry equals a count of windows by hand, and every shared k-mer has a column.
    #[test]
    fn entries_are_the_occurrences_in_windows() {
        let all = [
            repertoire(&["CASSLFATWF", "CASSSFTF"]),
            repertoire(&["CASSSSFATWWF"]),
            repertoire(&["CTTTTTF", "CASS", "CASSLFATWWF"]),
        ];
        let views: Vec<&Repertoire> = all.iter().collect();
        for regions in [false, true] {
            let set = KmerSet { k: 3, gaps: 1, anchors: false, regions };
            let slots = set.slots();
            let counts = KmerCounts::count(&views, set);
            let mut by_hand = vec![[0_u32; 3]; slots.len() * slots.n_codes()];
            for (r, own) in all.iter().enumerate() {
                for i in 0..own.len() {
                    slots.visit(own.junction_codes(i), |kmer| by_hand[slots.index(kmer)][r] += 1);
                }
            }
            let mut column = 0;
            for (index, counted) in by_hand.iter().enumerate() {
                let expected: Vec<(u32, u32)> =
                    (0..).zip(*counted).filter(|(_, count)| *count > 0).collect();
                if expected.len() >= 2 {
                    assert_eq!(counts.kmer(column), slots.kmer(index));
                    assert_eq!(counts.entries(column), expected);
                    column += 1;
                }
            }
            assert_eq!(column, counts.len());
            assert!(column > 5);
        }
    }
}
