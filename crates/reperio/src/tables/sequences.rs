//! The clonotypes of one repertoire with their attention and evidence.

use std::path::Path;

use anyhow::{Result, bail};
use polars::prelude::{Column, DataFrame};
use reperio_data::repertoire::Repertoire;
use reperio_model::model::{Explanation, Model};

use crate::shell::table;

/// Evidences and bias add up to the logit within this; more would be a fault of the program.
const TOLERANCE: f64 = 1e-4;

/// Clonotypes of one repertoire with the highest evidence: for each output (place, evidence).
pub(crate) type Best = Vec<Vec<(usize, f64)>>;

/// Names of a model's outputs; with several targets each begins with `<target>.`.
pub(crate) fn output_names(model: &Model) -> Vec<String> {
    let targets = &model.info().targets;
    let names = targets.iter().flat_map(|target| {
        let prefix = crate::tables::predictions::prefix(targets, target);
        target.outputs().into_iter().map(move |output| format!("{prefix}{output}"))
    });
    names.collect()
}

/// The `top` clonotypes for each output, highest evidence first, equal ones in their own order.
pub(crate) fn best(repertoire: &Repertoire, explanation: &Explanation, top: usize) -> Best {
    let outputs = explanation.logits.len();
    (0..outputs).map(|output| ranking(repertoire, explanation, output, top)).collect()
}

fn ranking(
    repertoire: &Repertoire,
    explanation: &Explanation,
    output: usize,
    top: usize,
) -> Vec<(usize, f64)> {
    let outputs = explanation.logits.len();
    let mut all: Vec<(usize, f64)> =
        (0..repertoire.len()).map(|i| (i, explanation.evidence[i * outputs + output])).collect();
    let order = |a: &(usize, f64), b: &(usize, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if top < all.len() {
        all.select_nth_unstable_by(top, order);
        all.truncate(top);
    }
    all.sort_unstable_by(order);
    all
}

/// What a logit is made of: the bias and the evidences of all clonotypes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum {
    logit: f64,
    bias: f64,
    evidence: f64,
}

impl Sum {
    /// How far bias and evidences together are from the logit.
    pub(crate) fn difference(self) -> f64 {
        (self.logit - self.bias - self.evidence).abs()
    }
}

/// The sum behind each output.
pub(crate) fn sums(explanation: &Explanation) -> Vec<Sum> {
    let Explanation { logits, bias, evidence, .. } = explanation;
    let sum = |output: usize| Sum {
        logit: logits[output],
        bias: bias[output],
        evidence: evidence.iter().skip(output).step_by(logits.len()).sum(),
    };
    (0..logits.len()).map(sum).collect()
}

/// Refuses evidences and biases that do not add up to the logits of the repertoire `id`.
pub(crate) fn check(id: &str, sums: &[Sum]) -> Result<()> {
    // A difference that is no number is refused too.
    match sums.iter().map(|sum| sum.difference()).find(|own| own.is_nan() || *own > TOLERANCE) {
        Some(difference) => bail!(
            "{id}: evidence plus bias differs from the logit by {difference}, expected at most {TOLERANCE}: \
             the model is damaged"
        ),
        None => Ok(()),
    }
}

/// Writes the sums of every repertoire, given with its id: a row for each of its outputs.
pub(crate) fn write_sums<'a>(
    path: &Path,
    model: &Model,
    all: &(impl Iterator<Item = (&'a String, &'a Vec<Sum>)> + Clone),
) -> Result<()> {
    let names = output_names(model);
    let rows = || all.clone().flat_map(|(id, sums)| sums.iter().map(move |sum| (id, sum)));
    let numbers = |name: &str, number: fn(&Sum) -> f64| {
        Column::new(name.into(), rows().map(|(_, sum)| number(sum)).collect::<Vec<_>>())
    };
    let n = rows().count();
    let columns = vec![
        table::text("repertoire_id", rows().map(|(id, _)| id.clone())),
        table::text("output", (0..n).map(|row| names[row % names.len()].clone())),
        numbers("logit", |sum| sum.logit),
        numbers("bias", |sum| sum.bias),
        numbers("evidence", |sum| sum.evidence),
    ];
    table::write(path, DataFrame::new(n, columns)?)
}

/// Writes the `top` clonotypes of one repertoire, ranked by their evidence for the first target:
/// for its only output, or for the class with the highest logit.
pub(crate) fn write(
    path: &Path,
    model: &Model,
    repertoire: &Repertoire,
    explanation: &Explanation,
    top: usize,
) -> Result<()> {
    let names = output_names(model);
    let width = model.info().targets[0].width();
    let logits = &explanation.logits[..width];
    let output = (0..width).rev().max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap_or(0);
    let ranked = ranking(repertoire, explanation, output, top);
    let rows = || ranked.iter().map(|&(i, _)| i);
    let texts = |name: &str, text: &dyn Fn(usize) -> String| table::text(name, rows().map(text));
    let mut columns = vec![
        Column::new("rank".into(), (1..=ranked.len() as u64).collect::<Vec<u64>>()),
        texts("junction_aa", &|i| repertoire.junction_aa(i)),
        texts("v_call", &|i| repertoire.v_call(i).to_owned()),
        texts("j_call", &|i| repertoire.j_call(i).to_owned()),
        Column::new(
            "duplicate_count".into(),
            rows().map(|i| repertoire.counts()[i]).collect::<Vec<u64>>(),
        ),
    ];
    for head in 0..explanation.heads {
        let attention: Vec<f32> =
            rows().map(|i| explanation.attention[i * explanation.heads + head]).collect();
        columns.push(Column::new(format!("attention_{}", head + 1).into(), attention));
    }
    let mut parts = Vec::new();
    for (output, name) in names.iter().enumerate() {
        let evidence: Vec<f64> =
            rows().map(|i| explanation.evidence[i * names.len() + output]).collect();
        let name = if names.len() == 1 { "evidence".into() } else { format!("evidence_{name}") };
        for (part, own) in &explanation.parts {
            let share: Vec<f64> = rows().map(|i| own[i * names.len() + output]).collect();
            parts.push(Column::new(format!("{name}_{}", part.name()).into(), share));
        }
        columns.push(Column::new(name.into(), evidence));
    }
    columns.extend(parts);
    table::write(path, DataFrame::new(ranked.len(), columns)?)
}
