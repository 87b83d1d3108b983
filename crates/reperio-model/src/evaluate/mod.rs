//! Nested cross-validation: every repertoire is scored by a model that never saw its subject.
//!
//! Everything that looks at labels (discovery, early stopping, standardisation) happens inside the
//! training part of a fold. A control that sees only depth and V/J usage is evaluated beside the model. A [`learning_curve`]
//! says what fewer or more repertoires would give.

mod control;
mod intervals;
pub mod learning_curve;
mod summary;
mod verdict;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use reperio_data::progress::{Observer, Progress};
use reperio_data::split::{self, Fold};
use reperio_stats::Groups;
use reperio_stats::permutation::Permutable;
use serde::{Deserialize, Serialize};

use crate::combine::{Chance, PredictionSet};
use crate::config::Config;
use crate::covariates::Covariates;
use crate::each::each;
use crate::labels::{Labels, Target, TargetKind};
use crate::model::Model;
use crate::patient::Patient;
use crate::score::{NotFinite, check_finite};
use crate::train::{self, Dataset, TrainError, TrainingContext, TrainingReport};
pub(crate) use intervals::of_auc as auc_interval;
pub use summary::{Metrics, TargetSummary};
pub use verdict::{AgainstControl, Figure, Verdict};

/// Share of the repertoires whose label the prediction sets of an evaluation should contain.
pub const COVERAGE: f64 = 0.9;

/// How to evaluate.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Fold in which each repertoire of the dataset is held out; `None` for one that is only trained on.
    pub folds: Vec<Option<usize>>,
    /// Train on labels permuted with this seed: a control that must be at chance.
    pub permute_labels: Option<u64>,
    /// Stratum of each repertoire: labels change places inside a stratum only, those that are permuted and those
    /// behind the P value.
    pub strata: Option<Vec<usize>>,
}

/// Repertoires of a fold below which pooling over folds distorts the AUC.
pub const SMALL_FOLD: usize = 10;

impl Plan {
    /// Repertoires of the smallest fold, if there are several folds and it has fewer than [`SMALL_FOLD`].
    pub fn small_fold(&self) -> Option<usize> {
        let folds = Fold::all(&self.folds);
        let smallest = folds.iter().map(|fold| fold.held.len()).min()?;
        Some(smallest).filter(|&n| folds.len() > 1 && n < SMALL_FOLD)
    }

    /// The labels that are evaluated: those of `dataset`, permuted if the plan says so.
    ///
    /// # Panics
    ///
    /// If the plan does not have one fold per repertoire.
    pub fn labels(&self, dataset: Dataset<'_>) -> Labels {
        assert_eq!(self.folds.len(), dataset.members.len(), "one fold a repertoire");
        let Some(seed) = self.permute_labels else { return dataset.labels.clone() };
        permuted(dataset.labels, &dataset.groups(), seed, self.strata.as_deref())
    }

    /// The labels that are learned and compared with: the same with standardised numbers.
    fn standardised(&self, dataset: Dataset<'_>) -> Labels {
        let mut labels = self.labels(dataset);
        labels.standardise();
        labels
    }
}

/// Why there is no evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// No model could be trained in a fold, or the person asked to stop.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A score is not a number: no figure of it means anything.
    #[error(transparent)]
    Score(#[from] NotFinite),
    /// A learning curve has too little to learn from.
    #[error(
        "{found} subjects with {class} in a training part, expected at least {expected} for a learning curve"
    )]
    SmallCurve {
        /// The rarest label.
        class: String,
        /// Groups that have it.
        found: usize,
        /// What is needed.
        expected: usize,
    },
    /// The person asked to stop.
    #[error("interrupted")]
    Cancelled,
}

/// One held-out prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Repertoire.
    pub repertoire_id: String,
    /// Fold in which it was held out, from 0.
    pub fold: usize,
    /// Outputs of the network, all targets one after another.
    pub outputs: Vec<f64>,
    /// Prediction set of each target at [`COVERAGE`]; none for a model without held-out outputs.
    pub sets: Vec<Option<PredictionSet>>,
    /// Outputs of the control, a linear model of depth and V/J usage; empty without a control.
    pub control: Vec<f64>,
}

impl HeldOut {
    fn check(&self) -> Result<(), NotFinite> {
        check_finite(&self.repertoire_id, self.outputs.iter().chain(&self.control))
    }
}

