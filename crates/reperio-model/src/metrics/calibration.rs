//! Calibration: whether repertoires with a predicted probability of 70 % are positive in 70 % of the cases.

use serde::{Deserialize, Serialize};

/// Predictions of about the same probability, and the share of positives among them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Lower end of the bin, included.
    pub low: f64,
    /// Upper end of the bin, excluded but in the last bin.
    pub high: f64,
    /// Predictions in the bin.
    pub n: usize,
    /// Mean predicted probability, `None` in an empty bin.
    pub mean_probability: Option<f64>,
    /// Share of positives, `None` in an empty bin.
    pub positive_share: Option<f64>,
}

/// Predictions in `n_bins` bins of equal width over [0, 1], empty ones included.
///
/// # Panics
///
/// If the lengths differ or `n_bins` is 0.
pub fn calibration(probabilities: &[f64], labels: &[bool], n_bins: usize) -> Vec<CalibrationBin> {
    assert_eq!(probabilities.len(), labels.len(), "one label a probability");
    assert!(n_bins > 0, "at least one bin");
    let mut sums = vec![(0_usize, 0.0, 0_usize); n_bins];
    for (&probability, &label) in probabilities.iter().zip(labels) {
        let bin = ((probability * n_bins as f64) as usize).min(n_bins - 1);
        sums[bin].0 += 1;
        sums[bin].1 += probability;
        sums[bin].2 += usize::from(label);
    }
    let edge = |i: usize| i as f64 / n_bins as f64;
    let bin = |(i, &(n, sum, positives)): (usize, &(usize, f64, usize))| CalibrationBin {
        low: edge(i),
        high: edge(i + 1),
        n,
        mean_probability: super::ratio(sum, n as f64),
        positive_share: super::ratio(positives as f64, n as f64),
    };
    sums.iter().enumerate().map(bin).collect()
}

/// Expected calibration error: mean gap between probability and share over the bins, by their size.
/// In [0, 1]; `None` without predictions.
pub fn calibration_error(bins: &[CalibrationBin]) -> Option<f64> {
    let n: usize = bins.iter().map(|bin| bin.n).sum();
    let gap = |bin: &CalibrationBin| {
        let gap = bin.mean_probability.zip(bin.positive_share).map_or(0.0, |(p, s)| (p - s).abs());
        bin.n as f64 * gap
    };
    super::ratio(bins.iter().map(gap).sum(), n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sklearn.calibration.calibration_curve(y, p, n_bins=4)`, scikit-learn 1.9.1:
    /// shares [0.5, 0.0, 0.666667], mean probabilities [0.15, 0.3, 0.866667] of the filled bins.
    #[test]
    fn matches_scikit_learn() {
        let bins = calibration(
            &[0.1, 0.2, 0.3, 0.8, 0.8, 1.0],
            &[false, true, false, true, true, false],
            4,
        );
        let rows: Vec<_> = bins.iter().map(|b| (b.n, b.positive_share)).collect();
        assert_eq!(rows, [(2, Some(0.5)), (1, Some(0.0)), (0, None), (3, Some(2.0 / 3.0))]);
        assert!((bins[3].mean_probability.unwrap() - 0.866_666_666).abs() < 1e-8);
        let want = (2.0 * 0.35 + 0.3 + 3.0 * 0.2) / 6.0;
        assert!((calibration_error(&bins).unwrap() - want).abs() < 1e-12);
    }

    #[test]
    fn nothing_has_no_calibration_error() {
        assert_eq!(calibration_error(&calibration(&[], &[], 10)), None);
    }
}
