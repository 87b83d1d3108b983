//! Gene usage: the joint distribution of V and J, and how it varies between donors.

use rand::Rng;
use rand_distr::{Distribution, Gamma};
use serde::{Deserialize, Serialize};

use super::alias;
use crate::repertoire::{GeneVocabulary, Repertoire};

/// The gene usage of one repertoire, ready for drawing.
#[derive(Clone, Debug)]
pub struct Usage {
    /// Alias cells over (V, J), J fastest.
    pub(super) cells: Vec<u32>,
}

impl Usage {
    pub(super) fn new(pairs: &[f64]) -> Self {
        Self { cells: alias::pack(pairs) }
    }
}

/// How gene usage varies between repertoires: Dirichlet concentrations of the V and the J shares.
///
/// ```text
/// variance of gene g's share = p_g * (1 - p_g) / (concentration + 1)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variation {
    /// Concentration of V shares; smaller means more different.
    pub v: f64,
    /// Concentration of J shares.
    pub j: f64,
}

impl Variation {
    /// Moment estimate, sampling noise taken off. `None` for fewer than two repertoires.
    pub(super) fn fit(repertoires: &[&Repertoire], genes: &GeneVocabulary) -> Option<Self> {
        let depths: Vec<f64> = repertoires.iter().map(|r| r.len() as f64).collect();
        if depths.iter().filter(|&&depth| depth > 0.0).count() < 2 {
            return None;
        }
        let v: Vec<_> = repertoires.iter().map(|r| tally(r.v(), &r.genes().v, &genes.v)).collect();
        let j: Vec<_> = repertoires.iter().map(|r| tally(r.j(), &r.genes().j, &genes.j)).collect();
        Some(Self { v: concentration(&v), j: concentration(&j) })
    }

    /// The usage of one donor: each pair's share times the factors of its V and of its J.
    pub(super) fn draw(self, pairs: &[u32], n_j: usize, rng: &mut impl Rng) -> Usage {
        let n_v = pairs.len() / n_j;
        let pair = |v: usize, j: usize| f64::from(pairs[v * n_j + j]);
        let total: f64 = pairs.iter().map(|&n| f64::from(n)).sum();
        let v = (0..n_v).map(|v| (0..n_j).map(|j| pair(v, j)).sum::<f64>() / total);
        let v_factors: Vec<f64> = v.map(|share| factor(share, self.v, rng)).collect();
        let j = (0..n_j).map(|j| (0..n_v).map(|v| pair(v, j)).sum::<f64>() / total);
        let j_factors: Vec<f64> = j.map(|share| factor(share, self.j, rng)).collect();
        let weight = |at: usize| f64::from(pairs[at]) * v_factors[at / n_j] * j_factors[at % n_j];
        let weights: Vec<f64> = (0..pairs.len()).map(weight).collect();
        if weights.iter().sum::<f64>() > 0.0 {
            return Usage::new(&weights);
        }
        Usage::new(&pairs.iter().map(|&n| f64::from(n)).collect::<Vec<_>>())
    }
}

/// A Dirichlet component relative to its expectation: gamma of mean 1.
fn factor(share: f64, concentration: f64, rng: &mut impl Rng) -> f64 {
    let shape = share * concentration;
    match Gamma::new(shape, 1.0) {
        Ok(gamma) => gamma.sample(rng) / shape,
        Err(_) => 0.0, // A gene without share.
    }
}

/// Clonotypes by gene of `to`.
fn tally(indices: &[u16], from: &[String], to: &[String]) -> Vec<f64> {
    let place: Vec<Option<usize>> =
        from.iter().map(|name| to.iter().position(|other| other == name)).collect();
    let mut counts = vec![0.0; to.len()];
    for &index in indices {
        if let Some(at) = place[usize::from(index)] {
            counts[at] += 1.0;
        }
    }
    counts
}

/// Concentration of a Dirichlet from the counts of each gene in each repertoire: the median of the
/// genes' own moment estimates, each weighing its share, so that no single gene decides.
fn concentration(counts: &[Vec<f64>]) -> f64 {
    let filled: Vec<(&Vec<f64>, f64)> = counts
        .iter()
        .map(|row| (row, row.iter().sum::<f64>()))
        .filter(|&(_, depth)| depth > 0.0)
        .collect();
    let n = filled.len() as f64;
    let estimate = |gene: usize| {
        let shares: Vec<f64> = filled.iter().map(|(row, depth)| row[gene] / depth).collect();
        let mean = shares.iter().sum::<f64>() / n;
        let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let noise = filled.iter().map(|(_, depth)| mean * (1.0 - mean) / depth).sum::<f64>() / n;
        let own = mean * (1.0 - mean) / (variance - noise).max(1e-12) - 1.0;
        (own.clamp(1.0, 1e6), mean)
    };
    let mut estimates: Vec<(f64, f64)> = (0..counts[0].len()).map(estimate).collect();
    estimates.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut below = 0.0;
    let median = estimates.iter().find(|&&(_, share)| {
        below += share;
        below >= 0.5
    });
    median.or(estimates.last()).map_or(1e6, |&(own, _)| own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Shares drawn with a concentration lead back to it.
    #[test]
    fn the_concentration_of_drawn_usages_is_found_again() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let pairs = [400, 100, 300, 50, 100, 50]; // 3 V genes x 2 J genes
        let variation = Variation { v: 60.0, j: 1e6 };
        let counts: Vec<Vec<f64>> = (0..300)
            .map(|_| {
                let usage = variation.draw(&pairs, 2, &mut rng);
                let mut counts = vec![0.0; 3];
                for _ in 0..2_000 {
                    counts[alias::draw(&usage.cells, &mut rng) / 2] += 1.0;
                }
                counts
            })
            .collect();
        let found = concentration(&counts);
        assert!((45.0..80.0).contains(&found), "{found}");
    }
}
