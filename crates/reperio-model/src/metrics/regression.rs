//! Quantities.

use serde::{Deserialize, Serialize};

use super::{labelled, mean, ranks::midranks, ratio};

/// Summary of predicted quantities. A value that the data do not define is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RegressionMetrics {
    /// Predictions with a target.
    pub n: usize,
    /// Share of the targets' variance explained; below 0 where their mean would predict better.
    pub r2: Option<f64>,
    /// Mean absolute error, in the target's unit.
    pub mae: Option<f64>,
    /// Root of the mean squared error, in the target's unit.
    pub rmse: Option<f64>,
    /// Rank correlation, in [-1, 1].
    pub spearman: Option<f64>,
}

impl RegressionMetrics {
    /// Compares `predictions` with `targets`; rows without a target are skipped. With a value that
    /// is not finite, only the count is defined.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn of(predictions: &[f64], targets: &[Option<f64>]) -> Self {
        let (predictions, targets) = labelled(predictions, targets);
        let count = Self { n: targets.len(), ..Self::default() };
        if predictions.iter().chain(&targets).any(|value| !value.is_finite()) {
            return count;
        }
        let errors = || predictions.iter().zip(&targets).map(|(p, y)| p - y);
        let squares: f64 = errors().map(|error| error * error).sum();
        let centre = mean(targets.iter().copied()).unwrap_or(0.0);
        let total: f64 = targets.iter().map(|y| (y - centre).powi(2)).sum();
        Self {
            r2: ratio(squares, total).map(|unexplained| 1.0 - unexplained),
            mae: mean(errors().map(f64::abs)),
            rmse: ratio(squares, targets.len() as f64).map(f64::sqrt),
            spearman: spearman(&predictions, &targets),
            ..count
        }
    }
}

/// Spearman's rank correlation, ties at their mean rank. `None` if one side is constant.
///
/// # Panics
///
/// If the lengths differ.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "two columns of the same length");
    let centre = (a.len() + 1) as f64 / 2.0;
    let (a, b) = (midranks(a), midranks(b));
    let product = |x: &[f64], y: &[f64]| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - centre) * (y - centre)).sum()
    };
    ratio(product(&a, &b), (product(&a, &a) * product(&b, &b)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scikit-learn 1.9.1 `r2_score(y, p)`, `mean_absolute_error(y, p)`,
    /// `root_mean_squared_error(y, p)`; scipy 1.17.1 `spearmanr(p, y)`.
    #[test]
    fn matches_scikit_learn_and_scipy() {
        let predictions = [1.1, 2.0, 2.9, 4.2, 4.9, 4.9];
        let targets = [1.0, 2.5, 2.5, 4.0, 5.5, 4.5].map(Some);
        let metrics = RegressionMetrics::of(&predictions, &targets);
        for (got, want) in [
            (metrics.r2, 0.9265),
            (metrics.mae, 0.366_666_666_666_666_7),
            (metrics.rmse, 0.404_145_188_432_738),
            (metrics.spearman, 0.970_588_235_294_117_9),
        ] {
            assert!(got.is_some_and(|got| (got - want).abs() < 1e-12), "{got:?} != {want}");
        }
    }

    #[test]
    fn constants_have_no_r2_and_no_rank_correlation() {
        let metrics = RegressionMetrics::of(&[1.0, 2.0], &[Some(3.0), Some(3.0)]);
        assert_eq!((metrics.r2, metrics.spearman), (None, None));
        assert_eq!((metrics.mae, metrics.n), (Some(1.5), 2));
    }

    #[test]
    fn nothing_and_nan_define_nothing() {
        assert_eq!(RegressionMetrics::of(&[], &[]), RegressionMetrics::default());
        let metrics = RegressionMetrics::of(&[f64::NAN, 0.0], &[Some(1.0), None]);
        assert_eq!(metrics, RegressionMetrics { n: 1, ..RegressionMetrics::default() });
    }
}
