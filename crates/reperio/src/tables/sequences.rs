//! Rankings of clonotypes by their evidence, and what it adds up to.

use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_data::repertoire::Repertoire;
use reperio_model::combine::PredictionSet;
use reperio_model::explain::{Explained, ExplainedRepertoire, Leading, Sum};
use reperio_model::model::{Explanation, Model, ResidueShares, TargetPrediction};
use reperio_model::parts::Part;
use reperio_model::score::Score;

use crate::shell::table;

/// Clonotypes of a repertoire whose residues get shares of the network's evidence, which takes time. The help of
/// `explain` names the number.
const SHADED: usize = 30;

/// Writes the sums behind the logits of every repertoire, and what its scores say: a row for each of its outputs. `memory` is
/// what the cases of each row by themselves predict, if there are any.
pub(crate) fn write_sums(
    path: &Path,
    model: &Model,
    all: &[ExplainedRepertoire],
    memory: Option<Vec<Option<f64>>>,
) -> Result<()> {
    let names = model.output_names();
    let rows = || all.iter().flat_map(|one| one.sums.iter().map(move |sum| (&one.id, sum)));
    let numbers = |name: &str, number: fn(&Sum) -> f64| {
        Column::new(name.into(), rows().map(|(_, sum)| number(sum)).collect::<Vec<_>>())
    };
    let n = rows().count();
    let mut columns = vec![
        table::text("repertoire_id", rows().map(|(id, _)| id.clone())),
        table::text("output", (0..n).map(|row| names[row % names.len()].clone())),
        numbers("logit", |sum| sum.logit),
        numbers("bias", |sum| sum.bias),
        numbers("evidence", |sum| sum.evidence),
    ];
    columns.extend(parts(model, all));
    columns.extend(said(model, all));
    columns.extend(memory.map(|own| Column::from(Series::new("memory".into(), own))));
    table::write(path, DataFrame::new(n, columns)?)
}

/// The evidence of each part, which add up to all of it.
fn parts(model: &Model, all: &[ExplainedRepertoire]) -> Vec<Column> {
    let column = |part: Part| {
        let own = |sum: &Sum| sum.parts.iter().find(|(own, _)| *own == part).map(|(_, own)| *own);
        let values: Vec<Option<f64>> =
            all.iter().flat_map(|one| one.sums.iter().map(own)).collect();
        Series::new(format!("evidence_{}", part.name()).into(), values).into()
    };
    model.parts().into_iter().map(column).collect()
}

/// What the scores say: of two classes and of more the probability of the output, of a target its class or number, its
/// prediction set; clonotypes and warnings.
fn said(model: &Model, all: &[ExplainedRepertoire]) -> Vec<Column> {
    let places: Vec<(usize, usize)> = model
        .info()
        .targets
        .iter()
        .enumerate()
        .flat_map(|(t, own)| (0..own.width()).map(move |o| (t, o)))
        .collect();
    let rows = || all.iter().flat_map(|one| places.iter().map(move |&place| (&one.score, place)));
    let numbers = |name: &str, of: fn(&TargetPrediction, usize) -> Option<f64>| -> Column {
        let values = rows().map(|(score, (t, o))| of(&score.prediction.targets[t], o));
        Series::new(name.into(), values.collect::<Vec<_>>()).into()
    };
    let class =
        rows().map(|(score, (t, _))| score.prediction.targets[t].class.clone().unwrap_or_default());
    let set = |score: &Score, t: usize| {
        score.prediction_sets[t].as_ref().map_or_else(String::new, PredictionSet::text)
    };
    let clonotypes = rows().map(|(score, _)| score.prediction.clonotypes as u64);
    vec![
        numbers("probability", |own, o| own.probabilities.get(o).copied()),
        numbers("value", |own, _| own.value),
        table::text("class", class),
        table::text("prediction_set", rows().map(|(score, (t, _))| set(score, t))),
        Column::new("clonotypes".into(), clonotypes.collect::<Vec<u64>>()),
        table::text("warnings", rows().map(|(score, _)| score.prediction.warnings.join("; "))),
    ]
}

/// Writes the best clonotypes of one repertoire, ranked by their evidence for what the first target predicts.
///
/// `residues_kmers` has, for every residue of the junction, its share of the evidence of the k-mers for that output;
/// `residues_network` its share of the evidence of the network, for the first [`SHADED`] clonotypes.
pub(crate) fn write(
    path: &Path,
    model: &Model,
    repertoire: &Repertoire,
    explained: &Explained,
) -> Result<()> {
    let Explained { explanation, best, predicted, .. } = explained;
    let ranked = &best[*predicted];
    let rows = || ranked.iter().map(|leading: &Leading| leading.place);
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
    let Explanation { attention, evidence, parts, heads, .. } = explanation;
    for head in 0..*heads {
        let attention: Vec<f32> = rows().map(|i| attention[i * heads + head]).collect();
        columns.push(Column::new(format!("attention_{}", head + 1).into(), attention));
    }
    let names = model.output_names();
    let mut shares = Vec::new();
    for (output, name) in names.iter().enumerate() {
        let of = |all: &[f64]| rows().map(|i| all[i * names.len() + output]).collect::<Vec<f64>>();
        let name = if names.len() == 1 { "evidence".into() } else { format!("evidence_{name}") };
        for (part, own) in parts {
            shares.push(Column::new(format!("{name}_{}", part.name()).into(), of(own)));
        }
        columns.push(Column::new(name.into(), of(evidence)));
    }
    columns.extend(shares);
    let places: Vec<usize> = rows().collect();
    if let Some(residues) = model.kmer_residues(repertoire, &places, *predicted) {
        columns.push(table::text("residues_kmers", residues.iter().map(|own| spaced(own, 6))));
    }
    columns.extend(network(model, repertoire, explained, &places));
    table::write(path, DataFrame::new(ranked.len(), columns)?)
}

/// What the residues of the first clonotypes add to the evidence of the network; nothing without one.
fn network(
    model: &Model,
    repertoire: &Repertoire,
    Explained { explanation, predicted, .. }: &Explained,
    places: &[usize],
) -> Vec<Column> {
    let first = &places[..places.len().min(SHADED)];
    let Some(found) = model.network_residues(repertoire, explanation, first, *predicted) else {
        return vec![];
    };
    let rows = || (0..places.len()).map(|row| found.get(row));
    let text =
        |own: Option<&ResidueShares>| own.map_or_else(String::new, |own| spaced(&own.shares, 9));
    let numbers = |name: &str, number: fn(&ResidueShares) -> f64| -> Column {
        Series::new(name.into(), rows().map(|own| own.map(number)).collect::<Vec<_>>()).into()
    };
    vec![
        table::text("residues_network", rows().map(text)),
        numbers("residues_network_rest", |own| own.rest),
        numbers("residues_network_error", |own| own.error),
    ]
}

/// Numbers with `digits` after the point, with spaces between them.
fn spaced(numbers: &[f64], digits: usize) -> String {
    numbers.iter().map(|own| format!("{own:.digits$}")).collect::<Vec<_>>().join(" ")
}
