//! Curves over all thresholds. A threshold t calls everything with a score of at least t positive.

use serde::{Deserialize, Serialize};

/// One point of a ROC curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Lowest score that is called positive; `None` if nothing is.
    pub threshold: Option<f64>,
    /// Share of the negatives called positive: 1 - specificity.
    pub false_positive_rate: f64,
    /// Share of the positives called positive: sensitivity.
    pub true_positive_rate: f64,
}

/// One point of a precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecall {
    /// Lowest score that is called positive.
    pub threshold: f64,
    /// Share of the positives called positive.
    pub recall: f64,
    /// Share of positives among what is called positive.
    pub precision: f64,
}

/// What is called positive at a threshold.
struct Called {
    threshold: f64,
    positives: usize,
    negatives: usize,
}

/// Counts at every distinct score, highest threshold first. Empty if a score is NaN.
fn sweep(scores: &[f64], labels: &[bool]) -> Vec<Called> {
    assert_eq!(scores.len(), labels.len(), "one label a score");
    if scores.iter().any(|score| score.is_nan()) {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let (mut positives, mut negatives) = (0, 0);
    let mut called = Vec::new();
    #[expect(clippy::float_cmp, reason = "a tie is equality, -0.0 and 0.0 included")]
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let hits = tied.iter().filter(|&&i| labels[i]).count();
        positives += hits;
        negatives += tied.len() - hits;
        called.push(Called { threshold: scores[tied[0]], positives, negatives });
    }
    called
}

/// The ROC curve from (0, 0) to (1, 1), a point at every distinct score. Empty if a class is.
///
/// # Panics
///
/// If the lengths differ.
pub fn roc_curve(scores: &[f64], labels: &[bool]) -> Vec<RocPoint> {
    let called = sweep(scores, labels);
    let Some(all) = called.last().filter(|all| all.positives > 0 && all.negatives > 0) else {
        return Vec::new();
    };
    let start = RocPoint { threshold: None, false_positive_rate: 0.0, true_positive_rate: 0.0 };
    let point = |at: &Called| RocPoint {
        threshold: Some(at.threshold),
        false_positive_rate: at.negatives as f64 / all.negatives as f64,
        true_positive_rate: at.positives as f64 / all.positives as f64,
    };
    std::iter::once(start).chain(called.iter().map(point)).collect()
}

/// The precision-recall curve, a point at every distinct score, recall rising. Empty without
/// positives.
///
/// # Panics
///
/// If the lengths differ.
pub fn precision_recall_curve(scores: &[f64], labels: &[bool]) -> Vec<PrecisionRecall> {
    let called = sweep(scores, labels);
    let Some(all) = called.last().filter(|all| all.positives > 0) else {
        return Vec::new();
    };
    let point = |at: &Called| PrecisionRecall {
        threshold: at.threshold,
        recall: at.positives as f64 / all.positives as f64,
        precision: at.positives as f64 / (at.positives + at.negatives) as f64,
    };
    called.iter().map(point).collect()
}

/// Average precision: the area under the precision-recall curve as a step function.
///
/// ```text
/// ap = sum over thresholds of (recall_t - recall_{t-1}) * precision_t
/// ```
///
/// Without interpolation, which would be too optimistic. `None` if a class is empty or a score is NaN.
///
/// # Panics
///
/// If the lengths differ.
pub fn average_precision(scores: &[f64], labels: &[bool]) -> Option<f64> {
    if labels.iter().all(|label| *label) {
        return None;
    }
    let curve = precision_recall_curve(scores, labels);
    let mut recall = 0.0;
    let mut area = 0.0;
    for point in &curve {
        area += (point.recall - recall) * point.precision;
        recall = point.recall;
    }
    (!curve.is_empty()).then_some(area)
}

