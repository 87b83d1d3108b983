//! What the heads of a model attend to.

use std::collections::BTreeMap;
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
    id: String,
    clonotypes: usize,
    attended: Vec<Attended>,
    /// For each head the junctions that it attends to most, and how much.
    most: Vec<Vec<(Vec<u8>, f32)>>,
}

impl HeadsOf {
    pub(crate) fn new(repertoire: &Repertoire, explanation: &Explanation) -> Self {
        let (id, clonotypes) = (repertoire.id.clone(), repertoire.len());
        let junction = |(row, attention)| (repertoire.junction_codes(row).to_vec(), attention);
        let most = explanation.most_attended(OF_ONE).into_iter();
        let most = most.map(|own| own.into_iter().map(junction).collect()).collect();
        Self { id, clonotypes, attended: explanation.attended(), most }
    }

    /// The share of the repertoire with 90 % of a head's attention.
    fn share(&self, column: usize) -> f64 {
        self.attended[column].sequences as f64 / self.clonotypes.max(1) as f64
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
/// middle one. `others` are junctions of all repertoires.
pub(crate) fn summary(model: &Model, all: &[HeadsOf], others: &[Vec<u8>]) -> Vec<HeadSummary> {
    let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
    let of = |(column, (member, head)): (usize, (usize, usize))| {
        let mut order: Vec<&HeadsOf> = all.iter().collect();
        order.sort_by(|a, b| a.share(column).total_cmp(&b.share(column))); // Stable: equal ones by id.
        let middle = order[order.len() / 2];
        let Attended { sequences, class } = middle.attended[column];
        HeadSummary {
            attention: format!("attention_{}", column + 1),
            member,
            head,
            sequences,
            share: middle.share(column),
            class: class.to_string(),
            meaning: class.meaning(),
            attends_to: in_common(&most_attended(all, column), &others),
        }
    };
    names(model).into_iter().enumerate().map(of).collect()
}

/// Junctions that a head attends to most, over all repertoires.
fn most_attended(all: &[HeadsOf], column: usize) -> Vec<&[u8]> {
    let mut most: Vec<&(Vec<u8>, f32)> = all.iter().flat_map(|own| &own.most[column]).collect();
    most.sort_by(|a, b| b.1.total_cmp(&a.1)); // Stable: equal ones by repertoire and row.
    most.truncate(OF_ALL);
    most.into_iter().map(|(junction, _)| junction.as_slice()).collect()
}

/// A sample of the junctions of a cohort, at equal distances.
pub(crate) struct Sample {
    step: usize,
    /// Clonotypes before those of each repertoire.
    before: BTreeMap<String, usize>,
}

impl Sample {
    pub(crate) fn of<'a>(all: impl Iterator<Item = &'a HeadsOf>) -> Self {
        let mut total = 0;
        let place = |own: &HeadsOf| {
            let before = total;
            total += own.clonotypes;
            (own.id.clone(), before)
        };
        let before = all.map(place).collect();
        Self { step: total.div_ceil(OTHERS).max(1), before }
    }

    /// Those of one repertoire.
    pub(crate) fn take(&self, repertoire: &Repertoire) -> Vec<Vec<u8>> {
        let Some(before) = self.before.get(&repertoire.id) else { return vec![] };
        let first = before.next_multiple_of(self.step) - before;
        let rows = (first..repertoire.len()).step_by(self.step);
        rows.map(|row| repertoire.junction_codes(row).to_vec()).collect()
    }
}

/// Writes a row for each head in each repertoire.
pub(crate) fn write(path: &Path, model: &Model, all: &[HeadsOf]) -> Result<()> {
    let names = names(model);
    let rows =
        || all.iter().flat_map(|own| own.attended.iter().enumerate().map(move |head| (own, head)));
    let number = |name: &str, values: Vec<u64>| Column::new(name.into(), values);
    let columns = vec![
        table::text("repertoire_id", rows().map(|(own, _)| own.id.clone())),
        table::text(
            "attention",
            rows().map(|(_, (column, _))| format!("attention_{}", column + 1)),
        ),
        number("member", rows().map(|(_, (column, _))| names[column].0 as u64).collect()),
        number("head", rows().map(|(_, (column, _))| names[column].1 as u64).collect()),
        number("clonotypes", rows().map(|(own, _)| own.clonotypes as u64).collect()),
        number("sequences_90", rows().map(|(_, (_, head))| head.sequences as u64).collect()),
        table::text("operating_class", rows().map(|(_, (_, head))| head.class.to_string())),
    ];
    table::write(path, DataFrame::new(rows().count(), columns)?)
}
