//! The labelled repertoires of a cohort, and their folds.

use reperio_data::repertoire::Repertoire;
use reperio_data::split::{Division, DivisionError, Item, Splits};
use reperio_model::evaluate;
use reperio_model::labelled::LabelledCohort;
use reperio_model::labels::{Labels, TargetKind};
use reperio_stats::Groups;
use reperio_stats::metrics::probability;

use super::{Comparison, Outcome, RepeatLabels, Truth};

/// Why methods cannot be compared on a cohort.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitCohort {
    /// Several targets.
    #[error("{found} targets, expected exactly one to compare methods on")]
    Targets {
        /// Targets.
        found: usize,
    },
    /// No two classes.
    #[error(
        "column {column:?} has more than two values, expected two classes: --positive VALUE compares one value with all others"
    )]
    NotBinary {
        /// Column of the target.
        column: String,
    },
    /// The repertoires cannot be divided into folds.
    #[error(transparent)]
    Division(#[from] DivisionError),
    /// A repertoire that is never held out.
    #[error(
        "repertoire {id} has no fold, expected a fold for each repertoire: methods are compared on all of them"
    )]
    NoFold {
        /// Repertoire.
        id: String,
    },
}

/// How repertoires are divided.
#[derive(Clone, Copy, Debug)]
pub struct FoldsWanted<'a> {
    /// What decides in which fold each is held out.
    pub division: Division<'a>,
    /// Times that they are divided, each time with another seed.
    pub repeats: usize,
    /// Seed of the first time.
    pub seed: u64,
}

/// What methods are compared on.
pub struct ComparisonCohort<'a> {
    /// Column and positive value.
    pub target: String,
    /// The repertoires.
    pub repertoires: Vec<&'a Repertoire>,
    groups: Groups,
    items: Vec<Item>,
    /// Their labels, one entry per repeat, as `folds`.
    pub labels: Vec<RepeatLabels>,
    /// The fold of each, from 0.
    pub folds: Vec<Vec<usize>>,
}

impl<'a> ComparisonCohort<'a> {
    /// The repertoires of `data` that have a label and a sequence.
    ///
    /// # Errors
    ///
    /// See [`UnfitCohort`].
    pub fn of(data: LabelledCohort<'a>, wanted: &FoldsWanted<'_>) -> Result<Self, UnfitCohort> {
        let LabelledCohort { cohort, labels, groups, .. } = data;
        let [target] = &labels.targets[..] else {
            return Err(UnfitCohort::Targets { found: labels.targets.len() });
        };
        let TargetKind::Binary { positive, negative } = &target.kind else {
            return Err(UnfitCohort::NotBinary { column: target.column.clone() });
        };
        let target = format!("{}: {positive} against {negative}", target.column);
        let usable = |&i: &usize| labels.is_labelled(i) && !cohort.repertoires()[i].is_empty();
        let rows: Vec<usize> = (0..labels.len()).filter(usable).collect();
        let groups = groups.select(&rows);
        let ids: Vec<String> = rows.iter().map(|&i| cohort.metadata().ids()[i].clone()).collect();
        let labels = labels.select(&rows);
        let items = evaluate::items(&ids, &labels, &groups);
        let seeds = || (0..wanted.repeats as u64).map(|repeat| wanted.seed.wrapping_add(repeat));
        let folds = seeds().map(|seed| all_held_out(&wanted.division.of(&items, seed)?, &ids));
        let folds: Vec<Vec<usize>> = folds.collect::<Result<_, UnfitCohort>>()?;
        let labels = seeds().map(|seed| RepeatLabels {
            given: classes(&labels),
            permuted: classes(&evaluate::permuted(&labels, &groups, seed.wrapping_add(1), None)),
        });
        let repertoires = rows.iter().map(|&i| &cohort.repertoires()[i]).collect();
        Ok(Self { target, repertoires, labels: labels.collect(), groups, items, folds })
    }

    /// The same work for every method; `truth` where it is known what was implanted.
    pub fn comparison(&'a self, truth: Option<&'a Truth>, seed: u64) -> Comparison<'a> {
        Comparison {
            repertoires: &self.repertoires,
            groups: &self.groups,
            labels: self.labels.clone(),
            folds: self.folds.clone(),
            truth,
            seed,
        }
    }

    /// What the methods say of every repertoire that was held out, outcome by outcome.
    pub fn predictions<'b>(&'b self, outcomes: &'b [Outcome]) -> Vec<ComparedPrediction<'b>> {
        let of = move |outcome: &'b Outcome| {
            let labels = self.labels[outcome.repeat].of(outcome.permuted);
            let held = outcome.held.iter().zip(&outcome.logits);
            held.map(move |(&i, &logit)| ComparedPrediction {
                method: &outcome.method,
                repeat: outcome.repeat + 1,
                fold: outcome.fold + 1,
                repertoire_id: &self.repertoires[i].id,
                label: labels[i],
                logit,
                probability: probability(logit),
            })
        };
        outcomes.iter().flat_map(of).collect()
    }

    /// The folds of each repeat by repertoire.
    pub fn splits(&self) -> Vec<Splits> {
        let splits = self.folds.iter().map(|folds| {
            let folds: Vec<Option<usize>> = folds.iter().copied().map(Some).collect();
            Splits::new(&self.items, &folds)
        });
        splits.collect()
    }
}

/// What a method says of a repertoire that was held out.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedPrediction<'a> {
    /// [`Entry::name`](super::Entry::name).
    pub method: &'a str,
    /// Repeat, from 1.
    pub repeat: usize,
    /// Fold, from 1.
    pub fold: usize,
    /// Repertoire.
    pub repertoire_id: &'a str,
    /// Whether it is positive, as the method's labels say.
    pub label: bool,
    /// Logit of the positive class.
    pub logit: f64,
    /// Its probability.
    pub probability: f64,
}

/// The fold of each repertoire; every one must be held out once, so that methods have the same predictions.
fn all_held_out(folds: &[Option<usize>], ids: &[String]) -> Result<Vec<usize>, UnfitCohort> {
    match ids.iter().zip(folds).find(|(_, fold)| fold.is_none()) {
        Some((id, _)) => Err(UnfitCohort::NoFold { id: id.clone() }),
        None => Ok(folds.iter().flatten().copied().collect()),
    }
}

/// Whether each repertoire is positive.
fn classes(labels: &Labels) -> Vec<bool> {
    labels.values[0].iter().map(|label| label.is_some_and(|label| label > 0.5)).collect()
}
