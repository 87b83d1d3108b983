//! Metrics of predictions: exact, in `f64`, and undefined where the data do not define them.
//!
//! A value that the data do not define (the AUC of one class, the R² of a constant) is `None` and
//! becomes `null` in JSON, never NaN. Rows without a label are skipped. Rows are never weighted.
//! Probabilities come from logits by the logistic function or the softmax, so that the loss of a
//! confident mistake stays finite.
//!
//! [`BinaryMetrics`], [`ClassMetrics`] and [`RegressionMetrics`] are summaries; the functions behind them are public for
//! curves and for other summaries.
//!
//! # Examples
//!
//! ```
//! use reperio_stats::metrics::BinaryMetrics;
//!
//! let labels = [Some(true), Some(false), None, Some(true)];
//! let metrics = BinaryMetrics::of(&[2.0, -1.0, 7.0, 0.5], &labels);
//! assert_eq!((metrics.n, metrics.auc), (3, Some(1.0)));
//! ```

mod auc;
mod binary;
mod calibration;
mod classes;
mod curve;
mod loss;
mod ranks;
mod regression;

pub use auc::{DeLong, auc, auc_interval, delong};
pub(crate) use binary::log_loss;
pub use binary::{BinaryMetrics, brier};
pub use calibration::{CalibrationBin, calibration};
pub use classes::{ClassMetrics, log_odds};
pub use curve::{
    PrecisionRecall, RocPoint, average_precision, precision_recall_curve, roc_curve,
    sensitivity_at_specificity,
};
pub use loss::{cross_entropy, log_softmax, log_sum_exp, probability, soft_cross_entropy};
pub use regression::{RegressionMetrics, spearman};

/// The rows that have a label, as two columns.
fn labelled<S: Clone, L: Copy>(scores: &[S], labels: &[Option<L>]) -> (Vec<S>, Vec<L>) {
    assert_eq!(scores.len(), labels.len(), "one label (or `None`) a prediction");
    let rows = scores.iter().zip(labels);
    rows.filter_map(|(score, label)| label.map(|label| (score.clone(), label))).unzip()
}
