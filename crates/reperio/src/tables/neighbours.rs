//! `neighbours.tsv`: the training repertoires that the parts of a model see most alike.

use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_model::explain::{ExplainedRepertoire, Neighbour, nearest};
use reperio_model::labels::Target;

use super::held_out::Trained;
use crate::shell::table;

/// Neighbours of a repertoire.
const MOST: usize = 5;

/// One neighbour of one repertoire.
struct Row<'a> {
    id: &'a str,
    target: &'a Target,
    trained: &'a Trained,
    rank: usize,
    found: Neighbour,
}

/// Writes for each repertoire and target the most alike training repertoires, nearest first.
pub(crate) fn write(
    path: &Path,
    targets: &[Target],
    trained: &[Trained],
    explained: &[ExplainedRepertoire],
) -> Result<()> {
    let mut rows = Vec::new();
    for own in explained {
        let mut first = 0;
        for (target, trained) in targets.iter().zip(trained) {
            let sums = &own.sums[first..first + target.width()];
            first += target.width();
            let added: Vec<f64> = sums.iter().flat_map(|sum| sum.added.iter().copied()).collect();
            let found = nearest(&own.id, &added, &trained.known, MOST);
            let ranked = found.into_iter().enumerate();
            rows.extend(ranked.map(|(i, found)| Row {
                id: &own.id,
                target,
                trained,
                rank: i + 1,
                found,
            }));
        }
    }
    let texts =
        |name: &str, of: &dyn Fn(&Row<'_>) -> String| table::text(name, rows.iter().map(of));
    let numbers = |name: &str, of: &dyn Fn(&Row<'_>) -> Option<f64>| -> Column {
        Series::new(name.into(), rows.iter().map(of).collect::<Vec<_>>()).into()
    };
    let ranks: Vec<u64> = rows.iter().map(|row| row.rank as u64).collect();
    let columns = vec![
        texts("repertoire_id", &|row| row.id.to_owned()),
        texts("target", &|row| row.target.column.clone()),
        Column::new("rank".into(), ranks),
        texts("neighbour_id", &|row| row.trained.known[row.found.place].id.clone()),
        texts("label", &|row| row.trained.labels[row.found.place].clone()),
        texts("class", &|row| row.trained.classes[row.found.place].clone()),
        numbers("logit", &|row| row.trained.logits[row.found.place]),
        numbers("value", &|row| row.trained.values[row.found.place]),
        numbers("distance", &|row| Some(row.found.distance)),
    ];
    table::write(path, DataFrame::new(rows.len(), columns)?)
}
