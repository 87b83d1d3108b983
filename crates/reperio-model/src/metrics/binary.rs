//! Two classes.

use serde::{Deserialize, Serialize};

use super::sensitivity_at_specificity;
use super::{
    auc, average_precision, calibration, calibration_error, delong, labelled, mean, ratio,
};

/// Bins of the expected calibration error.
const CALIBRATION_BINS: usize = 10;

/// Summary of two-class predictions. A value that the data do not define is `None`.
///
/// A repertoire is called positive if its logit is above 0, that is, if its probability is above 0.5.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BinaryMetrics {
    /// Predictions with a label.
    pub n: usize,
    /// Of these, positive ones.
    pub n_positive: usize,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// DeLong's standard error of the area.
    pub auc_se: Option<f64>,
    /// DeLong's 95 % interval of the area, on the logit scale: [`delong`].
    pub auc_ci: Option<[f64; 2]>,
    /// Area under the precision-recall steps.
    pub average_precision: Option<f64>,
    /// Share called correctly.
    pub accuracy: Option<f64>,
    /// Mean of sensitivity and specificity.
    pub balanced_accuracy: Option<f64>,
    /// Harmonic mean of precision and recall of the positive class.
    pub f1: Option<f64>,
    /// Mean squared difference of probability and label, in [0, 1].
    pub brier: Option<f64>,
    /// Mean cross-entropy, in nats.
    pub log_loss: Option<f64>,
    /// Highest sensitivity at a specificity of at least 95 %.
    pub sensitivity_at_95_specificity: Option<f64>,
    /// Highest sensitivity at a specificity of at least 99 %.
    pub sensitivity_at_99_specificity: Option<f64>,
    /// Expected calibration error over 10 bins of equal width.
    pub calibration_error: Option<f64>,
}

impl BinaryMetrics {
    /// Compares `logits` with `labels`; rows without a label are skipped. With a logit that is not
    /// finite, only the counts are defined.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn of(logits: &[f64], labels: &[Option<bool>]) -> Self {
        let (logits, labels) = labelled(logits, labels);
        let n_positive = labels.iter().filter(|label| **label).count();
        let counts = Self { n: labels.len(), n_positive, ..Self::default() };
        if logits.iter().any(|logit| !logit.is_finite()) {
            return counts;
        }
        let delong = delong(&logits, &labels);
        let confusion = Confusion::of(&logits, &labels);
        let probabilities: Vec<f64> = logits.iter().copied().map(probability).collect();
        let bins = calibration(&probabilities, &labels, CALIBRATION_BINS);
        Self {
            auc: auc(&logits, &labels),
            auc_se: delong.map(|delong| delong.standard_error),
            auc_ci: delong.map(|delong| delong.interval),
            average_precision: average_precision(&logits, &labels),
            accuracy: confusion.accuracy(),
            balanced_accuracy: confusion.balanced_accuracy(),
            f1: confusion.f1(),
            brier: brier(&logits, &labels),
            log_loss: log_loss(&logits, &labels),
            sensitivity_at_95_specificity: sensitivity_at_specificity(&logits, &labels, 0.95),
            sensitivity_at_99_specificity: sensitivity_at_specificity(&logits, &labels, 0.99),
            calibration_error: calibration_error(&bins),
            ..counts
        }
    }
}

/// Calls against labels, positive where the logit is above 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Positive, called positive.
    pub true_positives: usize,
    /// Negative, called positive.
    pub false_positives: usize,
    /// Negative, called negative.
    pub true_negatives: usize,
    /// Positive, called negative.
    pub false_negatives: usize,
}

impl Confusion {
    /// Counts the calls that `logits` make.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn of(logits: &[f64], labels: &[bool]) -> Self {
        assert_eq!(logits.len(), labels.len(), "one label a logit");
        let mut counts = Self::default();
        for (&logit, &label) in logits.iter().zip(labels) {
            *match (logit > 0.0, label) {
                (true, true) => &mut counts.true_positives,
                (true, false) => &mut counts.false_positives,
                (false, false) => &mut counts.true_negatives,
                (false, true) => &mut counts.false_negatives,
            } += 1;
        }
        counts
    }

    /// Share called correctly; `None` without predictions.
    pub fn accuracy(&self) -> Option<f64> {
        let right = self.true_positives + self.true_negatives;
        ratio(right as f64, (right + self.false_positives + self.false_negatives) as f64)
    }

    /// Share of the positives called positive; `None` without positives.
    pub fn sensitivity(&self) -> Option<f64> {
        share(self.true_positives, self.false_negatives)
    }

    /// Share of the negatives called negative; `None` without negatives.
    pub fn specificity(&self) -> Option<f64> {
        share(self.true_negatives, self.false_positives)
    }

    /// Mean of sensitivity and specificity; `None` if a class is empty.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        Some(f64::midpoint(self.sensitivity()?, self.specificity()?))
    }

    /// Harmonic mean of precision and recall; `None` without positives, 0 if none is found.
    pub fn f1(&self) -> Option<f64> {
        self.sensitivity()?;
        let twice = 2 * self.true_positives;
        ratio(twice as f64, (twice + self.false_positives + self.false_negatives) as f64)
    }
}

