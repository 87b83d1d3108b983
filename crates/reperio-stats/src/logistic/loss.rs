//! The logistic loss and its derivatives, at the scale `C`.

use crate::metrics::{cross_entropy, probability};

/// `C Σ ln(1 + exp(-s_i f_i))`
pub(super) fn loss(logits: &[f64], labels: &[bool], c: f64) -> f64 {
    let one = |(&logit, &label): (&f64, &bool)| cross_entropy(logit, label);
    c * logits.iter().zip(labels).map(one).sum::<f64>()
}

/// `C (y_i - π_i)`, the negative gradient by logit, and `C π_i (1 - π_i)`, the curvature.
pub(super) fn derivatives(logits: &[f64], labels: &[bool], c: f64) -> (Vec<f64>, Vec<f64>) {
    let one = |(&logit, &label): (&f64, &bool)| {
        let p = probability(logit);
        // A row that is certain keeps a little curvature, so that no quadratic model is flat.
        (c * (f64::from(u8::from(label)) - p), c * (p * (1.0 - p)).max(1e-9))
    };
    logits.iter().zip(labels).map(one).unzip()
}

/// Logit of the share of positive labels: the intercept where all weights are 0.
pub(super) fn base_rate(labels: &[bool]) -> f64 {
    let positive = labels.iter().filter(|label| **label).count() as f64;
    (positive / (labels.len() as f64 - positive)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_loss() {
        let h = 1e-4;
        for logit in [-3.0, -0.2, 0.0, 1.7] {
            for label in [false, true] {
                let at = |logit: f64| loss(&[logit], &[label], 2.5);
                let (slope, curvature) = derivatives(&[logit], &[label], 2.5);
                let first = (at(logit + h) - at(logit - h)) / (2.0 * h);
                let second = (at(logit + h) - 2.0 * at(logit) + at(logit - h)) / (h * h);
                assert!((slope[0] + first).abs() < 1e-6, "{logit} {label}");
                assert!((curvature[0] - second).abs() < 1e-5, "{logit} {label}");
            }
        }
    }

    #[test]
    fn a_large_logit_is_no_infinity() {
        assert!((loss(&[-1_000.0], &[true], 1.0) - 1_000.0).abs() < 1e-9);
        assert!(loss(&[1_000.0], &[true], 1.0).abs() < 1e-9);
    }
}
