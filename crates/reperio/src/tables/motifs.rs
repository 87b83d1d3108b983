//! What the filters of a network see, a row for each residue of each column of each motif.

use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_data::alphabet::AMINO_ACIDS;
use reperio_model::motifs::{self, Motif};

use crate::shell::table;

/// Name of the table.
pub(crate) const NAME: &str = "motifs.tsv";

/// A residue with a share in a column of a motif.
#[derive(Clone, Copy)]
struct Row<'a> {
    motif: &'a Motif,
    column: &'a motifs::Column,
    residue: usize,
}

/// Writes the motifs of all outputs; residues without a share have no row.
pub(crate) fn write(path: &Path, all: &[Motif]) -> Result<()> {
    let rows = all.iter().flat_map(|motif| motif.columns.iter().map(move |column| (motif, column)));
    let rows = rows.flat_map(|(motif, column)| {
        let known = (0..AMINO_ACIDS.len()).filter(|&residue| column.shares[residue] > 0.0);
        known.map(move |residue| Row { motif, column, residue })
    });
    let rows: Vec<Row<'_>> = rows.collect();
    let texts = |name: &str, text: fn(&Motif) -> String| {
        table::text(name, rows.iter().map(|row| text(row.motif)))
    };
    let of = |motif: &Motif| motif.carriers.map(|own| own.all);
    let by_label = |motif: &Motif, at: usize| Some(motif.carriers?.by_label?[at]);
    let letter = |row: &Row<'_>| char::from(AMINO_ACIDS[row.residue]).to_string();
    let columns = vec![
        texts("output", |own| own.output.clone()),
        counts("rank", &rows, |row| Some(row.motif.rank)),
        texts("motif", |own| own.consensus.clone()),
        texts("source", source),
        texts("direction", |own| if own.is_against { "against" } else { "for" }.to_owned()),
        numbers("moves", &rows, |row| row.motif.moves),
        numbers("evidence_share", &rows, |row| row.motif.share),
        counts("windows", &rows, |row| Some(row.motif.windows as usize)),
        counts("carriers", &rows, |row| of(row.motif)),
        counts("positive_carriers", &rows, |row| by_label(row.motif, 0)),
        counts("negative_carriers", &rows, |row| by_label(row.motif, 1)),
        counts("position", &rows, |row| Some(row.column.position)),
        table::text("residue", rows.iter().map(letter)),
        numbers("share", &rows, |row| row.column.shares[row.residue]),
        numbers("background", &rows, |row| row.column.background[row.residue]),
        numbers("bits", &rows, |row| row.column.bits),
    ];
    table::write(path, DataFrame::new(rows.len(), columns)?)
}

/// The filter, as people count.
fn source(motif: &Motif) -> String {
    format!("member {}, filter {}", motif.filter.member, motif.filter.filter)
}

fn numbers(name: &str, rows: &[Row<'_>], number: impl Fn(&Row<'_>) -> f64) -> Column {
    Column::new(name.into(), rows.iter().map(number).collect::<Vec<f64>>())
}

fn counts(name: &str, rows: &[Row<'_>], count: impl Fn(&Row<'_>) -> Option<usize>) -> Column {
    let values: Vec<Option<u64>> = rows.iter().map(|row| count(row).map(|n| n as u64)).collect();
    Series::new(name.into(), values).into()
}
