//! The input and result of learning one output.

use rayon::prelude::*;
use reperio_data::split::{self, Item};
use reperio_stats::logistic;
use reperio_stats::metrics::cross_entropy;
use reperio_stats::platt::Platt;
use reperio_stats::selection;
use serde_json::Value;

use super::table::{Finding, Table};
use crate::covariates::adjust;
use crate::features::FeatureCache;

/// Inner folds where there are enough repertoires.
const FOLDS: usize = 10;
/// Inner folds where there are fewer than [`FEW`].
const FEW_FOLDS: usize = 5;
/// Repertoires below which fewer folds are cut.
const FEW: usize = 60;

/// The input for learning one output: repertoires with a known answer, and their inner folds.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// The cohort.
    pub cache: &'a FeatureCache<'a>,
    /// Places of the repertoires in it, increasing.
    pub members: &'a [usize],
    /// Answer of each member.
    pub answers: Answers<'a>,
    /// Inner fold of each member.
    pub fold: &'a [usize],
    /// What covariates that are adjusted for say of each member, as a logit; classes only.
    pub offsets: Option<&'a [f64]>,
}

/// The answers to learn.
#[derive(Clone, Copy, Debug)]
pub enum Answers<'a> {
    /// Whether a repertoire is positive.
    Classes(&'a [bool]),
    /// A number, standardised.
    Numbers(&'a [f64]),
}

/// A term as it was learned.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The term, learned from all members.
    pub table: Table,
    /// Output of the term for each member when its fold is held out.
    pub held_out: Vec<f64>,
    /// Hyper-parameters chosen, for the report.
    pub choices: Value,
    /// The strongest of what the term counts, for the report.
    pub found: Vec<Finding>,
}

impl Learned {
    /// A term that says nothing of any of `n` members.
    pub(crate) fn nothing(n: usize) -> Self {
        let (held_out, choices) = (vec![0.0; n], Value::Null);
        Self { table: Table::nothing(), held_out, choices, found: vec![] }
    }
}

impl Task<'_> {
    /// Number of inner folds.
    pub(super) fn folds(&self) -> usize {
        self.fold.iter().max().map_or(0, |last| last + 1)
    }

    /// Members outside fold `fold`, and inside it.
    pub(super) fn sides(&self, fold: usize) -> (Vec<usize>, Vec<usize>) {
        (0..self.fold.len()).partition(|&i| self.fold[i] != fold)
    }

    /// The candidate that is best over all folds, and what the folds hold out.
    ///
    /// `outputs[c][i]` is what candidate c says of member i when its fold is held out; see [`selection::by_fold`].
    pub(super) fn choose(&self, outputs: &[Vec<f64>]) -> (usize, Vec<f64>) {
        let folds = self.folds();
        let loss = |own: &Vec<f64>| -> Vec<f64> {
            let mut sums = vec![0.0; folds];
            for (i, &output) in own.iter().enumerate() {
                sums[self.fold[i]] += self.answers.loss(i, output + self.offset(i));
            }
            sums
        };
        let losses: Vec<Vec<f64>> = outputs.iter().map(loss).collect();
        let choice = selection::by_fold(&losses);
        let of = |i: usize| outputs[choice.by_fold[self.fold[i]]][i];
        (choice.best, (0..self.fold.len()).map(of).collect())
    }

    /// What is known of member `i` beforehand.
    fn offset(&self, i: usize) -> f64 {
        self.offsets.map_or(0.0, |offsets| offsets[i])
    }

    /// The offsets of `members`, if there are any.
    pub(super) fn offsets_of(&self, members: &[usize]) -> Option<Vec<f64>> {
        self.offsets.map(|offsets| members.iter().map(|&i| offsets[i]).collect())
    }

    /// Probability that each member is positive by its offset alone, if there are offsets.
    pub(super) fn expected(&self, labels: &[bool]) -> Option<Vec<f64>> {
        self.offsets.map(|offsets| adjust::expected(labels, offsets))
    }

    /// What each member counts where classes are compared, if there are offsets.
    pub(super) fn overlap_weights(&self, labels: &[bool]) -> Option<Vec<f64>> {
        self.expected(labels).map(|expected| adjust::overlap_weights(labels, &expected))
    }

    /// What each candidate says of each member when its fold is held out: (candidates, members)
    ///
    /// `say(fold, fitted, held)` gives, for each candidate, what is said of the members `held` after learning from
    /// `fitted`.
    pub(super) fn hold_out(
        &self,
        candidates: usize,
        say: impl Fn(usize, &[usize], &[usize]) -> Vec<Vec<f64>> + Sync,
    ) -> Vec<Vec<f64>> {
        let of = |fold| {
            let (fitted, held) = self.sides(fold);
            (say(fold, &fitted, &held), held)
        };
        let folds: Vec<_> = (0..self.folds()).into_par_iter().map(of).collect();
        let mut outputs = vec![vec![0.0; self.fold.len()]; candidates];
        for (said, held) in folds {
            for (outputs, said) in outputs.iter_mut().zip(said) {
                for (&i, output) in held.iter().zip(said) {
                    outputs[i] = output;
                }
            }
        }
        outputs
    }

    /// Scores of any scale as logits: each fold's by a scaling that the other folds fitted.
    pub(super) fn scaled(&self, scores: &[f64], labels: &[bool]) -> Vec<f64> {
        let say = |_, fitted: &[usize], held: &[usize]| {
            let own: Vec<f64> = fitted.iter().map(|&i| scores[i]).collect();
            let offsets = self.offsets_of(fitted);
            let platt = Platt::beside(&own, &of(labels, fitted), offsets.as_deref());
            vec![held.iter().map(|&i| platt.logit(scores[i])).collect()]
        };
        self.hold_out(1, say).remove(0)
    }
}

