//! What a regression learns: labels, and what is known of each row beforehand.

use super::loss::base_rate;

/// The label of each row, and the part of its logit that no column has to explain.
///
/// ```text
/// logit of row i = o_i + w·z_i + b          o: offsets, 0 where nothing is known
/// ```
///
/// The columns learn what the offsets do not explain.
///
/// ```
/// use reperio_stats::logistic::{Answers, Design, Penalty, Table, path};
///
/// let table = Table::new(1, vec![0.0, 1.0, 0.0, 1.0]);
/// let design = Design::standardised(&table, vec![0, 1, 2, 3]);
/// let labels = [false, true, false, true];
/// let known = [-9.0, 9.0, -9.0, 9.0];
/// let alone = path(&design, &labels, Penalty::L2, &[1.0]).remove(0);
/// let beside = path(&design, Answers::beside(&labels, &known), Penalty::L2, &[1.0]).remove(0);
/// assert!(alone.weights[0] > 0.5 && beside.weights[0] < 0.01);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Answers<'a> {
    pub(super) labels: &'a [bool],
    offsets: Option<&'a [f64]>,
}

impl<'a> Answers<'a> {
    /// Labels of rows with `offsets`, the logits that are known beforehand.
    ///
    /// # Panics
    ///
    /// If there is not one offset per label.
    pub fn beside(labels: &'a [bool], offsets: &'a [f64]) -> Self {
        assert_eq!(labels.len(), offsets.len(), "one offset a label");
        Self { labels, offsets: Some(offsets) }
    }

    /// Rows.
    pub(super) fn len(self) -> usize {
        self.labels.len()
    }

    /// Adds the offsets to `logits`.
    pub(super) fn add_offsets(self, logits: &mut [f64]) {
        for (logit, offset) in logits.iter_mut().zip(self.offsets.unwrap_or_default()) {
            *logit += offset;
        }
    }

    /// The intercept at which the mean probability is the share of positive labels, with all weights 0. There must be labels of
    /// both kinds.
    ///
    /// ```
    /// use reperio_stats::logistic::Answers;
    ///
    /// let intercept = Answers::beside(&[true, false], &[1.0, 1.0]).intercept();
    /// assert!((intercept + 1.0).abs() < 1e-9);
    /// ```
    pub fn intercept(self) -> f64 {
        base_rate(self.labels, self.offsets)
    }
}

impl<'a, T: AsRef<[bool]> + ?Sized> From<&'a T> for Answers<'a> {
    fn from(labels: &'a T) -> Self {
        Self { labels: labels.as_ref(), offsets: None }
    }
}
