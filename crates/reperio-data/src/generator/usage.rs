//! Gene usage: the joint distribution of V and J, and how it and lengths vary between donors.

use rand::{Rng, RngCore};
use rand_distr::{Distribution, Gamma, StandardNormal};
use serde::{Deserialize, Serialize};

use super::file::Lengths;
use super::{alias, rows};
use crate::repertoire::{GeneVocabulary, Repertoire};

/// The gene usage and lengths of one donor, ready for drawing.
#[derive(Clone, Debug)]
pub struct Usage {
    /// Alias cells over (V, J), J fastest.
    pairs: Vec<u32>,
    /// Alias cells of the lengths of each pair; empty where the pair never occurs.
    lengths: Vec<Vec<u32>>,
    min_length: usize,
}

impl Usage {
    /// `tilt` multiplies the weight of each length by `exp(tilt * length)`.
    pub(super) fn new(pairs: &[f64], lengths: &Lengths, tilt: f64) -> Self {
        let width = lengths.max - lengths.min + 1;
        let factors: Vec<f64> = (0..width).map(|l| (tilt * l as f64).exp()).collect();
        let cells = |row: Option<&[u8]>| {
            row.map_or(Vec::new(), |row| {
                let own = rows::probabilities(row);
                alias::pack(&own.iter().zip(&factors).map(|(p, f)| p * f).collect::<Vec<_>>())
            })
        };
        let lengths_of_pairs = lengths.by_pair().map(cells).collect();
        Self { pairs: alias::pack(pairs), lengths: lengths_of_pairs, min_length: lengths.min }
    }

    /// Draws the number of a (V, J) pair and a length.
    pub(super) fn draw(&self, rng: &mut impl RngCore) -> (usize, usize) {
        let pair = alias::draw(&self.pairs, rng);
        (pair, self.min_length + alias::draw(&self.lengths[pair], rng))
    }
}

/// How repertoires differ: Dirichlet concentrations of the V and the J shares, and a tilt of lengths.
///
/// ```text
/// variance of gene g's share = p_g * (1 - p_g) / (concentration + 1)
/// weight of length l         = exp(t * l) times its share,  t normal with mean 0
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variation {
    /// Concentration of V shares; smaller means more different.
    pub v: f64,
    /// Concentration of J shares.
    pub j: f64,
    /// Standard deviation of the length tilt t, per residue.
    pub length_tilt_sd: f64,
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
        let length_tilt_sd = length_tilt_sd(repertoires);
        Some(Self { v: concentration(&v), j: concentration(&j), length_tilt_sd })
    }

    /// One donor: each pair's share times the factors of its V and of its J, and a length tilt.
    pub(super) fn draw(
        self,
        shares: &[f64],
        n_j: usize,
        lengths: &Lengths,
        rng: &mut impl Rng,
    ) -> Usage {
        let weights = self.weights(shares, n_j, rng);
        let tilt = self.length_tilt_sd * rng.sample::<f64, _>(StandardNormal);
        Usage::new(if weights.iter().sum::<f64>() > 0.0 { &weights } else { shares }, lengths, tilt)
    }

    fn weights(self, shares: &[f64], n_j: usize, rng: &mut impl Rng) -> Vec<f64> {
        let n_v = shares.len() / n_j;
        let total: f64 = shares.iter().sum();
        let v = (0..n_v).map(|v| shares[v * n_j..(v + 1) * n_j].iter().sum::<f64>() / total);
        let v_factors: Vec<f64> = v.map(|share| factor(share, self.v, rng)).collect();
        let j = (0..n_j).map(|j| shares[j..].iter().step_by(n_j).sum::<f64>() / total);
        let j_factors: Vec<f64> = j.map(|share| factor(share, self.j, rng)).collect();
        let weight = |(at, share)| share * v_factors[at / n_j] * j_factors[at % n_j];
        shares.iter().enumerate().map(weight).collect()
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

/// Standard deviation of the tilt that moves mean lengths as much as repertoires differ in them: a
/// tilt t moves the mean by t times the variance of lengths.
fn length_tilt_sd(repertoires: &[&Repertoire]) -> f64 {
    let moments = |repertoire: &&&Repertoire| {
        let n = repertoire.len() as f64;
        let lengths = || repertoire.junctions().lengths().map(|length| length as f64);
        let mean = lengths().sum::<f64>() / n;
        (mean, lengths().map(|length| (length - mean).powi(2)).sum::<f64>() / n, n)
    };
    let all: Vec<_> = repertoires.iter().filter(|r| !r.is_empty()).map(|r| moments(&r)).collect();
    let within = all.iter().map(|(_, variance, _)| variance).sum::<f64>() / all.len() as f64;
    let noise = all.iter().map(|(_, variance, n)| variance / n).sum::<f64>() / all.len() as f64;
    let center = median(all.iter().map(|(mean, _, _)| *mean).collect());
    // The median deviation in place of the standard one: a few odd samples decide nothing.
    let spread = 1.4826 * median(all.iter().map(|(mean, _, _)| (mean - center).abs()).collect());
    (spread.powi(2) - noise).max(0.0).sqrt() / within.max(1e-9)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
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
        let shares = [0.4, 0.1, 0.3, 0.05, 0.1, 0.05]; // 3 V genes x 2 J genes
        let variation = Variation { v: 60.0, j: 1e6, length_tilt_sd: 0.0 };
        let counts: Vec<Vec<f64>> = (0..300)
            .map(|_| {
                let cells = alias::pack(&variation.weights(&shares, 2, &mut rng));
                let mut counts = vec![0.0; 3];
                for _ in 0..2_000 {
                    counts[alias::draw(&cells, &mut rng) / 2] += 1.0;
                }
                counts
            })
            .collect();
        let found = concentration(&counts);
        assert!((45.0..80.0).contains(&found), "{found}");
    }
    #[test]
    fn the_length_tilt_of_drawn_repertoires_is_found_again() {
        let generator = crate::generator::Generator::human_trb();
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let draw = |i: usize| {
            let tilt = 0.1 * rng.sample::<f64, _>(StandardNormal);
            let usage = Usage::new(&generator.shares(), &generator.parameters.lengths, tilt);
            generator.repertoire(i.to_string(), 1_000, &usage, &mut rng)
        };
        let repertoires: Vec<Repertoire> = (0..80).map(draw).collect();
        let found = length_tilt_sd(&repertoires.iter().collect::<Vec<_>>());
        assert!((0.07..0.13).contains(&found), "{found}");
    }
}
