//! Metrics of predictions: exact, in `f64`, and undefined where the data do not define them.
//!
//! A value that the data do not define (the AUC of one class, the R² of a constant) is `None` and
//! becomes `null` in JSON, never NaN. Rows without a label are skipped. Rows are never weighted.
//! Probabilities come from logits by the logistic function or the softmax, so that the loss of a
//! confident mistake stays finite.
//!
//! [`BinaryMetrics`], [`ClassMetrics`] and [`RegressionMetrics`] are the summaries that `evaluate`
//! writes; the functions behind them are public for curves and for other summaries.
//!
//! # Examples
//!
//! ```
//! use reperio_model::metrics::BinaryMetrics;
//!
//! let labels = [Some(true), Some(false), None, Some(true)];
//! let metrics = BinaryMetrics::of(&[2.0, -1.0, 7.0, 0.5], &labels);
//! assert_eq!((metrics.n, metrics.auc), (3, Some(1.0)));
//! ```

mod auc;
mod binary;
pub mod bootstrap;
mod calibration;
mod classes;
mod curve;
mod ranks;
mod regression;

pub use auc::{DeLong, auc, auc_interval, delong};
pub use binary::{BinaryMetrics, Confusion, brier, log_loss, probability};
pub use calibration::{CalibrationBin, calibration, calibration_error};
pub use classes::{ClassMetrics, log_softmax};
pub use curve::{
    PrecisionRecall, RocPoint, average_precision, precision_recall_curve, roc_curve,
    sensitivity_at_specificity,
};
pub use regression::{RegressionMetrics, spearman};

/// Mean, or `None` of nothing and of anything that is not finite.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0_usize);
    for value in values {
        sum += value;
        n += 1;
    }
    ratio(sum, n as f64)
}

/// `numerator / denominator`, or `None` where that is not a finite number.
fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    let value = numerator / denominator;
    value.is_finite().then_some(value)
}

/// The rows that have a label, as two columns.
fn labelled<S: Clone, L: Copy>(scores: &[S], labels: &[Option<L>]) -> (Vec<S>, Vec<L>) {
    assert_eq!(scores.len(), labels.len(), "one label (or `None`) a prediction");
    let rows = scores.iter().zip(labels);
    rows.filter_map(|(score, label)| label.map(|label| (score.clone(), label))).unzip()
}