/// `part / (part + rest)`.
fn share(part: usize, rest: usize) -> Option<f64> {
    ratio(part as f64, (part + rest) as f64)
}

/// The logistic function, `1 / (1 + exp(-logit))`.
pub fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Mean squared difference between probability and label; `None` without predictions.
///
/// # Panics
///
/// If the lengths differ.
pub fn brier(logits: &[f64], labels: &[bool]) -> Option<f64> {
    assert_eq!(logits.len(), labels.len(), "one label a logit");
    let square = |(&z, &y): (&f64, &bool)| (probability(z) - f64::from(u8::from(y))).powi(2);
    mean(logits.iter().zip(labels).map(square))
}

/// Mean cross-entropy in nats, `ln(1 + exp(∓logit))`; finite for every finite logit, `None` of
/// nothing.
///
/// # Panics
///
/// If the lengths differ.
pub fn log_loss(logits: &[f64], labels: &[bool]) -> Option<f64> {
    assert_eq!(logits.len(), labels.len(), "one label a logit");
    let loss = |(&logit, &label): (&f64, &bool)| {
        let wrong = if label { -logit } else { logit };
        wrong.max(0.0) + (-wrong.abs()).exp().ln_1p()
    };
    mean(logits.iter().zip(labels).map(loss))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f64; 8] = [2.5, 1.0, 1.0, 0.3, -0.2, -0.7, 0.4, -3.0];
    const LABELS: [bool; 8] = [true, true, false, true, false, true, false, false];

    fn some(labels: &[bool]) -> Vec<Option<bool>> {
        labels.iter().copied().map(Some).collect()
    }

    #[track_caller]
    fn near(got: Option<f64>, want: f64) {
        assert!(got.is_some_and(|got| (got - want).abs() < 1e-12), "{got:?} != {want}");
    }

    /// scikit-learn 1.9.1, `y` the labels, `z` the logits, `p = 1 / (1 + exp(-z))`: `roc_auc_score(y, z)`,
    /// `average_precision_score(y, z)`, `accuracy_score(y, z > 0)`,
    /// `balanced_accuracy_score(y, z > 0)`, `f1_score(y, z > 0)`, `brier_score_loss(y, p)`,
    /// `log_loss(y, p)`.
    #[test]
    fn matches_scikit_learn() {
        let metrics = BinaryMetrics::of(&LOGITS, &some(&LABELS));
        near(metrics.auc, 0.656_25);
        near(metrics.average_precision, 0.709_523_809_523_809_4);
        near(metrics.accuracy, 0.625);
        near(metrics.balanced_accuracy, 0.625);
        near(metrics.f1, 2.0 / 3.0);
        near(metrics.brier, 0.225_428_778_144_882_94);
        near(metrics.log_loss, 0.615_336_984_504_783_6);
    }

    #[test]
    fn a_missing_label_is_as_no_row() {
        let mut labels = some(&LABELS);
        labels.push(None);
        let mut logits = LOGITS.to_vec();
        logits.push(f64::NAN);
        assert_eq!(BinaryMetrics::of(&logits, &labels), BinaryMetrics::of(&LOGITS, &some(&LABELS)));
    }

    #[test]
    fn one_class_leaves_only_what_it_defines() {
        let metrics = BinaryMetrics::of(&[1.0, -1.0], &[Some(false), Some(false)]);
        assert_eq!((metrics.n, metrics.n_positive), (2, 0));
        assert_eq!((metrics.auc, metrics.auc_ci, metrics.balanced_accuracy), (None, None, None));
        assert_eq!((metrics.f1, metrics.average_precision), (None, None));
        assert_eq!(metrics.sensitivity_at_95_specificity, None);
        assert_eq!(metrics.accuracy, Some(0.5));
        assert!(metrics.log_loss.is_some());
    }

    #[test]
    fn nothing_and_nan_define_nothing() {
        assert_eq!(BinaryMetrics::of(&[], &[]), BinaryMetrics::default());
        let metrics = BinaryMetrics::of(&[f64::NAN, 1.0], &[Some(true), Some(false)]);
        assert_eq!(metrics, BinaryMetrics { n: 2, n_positive: 1, ..BinaryMetrics::default() });
    }

    #[test]
    fn a_confident_mistake_costs_its_logit() {
        near(log_loss(&[800.0], &[false]), 800.0);
        near(log_loss(&[-800.0], &[false]), 0.0);
        near(log_loss(&[0.0], &[true]), 2.0_f64.ln());
    }

    #[test]
    fn json_says_null_where_undefined() {
        let json = serde_json::to_string(&BinaryMetrics::default()).unwrap();
        assert!(json.contains("\"auc\":null"), "{json}");
        assert_eq!(serde_json::from_str::<BinaryMetrics>(&json).unwrap(), BinaryMetrics::default());
    }
}
