//! The ranking of the clonotypes of a cohort, as a table.

use std::path::Path;

use crate::ReportError;
use crate::element::Element;
use crate::page::{number, section};
use crate::table::table;
use crate::tsv::Table;

/// Clonotypes of each output that are shown.
const SHOWN: usize = 25;

/// Columns of the file, and their headings.
const COLUMNS: [(&str, &str); 8] = [
    ("rank", "rank"),
    ("junction_aa", "junction"),
    ("v_call", "V"),
    ("j_call", "J"),
    ("evidence", "evidence"),
    ("carriers", "carriers"),
    ("positive_carriers", "positive carriers"),
    ("negative_carriers", "negative carriers"),
];

/// The section of `sequences.tsv.gz` in `folder`, a table an output.
pub(crate) fn ranking(folder: &Path, text: &str) -> Result<Element, ReportError> {
    let sequences = Table::read(&folder.join("sequences.tsv.gz"), usize::MAX)?;
    let ranks = sequences.numbers("rank")?;
    let evidence = sequences.numbers("evidence")?;
    let of = sequences.text("output")?;
    let mut outputs = of.clone();
    outputs.dedup();
    let known: Vec<(&str, Vec<&str>)> = COLUMNS
        .iter()
        .filter_map(|(name, title)| Some((*title, sequences.optional(name)?)))
        .collect();
    let names: Vec<&str> = known.iter().map(|(title, _)| *title).collect();
    let row = |row: usize| -> Vec<String> {
        let cell = |(title, values): &(&str, Vec<&str>)| match *title {
            "evidence" => number(evidence[row]),
            _ => values[row].to_owned(),
        };
        known.iter().map(cell).collect()
    };
    let one = |output: &&str| {
        let leads =
            |i: &usize| of[*i] == *output && ranks[*i].is_some_and(|own| own <= SHOWN as f64);
        let caption = format!("Clonotypes with the highest evidence for {output}");
        table(&caption, &names, (0..sequences.len()).filter(leads).map(row))
    };
    let own = section("sequences", "Sequences with the highest evidence", Some(text));
    Ok(own.all(outputs.iter().map(one)))
}
