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

/// The intercept where all weights are 0: the mean probability is the share of positive labels, of which there are some of
/// each kind. Without `offsets` it is the logit of that share.
pub(super) fn base_rate(labels: &[bool], offsets: Option<&[f64]>) -> f64 {
    let positive = labels.iter().filter(|label| **label).count() as f64;
    let start = (positive / (labels.len() as f64 - positive)).ln();
    let Some(offsets) = offsets else { return start };
    // The sum of probabilities rises with the intercept, which lies between those that the extreme offsets ask for.
    let (least, most) =
        offsets.iter().fold((f64::MAX, f64::MIN), |(a, b), o| (a.min(*o), b.max(*o)));
    let (mut low, mut high) = (start - most, start - least);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        let sum: f64 = offsets.iter().map(|offset| probability(offset + middle)).sum();
        if sum < positive { low = middle } else { high = middle }
    }
    0.5 * (low + high)
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
    fn with_offsets_the_mean_probability_is_the_share_too() {
        let labels = [true, false, false, true, false];
        assert!(
            (base_rate(&labels, Some(&[0.5; 5])) + 0.5 - base_rate(&labels, None)).abs() < 1e-12
        );
        let offsets = [30.0, -2.0, 0.1, 1.5, -700.0];
        let intercept = base_rate(&labels, Some(&offsets));
        let sum: f64 = offsets.iter().map(|offset| probability(intercept + offset)).sum();
        assert!((sum - 2.0).abs() < 1e-9, "{sum}");
    }

    #[test]
    fn a_large_logit_is_no_infinity() {
        assert!((loss(&[-1_000.0], &[true], 1.0) - 1_000.0).abs() < 1e-9);
        assert!(loss(&[1_000.0], &[true], 1.0).abs() < 1e-9);
    }
}
