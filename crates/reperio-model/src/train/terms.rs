//! All terms other than the network, learned for every target.

use rayon::prelude::*;
use reperio_data::progress::{Observer, Progress};
use serde_json::Value;

use super::{TrainError, Training, answer, known};
use crate::labels::TargetKind;
use crate::model::Term;
use crate::parts::{Answers, Finding, Learned, Part, Table, Task};

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
    let recipes: Vec<(Part, crate::parts::Recipe)> = Part::ALL
        .into_iter()
        .filter(|part| training.includes(*part))
        .flat_map(|part| part.recipes().into_iter().map(move |recipe| (part, recipe)))
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

/// One recipe for all outputs of a target; `None` if it has nothing to say of any.
pub(super) fn outputs(
    training: &Training<'_>,
    fold: &[usize],
    t: usize,
    recipe: &crate::parts::Recipe,
    observer: &dyn Observer,
) -> Result<Option<Vec<Learned>>, crate::features::FitError> {
    let rows = known(training, t);
    let members: Vec<usize> = rows.iter().map(|&i| training.members[i]).collect();
    let fold: Vec<usize> = rows.iter().map(|&i| fold[i]).collect();
    let answers: Vec<f64> = rows.iter().map(|&i| answer(&training.labels, t, i)).collect();
    let kind = &training.labels.targets[t].kind;
    let classes: Vec<Vec<bool>> = match kind {
        TargetKind::Regression { .. } => vec![],
        TargetKind::Binary { .. } => vec![answers.iter().map(|&own| own > 0.5).collect()],
        TargetKind::Classes { classes } => (0..classes.len())
            .map(|class| answers.iter().map(|&own| own as usize == class).collect())
            .collect(),
    };
    let learn = |answers: Answers<'_>| {
        let task = Task { cache: training.cache, members: &members, answers, fold: &fold };
        recipe.learn(&task, observer)
    };
    let learned: Vec<Option<Learned>> = if classes.is_empty() {
        vec![learn(Answers::Numbers(&answers))?]
    } else {
        classes.par_iter().map(|own| learn(Answers::Classes(own))).collect::<Result<_, _>>()?
    };
    if learned.iter().all(Option::is_none) {
        return Ok(None);
    }
    let nothing = || Learned::nothing(rows.len());
    Ok(Some(learned.into_iter().map(|own| own.unwrap_or_else(nothing)).collect()))
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
