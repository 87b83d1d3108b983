//! Chooses among candidates by their held-out predictions.

use crate::metrics;

/// A candidate chosen by all folds, and one for each fold by the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Best over all folds.
    pub best: usize,
    /// Best over all folds but the own one.
    pub by_fold: Vec<usize>,
}

/// Chooses by `losses[candidate][fold]`, sums of held-out losses; of equal candidates the first.
///
/// The held-out part of a fold is predicted by the candidate that is best in the *other* folds. So no label takes part in
/// choosing its own prediction, and held-out metrics are no better than those of new rows.
///
/// ```
/// use reperio_stats::selection::by_fold;
///
/// // Candidate 0 is best only because of fold 0, so candidate 1 predicts fold 0.
/// let choice = by_fold(&[vec![1.0, 4.0, 4.0], vec![9.0, 1.0, 1.0]]);
/// assert_eq!((choice.best, choice.by_fold), (0, vec![1, 0, 0]));
/// ```
///
/// # Panics
///
/// If there is no candidate.
pub fn by_fold(losses: &[Vec<f64>]) -> Choice {
    let folds = losses.first().map_or(0, Vec::len);
    let best = |without: Option<usize>| {
        let total = |own: &Vec<f64>| -> f64 {
            (0..folds).filter(|&fold| Some(fold) != without).map(|fold| own[fold]).sum()
        };
        let totals: Vec<f64> = losses.iter().map(total).collect();
        least(&totals).expect("at least one candidate")
    };
    Choice { best: best(None), by_fold: (0..folds).map(|fold| best(Some(fold))).collect() }
}

/// The candidate with the lowest log loss of its held-out logits; the first of equal ones.
///
/// `logits[c][i]` is candidate c's held-out logit of row i. Log loss and not AUC: of a hundred candidates several reach
/// the same AUC on few rows, and the logits are used.
///
/// ```
/// use reperio_stats::selection::best;
///
/// let logits = [vec![0.1, 0.2, 0.3], vec![-2.0, 1.5, 3.0]];
/// assert_eq!(best(&logits, &[false, true, true]), 1);
/// ```
///
/// # Panics
///
/// If there is no candidate.
pub fn best(logits: &[Vec<f64>], labels: &[bool]) -> usize {
    let loss = |own: &Vec<f64>| metrics::log_loss(own, labels).unwrap_or(f64::INFINITY);
    let losses: Vec<f64> = logits.iter().map(loss).collect();
    least(&losses).expect("at least one candidate")
}

/// Place of the least of some numbers, the first of equal ones; `None` of nothing.
///
/// ```
/// assert_eq!(reperio_stats::selection::least(&[2.0, 1.0, 1.0]), Some(1));
/// ```
pub fn least(values: &[f64]) -> Option<usize> {
    let better = |best: usize, next: usize| if values[next] < values[best] { next } else { best };
    (0..values.len()).reduce(better)
}
