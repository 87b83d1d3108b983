//! `held_out.tsv`: what the parts of a model said of training repertoires that they had not seen.
//!
//! It also has what is stored of them as cases: `beta`, and in `state` what each feature adds to the logit of the output, as
//! `term: feature=value`, without zeros.
//!
//! It stands beside the model and not in it: it names repertoires, which often are patients. Every row has the checksum of the
//! model's file, so that the table of another model is not taken for its own. Which repertoires are of one person is a number:
//! the names of the people stay where they are.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_model::explain::{Memory, Stored};
use reperio_model::labels::{Labels, Target, TargetKind};
use reperio_model::model::{Model, TargetPrediction};
use reperio_model::people::People;
use reperio_model::train::{Run, TargetHeldOut, TargetMemory};
use reperio_report::tsv::Table;
use reperio_stats::Groups;

use crate::shell::table;

/// Its name in a run folder.
pub(crate) const NAME: &str = "held_out.tsv";

/// The column of groups.
const GROUP: &str = "group";

/// The column that says which model it belongs to.
const MODEL: &str = "model_sha256";

/// The columns of a repertoire's state, and of the inverse temperature of the cases.
const STATE: &str = "state";
const BETA: &str = "beta";

/// Between the features of a state, and before a value.
const NEXT: &str = "; ";
const IS: char = '=';

/// One output of one repertoire.
struct Row<'a> {
    target: &'a Target,
    own: &'a TargetHeldOut,
    memory: Option<&'a TargetMemory>,
    output: usize,
    place: usize,
    label: Option<f64>,
}

impl Row<'_> {
    fn said(&self) -> TargetPrediction {
        let logits: Vec<f64> = self.own.combined.iter().map(|own| own[self.place]).collect();
        TargetPrediction::new(self.target, &logits)
    }

    fn state(&self) -> String {
        let of = |memory: &TargetMemory| {
            let features = memory.states[self.place][self.output].iter();
            features
                .map(|(name, value)| format!("{name}{IS}{value}"))
                .collect::<Vec<_>>()
                .join(NEXT)
        };
        self.memory.map(of).unwrap_or_default()
    }
}

/// Writes a row for each output of each labelled training repertoire, target by target: its label, what the combination said of
/// it, what each part adds to the logit, and its state as a case. If a column named the `people`, repertoires of one group have one number.
pub(crate) fn write(path: &Path, run: &Run, labels: &Labels, people: &People) -> Result<()> {
    let Run { fitted, memories, .. } = run;
    let model = &fitted.model;
    let targets = &model.info().targets;
    let mut rows = Vec::new();
    let memories = memories.iter().map(Option::as_ref);
    for (((target, own), memory), values) in
        targets.iter().zip(&fitted.held_out).zip(memories).zip(&labels.values)
    {
        for place in 0..own.ids.len() {
            let label = values[own.places[place]];
            let outputs = 0..own.combined.len();
            rows.extend(outputs.map(|output| Row { target, own, memory, output, place, label }));
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
    let beta = |row: &Row<'_>| row.memory.map(|own| own.beta);
    columns.push(numbers(BETA, rows.iter().map(beta).collect()));
    columns.push(table::text(STATE, rows.iter().map(Row::state)));
    let sha256 = model.sha256()?;
    columns.push(table::text(MODEL, rows.iter().map(|_| sha256.clone())));
    table::write(path, DataFrame::new(rows.len(), columns)?)
}

/// The number of each row's group, from 1 in the order of the groups' first rows: it says nothing of their names.
fn numbered(groups: &Groups) -> Vec<u64> {
    let mut numbers = vec![0; groups.rows()];
    for (own, rows) in groups.by_appearance().into_iter().enumerate() {
        for &row in rows {
            numbers[row] = own as u64 + 1;
        }
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
    /// Their ids and states; without a state there is none of them.
    pub(crate) memory: Memory,
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
            "was written before such tables had a column `{MODEL}`: without it no cases are named, \
             because it may be of another model; train again to have them"
        )));
    };
    if table.optional(STATE).is_none() {
        return Ok(Some(format!(
            "was written before such tables had a column `{STATE}`: no cases are named; train again to have them"
        )));
    }
    let own = Model::sha256_of(file)?;
    let is_own = of.iter().all(|of| *of == own);
    Ok((!is_own).then(|| {
        format!(
            "is of another model than {}: no cases are named; expected the two files of one training",
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
    for (t, target) in model.info().targets.iter().enumerate() {
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
        let one = trained(table, (model, t), &rows);
        all.push(one.with_context(|| path.display().to_string())?);
    }
    Ok(all)
}

/// The training repertoires of target `t`, whose outputs stand in `rows`.
fn trained(table: &Table, (model, t): (&Model, usize), rows: &[usize]) -> Result<Trained> {
    let target = &model.info().targets[t];
    let texts = |name: &str| -> Result<Vec<String>> {
        let all = table.text(name)?;
        Ok(rows.iter().step_by(target.width()).map(|&row| all[row].to_owned()).collect())
    };
    let numbers = |name: &str| -> Result<Vec<Option<f64>>> {
        let all = table.numbers(name)?;
        Ok(rows.iter().step_by(target.width()).map(|&row| all[row]).collect())
    };
    let is_binary = matches!(target.kind, TargetKind::Binary { .. });
    let logits = numbers("logit")?.into_iter().map(|own| own.filter(|_| is_binary));
    Ok(Trained {
        memory: memory(table, (model, t), rows)?,
        labels: texts("label")?,
        classes: texts("class")?,
        logits: logits.collect(),
        values: numbers("value")?,
    })
}

/// The cases of target `t`; none where training held nothing out.
fn memory(table: &Table, (model, t): (&Model, usize), rows: &[usize]) -> Result<Memory> {
    let width = model.info().targets[t].width();
    let (ids, states) = (table.text("repertoire_id")?, table.text(STATE)?);
    let betas = table.numbers(BETA)?;
    let beta = rows.first().and_then(|&row| betas[row]);
    let Some(beta) = beta else { return Ok(Memory::new((model, t), 1.0, vec![])) };
    let groups = table.optional(GROUP);
    let mut cases = Vec::new();
    for rows in rows.chunks(width) {
        let group = groups.as_ref().map_or("", |groups| groups[rows[0]]).to_owned();
        let states = rows.iter().map(|&row| parsed(states[row])).collect::<Result<_>>()?;
        cases.push(Stored { id: ids[rows[0]].to_owned(), group, states });
    }
    Ok(Memory::new((model, t), beta, cases))
}

/// The features of a state.
fn parsed(text: &str) -> Result<BTreeMap<String, f64>> {
    let feature = |own: &str| {
        let (name, value) = own.rsplit_once(IS)?;
        let value = value.parse().ok().filter(|own: &f64| own.is_finite())?;
        Some((name.to_owned(), value))
    };
    let all = text.split(NEXT).filter(|own| !own.is_empty());
    let found = all.map(|own| {
        feature(own).with_context(|| {
            format!("{own:?} in column `{STATE}`, expected a feature and its number")
        })
    });
    found.collect()
}
