//! Frequencies of all k-mers of a cohort as one dense table.

use std::sync::Arc;

use rayon::prelude::*;
use reperio_data::repertoire::Repertoire;
use reperio_stats::logistic::Table;

use super::FeatureCache;
use super::kmer_counts::KmerCounts;
use super::kmer_set::{Kmer, KmerSet};

/// Windows with each k-mer over clonotypes, one row per repertoire.
#[derive(Debug)]
pub struct KmerFrequencies {
    /// The frequencies.
    pub table: Table,
    /// The k-mer of each column: those that two repertoires or more have.
    pub kmers: Vec<Kmer>,
}

impl KmerFrequencies {
    /// The frequencies of a cohort, computed on first use.
    pub fn of(cache: &FeatureCache<'_>, set: KmerSet) -> Arc<Self> {
        let counts = KmerCounts::of(cache, set);
        cache.feature(&format!("frequencies of {set:?}"), |all| Self::dense(all, &counts))
    }

    fn dense(repertoires: &[&Repertoire], counts: &KmerCounts) -> Self {
        let columns = counts.len();
        let mut values = vec![0.0_f32; repertoires.len() * columns];
        for column in 0..columns {
            for &(repertoire, count) in counts.entries(column) {
                values[repertoire as usize * columns + column] = count as f32;
            }
        }
        values.par_chunks_mut(columns.max(1)).zip(repertoires).for_each(|(row, own)| {
            let n = own.len().max(1) as f32;
            for value in row {
                *value /= n;
            }
        });
        let kmers = (0..columns).map(|column| counts.kmer(column)).collect();
        Self { table: Table::new(columns, values), kmers }
    }
}
