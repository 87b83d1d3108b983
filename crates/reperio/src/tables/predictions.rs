//! Predictions of many repertoires, and their columns in a table.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, bail};
use polars::prelude::{Column, NamedFrom as _, Series};
use rayon::prelude::*;
use reperio_data::progress::{Observer, Progress};
use reperio_data::repertoire::Repertoire;
use reperio_model::model::{Model, Prediction, TargetPrediction};
use reperio_model::target::{Target, TargetKind};

/// Calls `work` on every repertoire, in parallel, and returns the results in order; `None` once the
/// observer has cancelled.
pub(crate) fn for_each<T: Send>(
    task: &str,
    repertoires: &[Repertoire],
    observer: &dyn Observer,
    work: impl Fn(&Repertoire) -> T + Sync,
) -> Option<Vec<T>> {
    let done = AtomicU64::new(0);
    let total = repertoires.len() as u64;
    let one = |repertoire: &Repertoire| {
        if observer.cancelled() {
            return None;
        }
        let result = work(repertoire);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        observer.progress(Progress { task, done, total, unit: "repertoires" });
        Some(result)
    };
    repertoires.par_iter().map(one).collect()
}

/// Scores every repertoire; `None` once the observer has cancelled.
pub(crate) fn predict(
    model: &Model,
    repertoires: &[Repertoire],
    observer: &dyn Observer,
) -> Result<Option<Vec<Prediction>>> {
    let scored = for_each("scoring", repertoires, observer, |own| predict_one(model, own));
    scored.map(|all| all.into_iter().collect()).transpose()
}

/// Scores one repertoire.
///
/// # Errors
///
/// If the score is not a finite number.
pub(crate) fn predict_one(model: &Model, repertoire: &Repertoire) -> Result<Prediction> {
    let prediction = model.predict(repertoire);
    let logits = prediction.targets.iter().flat_map(|target| &target.logits);
    check_finite(&repertoire.id, logits)?;
    Ok(prediction)
}

/// Refuses scores that are not finite numbers.
pub(crate) fn check_finite<'a>(id: &str, scores: impl IntoIterator<Item = &'a f64>) -> Result<()> {
    match scores.into_iter().find(|score| !score.is_finite()) {
        Some(score) => {
            bail!("the score of {id} is {score}, expected a finite number: the model is damaged")
        }
        None => Ok(()),
    }
}

/// The columns of `predictions`: for a binary target `logit`, `probability` and `class`; for classes
/// `logit_<class>` and `probability_<class>` each, and `class`; for a regression `value`. With
/// several targets every name begins with `<target>.`. What is not known is empty.
pub(crate) fn columns(targets: &[Target], predictions: &[Vec<TargetPrediction>]) -> Vec<Column> {
    let mut columns = Vec::new();
    for (t, target) in targets.iter().enumerate() {
        let of: Vec<&TargetPrediction> = predictions.iter().map(|all| &all[t]).collect();
        let prefix = prefix(targets, target);
        let mut numbers = |name: String, value: &dyn Fn(&TargetPrediction) -> Option<f64>| {
            let values: Vec<Option<f64>> = of.iter().map(|prediction| value(prediction)).collect();
            columns.push(Series::new(format!("{prefix}{name}").into(), values).into());
        };
        match &target.kind {
            TargetKind::Binary { .. } => {
                numbers("logit".to_owned(), &|p| p.logits.first().copied());
                numbers("probability".to_owned(), &|p| p.probabilities.first().copied());
            }
            TargetKind::Classes { classes } => {
                for (c, class) in classes.iter().enumerate() {
                    numbers(format!("logit_{class}"), &|p| p.logits.get(c).copied());
                }
                for (c, class) in classes.iter().enumerate() {
                    numbers(format!("probability_{class}"), &|p| p.probabilities.get(c).copied());
                }
            }
            TargetKind::Regression { .. } => {
                numbers("value".to_owned(), &|p| p.value);
                continue;
            }
        }
        let classes: Vec<Option<String>> = of.iter().map(|p| p.class.clone()).collect();
        columns.push(Series::new(format!("{prefix}class").into(), classes).into());
    }
    columns
}

/// What the columns of `target` begin with: nothing if it is the only one.
pub(crate) fn prefix(targets: &[Target], target: &Target) -> String {
    if targets.len() == 1 { String::new() } else { format!("{}.", target.column) }
}
