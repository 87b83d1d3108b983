//! Chooses hyper-parameters by cross-validation inside the training part.

use reperio_data::split::{self, Fold, Item};

use crate::features::{FitError, TrainingPart};
use crate::metrics;

/// Folds of the inner cross-validation.
pub const INNER_FOLDS: usize = 3;

/// The members of `part` as splits see them.
pub fn items(part: TrainingPart<'_>) -> Vec<Item> {
    let item = |(&member, &label): (&usize, &bool)| Item {
        id: member.to_string(),
        stratum: label.to_string(),
        group: part.cache.groups()[member].clone(),
    };
    part.members.iter().zip(part.labels).map(item).collect()
}

/// Stratified inner folds of `part` that keep groups whole: places in its `members`.
///
/// # Errors
///
/// If a class has fewer than two members, or there are fewer groups than folds.
pub fn inner_folds(part: TrainingPart<'_>) -> Result<Vec<Fold>, FitError> {
    let [positive, negative] = part.classes();
    let too_few = || FitError::TooFew { positive, negative, expected: INNER_FOLDS };
    if positive.min(negative) < 2 {
        return Err(too_few());
    }
    let of = split::folds(&items(part), INNER_FOLDS, part.seed).map_err(|_| too_few())?;
    Ok(Fold::all(&of))
}

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
/// choosing its own prediction, and held-out metrics are no better than those of new repertoires.
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
        let better =
            |best: usize, next: usize| if totals[next] < totals[best] { next } else { best };
        (0..totals.len()).reduce(better).expect("at least one candidate")
    };
    Choice { best: best(None), by_fold: (0..folds).map(|fold| best(Some(fold))).collect() }
}

/// The candidate with the lowest log loss of its held-out logits; the first of equal ones.
///
/// `logits[c][i]` is candidate c's held-out logit of the part's member i. Log loss and not AUC: of a
/// hundred candidates several reach the same AUC on few repertoires, and the logits are used.
///
/// # Panics
///
/// If there is no candidate.
pub fn best(logits: &[Vec<f64>], labels: &[bool]) -> usize {
    let loss = |own: &Vec<f64>| metrics::log_loss(own, labels).unwrap_or(f64::INFINITY);
    let losses: Vec<f64> = logits.iter().map(loss).collect();
    let better = |best: usize, next: usize| if losses[next] < losses[best] { next } else { best };
    (0..losses.len()).reduce(better).expect("at least one candidate")
}
