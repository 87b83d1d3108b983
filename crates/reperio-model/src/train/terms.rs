//! All terms other than the network, learned for every target.

use rayon::prelude::*;
use reperio_data::progress::{Observer, Progress};
use serde_json::Value;

use super::{TrainError, Training, answer, known};
use crate::config::CovariatesConfig;
use crate::covariates::{Adjustment, adjust};
use crate::labels::TargetKind;
use crate::model::Term;
use crate::parts::{Answers, Finding, Learned, Part, Recipe, Table, Task};

/// A term and what it says of repertoires that it has not seen.
pub(super) struct Column {
    pub(super) part: Part,
    pub(super) name: String,
    /// One table per output; none for the network.
    pub(super) tables: Vec<Table>,
    /// Held-out outputs, one row per output, of the repertoires with a known answer.
    pub(super) held_out: Vec<Vec<f64>>,
    /// Hyper-parameters by output.
    pub(super) choices: Vec<Value>,
    /// The strongest of what is counted, by output.
    pub(super) found: Vec<Vec<Finding>>,
}

/// The terms of one target.
pub(super) type Columns = Vec<Column>;

impl Column {
    pub(super) fn network(held_out: Vec<Vec<f64>>) -> Self {
        let (name, tables) = ("network".to_owned(), vec![]);
        Self { part: Part::Network, name, tables, held_out, choices: vec![], found: vec![] }
    }

    pub(super) fn term(self, weight: f64) -> Term {
        Term { part: self.part, name: self.name, weight, tables: self.tables }
    }
}

/// Learns all terms of the requested parts: one list per target.
pub(super) fn learn(
    training: &Training<'_>,
    fold: &[usize],
    observer: &dyn Observer,
) -> Result<Vec<Columns>, TrainError> {
    let recipes: Vec<(Part, Recipe)> = Part::ALL
        .into_iter()
        .filter(|part| training.includes(*part))
        .flat_map(|part| part.recipes().into_iter().map(move |recipe| (part, recipe)))
        .chain(covariates(training))
        .collect();
    let mut all: Vec<Columns> = training.labels.targets.iter().map(|_| Vec::new()).collect();
    for (done, (part, recipe)) in recipes.iter().enumerate() {
        let task = recipe.name();
        let (done, total) = (done as u64, recipes.len() as u64);
        observer.progress(Progress { task: &task, done, total, unit: "parts" });
        tracing::info!(part = part.name(), term = task, "learning");
        recipe.prepare(training.cache); // Once, before the classes ask for it side by side.
        for (t, columns) in all.iter_mut().enumerate() {
            let learned = outputs(training, fold, t, recipe, observer);
            let learned = learned.map_err(|_| TrainError::Stopped { part: part.name() })?;
            if let Some(learned) = learned {
                columns.push(column(*part, task.clone(), learned));
            }
        }
    }
    Ok(all)
}

/// The covariates as a part, if there are any.
fn covariates(training: &Training<'_>) -> Vec<(Part, Recipe)> {
    let CovariatesConfig { include, memory, .. } = &training.config.covariates;
    let linear = (!include.is_empty()).then(|| Recipe::Covariates(include.clone()));
    let memory = memory.then(|| Recipe::CovariateMemory(include.clone()));
    linear.into_iter().chain(memory).map(|recipe| (Part::Covariates, recipe)).collect()
}

