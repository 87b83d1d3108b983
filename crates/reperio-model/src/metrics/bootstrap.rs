//! Percentile bootstrap, seeded, over groups of repertoires that are drawn together.
//!
//! Repertoires of one person are not independent. Drawing persons instead of repertoires keeps the
//! interval valid.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How a bootstrap interval is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// Resampled data sets.
    pub draws: usize,
    /// Share of draws inside the interval, in (0, 1).
    pub confidence: f64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { draws: 2000, confidence: 0.95, seed: 0 }
    }
}

impl Bootstrap {
    /// Interval of `statistic`, which is given the row numbers of one resampled data set.
    ///
    /// `units` are the rows that are drawn together: see [`units_of`]. Draws whose statistic is
    /// `None` (one class only) are left out; `None` if fewer than half remain.
    pub fn interval(
        &self,
        units: &[Vec<usize>],
        mut statistic: impl FnMut(&[usize]) -> Option<f64>,
    ) -> Option<[f64; 2]> {
        if units.is_empty() {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut values = Vec::with_capacity(self.draws);
        let mut rows = Vec::new();
        for _ in 0..self.draws {
            rows.clear();
            for _ in units {
                rows.extend_from_slice(&units[rng.random_range(0..units.len())]);
            }
            values.extend(statistic(&rows).filter(|value| value.is_finite()));
        }
        if values.is_empty() || 2 * values.len() < self.draws {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let tail = (1.0 - self.confidence) / 2.0;
        Some([quantile(&values, tail), quantile(&values, 1.0 - tail)])
    }
}

/// Rows by their key (a subject), in the order of first appearance.
pub fn units_of<K: AsRef<str>>(keys: &[K]) -> Vec<Vec<usize>> {
    let mut position = std::collections::BTreeMap::new();
    let mut units: Vec<Vec<usize>> = Vec::new();
    for (row, key) in keys.iter().enumerate() {
        let unit = *position.entry(key.as_ref()).or_insert(units.len());
        if unit == units.len() {
            units.push(Vec::new());
        }
        units[unit].push(row);
    }
    units
}

/// Quantile of ascending `sorted`, linear between the two nearest values (R's type 7).
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let below = sorted[at.floor() as usize];
    below + (sorted[at.ceil() as usize] - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(values: &[f64]) -> impl FnMut(&[usize]) -> Option<f64> + '_ {
        |rows| super::super::mean(rows.iter().map(|&row| values[row]))
    }

    fn singles(n: usize) -> Vec<Vec<usize>> {
        (0..n).map(|row| vec![row]).collect()
    }

    /// `numpy.quantile([1, 2, 4, 8], [0.1, 0.5, 0.95])`, numpy 2.4.6.
    #[test]
    fn quantiles_match_numpy() {
        let at = |q| quantile(&[1.0, 2.0, 4.0, 8.0], q);
        for (got, want) in [(at(0.1), 1.3), (at(0.5), 3.0), (at(0.95), 7.4)] {
            assert!((got - want).abs() < 1e-12, "{got} != {want}");
        }
    }

    #[test]
    fn the_interval_of_a_mean_has_its_known_width() {
        // Mean of 400 fair coins: standard error 0.025, so 95 % is 0.5 ± 0.049.
        let coins: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let interval = Bootstrap::default().interval(&singles(400), mean_of(&coins)).unwrap();
        assert!((interval[0] - 0.451).abs() < 0.006, "{interval:?}");
        assert!((interval[1] - 0.549).abs() < 0.006, "{interval:?}");
    }

    #[test]
    fn rows_of_one_person_widen_it_and_seeds_repeat_it() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i32::from(i % 40 < 20))).collect();
        let persons: Vec<String> = (0..400).map(|i| format!("p{}", i / 20)).collect();
        let width = |units: &[Vec<usize>], seed| {
            let bootstrap = Bootstrap { seed, ..Bootstrap::default() };
            bootstrap.interval(units, mean_of(&values)).map(|[low, high]| high - low)
        };
        let units = units_of(&persons);
        assert_eq!(units.len(), 20);
        assert!(width(&units, 1) > width(&singles(400), 1).map(|width| 3.0 * width));
        assert_eq!(width(&units, 1), width(&units, 1));
    }

    #[test]
    fn an_undefined_statistic_has_no_interval() {
        assert_eq!(Bootstrap::default().interval(&singles(3), |_| None), None);
        assert_eq!(Bootstrap::default().interval(&[], |_| Some(1.0)), None);
    }
}