/// A whole evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Targets; the mean and standard deviation of a regression are those of the whole dataset.
    pub targets: Vec<Target>,
    /// Labels that were evaluated against (permuted ones if asked for), one row per target, one label per
    /// prediction.
    pub labels: Vec<Vec<Option<f64>>>,
    /// Predictions in the order of the dataset, of those that were held out.
    pub predictions: Vec<HeldOut>,
    /// Metrics, one entry per target.
    pub summaries: Vec<TargetSummary>,
    /// How each fold's training went.
    pub training: Vec<TrainingReport>,
}

/// Cross-validates `config` on `dataset`.
///
/// With a `checkpoint` folder each fold trains with a checkpoint of its own below it, so that an
/// interrupted evaluation continues where it stopped.
///
/// # Errors
///
/// See [`EvaluateError`].
///
/// # Panics
///
/// If the plan does not have one fold per repertoire.
pub fn evaluate(
    dataset: Dataset<'_>,
    config: &Config,
    plan: &Plan,
    context: TrainingContext<'_>,
    observer: &dyn Observer,
) -> Result<Evaluation, EvaluateError> {
    let labels = plan.standardised(dataset);
    let folds = Fold::all(&plan.folds);
    let mut predictions: Vec<Option<HeldOut>> = vec![None; dataset.members.len()];
    let mut training = Vec::new();
    for (fold, Fold { held, fitted: inside }) in folds.iter().enumerate() {
        observer.progress(Progress {
            task: "folds",
            done: fold as u64,
            total: folds.len() as u64,
            unit: "folds",
        });
        let members: Vec<usize> = inside.iter().map(|&i| dataset.members[i]).collect();
        let own = labels.select(inside);
        let part = Dataset { cache: dataset.cache, members: &members, labels: &own };
        let folder = context.checkpoint.map(|folder| folder.join(format!("fold{fold}")));
        let context = TrainingContext { checkpoint: folder.as_deref(), ..context };
        let observer = Prefixed { observer, prefix: format!("fold{fold}") };
        let fitted = train::fit(part, config, context, &observer)?;
        let tested: Vec<usize> = held.iter().map(|&i| dataset.members[i]).collect();
        let control = control::predictions(part, &tested);
        let covariates = beside(&fitted.model, dataset);
        for (&i, control) in held.iter().zip(control) {
            let repertoire = dataset.repertoire(i);
            let values = covariates.row(dataset.members[i]);
            let outputs = fitted.model.outputs(Patient::new(repertoire, &values));
            predictions[i] = Some(HeldOut {
                repertoire_id: repertoire.id.clone(),
                fold,
                outputs: raw(&fitted.model.info().targets, &outputs),
                sets: fitted.model.sets(&outputs, COVERAGE),
                control,
            });
        }
        training.push(fitted.report);
    }
    let tested: Vec<usize> = (0..predictions.len()).filter(|&i| predictions[i].is_some()).collect();
    let predictions: Vec<HeldOut> = predictions.into_iter().flatten().collect();
    predictions.iter().try_for_each(HeldOut::check)?;
    let groups = dataset.groups().select(&tested);
    let labels = labels.select(&tested);
    let chance = if folds.len() > 1 { Chance::CrossValidated } else { Chance::Tested };
    let strata: Option<Vec<usize>> =
        plan.strata.as_ref().map(|strata| tested.iter().map(|&i| strata[i]).collect());
    let summaries = summary::summaries(&labels, &predictions, &groups, (chance, strata.as_deref()));
    Ok(Evaluation {
        targets: labels.targets,
        labels: labels.values,
        predictions,
        summaries,
        training,
    })
}

/// Tests a trained model on `dataset`, whose labels are those of the model's targets ([`Labels::of`]).
///
/// There is one fold, no training and no control.
///
/// # Errors
///
/// If the observer has cancelled, or a score is not a finite number.
pub fn test(
    model: &Model,
    dataset: Dataset<'_>,
    observer: &dyn Observer,
) -> Result<Evaluation, EvaluateError> {
    let covariates = beside(model, dataset);
    let predictions = each("testing", dataset.members.len(), observer, |i| {
        let repertoire = dataset.repertoire(i);
        let values = covariates.row(dataset.members[i]);
        let outputs = model.outputs(Patient::new(repertoire, &values));
        let sets = model.sets(&outputs, COVERAGE);
        let outputs = raw(&model.info().targets, &outputs);
        let repertoire_id = repertoire.id.clone();
        HeldOut { repertoire_id, fold: 0, outputs, sets, control: Vec::new() }
    });
    let predictions = predictions.ok_or(EvaluateError::Cancelled)?;
    predictions.iter().try_for_each(HeldOut::check)?;
    let summaries =
        summary::summaries(dataset.labels, &predictions, &dataset.groups(), (Chance::Tested, None));
    let Labels { targets, values } = dataset.labels.clone();
    Ok(Evaluation { targets, labels: values, predictions, summaries, training: Vec::new() })
}

