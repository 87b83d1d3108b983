//! Percentile bootstrap, seeded, over groups of rows that are drawn together.
//!
//! Samples of one person are not independent. Drawing persons instead of samples keeps the interval valid.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Groups;
use crate::moments::quantile;

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
    /// Rows of one of `groups` are drawn together. Draws whose statistic is `None` (one class only) are left out; `None`
    /// if fewer than half remain.
    ///
    /// ```
    /// use reperio_stats::{Groups, bootstrap::Bootstrap, moments::mean};
    ///
    /// let values = [1.0, 4.0, 2.0, 3.0, 5.0, 3.0];
    /// let people = Groups::of(&["a", "a", "b", "c", "d", "e"]);
    /// let of = |rows: &[usize]| mean(rows.iter().map(|&row| values[row]));
    /// let [low, high] = Bootstrap::default().interval(&people, of).expect("a mean");
    /// assert!(low < 3.0 && 3.0 < high);
    /// ```
    pub fn interval(
        &self,
        groups: &Groups,
        mut statistic: impl FnMut(&[usize]) -> Option<f64>,
    ) -> Option<[f64; 2]> {
        let mut values = Vec::with_capacity(self.draws);
        self.each(groups, |rows| values.push(statistic(rows)));
        self.percentiles(&values)
    }

    /// Gives `see` the row numbers of each resampled data set, one after the other; rows of one of `groups` are drawn
    /// together. Nothing is drawn where there is no group.
    pub fn each(&self, groups: &Groups, mut see: impl FnMut(&[usize])) {
        let units = groups.by_appearance();
        if units.is_empty() {
            return;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut rows = Vec::new();
        for _ in 0..self.draws {
            rows.clear();
            for _ in &units {
                rows.extend_from_slice(units[rng.random_range(0..units.len())]);
            }
            see(&rows);
        }
    }

    /// Interval of the values of a statistic in all draws; `None` if fewer than half of them are finite numbers.
    pub fn percentiles(&self, values: &[Option<f64>]) -> Option<[f64; 2]> {
        let known = values.iter().copied().flatten().filter(|value| value.is_finite());
        let mut known: Vec<f64> = known.collect();
        if known.is_empty() || 2 * known.len() < self.draws {
            return None;
        }
        known.sort_by(f64::total_cmp);
        let tail = (1.0 - self.confidence) / 2.0;
        Some([quantile(&known, tail)?, quantile(&known, 1.0 - tail)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(values: &[f64]) -> impl FnMut(&[usize]) -> Option<f64> + '_ {
        |rows| crate::moments::mean(rows.iter().map(|&row| values[row]))
    }

    #[test]
    fn the_interval_of_a_mean_has_its_known_width() {
        // Mean of 400 fair coins: standard error 0.025, so 95 % is 0.5 ± 0.049.
        let coins: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let interval = Bootstrap::default().interval(&Groups::each(400), mean_of(&coins)).unwrap();
        assert!((interval[0] - 0.451).abs() < 0.006, "{interval:?}");
        assert!((interval[1] - 0.549).abs() < 0.006, "{interval:?}");
    }

    #[test]
    fn rows_of_one_person_widen_it_and_seeds_repeat_it() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i32::from(i % 40 < 20))).collect();
        let persons: Vec<String> = (0..400).map(|i| format!("p{}", i / 20)).collect();
        let width = |groups: &Groups, seed| {
            let bootstrap = Bootstrap { seed, ..Bootstrap::default() };
            bootstrap.interval(groups, mean_of(&values)).map(|[low, high]| high - low)
        };
        let persons = Groups::of(&persons);
        assert_eq!(persons.count(), 20);
        assert!(width(&persons, 1) > width(&Groups::each(400), 1).map(|width| 3.0 * width));
        assert_eq!(width(&persons, 1), width(&persons, 1));
    }

    #[test]
    fn an_undefined_statistic_has_no_interval() {
        assert_eq!(Bootstrap::default().interval(&Groups::each(3), |_| None), None);
        assert_eq!(Bootstrap::default().interval(&Groups::default(), |_| Some(1.0)), None);
    }
}
