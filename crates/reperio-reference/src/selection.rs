//! Choosing hyper-parameters by cross-validation inside the part that is learned from.

use reperio_data::split::{self, Item};
use reperio_model::metrics;

use crate::method::{MethodError, Part};

/// Folds of the inner cross-validation.
pub const INNER_FOLDS: usize = 3;

/// One side of an inner fold: places in the part's `members`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnerFold {
    /// To fit to.
    pub fitted: Vec<usize>,
    /// To compare candidates on.
    pub held: Vec<usize>,
}

/// The members of `part` as splits see them.
pub(crate) fn items(part: Part<'_>) -> Vec<Item> {
    let item = |(&member, &label): (&usize, &bool)| Item {
        id: member.to_string(),
        stratum: label.to_string(),
        group: part.material.groups()[member].clone(),
    };
    part.members.iter().zip(part.labels).map(item).collect()
}

/// Stratified inner folds of `part` that keep groups whole.
///
/// # Errors
///
/// If a class has fewer than two members, or there are fewer groups than folds.
pub fn inner_folds(part: Part<'_>) -> Result<Vec<InnerFold>, MethodError> {
    let [positive, negative] = part.classes();
    let too_few = || MethodError::TooFew { positive, negative, expected: INNER_FOLDS };
    if positive.min(negative) < 2 {
        return Err(too_few());
    }
    let of = split::folds(&items(part), INNER_FOLDS, part.seed).map_err(|_| too_few())?;
    let fold = |fold| {
        let (held, fitted) = (0..of.len()).partition(|&i| of[i] == fold);
        InnerFold { fitted, held }
    };
    Ok((0..INNER_FOLDS).map(fold).collect())
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
