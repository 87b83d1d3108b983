//! Nested cross-validation: every repertoire is scored by a model that never saw its subject.
//!
//! Everything that looks at labels (discovery, early stopping, standardisation) happens inside the
//! training part of a fold. A control that sees only depth and V/J usage is evaluated beside the model.

mod control;
mod summary;

use std::sync::atomic::{AtomicU64, Ordering};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reperio_data::progress::{Observer, Progress};
use reperio_data::split::{self, Fold};
use serde::{Deserialize, Serialize};

use crate::combine::PredictionSet;
use crate::config::Config;
use crate::model::Model;
use crate::target::{Labels, Target, TargetKind};
use crate::train::{self, Dataset, Place, TrainError, TrainingReport};
pub(crate) use summary::interval;
pub use summary::{Metrics, TargetSummary};

/// Share of the repertoires whose label the prediction sets of an evaluation should contain.
pub const COVERAGE: f64 = 0.9;

/// How to evaluate.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Fold in which each repertoire of the dataset is held out; `None` for one that is only trained on.
    pub folds: Vec<Option<usize>>,
    /// Train on labels permuted with this seed: a control that must be at chance.
    pub permute_labels: Option<u64>,
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
/// See [`TrainError`].
///
/// # Panics
///
/// If the plan does not have one fold per repertoire.
pub fn evaluate(
    dataset: Dataset<'_>,
    config: &Config,
    plan: &Plan,
    place: Place<'_>,
    observer: &dyn Observer,
) -> Result<Evaluation, TrainError> {
    assert_eq!(plan.folds.len(), dataset.members.len(), "one fold a repertoire");
    let mut labels = match plan.permute_labels {
        Some(seed) => permuted(dataset.labels, &dataset.groups(), seed),
        None => dataset.labels.clone(),
    };
    labels.standardise();
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
        let folder = place.checkpoint.map(|folder| folder.join(format!("fold{fold}")));
        let place = Place { checkpoint: folder.as_deref(), ..place };
        let fitted = train::fit(part, config, place, &InFold { observer, fold })?;
        let tested: Vec<usize> = held.iter().map(|&i| dataset.members[i]).collect();
        let control = control::predictions(part, &tested);
        for (&i, control) in held.iter().zip(control) {
            let repertoire = dataset.repertoire(i);
            let outputs = fitted.model.outputs(repertoire);
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
    let groups = dataset.groups();
    let groups: Vec<String> = tested.iter().map(|&i| groups[i].clone()).collect();
    let labels = labels.select(&tested);
    let summaries = summary::summaries(&labels, &predictions, &groups);
    Ok(Evaluation {
        targets: labels.targets,
        labels: labels.values,
        predictions,
        summaries,
        training,
    })
}

/// Tests a trained model on `dataset`, whose labels are those of the model's targets
/// ([`Labels::of`]); `None` once the observer has cancelled.
///
/// There is one fold, no training and no control.
pub fn test(model: &Model, dataset: Dataset<'_>, observer: &dyn Observer) -> Option<Evaluation> {
    let (done, total) = (AtomicU64::new(0), dataset.members.len() as u64);
    let score = |i: usize| {
        let repertoire = dataset.repertoire(i);
        if observer.cancelled() {
            return None;
        }
        let outputs = model.outputs(repertoire);
        let sets = model.sets(&outputs, COVERAGE);
        let outputs = raw(&model.info().targets, &outputs);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        observer.progress(Progress { task: "testing", done, total, unit: "repertoires" });
        let repertoire_id = repertoire.id.clone();
        Some(HeldOut { repertoire_id, fold: 0, outputs, sets, control: Vec::new() })
    };
    let predictions: Vec<HeldOut> =
        (0..dataset.members.len()).into_par_iter().map(score).collect::<Option<_>>()?;
    let summaries = summary::summaries(dataset.labels, &predictions, &dataset.groups());
    let Labels { targets, values } = dataset.labels.clone();
    Some(Evaluation { targets, labels: values, predictions, summaries, training: Vec::new() })
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
pub fn items(ids: &[String], labels: &Labels, groups: &[String]) -> Vec<split::Item> {
    let item = |(i, (id, group)): (usize, (&String, &String))| split::Item {
        id: id.clone(),
        stratum: labels.stratum(i),
        group: group.clone(),
    };
    ids.iter().zip(groups).enumerate().map(item).collect()
}

/// Scalars of different folds are different curves.
struct InFold<'a> {
    observer: &'a dyn Observer,
    fold: usize,
}

impl Observer for InFold<'_> {
    fn progress(&self, progress: Progress<'_>) {
        self.observer.progress(progress);
    }

    fn scalar(&self, name: &str, step: u64, value: f64) {
        self.observer.scalar(&format!("fold{}/{name}", self.fold), step, value);
    }

    fn cancelled(&self) -> bool {
        self.observer.cancelled()
    }
}

/// Permuted labels: between groups if each group has one label, else between repertoires.
///
/// # Panics
///
/// If there is not one group per label.
pub fn permuted(labels: &Labels, groups: &[String], seed: u64) -> Labels {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut permuted = labels.clone();
    for values in &mut permuted.values {
        let mut names: Vec<(&String, Option<f64>)> = Vec::new();
        let mut constant = true;
        for (group, value) in groups.iter().zip(values.iter()) {
            match names.iter().find(|(name, _)| *name == group) {
                Some((_, first)) => constant &= first == value,
                None => names.push((group, *value)),
            }
        }
        if constant {
            let mut shuffled: Vec<Option<f64>> = names.iter().map(|(_, value)| *value).collect();
            shuffled.shuffle(&mut rng);
            for (group, value) in groups.iter().zip(values) {
                let place = names.iter().position(|(name, _)| *name == group);
                *value = shuffled[place.expect("every group was listed")];
            }
        } else {
            values.shuffle(&mut rng);
        }
    }
    permuted
}