/// One recipe for all outputs of a target; `None` if it has nothing to say of any.
pub(super) fn outputs(
    training: &Training<'_>,
    fold: &[usize],
    t: usize,
    recipe: &Recipe,
    observer: &dyn Observer,
) -> Result<Option<Vec<Learned>>, crate::features::FitError> {
    let rows = known(training, t);
    let members: Vec<usize> = rows.iter().map(|&i| training.members[i]).collect();
    let fold: Vec<usize> = rows.iter().map(|&i| fold[i]).collect();
    let answers: Vec<f64> = rows.iter().map(|&i| answer(&training.labels, t, i)).collect();
    let classes = classes(&training.labels.targets[t].kind, &answers);
    let offsets = training.offsets_of(t, &rows);
    let learn = |answers: Answers<'_>, offsets: Option<&[f64]>| {
        let (cache, members, fold) = (training.cache, &members[..], &fold[..]);
        recipe.learn(&Task { cache, members, answers, fold, offsets }, observer)
    };
    let learned: Vec<Option<Learned>> = if classes.is_empty() {
        let known = offsets.first();
        let rest = |(i, own): (usize, &f64)| own - known.map_or(0.0, |offsets| offsets[i]);
        let rest: Vec<f64> = answers.iter().enumerate().map(rest).collect();
        vec![learn(Answers::Numbers(&rest), None)?]
    } else {
        let one = |(o, own): (usize, &Vec<bool>)| {
            learn(Answers::Classes(own), offsets.get(o).map(Vec::as_slice))
        };
        classes.par_iter().enumerate().map(one).collect::<Result<_, _>>()?
    };
    if learned.iter().all(Option::is_none) {
        return Ok(None);
    }
    let nothing = || Learned::nothing(rows.len());
    Ok(Some(learned.into_iter().map(|own| own.unwrap_or_else(nothing)).collect()))
}

/// Which answers are of each class that has an output; none of numbers.
fn classes(kind: &TargetKind, answers: &[f64]) -> Vec<Vec<bool>> {
    match kind {
        TargetKind::Regression { .. } => vec![],
        TargetKind::Binary { .. } => vec![answers.iter().map(|&own| own > 0.5).collect()],
        TargetKind::Classes { classes } => (0..classes.len())
            .map(|class| answers.iter().map(|&own| own as usize == class).collect())
            .collect(),
    }
}

/// Learns what the covariates that the model is adjusted for say of each output, and what that is worth by target.
pub(super) fn adjust(training: &mut Training<'_>) -> Result<Vec<Adjustment>, TrainError> {
    let names = &training.config.covariates.adjust;
    if names.is_empty() {
        return Ok(vec![]);
    }
    let covariates = adjust::of(training.cache, names);
    let fold = training.fold.as_ref().ok_or(TrainError::OneGroup)?;
    let (mut all, mut adjustments) = (Vec::new(), Vec::new());
    for (t, target) in training.labels.targets.iter().enumerate() {
        let rows = known(training, t);
        let members: Vec<usize> = rows.iter().map(|&i| training.members[i]).collect();
        let fold: Vec<usize> = rows.iter().map(|&i| fold[i]).collect();
        let answers: Vec<f64> = rows.iter().map(|&i| answer(&training.labels, t, i)).collect();
        let classes = classes(&target.kind, &answers);
        let learn = |answers: Answers<'_>| {
            let (cache, members, fold) = (training.cache, &members[..], &fold[..]);
            let offsets = None;
            adjust::offsets(&covariates, &Task { cache, members, answers, fold, offsets })
        };
        let offsets: Vec<Vec<f64>> = if classes.is_empty() {
            vec![learn(Answers::Numbers(&answers))]
        } else {
            classes.iter().map(|own| learn(Answers::Classes(own))).collect()
        };
        let adjustment = Adjustment::new(target, names.clone(), &offsets, &answers);
        tracing::info!("{}", adjustment.sentence());
        adjustments.push(adjustment);
        for own in offsets {
            let mut row = vec![0.0; training.members.len()];
            rows.iter().zip(own).for_each(|(&i, offset)| row[i] = offset);
            all.push(row);
        }
    }
    training.offsets = all;
    Ok(adjustments)
}

fn column(part: Part, name: String, learned: Vec<Learned>) -> Column {
    let mut own =
        Column { part, name, tables: vec![], held_out: vec![], choices: vec![], found: vec![] };
    for Learned { table, held_out, choices, found } in learned {
        own.tables.push(table);
        own.held_out.push(held_out);
        own.choices.push(choices);
        own.found.push(found);
    }
    own
}
