//! Features of snippets on a common scale.

use reperio_data::kmer::atchley::{FACTORS, N_FACTORS};

use super::snippets::{FEATURES, K, Snippets};

/// Centre and spread of each feature over the repertoires that are learned from.
#[derive(Debug)]
pub(super) struct Scale {
    mean: [f64; FEATURES],
    sd: [f64; FEATURES],
}

/// Spread below which a feature is constant up to rounding.
const CONSTANT: f64 = 1e-6;

impl Scale {
    /// Every repertoire has the same weight, and in it every distinct snippet.
    pub(super) fn of(repertoires: &[&Snippets]) -> Self {
        let full: Vec<&&Snippets> = repertoires.iter().filter(|own| !own.is_empty()).collect();
        let n = full.len().max(1) as f64;
        let average = |of: fn(&Snippets) -> &[f64; FEATURES]| -> [f64; FEATURES] {
            std::array::from_fn(|i| full.iter().map(|own| of(own)[i]).sum::<f64>() / n)
        };
        let (mean, square) = (average(|own| &own.mean), average(|own| &own.square));
        let sd = |i: usize| {
            let sd = (square[i] - mean[i] * mean[i]).max(0.0).sqrt();
            // What never varies says nothing: divided by next to nothing it would drown the rest in rounding.
            if sd > CONSTANT { sd } else { 1.0 }
        };
        Self { mean, sd: std::array::from_fn(sd) }
    }

    /// Scaled features of a snippet: residue by residue, then its ln share.
    pub(super) fn features(&self, residues: [usize; K], ln_share: f64) -> [f64; FEATURES] {
        std::array::from_fn(|i| {
            let (place, factor) = (i / N_FACTORS, i % N_FACTORS);
            let raw =
                if place < K { f64::from(FACTORS[residues[place]][factor]) } else { ln_share };
            (raw - self.mean[i]) / self.sd[i]
        })
    }

    /// Centre and spread of every feature.
    pub(super) fn parameters(&self) -> impl Iterator<Item = f64> {
        self.mean.iter().chain(&self.sd).copied()
    }
}
