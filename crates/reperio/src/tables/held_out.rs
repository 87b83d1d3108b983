//! `held_out.tsv`: what the parts of a model said of training repertoires that they had not seen.
//!
//! It stands beside the model and not in it: it names repertoires, which often are patients. Every row has the checksum of the
//! model's file, so that the table of another model is not taken for its own. Which repertoires are of one person is a number:
//! the names of the people stay where they are.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_model::explain::Known;
use reperio_model::labels::{Labels, Target, TargetKind};
use reperio_model::model::{Model, TargetPrediction};
use reperio_model::people::People;
use reperio_model::train::{Fitted, TargetHeldOut};
use reperio_report::tsv::Table;
use reperio_stats::Groups;

use crate::shell::table;

/// Its name in a run folder.
pub(crate) const NAME: &str = "held_out.tsv";

/// The column of groups.
const GROUP: &str = "group";

/// The column that says which model it belongs to.
const MODEL: &str = "model_sha256";

/// One output of one repertoire.
struct Row<'a> {
    target: &'a Target,
    own: &'a TargetHeldOut,
    output: usize,
    place: usize,
    label: Option<f64>,
}

impl Row<'_> {
    fn said(&self) -> TargetPrediction {
        let logits: Vec<f64> = self.own.combined.iter().map(|own| own[self.place]).collect();
        TargetPrediction::new(self.target, &logits)
    }
}

/// Writes a row for each output of each labelled training repertoire, target by target: its label, what the combination said of
/// it, and what each part adds to the logit. If a column named the `people`, repertoires of one group have one number.
pub(crate) fn write(path: &Path, fitted: &Fitted, labels: &Labels, people: &People) -> Result<()> {
    let model = &fitted.model;
    let targets = &model.info().targets;
    let mut rows = Vec::new();
    for ((target, own), values) in targets.iter().zip(&fitted.held_out).zip(&labels.values) {
        for place in 0..own.ids.len() {
            let label = values[own.places[place]];
            let outputs = 0..own.combined.len();
            rows.extend(outputs.map(|output| Row { target, own, output, place, label }));
        }
    }
    let said: Vec<TargetPrediction> = rows.iter().map(Row::said).collect();
    let numbers = |name: &str, values: Vec<Option<f64>>| -> Column {
        Series::new(name.into(), values).into()
    };
    let label = |row: &Row<'_>| row.label.map_or_else(String::new, |own| row.target.label(own));
    let output = |row: &Row<'_>| {
        format!("{}{}", row.target.prefix(targets), row.target.outputs()[row.output])
    };
    let folds: Vec<u64> = rows.iter().map(|row| row.own.folds[row.place] as u64).collect();
    let logit = |(row, said): (&Row<'_>, &TargetPrediction)| Some(said.logits[row.output]);
    let mut columns = vec![
        table::text("repertoire_id", rows.iter().map(|row| row.own.ids[row.place].clone())),
        Column::new("fold".into(), folds),
    ];
    if people.column.is_some() {
        let numbers = numbered(&people.groups);
        let own: Vec<u64> = rows.iter().map(|row| numbers[row.own.places[row.place]]).collect();
        columns.push(Column::new(GROUP.into(), own));
    }
    columns.extend([
        table::text("target", rows.iter().map(|row| row.target.column.clone())),
        table::text("label", rows.iter().map(label)),
        table::text("class", said.iter().map(|own| own.class.clone().unwrap_or_default())),
        numbers("value", said.iter().map(|own| own.value).collect()),
        table::text("output", rows.iter().map(output)),
        numbers("logit", rows.iter().zip(&said).map(logit).collect()),
    ]);
    for part in model.parts() {
        let added = |row: &Row<'_>| {
            let own = row.own.parts.iter().find(|(own, _)| *own == part);
            own.map(|(_, outputs)| outputs[row.output][row.place])
        };
        columns.push(numbers(&format!("logit_{}", part.name()), rows.iter().map(added).collect()));
    }
    let sha256 = model.sha256()?;
    columns.push(table::text(MODEL, rows.iter().map(|_| sha256.clone())));
    table::write(path, DataFrame::new(rows.len(), columns)?)
}

/// The number of each row's group, from 1 in the order of the groups' first rows: it says nothing of their names.
fn numbered(groups: &Groups) -> Vec<u64> {
    let mut numbers = vec![0; groups.rows()];
    for (own, rows) in groups.by_appearance().into_iter().enumerate() {
        rows.iter().for_each(|&row| numbers[row] = own as u64 + 1);
    }
    numbers
}

/// What the table beside a model says.
pub(crate) struct HeldOut {
    /// The group of each repertoire that is in one.
    pub(crate) groups: BTreeMap<String, String>,
    /// The training repertoires of each target.
    pub(crate) targets: Vec<Trained>,
}