/// The covariates of `model` of the cohort of `dataset`.
fn beside(model: &Model, dataset: Dataset<'_>) -> Covariates {
    let names: Vec<String> = model.info().covariates.iter().map(|own| own.column.clone()).collect();
    dataset.cache.covariates().select(&names)
}

/// Regression outputs in their own unit: each fold standardises by its own training part.
fn raw(targets: &[Target], outputs: &[f64]) -> Vec<f64> {
    let mut raw = outputs.to_vec();
    let mut column = 0;
    for target in targets {
        if let TargetKind::Regression { mean, sd } = target.kind {
            raw[column] = mean + sd * raw[column];
        }
        column += target.width();
    }
    raw
}

/// Repertoires as splits see them: stratified by their labels, groups undivided. Those without a label
/// follow their group or balance the sizes, and are scored all the same.
pub fn items(ids: &[String], labels: &Labels, groups: &Groups) -> Vec<split::Item> {
    let item = |(i, id): (usize, &String)| split::Item {
        id: id.clone(),
        stratum: labels.stratum(i),
        group: groups.name(i).to_owned(),
    };
    ids.iter().enumerate().map(item).collect()
}

/// Scalars of different trainings are different curves.
struct Prefixed<'a> {
    observer: &'a dyn Observer,
    /// What stands before the name of each.
    prefix: String,
}

impl Observer for Prefixed<'_> {
    fn progress(&self, progress: Progress<'_>) {
        self.observer.progress(progress);
    }

    fn scalar(&self, name: &str, step: u64, value: f64) {
        self.observer.scalar(&format!("{}/{name}", self.prefix), step, value);
    }

    fn cancelled(&self) -> bool {
        self.observer.cancelled()
    }
}

/// Permuted labels: between groups if each group has one label, else between repertoires; with `strata`, one for each
/// repertoire, inside each of them.
///
/// # Panics
///
/// If there is not one group per label.
pub fn permuted(labels: &Labels, groups: &Groups, seed: u64, strata: Option<&[usize]>) -> Labels {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut permuted = labels.clone();
    for values in &mut permuted.values {
        let mut own = Permutable::new(values, &groups.by_appearance());
        if let Some(strata) = strata {
            own = own.within(strata);
        }
        own.shuffle(&mut rng);
        *values = own.by_row();
    }
    permuted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kind: TargetKind) -> Target {
        Target { column: "t".to_owned(), kind }
    }

    fn binary() -> Target {
        target(TargetKind::Binary { positive: "1".to_owned(), negative: "0".to_owned() })
    }

    #[test]
    fn a_number_is_told_in_its_own_unit() {
        let number = target(TargetKind::Regression { mean: 50.0, sd: 10.0 });
        assert_eq!(raw(&[binary(), number], &[0.5, 1.5]), [0.5, 65.0]);
    }

    /// Of whole groups where each has one label, else of repertoires; never more of a label than there are.
    #[test]
    fn labels_are_dealt_out_anew_between_groups() {
        let groups = Groups::of(&(0..40).map(|i| (i / 2).to_string()).collect::<Vec<_>>());
        let dealt = |values: Vec<f64>| {
            let values = values.into_iter().map(Some).collect::<Vec<_>>();
            let labels = Labels { targets: vec![binary()], values: vec![values.clone()] };
            let found = permuted(&labels, &groups, 3, None).values.remove(0);
            let positives = |own: &[Option<f64>]| own.iter().filter(|v| **v == Some(1.0)).count();
            assert_eq!(positives(&found), positives(&values));
            let moved = found.iter().zip(&values).filter(|(a, b)| a != b).count();
            assert!((6..=34).contains(&moved), "{moved} of 40 labels are others");
            found.chunks(2).filter(|pair| pair[0] != pair[1]).count()
        };
        assert_eq!(
            dealt((0..40).map(|i| f64::from(i / 2 % 2)).collect()),
            0,
            "no group is divided"
        );
        assert!(dealt((0..40).map(|i| f64::from(i % 2)).collect()) > 0);
    }
}