/// The labels of `members`.
pub(super) fn of(labels: &[bool], members: &[usize]) -> Vec<bool> {
    members.iter().map(|&i| labels[i]).collect()
}

/// `labels` beside their offsets, if there are any.
pub(super) fn beside<'a>(labels: &'a [bool], offsets: Option<&'a [f64]>) -> logistic::Answers<'a> {
    offsets.map_or_else(|| labels.into(), |own| logistic::Answers::beside(labels, own))
}

impl Answers<'_> {
    /// Log loss of a logit, or half the squared error of a number, for member `i`.
    pub(crate) fn loss(&self, i: usize, output: f64) -> f64 {
        match self {
            Self::Classes(labels) => cross_entropy(output, labels[i]),
            Self::Numbers(numbers) => 0.5 * (output - numbers[i]).powi(2),
        }
    }
}

/// Makes the inner folds of `items`: stratified, groups undivided. Ten folds, or fewer if there are few
/// repertoires or a stratum has few; `None` if there is a single group.
pub fn inner_folds(items: &[Item], seed: u64) -> Option<Vec<usize>> {
    let most = if items.len() < FEW { FEW_FOLDS } else { FOLDS };
    let mut strata: Vec<(&str, &str)> =
        items.iter().map(|item| (item.stratum.as_str(), item.group.as_str())).collect();
    strata.sort_unstable();
    strata.dedup();
    let smallest = strata.chunk_by(|a, b| a.0 == b.0).map(<[_]>::len).filter(|&n| n > 1).min();
    let most = most.min(smallest.unwrap_or(2));
    (2..=most).rev().find_map(|k| split::folds(items, k, seed).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_stats::Groups;

    /// Candidate 0 is right in fold 0 and wrong elsewhere, candidate 1 the other way round: who chose by all
    /// folds together would give fold 0 the answer that its own labels ask for.
    #[test]
    fn no_fold_chooses_for_itself() {
        let labels: Vec<bool> = (0..12).map(|i| i % 2 == 0).collect();
        let fold: Vec<usize> = (0..12).map(|i| i / 4).collect();
        let right = |i: usize| if labels[i] { 2.0 } else { -2.0 };
        let outputs: Vec<Vec<f64>> = [true, false]
            .map(|first| {
                let say = |i: usize| if (fold[i] == 0) == first { right(i) } else { -right(i) };
                (0..12).map(say).collect()
            })
            .into();
        let groups = Groups::default();
        let cache = FeatureCache::new(&[], &groups);
        let members: Vec<usize> = (0..12).collect();
        let answers = Answers::Classes(&labels);
        let task = Task { cache: &cache, members: &members, answers, fold: &fold, offsets: None };
        let (best, held_out) = task.choose(&outputs);
        assert_eq!(best, 1);
        // The others prefer candidate 1, which is wrong in fold 0.
        let wrong = (0..4).filter(|&i| (held_out[i] > 0.0) != labels[i]).count();
        assert_eq!(wrong, 4);
    }

    #[test]
    fn few_repertoires_or_a_rare_class_have_fewer_folds() {
        let items = |n: usize, rare: usize| -> Vec<Item> {
            let item = |i: usize| Item {
                id: i.to_string(),
                stratum: (i < rare).to_string(),
                group: i.to_string(),
            };
            (0..n).map(item).collect()
        };
        let folds =
            |n, rare| inner_folds(&items(n, rare), 0).unwrap().into_iter().max().unwrap() + 1;
        assert_eq!([folds(80, 40), folds(40, 20), folds(80, 3)], [10, 5, 3]);
        assert_eq!(inner_folds(&items(1, 1), 0), None);
    }
}