/// The training repertoires of one target.
pub(crate) struct Trained {
    /// Their ids, and what each part adds to each logit.
    pub(crate) known: Vec<Known>,
    /// Label of each.
    pub(crate) labels: Vec<String>,
    /// The class that the held-out outputs call; "" for a number.
    pub(crate) classes: Vec<String>,
    /// The held-out logit of two classes.
    pub(crate) logits: Vec<Option<f64>>,
    /// The held-out number.
    pub(crate) values: Vec<Option<f64>>,
}

/// Reads the table that lies beside the file of `model`; nothing if there is none. That of another model is left out with a
/// warning, and so is one that does not say of which it is: the explanation is right without it, as without any table.
pub(crate) fn beside(file: &Path, model: &Model) -> Result<Option<HeldOut>> {
    let path = file.with_file_name(NAME);
    if !path.is_file() {
        return Ok(None);
    }
    let table = Table::read(&path, usize::MAX)?;
    if let Some(problem) = foreign(&table, file)? {
        tracing::warn!("{} {problem}", path.display());
        return Ok(None);
    }
    let ids = table.text("repertoire_id")?;
    let groups = table.optional(GROUP).unwrap_or_default();
    let groups = ids.into_iter().zip(groups).filter(|(_, group)| !group.is_empty());
    let groups = groups.map(|(id, group)| (id.to_owned(), group.to_owned())).collect();
    let targets = targets(&path, &table, model)?;
    Ok(Some(HeldOut { groups, targets }))
}

/// Why `table` is not that of the model in `file`.
fn foreign(table: &Table, file: &Path) -> Result<Option<String>> {
    let Some(of) = table.optional(MODEL) else {
        return Ok(Some(format!(
            "was written before such tables had a column `{MODEL}`: without it no neighbours are named, \
             because it may be of another model; train again to have them"
        )));
    };
    let own = Model::sha256_of(file)?;
    let is_own = of.iter().all(|of| *of == own);
    Ok((!is_own).then(|| {
        format!(
            "is of another model than {}: no neighbours are named; expected the two files of one training",
            file.display()
        )
    }))
}

/// The training repertoires of each target.
fn targets(path: &Path, table: &Table, model: &Model) -> Result<Vec<Trained>> {
    let (targets, outputs) = (table.text("target")?, table.text("output")?);
    let names = model.output_names();
    let mut first = 0;
    let mut all = Vec::new();
    for target in &model.info().targets {
        let own = &names[first..first + target.width()];
        first += own.len();
        let rows: Vec<usize> =
            (0..table.len()).filter(|&row| targets[row] == target.column).collect();
        let fits = rows.chunks(own.len()).all(|chunk| {
            chunk.len() == own.len()
                && chunk.iter().zip(own).all(|(&row, name)| outputs[row] == name)
        });
        ensure!(
            fits,
            "{}: the outputs of {} are not {}, expected the rows as training wrote them",
            path.display(),
            target.column,
            own.join(", ")
        );
        all.push(trained(table, model, target, &rows)?);
    }
    Ok(all)
}

/// The training repertoires of `target`, whose outputs stand in `rows`.
fn trained(table: &Table, model: &Model, target: &Target, rows: &[usize]) -> Result<Trained> {
    let texts = |name: &str| -> Result<Vec<String>> {
        let all = table.text(name)?;
        Ok(rows.iter().step_by(target.width()).map(|&row| all[row].to_owned()).collect())
    };
    let numbers = |name: &str| -> Result<Vec<Option<f64>>> {
        let all = table.numbers(name)?;
        Ok(rows.iter().step_by(target.width()).map(|&row| all[row]).collect())
    };
    let parts =
        model.parts().into_iter().map(|part| table.numbers(&format!("logit_{}", part.name())));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    let groups = table.optional(GROUP);
    let known = texts("repertoire_id")?.into_iter().zip(rows.chunks(target.width()));
    let known = known.map(|(id, rows)| {
        let of = |&row: &usize| parts.iter().map(move |own| own[row].unwrap_or(0.0));
        let group = groups.as_ref().map_or("", |groups| groups[rows[0]]).to_owned();
        Known { id, group, added: rows.iter().flat_map(of).collect() }
    });
    let is_binary = matches!(target.kind, TargetKind::Binary { .. });
    let logits = numbers("logit")?.into_iter().map(|own| own.filter(|_| is_binary));
    Ok(Trained {
        known: known.collect(),
        labels: texts("label")?,
        classes: texts("class")?,
        logits: logits.collect(),
        values: numbers("value")?,
    })
}
