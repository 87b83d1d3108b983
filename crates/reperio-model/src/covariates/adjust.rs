//! Adjustment: the parts of a model learn what covariates do not explain.
//!
//! ```text
//! o_i     = what the covariates of repertoire i say of its label, less the mean: a ridge regression that did not see its fold
//! part    minimises the loss of o_i + f(repertoire i), where it is a regression
//! p_i     = 1 / (1 + exp(-(o_i + b)))                                    b: the mean of p is the share of the positive class
//! ```
//!
//! Where a part compares classes, a positive repertoire counts `1 - p_i` and a negative one `p_i` (overlap weights: with them the
//! covariates have the same mean in both classes); where it counts carriers, their number is held against the `p_i` of those
//! that carry. The score is the sum of the parts without `o`: that of a repertoire with average covariates.
//!
//! A label that covariates explain wholly leaves nothing to learn. What covariates explain is estimated, so that a little of it may
//! be left; the control is a permutation of labels inside groups of like covariates (`evaluate --permute-within`).
//!
//! # References
//!
//! - Li, Morgan, Zaslavsky, *Balancing covariates via propensity score weighting*, JASA 2018.
//!   <https://doi.org/10.1080/01621459.2016.1260466>

use reperio_stats::logistic;
use serde::{Deserialize, Serialize};

use super::Covariates;
use super::basis::Basis;
use crate::combine::Scores;
use crate::features::FeatureCache;
use crate::labels::Target;
use crate::parts::{Task, ridge};

/// How well the covariates that a model is adjusted for predict a target by themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Target.
    pub column: String,
    /// The covariates.
    pub covariates: Vec<String>,
    /// AUC of what they say of held-out repertoires (mean over classes), or its rank correlation with a number.
    pub explained: Option<f64>,
}

impl Adjustment {
    /// That of `target`, of which `offsets` say so much of the repertoires with these `answers`.
    pub(crate) fn new(
        target: &Target,
        covariates: Vec<String>,
        offsets: &[Vec<f64>],
        answers: &[f64],
    ) -> Self {
        let skill = Scores::new(&target.kind, offsets).skill(answers);
        let base = if target.is_regression() { 0.0 } else { 0.5 };
        let explained = skill.map(|skill| skill + base);
        Self { column: target.column.clone(), covariates, explained }
    }

    /// In a sentence.
    pub fn sentence(&self) -> String {
        let Self { column, covariates, explained } = self;
        let names = covariates.join(", ");
        let how = match explained {
            Some(explained) => format!("they alone predict it with {explained:.3}"),
            None => "how well they predict it cannot be said".to_owned(),
        };
        format!("{column} is adjusted for {names} ({how}); scores are without them")
    }
}

/// What `covariates` say of each member of `task` when its fold is held out, less the mean: (members)
pub(crate) fn offsets(covariates: &Covariates, task: &Task<'_>) -> Vec<f64> {
    let mut offsets =
        ridge::fit_each(task, |rows| Basis::new(covariates, rows, true).table(covariates)).held_out;
    let mean = offsets.iter().sum::<f64>() / offsets.len().max(1) as f64;
    for offset in &mut offsets {
        *offset -= mean;
    }
    offsets
}

/// The probability that each row is positive by its offset.
pub(crate) fn expected(labels: &[bool], offsets: &[f64]) -> Vec<f64> {
    let positive = labels.iter().filter(|label| **label).count();
    if positive == 0 || positive == labels.len() {
        return labels.iter().map(|&label| f64::from(u8::from(label))).collect();
    }
    let intercept = logistic::Answers::beside(labels, offsets).intercept();
    offsets.iter().map(|offset| reperio_stats::metrics::probability(offset + intercept)).collect()
}

/// What each row counts in a comparison of classes: `1 - p` of a positive, `p` of a negative one, scaled so that the weights of a class
/// add up to the number of rows that would be as sure (Kish 1965).
pub(crate) fn overlap_weights(labels: &[bool], expected: &[f64]) -> Vec<f64> {
    let mut weights: Vec<f64> =
        labels.iter().zip(expected).map(|(&label, p)| if label { 1.0 - p } else { *p }).collect();
    for class in [false, true] {
        let own = || (0..labels.len()).filter(|&i| labels[i] == class);
        let (sum, squares) = own().fold((0.0, 0.0_f64), |(sum, squares), i| {
            (sum + weights[i], squares + weights[i] * weights[i])
        });
        let scale = sum / squares.max(f64::MIN_POSITIVE);
        for i in (0..labels.len()).filter(|&i| labels[i] == class) {
            weights[i] *= scale;
        }
    }
    weights
}

/// Rows with like values, about ten together, by stratum: labels may change places inside each.
pub(crate) fn strata(offsets: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..offsets.len()).collect();
    order.sort_by(|&a, &b| offsets[a].total_cmp(&offsets[b]));
    let most = (offsets.len() / 10).max(1);
    let mut strata = vec![0; offsets.len()];
    for (rank, i) in order.into_iter().enumerate() {
        strata[i] = rank * most / offsets.len();
    }
    strata
}

/// The covariates of a cohort that a model is adjusted for; none without any.
pub(crate) fn of(cache: &FeatureCache<'_>, names: &[String]) -> Covariates {
    cache.covariates().select(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weighted means of a covariate that the offset is linear in are the same in both classes, if the offset is that of a
    /// logistic regression; without offsets every row counts 1.
    #[test]
    fn overlap_weights_balance_the_covariate() {
        let n = 400;
        let x = |i: usize| (i * 7_919 % 1_000) as f64 / 250.0 - 2.0;
        let labels: Vec<bool> = (0..n)
            .map(|i| (i * 104_729 % 997) as f64 / 997.0 < 1.0 / (1.0 + (-1.3 * x(i)).exp()))
            .collect();
        let table = logistic::Table::new(1, (0..n).map(|i| x(i) as f32).collect());
        let design = logistic::Design::standardised(&table, (0..n).collect());
        let fitted = logistic::path(&design, &labels, logistic::Penalty::L2, &[1e6]).remove(0);
        let offsets = fitted.logits(&table, &(0..n).collect::<Vec<_>>());
        let weights = overlap_weights(&labels, &expected(&labels, &offsets));
        let mean = |class: bool, weights: &[f64]| {
            let own = || (0..n).filter(|&i| labels[i] == class);
            own().map(|i| weights[i] * x(i)).sum::<f64>() / own().map(|i| weights[i]).sum::<f64>()
        };
        assert!(mean(true, &vec![1.0; n]) - mean(false, &vec![1.0; n]) > 0.5);
        assert!((mean(true, &weights) - mean(false, &weights)).abs() < 1e-3);
        let flat = overlap_weights(&labels, &expected(&labels, &vec![0.3; n]));
        assert!(flat.iter().all(|weight| (weight - 1.0).abs() < 1e-9));
    }

    #[test]
    fn strata_are_of_neighbours() {
        let offsets: Vec<f64> = (0..35).map(|i| f64::from(i * 17 % 35)).collect();
        let strata = strata(&offsets);
        for a in 0..35 {
            for b in 0..35 {
                assert!(offsets[a] >= offsets[b] || strata[a] <= strata[b]);
            }
        }
        assert_eq!(strata.iter().max(), Some(&2));
    }
}
