//! What the heads of a model attend to.

use std::collections::BTreeMap;

use reperio_data::repertoire::Repertoire;
use serde::{Deserialize, Serialize};

use super::Kept;
use crate::model::{Attended, Common, Explanation, Model, in_common};

/// Most attended sequences of a head whose motif is looked for: of one repertoire, and of all.
const OF_ONE: usize = 20;
const OF_ALL: usize = 100;
/// Sequences of the cohort that they are held against.
const OTHERS: usize = 20_000;

/// A junction and how much a head attends to it, in units of 1 / n.
pub(super) struct Junction {
    codes: Vec<u8>,
    attention: f32,
}

/// For each head the junctions of a repertoire that it attends to most.
pub(super) fn most(repertoire: &Repertoire, explanation: &Explanation) -> Vec<Vec<Junction>> {
    let junction =
        |(row, attention)| Junction { codes: repertoire.junction_codes(row).to_vec(), attention };
    let most = explanation.most_attended(OF_ONE).into_iter();
    most.map(|own| own.into_iter().map(junction).collect()).collect()
}

/// The share of a repertoire with 90 % of a head's attention.
fn share(one: &Kept, column: usize) -> f64 {
    one.own.heads[column].sequences as f64 / one.own.clonotypes.max(1) as f64
}

/// A head over all repertoires of a cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeadSummary {
    /// Column of the rankings that has its attention, `attention_N`.
    pub attention: String,
    /// Member of the ensemble, from 1.
    pub member: usize,
    /// Head of the member, from 1.
    pub head: usize,
    /// Median over the repertoires of the number of sequences that carry 90 % of its attention.
    pub sequences: usize,
    /// The same as a share of the repertoire's clonotypes.
    pub share: f64,
    /// Class of the median repertoire, I to IV.
    pub class: String,
    /// What the class means.
    pub meaning: String,
    /// What the sequences that it attends to most have in common.
    pub attends_to: Vec<Common>,
}

/// Whose attention a column has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadName {
    /// Member of the ensemble, from 1.
    pub member: usize,
    /// Head of the member, from 1.
    pub head: usize,
}

/// Member and head of each column of attention.
pub fn head_names(model: &Model) -> Vec<HeadName> {
    let of = |(member, heads): (usize, usize)| {
        (1..=heads).map(move |head| HeadName { member: member + 1, head })
    };
    model.heads().into_iter().enumerate().flat_map(of).collect()
}

/// Every head over all repertoires: of the repertoires in the order of the share that it attends to, the
/// middle one. `others` are junctions of all repertoires.
pub(super) fn summary(model: &Model, all: &[Kept], others: &[Vec<u8>]) -> Vec<HeadSummary> {
    let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
    let of = |(column, HeadName { member, head }): (usize, HeadName)| {
        let mut order: Vec<&Kept> = all.iter().collect();
        order.sort_by(|a, b| share(a, column).total_cmp(&share(b, column))); // Stable: equal ones by id.
        let middle = order[order.len() / 2];
        let Attended { sequences, class } = middle.own.heads[column];
        HeadSummary {
            attention: format!("attention_{}", column + 1),
            member,
            head,
            sequences,
            share: share(middle, column),
            class: class.to_string(),
            meaning: class.meaning().to_owned(),
            attends_to: in_common(&most_attended(all, column), &others),
        }
    };
    head_names(model).into_iter().enumerate().map(of).collect()
}

/// Junctions that a head attends to most, over all repertoires.
fn most_attended(all: &[Kept], column: usize) -> Vec<&[u8]> {
    let mut most: Vec<&Junction> = all.iter().flat_map(|one| &one.most[column]).collect();
    most.sort_by(|a, b| b.attention.total_cmp(&a.attention)); // Stable: equal ones by repertoire and row.
    most.truncate(OF_ALL);
    most.into_iter().map(|junction| junction.codes.as_slice()).collect()
}

/// A sample of the junctions of a cohort, at equal distances.
pub(super) struct Sample {
    step: usize,
    /// Clonotypes before those of each repertoire.
    before: BTreeMap<String, usize>,
}

impl Sample {
    pub(super) fn of(all: &[Kept]) -> Self {
        let mut total = 0;
        let place = |one: &Kept| {
            let before = total;
            total += one.own.clonotypes;
            (one.own.id.clone(), before)
        };
        let before = all.iter().map(place).collect();
        Self { step: total.div_ceil(OTHERS).max(1), before }
    }

    /// Those of one repertoire.
    pub(super) fn take(&self, repertoire: &Repertoire) -> Vec<Vec<u8>> {
        let Some(before) = self.before.get(&repertoire.id) else { return vec![] };
        let first = before.next_multiple_of(self.step) - before;
        let rows = (first..repertoire.len()).step_by(self.step);
        rows.map(|row| repertoire.junction_codes(row).to_vec()).collect()
    }
}