/// Highest sensitivity of a threshold whose specificity is at least `specificity`, without
/// interpolation between thresholds. `None` if a class is empty or a score is NaN.
///
/// # Panics
///
/// If the lengths differ.
pub fn sensitivity_at_specificity(
    scores: &[f64],
    labels: &[bool],
    specificity: f64,
) -> Option<f64> {
    // A share of n negatives differs from the limit by 1/n or by rounding alone.
    let allowed = 1.0 - specificity + 1e-9;
    let curve = roc_curve(scores, labels);
    let usable = curve.iter().take_while(|point| point.false_positive_rate <= allowed);
    usable.last().map(|point| point.true_positive_rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::auc;
    use proptest::prelude::*;

    const SCORES: [f64; 8] = [0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.5, 0.1];
    const LABELS: [bool; 8] = [true, true, false, true, false, true, false, false];

    /// `sklearn.metrics.roc_curve(y, s, drop_intermediate=False)`, scikit-learn 1.9.1.
    #[test]
    fn roc_matches_scikit_learn() {
        let curve = roc_curve(&SCORES, &LABELS);
        let fpr: Vec<f64> = curve.iter().map(|p| p.false_positive_rate).collect();
        let tpr: Vec<f64> = curve.iter().map(|p| p.true_positive_rate).collect();
        assert_eq!(fpr, [0.0, 0.0, 0.25, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(tpr, [0.0, 0.25, 0.5, 0.75, 0.75, 1.0, 1.0]);
        assert_eq!((curve[0].threshold, curve[6].threshold), (None, Some(0.1)));
    }

    #[test]
    fn sensitivity_is_that_of_a_usable_threshold() {
        let at = |specificity| sensitivity_at_specificity(&SCORES, &LABELS, specificity);
        assert_eq!(
            [at(0.99), at(0.75), at(0.5), at(0.0)],
            [Some(0.25), Some(0.75), Some(0.75), Some(1.0)]
        );
        assert_eq!(sensitivity_at_specificity(&[1.0], &[true], 0.95), None);
    }

    #[test]
    fn twenty_negatives_allow_one_false_alarm_at_95_percent() {
        let mut scores: Vec<f64> = (0..20).map(f64::from).collect();
        scores.push(18.5);
        let labels: Vec<bool> = (0..21).map(|i| i == 20).collect();
        assert_eq!(sensitivity_at_specificity(&scores, &labels, 0.95), Some(1.0));
        assert_eq!(sensitivity_at_specificity(&scores, &labels, 0.99), Some(0.0));
    }

    #[test]
    fn one_class_has_no_curve() {
        assert!(roc_curve(&[1.0], &[true]).is_empty());
        assert!(precision_recall_curve(&[1.0], &[false]).is_empty());
        assert_eq!(average_precision(&[1.0], &[false]), None);
        assert_eq!(average_precision(&[1.0], &[true]), None);
        assert_eq!(average_precision(&[f64::NAN, 1.0], &[true, false]), None);
    }

    /// Precision at the rank of each positive, counted anew for each threshold.
    fn definition(scores: &[f64], labels: &[bool]) -> f64 {
        let positives = labels.iter().filter(|l| **l).count() as f64;
        let precision_at = |threshold: f64| {
            let called = |l: &bool, s: &f64| *s >= threshold && *l;
            let hits = labels.iter().zip(scores).filter(|(l, s)| called(l, s)).count();
            hits as f64 / scores.iter().filter(|s| **s >= threshold).count() as f64
        };
        let hits = scores.iter().zip(labels).filter(|(_, l)| **l);
        hits.map(|(s, _)| precision_at(*s)).sum::<f64>() / positives
    }

    proptest! {
        #[test]
        fn areas_equal_their_definitions(rows in prop::collection::vec((-5_i32..5, any::<bool>()), 1..50)) {
            let (scores, labels): (Vec<f64>, Vec<bool>) =
                rows.into_iter().map(|(s, l)| (f64::from(s), l)).unzip();
            let trapezoids = |curve: &[RocPoint]| -> f64 {
                curve.windows(2).map(|p| (p[1].false_positive_rate - p[0].false_positive_rate)
                    * (p[1].true_positive_rate + p[0].true_positive_rate) / 2.0).sum()
            };
            if let Some(area) = auc(&scores, &labels) {
                prop_assert!((area - trapezoids(&roc_curve(&scores, &labels))).abs() < 1e-12);
                let ap = average_precision(&scores, &labels).unwrap();
                prop_assert!((ap - definition(&scores, &labels)).abs() < 1e-12);
            }
        }
    }
}
