//! What is in a cohort, in a few tables.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::Cohort;
use crate::import_counts::ImportCounts;
use crate::summary::Summary;

/// Sizes, lengths, gene usage and labels of a cohort.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// One entry per repertoire, by id.
    pub repertoires: Vec<Described>,
    /// Clonotypes of all repertoires by junction length in residues.
    pub lengths: BTreeMap<u64, u64>,
    /// Share of clonotypes a V gene, "" for unknown.
    pub v_usage: BTreeMap<String, f64>,
    /// Share of clonotypes a J gene, "" for unknown.
    pub j_usage: BTreeMap<String, f64>,
    /// Repertoires by value, for each column of the metadata; missing values are "".
    pub metadata: BTreeMap<String, BTreeMap<String, u64>>,
}

/// A repertoire of [`Description`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Described {
    /// Its id.
    pub repertoire_id: String,
    /// What reading it counted: `rows` = `kept` + all of `dropped`.
    #[serde(flatten)]
    pub counts: ImportCounts,
}

impl Cohort {
    /// Describes all repertoires and their labels.
    pub fn describe(&self) -> Description {
        let summaries: Vec<Summary> = self.repertoires.par_iter().map(Summary::of).collect();
        let mut lengths = BTreeMap::new();
        for (&length, n) in summaries.iter().flat_map(|own| &own.lengths) {
            *lengths.entry(length).or_default() += n;
        }
        let mut metadata: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for (name, values) in self.metadata.columns() {
            let column = metadata.entry(name.clone()).or_default();
            for value in values {
                *column.entry(value.clone().unwrap_or_default()).or_default() += 1;
            }
        }
        let ids = self.repertoires.iter().map(|repertoire| repertoire.id.clone());
        let repertoires = ids
            .zip(self.counts.iter().cloned())
            .map(|(repertoire_id, counts)| Described { repertoire_id, counts })
            .collect();
        let v_usage = shares(summaries.iter().map(|own| &own.v_call));
        let j_usage = shares(summaries.iter().map(|own| &own.j_call));
        Description { repertoires, lengths, v_usage, j_usage, metadata }
    }
}

/// Share of each name among all clonotypes.
fn shares<'a>(tables: impl Iterator<Item = &'a BTreeMap<String, u64>>) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (name, n) in tables.flatten() {
        *counts.entry(name.clone()).or_default() += n;
    }
    let total: u64 = counts.values().sum();
    counts.into_iter().map(|(name, n)| (name, n as f64 / total as f64)).collect()
}
