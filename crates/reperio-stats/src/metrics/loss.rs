//! Logits, and what a wrong one costs.

/// The logistic function, `1 / (1 + exp(-logit))`.
///
/// ```
/// assert_eq!(reperio_stats::metrics::probability(0.0), 0.5);
/// ```
pub fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Cross-entropy of one logit in nats, `ln(1 + exp(∓logit))`: finite for every finite logit.
///
/// ```
/// use reperio_stats::metrics::cross_entropy;
///
/// assert!((cross_entropy(0.0, true) - 2.0_f64.ln()).abs() < 1e-12);
/// assert_eq!(cross_entropy(-800.0, true), 800.0);
/// ```
pub fn cross_entropy(logit: f64, label: bool) -> f64 {
    let wrong = if label { -logit } else { logit };
    wrong.max(0.0) + (-wrong.abs()).exp().ln_1p()
}

/// [`cross_entropy`] of a label that is positive by a share in [0, 1].
///
/// ```
/// use reperio_stats::metrics::{cross_entropy, soft_cross_entropy};
///
/// let both = [cross_entropy(1.5, true), cross_entropy(1.5, false)];
/// assert!((soft_cross_entropy(1.5, 0.7) - (0.7 * both[0] + 0.3 * both[1])).abs() < 1e-12);
/// ```
pub fn soft_cross_entropy(logit: f64, share: f64) -> f64 {
    logit.max(0.0) - logit * share + (-logit.abs()).exp().ln_1p()
}

/// `ln Σ exp(logit)`, stable; less the logit of the right class it is the cross-entropy in nats.
///
/// ```
/// let sum = reperio_stats::metrics::log_sum_exp([1_000.0, 1_000.0].into_iter());
/// assert!((sum - 1_000.0 - 2.0_f64.ln()).abs() < 1e-12);
/// ```
pub fn log_sum_exp(logits: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = logits.clone().fold(f64::NEG_INFINITY, f64::max);
    most + logits.map(|logit| (logit - most).exp()).sum::<f64>().ln()
}

/// Logarithms of the softmax of `logits`, stable.
///
/// ```
/// let logs = reperio_stats::metrics::log_softmax(&[0.0, 3.0_f64.ln()]);
/// assert!((logs[0].exp() - 0.25).abs() < 1e-12);
/// ```
pub fn log_softmax(logits: &[f64]) -> Vec<f64> {
    let log_sum = log_sum_exp(logits.iter().copied());
    logits.iter().map(|logit| logit - log_sum).collect()
}
