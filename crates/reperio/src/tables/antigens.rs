//! Leading clonotypes that match receptors of databases, and what chance gives.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_data::antigens::{AntigenIndex, Entry, Match};
use reperio_model::explain::annotation::{Annotated, Chance, Hit, Known};

use crate::shell::table;

/// Writes a row for each receptor that a leading clonotype matches.
pub(crate) fn write(path: &Path, index: &AntigenIndex, all: &[Annotated]) -> Result<()> {
    let mut rows: Vec<(&String, &Hit, &Match)> = Vec::new();
    for own in all {
        for hit in &own.hits {
            rows.extend(hit.matches.iter().map(|found| (&own.output, hit, found)));
        }
    }
    let texts = |name: &str, text: &dyn Fn(&Hit) -> String| {
        table::text(name, rows.iter().map(|(_, hit, _)| text(hit)))
    };
    let entries = |name: &str, text: &dyn Fn(&Entry) -> String| {
        table::text(name, rows.iter().map(|(_, _, own)| text(&index.entries()[own.entry])))
    };
    let ranks: Vec<u64> = rows.iter().map(|(_, hit, _)| hit.rank as u64).collect();
    let kind = |own: &Match| if own.substituted.is_none() { "exact" } else { "substitution" };
    let columns = vec![
        table::text("output", rows.iter().map(|(output, ..)| (*output).clone())),
        Column::new("rank".into(), ranks),
        texts("junction_aa", &|hit| hit.junction_aa.clone()),
        texts("v_call", &|hit| hit.v_call.clone()),
        texts("j_call", &|hit| hit.j_call.clone()),
        table::text("match", rows.iter().map(|(.., own)| kind(own).to_owned())),
        entries("database_junction_aa", &|own| own.junction_aa.to_string()),
        entries("database_v_call", &|own| own.v_call.to_string()),
        entries("database_j_call", &|own| own.j_call.to_string()),
        entries("epitope", &|own| own.epitope.to_string()),
        entries("antigen", &|own| own.antigen.to_string()),
        entries("antigen_species", &|own| own.antigen_species.to_string()),
        entries("mhc", &|own| own.mhc.to_string()),
        entries("host_species", &|own| own.species.map_or_else(String::new, |own| own.to_string())),
        entries("database", &|own| own.database.to_string()),
        entries("score", &|own| own.score.map_or_else(String::new, |own| own.to_string())),
    ];
    table::write(path, DataFrame::new(rows.len(), columns)?)
}

/// A row of the table of chance.
struct Row<'a> {
    /// Empty for all repertoires together.
    id: &'a str,
    output: &'a str,
    chance: &'a Chance,
    known: &'a [&'a Known],
}

impl Row<'_> {
    /// The sum of a count over the repertoires.
    fn sum(&self, count: impl Fn(&Known) -> usize) -> u64 {
        self.known.iter().map(|own| count(own) as u64).sum()
    }
}

/// Writes a row for all repertoires and for each, every output, any antigen and every species of antigen.
pub(crate) fn write_chance(
    path: &Path,
    all: &[Annotated],
    each: &BTreeMap<String, (Known, Vec<Annotated>)>,
) -> Result<()> {
    let every: Vec<&Known> = each.values().map(|(known, _)| known).collect();
    let single: Vec<[&Known; 1]> = every.iter().map(|known| [*known]).collect();
    let mut rows = rows("", all, &every);
    for ((id, (_, annotated)), known) in each.iter().zip(&single) {
        rows.extend(self::rows(id, annotated, known));
    }
    table::write(path, frame(&rows)?)
}

/// The rows of one repertoire, or of all.
fn rows<'a>(id: &'a str, annotated: &'a [Annotated], known: &'a [&'a Known]) -> Vec<Row<'a>> {
    let of = |own: &'a Annotated| {
        own.chances.iter().map(move |chance| Row { id, output: &own.output, chance, known })
    };
    annotated.iter().flat_map(of).collect()
}

fn frame(rows: &[Row]) -> Result<DataFrame> {
    let counts = |name: &str, count: &dyn Fn(&Row) -> u64| {
        Column::new(name.into(), rows.iter().map(count).collect::<Vec<u64>>())
    };
    let numbers = |name: &str, number: &dyn Fn(&Chance) -> f64| -> Column {
        let values: Vec<f64> = rows.iter().map(|row| number(row.chance)).collect();
        Series::new(name.into(), values).into()
    };
    let species = |row: &Row| row.chance.antigen_species.as_ref().map(ToString::to_string);
    let columns = vec![
        table::text("repertoire_id", rows.iter().map(|row| row.id.to_owned())),
        table::text("output", rows.iter().map(|row| row.output.to_owned())),
        table::text("antigen_species", rows.iter().map(|row| species(row).unwrap_or_default())),
        counts("leading", &|row| row.chance.leading as u64),
        counts("found", &|row| row.chance.found as u64),
        numbers("expected", &|chance| chance.expected),
        numbers("p_value", &|chance| chance.p_value),
        numbers("p_adjusted", &|chance| chance.p_adjusted),
        counts("clonotypes", &|row| row.sum(|own| own.clonotypes)),
        counts("without_v", &|row| row.sum(|own| own.without_v)),
        counts("matching", &|row| {
            row.sum(|own| own.matching_for(row.chance.antigen_species.as_deref()))
        }),
    ];
    Ok(DataFrame::new(rows.len(), columns)?)
}
