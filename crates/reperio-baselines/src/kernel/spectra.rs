//! 4-mer frequencies of a whole cohort as one dense table.

use std::sync::Arc;

use rayon::prelude::*;
use reperio_data::kmer::pattern::Pattern;
use reperio_data::kmer::spectrum::{Spectrum, SpectrumOptions};
use reperio_data::repertoire::Repertoire;
use reperio_model::features::FeatureCache;

/// Residues of a k-mer.
const K: usize = 4;
/// Rows are padded with zeros to a multiple of this, so that loops over them have no remainder.
pub(super) const LANES: usize = 8;

/// 4-mer frequencies of all repertoires: one row per repertoire, one column per 4-mer.
///
/// Dense, because a repertoire of 10,000 clonotypes has a third of all 160,000 4-mers: loops over rows of
/// `f32` beat merging sorted lists by far, and take no more memory.
pub(crate) struct Spectra {
    /// Columns, padded.
    width: usize,
    /// Occurrences a clonotype: (n, width)
    values: Vec<f32>,
    /// Sum of the frequencies of all 4-mers, those without a column included: (n,)
    pub(super) sums: Vec<f64>,
    /// Number of 4-mers that occur, those without a column included: (n,)
    pub(super) distinct: Vec<u32>,
}

impl Spectra {
    /// The spectra of a cohort, counted on first use.
    pub(crate) fn of(cache: &FeatureCache<'_>) -> Arc<Self> {
        cache.feature("4-mer frequencies", Self::count)
    }

    /// Counted twice, first for the columns and then for the rows: counting is cheap, keeping all sparse
    /// spectra beside the table is not.
    fn count(repertoires: &[&Repertoire]) -> Self {
        let pattern = Pattern::contiguous(K);
        let codes = shared_codes(repertoires, &pattern);
        let mut columns = vec![u32::MAX; pattern.n_codes()];
        for (column, &code) in codes.iter().enumerate() {
            columns[code as usize] = column as u32;
        }
        let width = codes.len().next_multiple_of(LANES).max(LANES);
        let mut values = vec![0.0; repertoires.len() * width];
        let rows = values.par_chunks_exact_mut(width).zip(repertoires);
        let totals = rows.map(|(row, repertoire)| {
            let spectrum = Spectrum::of(repertoire, &pattern, SpectrumOptions::default());
            let clonotypes = repertoire.len().max(1) as f64;
            for (&code, &value) in spectrum.codes().iter().zip(spectrum.values()) {
                if let Some(cell) = row.get_mut(columns[code as usize] as usize) {
                    *cell = (value as f64 / clonotypes) as f32;
                }
            }
            (spectrum.total() as f64 / clonotypes, spectrum.codes().len() as u32)
        });
        let (sums, distinct) = totals.collect::<Vec<_>>().into_iter().unzip();
        Self { width, values, sums, distinct }
    }

    /// Repertoires.
    pub(crate) fn len(&self) -> usize {
        self.sums.len()
    }

    /// Frequencies of repertoire `i`: (width,), the 4-mers that two or more repertoires have and zeros behind them.
    pub(crate) fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.width..][..self.width]
    }
}

/// The codes that two or more repertoires have.
fn shared_codes(repertoires: &[&Repertoire], pattern: &Pattern) -> Vec<u32> {
    let empty = || vec![0_u32; pattern.n_codes()];
    let count = |mut carriers: Vec<u32>, repertoire: &&Repertoire| {
        for &code in Spectrum::of(repertoire, pattern, SpectrumOptions::default()).codes() {
            carriers[code as usize] += 1;
        }
        carriers
    };
    let add = |mut carriers: Vec<u32>, other: Vec<u32>| {
        carriers.iter_mut().zip(other).for_each(|(a, b)| *a += b);
        carriers
    };
    let carriers = repertoires.par_iter().fold(empty, count).reduce(empty, add);
    (0..).zip(carriers).filter_map(|(code, n)| (n >= 2).then_some(code)).collect()
}
