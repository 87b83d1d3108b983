//! What predicts labels without any sequence, as a table and as lines for people.

use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_model::confounders::{Confounder, Confounders};

use crate::shell::output::{align, row};
use crate::shell::table;

/// Writes a row for each source of each target.
pub(crate) fn write(path: &Path, all: &[Confounders]) -> Result<()> {
    let rows = || all.iter().flat_map(|own| own.sources.iter().map(|one| (&own.column, one)));
    let numbers = |name: &str, of: fn(&Confounder) -> Option<f64>| -> Column {
        Series::new(name.into(), rows().map(|(_, own)| of(own)).collect::<Vec<_>>()).into()
    };
    let repertoires: Vec<u64> = rows().map(|(_, own)| own.repertoires as u64).collect();
    let confounds: Vec<bool> = rows().map(|(_, own)| own.confounds).collect();
    let columns = vec![
        table::text("target", rows().map(|(column, _)| column.clone())),
        table::text("source", rows().map(|(_, own)| own.name.clone())),
        Column::new("repertoires".into(), repertoires),
        numbers("auc", |own| own.auc),
        numbers("r2", |own| own.r2),
        numbers("p_value", |own| own.p_value),
        Column::new("confounds".into(), confounds),
    ];
    table::write(path, DataFrame::new(rows().count(), columns)?)
}

/// What follows for each target, in a sentence.
pub(crate) fn sentences(all: &[Confounders]) -> Vec<String> {
    all.iter().map(Confounders::sentence).collect()
}

/// How well each source predicts a target, and what follows.
pub(crate) fn lines(target: &Confounders) -> Vec<String> {
    let mut rows = vec![row([&format!("predicts {}", target.column), &"AUC or R2", &"P"])];
    for one in &target.sources {
        let number =
            |own: Option<f64>| own.map_or_else(|| "-".to_owned(), |own| format!("{own:.3}"));
        rows.push(row([&one.name, &number(one.auc.or(one.r2)), &number(one.p_value)]));
    }
    let mut lines = align(&rows);
    lines.push(target.sentence());
    lines
}
