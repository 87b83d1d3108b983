//! Means and spreads.

/// Mean, or `None` of nothing and of anything that is not finite.
///
/// ```
/// use reperio_stats::moments::mean;
///
/// assert_eq!(mean([1.0, 2.0].into_iter()), Some(1.5));
/// assert_eq!(mean(std::iter::empty()), None);
/// ```
pub fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0_usize);
    for value in values {
        sum += value;
        n += 1;
    }
    ratio(sum, n as f64)
}

/// Mean and standard deviation of a whole population: both 0 of nothing.
///
/// ```
/// assert_eq!(reperio_stats::moments::mean_and_sd(&[1.0, 5.0]), (3.0, 2.0));
/// ```
pub fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
}

/// Unbiased variance of a sample of at least two values.
///
/// ```
/// assert_eq!(reperio_stats::moments::sample_variance(&[1.0, 5.0]), 8.0);
/// ```
pub fn sample_variance(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// Quantile of ascending values, linear between the two nearest ones (R's type 7, numpy's default); `None` of nothing.
///
/// ```
/// use reperio_stats::moments::quantile;
///
/// assert_eq!(quantile(&[1.0, 2.0, 4.0, 8.0], 0.5), Some(3.0));
/// assert_eq!(quantile(&[], 0.5), None);
/// ```
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let at = q * sorted.len().checked_sub(1)? as f64;
    let below = sorted[at.floor() as usize];
    Some(below + (sorted[at.ceil() as usize] - below) * at.fract())
}

/// `numerator / denominator`, or `None` where that is not a finite number.
pub(crate) fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    let value = numerator / denominator;
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::quantile;

    /// `numpy.quantile([1, 2, 4, 8], [0, 0.1, 0.5, 0.95, 1])`, numpy 2.4.6.
    #[test]
    fn quantiles_match_numpy() {
        for (q, want) in [(0.0, 1.0), (0.1, 1.3), (0.5, 3.0), (0.95, 7.4), (1.0, 8.0)] {
            let got = quantile(&[1.0, 2.0, 4.0, 8.0], q).expect("four values");
            assert!((got - want).abs() < 1e-12, "{got} != {want}");
        }
    }
}
