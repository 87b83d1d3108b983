//! What the heads of a model attend to.

use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame};
use reperio_data::repertoire::Repertoire;
use reperio_model::model::{Attended, Common, Explanation, Model, in_common};
use serde::Serialize;

use crate::shell::table;

/// Most attended sequences of a head whose motif is looked for: of one repertoire, and of all.
const OF_ONE: usize = 20;
const OF_ALL: usize = 100;
/// Sequences of the cohort that they are held against.
const OTHERS: usize = 20_000;

/// What the heads attend to in one repertoire.
pub(crate) struct HeadsOf {
    attended: Vec<Attended>,
    most: Vec<Vec<(usize, f32)>>,
}

impl HeadsOf {
    pub(crate) fn new(explanation: &Explanation) -> Self {
        Self { attended: explanation.attended(), most: explanation.most_attended(OF_ONE) }
    }
}

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
    /// What the sequences that it attends to most have in common.
    pub(crate) attends_to: Vec<Common>,
}

impl HeadSummary {
    /// Its motifs with their shares among the most attended and among all sequences.
    pub(crate) fn motifs(&self) -> String {
        let motif = |own: &Common| {
            let [share, elsewhere] = [own.share, own.elsewhere].map(|share| 100.0 * share);
            format!("{} {share:.0} % ({elsewhere:.1} %)", own.kmer)
        };
        match &self.attends_to[..] {
            [] => "no motif in common".to_owned(),
            motifs => motifs.iter().map(motif).collect::<Vec<_>>().join(", "),
        }
    }
}

/// Member and head of each column of attention, from 1.
fn names(model: &Model) -> Vec<(usize, usize)> {
    let heads = model.heads();
    let of = |(member, &heads): (usize, &usize)| (1..=heads).map(move |head| (member + 1, head));
    heads.iter().enumerate().flat_map(of).collect()
}

/// Every head over all repertoires: of the repertoires in the order of the share that it attends to, the
/// middle one.
pub(crate) fn summary(
    model: &Model,
    repertoires: &[Repertoire],
    heads: &[HeadsOf],
) -> Vec<HeadSummary> {
    let names = names(model);
    let others = sample(repertoires);
    let share = |i: usize, column: usize| {
        heads[i].attended[column].sequences as f64 / repertoires[i].len().max(1) as f64
    };
    let of = |(column, &(member, head)): (usize, &(usize, usize))| {
        let mut order: Vec<usize> = (0..repertoires.len()).collect();
        order.sort_by(|&a, &b| share(a, column).total_cmp(&share(b, column)).then(a.cmp(&b)));
        let middle = order[order.len() / 2];
        let Attended { sequences, class } = heads[middle].attended[column];
        HeadSummary {
            attention: format!("attention_{}", column + 1),
            member,
            head,
            sequences,
            share: share(middle, column),
            class: class.to_string(),
            meaning: class.meaning(),
            attends_to: in_common(&most_attended(repertoires, heads, column), &others),
        }
    };
    names.iter().enumerate().map(of).collect()
}

/// Junctions that a head attends to most, over all repertoires.
fn most_attended<'a>(
    repertoires: &'a [Repertoire],
    heads: &[HeadsOf],
    column: usize,
) -> Vec<&'a [u8]> {
    let mut all: Vec<(f32, usize, usize)> = Vec::new();
    for (i, own) in heads.iter().enumerate() {
        all.extend(own.most[column].iter().map(|&(row, attention)| (attention, i, row)));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    all.truncate(OF_ALL);
    all.into_iter().map(|(_, i, row)| repertoires[i].junction_codes(row)).collect()
}

/// Junctions of the cohort at equal distances.
fn sample(repertoires: &[Repertoire]) -> Vec<&[u8]> {
    let step = repertoires.iter().map(Repertoire::len).sum::<usize>().div_ceil(OTHERS).max(1);
    let rows = |own| (0..Repertoire::len(own)).map(move |row| own.junction_codes(row));
    repertoires.iter().flat_map(rows).step_by(step).collect()
}

/// Writes a row for each head in each repertoire.
pub(crate) fn write(
    path: &Path,
    model: &Model,
    repertoires: &[Repertoire],
    heads: &[HeadsOf],
) -> Result<()> {
    let names = names(model);
    let rows = || {
        let pairs = repertoires.iter().zip(heads);
        pairs.flat_map(|(repertoire, heads)| {
            heads.attended.iter().enumerate().map(move |head| (repertoire, head))
        })
    };
    let number = |name: &str, values: Vec<u64>| Column::new(name.into(), values);
    let columns = vec![
        table::text("repertoire_id", rows().map(|(repertoire, _)| repertoire.id.clone())),
        table::text(
            "attention",
            rows().map(|(_, (column, _))| format!("attention_{}", column + 1)),
        ),
        number("member", rows().map(|(_, (column, _))| names[column].0 as u64).collect()),
        number("head", rows().map(|(_, (column, _))| names[column].1 as u64).collect()),
        number("clonotypes", rows().map(|(repertoire, _)| repertoire.len() as u64).collect()),
        number("sequences_90", rows().map(|(_, (_, head))| head.sequences as u64).collect()),
        table::text("operating_class", rows().map(|(_, (_, head))| head.class.to_string())),
    ];
    table::write(path, DataFrame::new(rows().count(), columns)?)
}
