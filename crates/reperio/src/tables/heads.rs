//! How many sequences the heads of a model attend to.

use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame};
use reperio_data::repertoire::Repertoire;
use reperio_model::model::{Attended, Model};
use serde::Serialize;

use crate::shell::table;

/// A head over all repertoires of a cohort.
#[derive(Serialize)]
pub(crate) struct HeadSummary {
    /// Column of the rankings that has its attention, `attention_N`.
    pub(crate) attention: String,
    /// Member of the ensemble, from 1.
    member: usize,
    /// Head of the member, from 1.
    head: usize,
    /// Median over the repertoires of the number of sequences that carry 90 % of its attention.
    pub(crate) sequences: usize,
    /// The same as a share of the repertoire's clonotypes.
    pub(crate) share: f64,
    /// Class of the median repertoire, I to IV.
    pub(crate) class: String,
    /// What the class means.
    pub(crate) meaning: &'static str,
}

/// Every head over all repertoires: of the repertoires in the order of the share that it attends to, the
/// middle one.
pub(crate) fn summary(
    model: &Model,
    repertoires: &[Repertoire],
    attended: &[Vec<Attended>],
) -> Vec<HeadSummary> {
    let heads = attended.first().map_or(0, Vec::len);
    let per_member = model.info().config.model.heads;
    let share = |i: usize, column: usize| {
        attended[i][column].sequences as f64 / repertoires[i].len().max(1) as f64
    };
    let of = |column: usize| {
        let mut order: Vec<usize> = (0..repertoires.len()).collect();
        order.sort_by(|&a, &b| share(a, column).total_cmp(&share(b, column)).then(a.cmp(&b)));
        let middle = order[order.len() / 2];
        let Attended { sequences, class } = attended[middle][column];
        HeadSummary {
            attention: format!("attention_{}", column + 1),
            member: column / per_member + 1,
            head: column % per_member + 1,
            sequences,
            share: share(middle, column),
            class: class.to_string(),
            meaning: class.meaning(),
        }
    };
    (0..heads).map(of).collect()
}

/// Writes a row for each head in each repertoire.
pub(crate) fn write(
    path: &Path,
    model: &Model,
    repertoires: &[Repertoire],
    attended: &[Vec<Attended>],
) -> Result<()> {
    let per_member = model.info().config.model.heads;
    let rows = || {
        let pairs = repertoires.iter().zip(attended);
        pairs.flat_map(|(repertoire, heads)| {
            heads.iter().enumerate().map(move |head| (repertoire, head))
        })
    };
    let number = |name: &str, values: Vec<u64>| Column::new(name.into(), values);
    let columns = vec![
        table::text("repertoire_id", rows().map(|(repertoire, _)| repertoire.id.clone())),
        table::text(
            "attention",
            rows().map(|(_, (column, _))| format!("attention_{}", column + 1)),
        ),
        number("member", rows().map(|(_, (column, _))| (column / per_member + 1) as u64).collect()),
        number("head", rows().map(|(_, (column, _))| (column % per_member + 1) as u64).collect()),
        number("clonotypes", rows().map(|(repertoire, _)| repertoire.len() as u64).collect()),
        number("sequences_90", rows().map(|(_, (_, head))| head.sequences as u64).collect()),
        table::text("operating_class", rows().map(|(_, (_, head))| head.class.to_string())),
    ];
    table::write(path, DataFrame::new(rows().count(), columns)?)
}
