//! Clonotypes of a cohort ranked by evidence, and their families.

use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_model::explain::{Family, Ranked, Ranking};

use crate::shell::table;

/// Name of the table of clonotypes.
pub(crate) const SEQUENCES: &str = "sequences.tsv.gz";
/// Name of the table of families.
pub(crate) const FAMILIES: &str = "families.tsv";

/// Writes both tables into `folder`, that of the clonotypes last.
pub(crate) fn write(folder: &Path, ranking: &Ranking) -> Result<()> {
    write_families(&folder.join(FAMILIES), &ranking.families)?;
    write_sequences(&folder.join(SEQUENCES), &ranking.sequences)
}

fn write_sequences(path: &Path, all: &[Ranked]) -> Result<()> {
    let texts = |name: &str, text: fn(&Ranked) -> &String| {
        table::text(name, all.iter().map(|one| text(one).clone()))
    };
    let evidence: Vec<f64> = all.iter().map(|one| one.evidence).collect();
    let columns = vec![
        texts("output", |one| &one.output),
        counts("rank", all, |one| Some(one.rank)),
        texts("junction_aa", |one| &one.junction_aa),
        texts("v_call", |one| &one.v_call),
        texts("j_call", |one| &one.j_call),
        Column::new("evidence".into(), evidence),
        counts("carriers", all, |one| Some(one.carriers)),
        counts("positive_carriers", all, |one| one.positive_carriers),
        counts("negative_carriers", all, |one| one.negative_carriers),
        counts("family", all, |one| Some(one.family)),
        texts("repertoire_id", |one| &one.repertoire_id),
    ];
    table::write(path, DataFrame::new(all.len(), columns)?)
}

fn write_families(path: &Path, all: &[Family]) -> Result<()> {
    let texts = |name: &str, text: fn(&Family) -> String| table::text(name, all.iter().map(text));
    let evidence: Vec<f64> = all.iter().map(|one| one.evidence).collect();
    let columns = vec![
        texts("output", |one| one.output.clone()),
        counts("family", all, |one| Some(one.family)),
        counts("members", all, |one| Some(one.members)),
        texts("consensus", |one| one.consensus.clone()),
        texts("v_call", |one| one.v_call.clone()),
        texts("j_calls", |one| one.j_calls.join(",")),
        Column::new("evidence".into(), evidence),
        counts("carriers", all, |one| Some(one.carriers)),
        counts("positive_carriers", all, |one| one.positive_carriers),
        counts("negative_carriers", all, |one| one.negative_carriers),
    ];
    table::write(path, DataFrame::new(all.len(), columns)?)
}

/// A column of counts.
fn counts<T>(name: &str, all: &[T], count: fn(&T) -> Option<usize>) -> Column {
    let values: Vec<Option<u64>> = all.iter().map(|one| count(one).map(|n| n as u64)).collect();
    Series::new(name.into(), values).into()
}
