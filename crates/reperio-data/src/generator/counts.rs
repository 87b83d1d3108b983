//! Clone counts and depths: how many copies a clonotype has, how many clonotypes a repertoire has.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal, Zeta};
use serde::{Deserialize, Serialize};

use crate::repertoire::Repertoire;

/// Exponent where the data give none (all counts equal, as in tables without counts): the median
/// over the runs of TCRdb of the exponent of clone fractions, relative to the smallest of the run.
const DEFAULT_EXPONENT: f64 = 2.1;
/// Data have counts where at least one in so many clonotypes has more than one copy.
const HAVE_COPIES: usize = 20;
/// Largest count drawn.
const LARGEST: f64 = 1e6;

/// Counts of clonotypes: `P(count = c)` is proportional to `c^-exponent`, a zeta distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountModel {
    /// Above 1; smaller values give larger clones.
    pub exponent: f64,
}

impl CountModel {
    /// Maximum likelihood. Tables without counts give 1, and 2 where rows collapse; so unless one
    /// clonotype in [`HAVE_COPIES`] has copies, the data say nothing about counts.
    pub(super) fn fit(repertoires: &[&Repertoire]) -> Self {
        let counts = || repertoires.iter().flat_map(|repertoire| repertoire.counts());
        let (n, copied) = (counts().count(), counts().filter(|&&count| count > 1).count());
        if copied * HAVE_COPIES < n || n == 0 {
            return Self { exponent: DEFAULT_EXPONENT };
        }
        let mean_ln = counts().map(|&count| (count as f64).ln()).sum::<f64>() / n as f64;
        Self { exponent: minimum(|exponent| exponent * mean_ln + zeta(exponent).ln(), 1.05, 8.0) }
    }

    /// Draws a count.
    ///
    /// # Panics
    ///
    /// If the exponent is not above 1.
    pub fn draw(self, rng: &mut impl Rng) -> u64 {
        let zeta = Zeta::new(self.exponent).expect("an exponent above 1");
        zeta.sample(rng).min(LARGEST) as u64
    }
}

/// Clonotypes per repertoire: log-normal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepthModel {
    /// Median clonotypes.
    pub median: f64,
    /// Standard deviation of the natural logarithm.
    pub sd_ln: f64,
}

impl DepthModel {
    pub(super) fn fit(repertoires: &[&Repertoire]) -> Self {
        let logs: Vec<f64> = repertoires.iter().map(|r| (r.len().max(1) as f64).ln()).collect();
        let n = logs.len().max(1) as f64;
        let mean = logs.iter().sum::<f64>() / n;
        let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / n;
        Self { median: mean.exp(), sd_ln: variance.sqrt() }
    }

    /// Draws a number of clonotypes, at least 1 and at most 10 million.
    pub fn draw(self, rng: &mut impl Rng) -> usize {
        let normal: f64 = rng.sample(StandardNormal);
        (self.median * (self.sd_ln * normal).exp()).round().clamp(1.0, 1e7) as usize
    }
}

/// Riemann's zeta function for `s` above 1: the first terms and the Euler-Maclaurin tail.
fn zeta(s: f64) -> f64 {
    const TERMS: u32 = 30;
    let head: f64 = (1..TERMS).map(|n| f64::from(n).powf(-s)).sum();
    let n = f64::from(TERMS);
    head + n.powf(1.0 - s) / (s - 1.0) + 0.5 * n.powf(-s) + s / 12.0 * n.powf(-s - 1.0)
}

/// Where a function with one minimum in `low..high` has it, to 1e-6 (golden section).
fn minimum(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let golden = (5_f64.sqrt() - 1.0) / 2.0;
    while high - low > 1e-6 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if f(left) < f(right) { high = right } else { low = left }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junction::JunctionAa;
    use crate::repertoire::{Builder, Row};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn zeta_has_its_known_values() {
        let pi = std::f64::consts::PI;
        assert!((zeta(2.0) - pi * pi / 6.0).abs() < 1e-8);
        assert!((zeta(4.0) - pi.powi(4) / 90.0).abs() < 1e-10);
    }

    #[test]
    fn the_exponent_of_drawn_counts_is_found_again() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let model = CountModel { exponent: 2.2 };
        let mut builder = Builder::default();
        for i in 0..20_000 {
            let duplicate_count = model.draw(&mut rng);
            let v_call = format!("V{i}");
            builder.push(Row {
                junction_aa: JunctionAa::new("CAF").unwrap(),
                v_call: &v_call,
                j_call: "",
                duplicate_count,
            });
        }
        let repertoire = builder.finish("r".to_owned());
        let found = CountModel::fit(&[&repertoire]).exponent;
        assert!((found - 2.2).abs() < 0.03, "{found}");
    }
}
