//! What an import did, for people and for tables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use polars::prelude::{Column, DataFrame};
use serde::Serialize;
use serde_json::Value;

use crate::atomic::WriteError;
use crate::format::Reading;
use crate::import_counts::ImportCounts;
use crate::metadata::Metadata;
use crate::table;

use super::super::error::Skipped;
use super::super::{copies, notes, samples};
use super::manifest::{Entry, MEMORY};

/// Prefix of the columns of `cohort.parquet` that hold import counts.
pub(super) const PREFIX: &str = "import_";

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportSummary {
    /// The repertoires of this import, sorted by id.
    pub repertoires: Vec<ImportRow>,
    /// Files in input folders that were not read.
    pub skipped: Vec<Skipped>,
    /// Ids of the cohort whose repertoires hold the same clonotypes, in groups: copies of one sample.
    pub copies: Vec<Vec<String>>,
    /// Ids of the cohort whose repertoires hold the same clonotypes with other counts, in groups.
    pub recounted: Vec<Vec<String>>,
    /// Ids of the cohort whose files say that they are of one sample, in groups.
    pub parts: Vec<Vec<String>>,
    /// Earlier repertoires whose ids now have other content.
    pub replaced: Vec<Replaced>,
    /// Repertoires that the cohort holds now.
    pub in_cohort: usize,
}

/// A repertoire of the cohort that another one replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replaced {
    /// `repertoire_id`.
    pub id: String,
    /// The file that it was read from before.
    pub before: String,
}

/// One imported repertoire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportRow {
    /// `repertoire_id`.
    pub id: String,
    /// Path of its file from the input that was named.
    pub source: String,
    /// Format of the file.
    pub format: String,
    /// Whether the file was left unread because it had been imported before in the same way.
    pub unchanged: bool,
    /// Counts of its rows.
    pub counts: ImportCounts,
    /// Notes for the user.
    pub notes: Vec<String>,
    /// How the file was read: what each column became, the unit of counts, the species.
    pub reading: Reading,
}

/// Ids that a message names.
const NAMED: usize = 5;

/// What a person should know of replaced repertoires, if there are any.
fn replaced_warning(replaced: &[Replaced]) -> Option<String> {
    let named = replaced.iter().take(NAMED);
    let mut names: Vec<String> =
        named.map(|own| format!("{} (earlier read from {})", own.id, own.before)).collect();
    if replaced.len() > NAMED {
        names.push(format!("{} more", replaced.len() - NAMED));
    }
    let names = names.join(", ");
    (!replaced.is_empty()).then(|| {
        format!(
            "replaced in the cohort with different clonotypes: {names}; earlier labels stay where the metadata gives none"
        )
    })
}

impl ImportSummary {
    /// Warnings for the user about the whole cohort.
    pub fn warnings(&self) -> Vec<String> {
        let copies = self.copies.iter().map(|ids| copies::warning(ids));
        let recounted = self.recounted.iter().map(|ids| copies::recounted_warning(ids));
        let parts = self.parts.iter().map(|ids| samples::warning(ids));
        let replaced = replaced_warning(&self.replaced);
        copies.chain(recounted).chain(parts).chain(replaced).collect()
    }

    /// The counts of all repertoires of this import together.
    pub fn totals(&self) -> ImportCounts {
        let mut totals = ImportCounts::default();
        for row in &self.repertoires {
            totals.add(&row.counts);
        }
        totals
    }
}

/// What a person should know about a repertoire: how its file was read, then what became of its rows.
pub(super) fn all_notes(id: &str, entry: &Entry) -> Vec<String> {
    let mut notes = entry.reading.notes.clone();
    let Entry { source, sample, reading, .. } = entry;
    notes.extend(notes::other_sample(id, &source.name, sample.as_deref(), reading));
    notes.extend(notes::notes(&entry.counts));
    notes
}

/// The reasons for which rows were dropped, most frequent first, in words.
pub(super) fn reasons(counts: &ImportCounts) -> String {
    let mut dropped: Vec<_> = counts.dropped.iter().collect();
    dropped.sort_by_key(|&(reason, rows)| (std::cmp::Reverse(rows), reason));
    dropped.iter().map(|(reason, rows)| format!("{rows} {reason}")).collect::<Vec<_>>().join(", ")
}

/// The counts as named numbers: `rows`, `dropped`, `dropped_stop_codon`, ...
fn numbers(counts: &ImportCounts) -> BTreeMap<String, u64> {
    let mut numbers = BTreeMap::from([("dropped".to_owned(), counts.dropped())]);
    let value = serde_json::to_value(counts).expect("counts are numbers with text keys");
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Object(inner) => numbers.extend(
                inner.iter().map(|(key, n)| (format!("{name}_{key}"), n.as_u64().unwrap_or(0))),
            ),
            number => {
                numbers.insert(name.clone(), number.as_u64().unwrap_or(0));
            }
        }
    }
    numbers
}

/// A column for each number that any repertoire has, the principal ones first: its name and a value for each entry.
fn count_columns(entries: &BTreeMap<String, Entry>) -> Vec<(String, Vec<u64>)> {
    let rows: Vec<_> = entries.values().map(|entry| numbers(&entry.counts)).collect();
    let first = ["rows", "kept", "clonotypes", "templates", "dropped"];
    let all: BTreeSet<&str> = rows.iter().flat_map(|row| row.keys().map(String::as_str)).collect();
    let others = all.into_iter().filter(|name| !first.contains(name));
    let column = |name: &str| {
        let values = rows.iter().map(|row| row.get(name).copied().unwrap_or(0)).collect();
        (name.to_owned(), values)
    };
    first.into_iter().chain(others).map(column).collect()
}

/// `cohort.parquet`: metadata and import counts, one row per repertoire. Rows are in the same order.
pub(super) fn cohort_frame(metadata: &Metadata, entries: &BTreeMap<String, Entry>) -> DataFrame {
    let mut columns = vec![Column::new("repertoire_id".into(), metadata.ids())];
    for (name, values) in metadata.columns() {
        columns.push(Column::new(name.as_str().into(), values.as_slice()));
    }
    let counts = count_columns(entries).into_iter();
    columns
        .extend(counts.map(|(name, values)| Column::new(format!("{PREFIX}{name}").into(), values)));
    DataFrame::new(entries.len(), columns).expect("columns have distinct names and one height")
}

/// Writes `import_report.tsv`: where each repertoire comes from, its counts, notes.
pub(super) fn write(path: &Path, entries: &BTreeMap<String, Entry>) -> Result<(), WriteError> {
    let counts = count_columns(entries);
    let mut columns = vec!["repertoire_id", "source", "format"];
    columns.extend(counts.iter().map(|(name, _)| name.as_str()));
    columns.extend(["count_unit", "species", "notes"]);
    let row = |(i, (id, entry)): (usize, (&String, &Entry))| {
        let Entry { source, reading, .. } = entry;
        let mut cells = vec![id.clone(), source.name.clone(), source.format.clone()];
        cells.extend(counts.iter().map(|(_, values)| values[i].to_string()));
        let is_known = source.format != MEMORY;
        let known = [reading.count_unit.to_string(), reading.species.to_string()];
        cells.extend(known.map(|text| if is_known { text } else { String::new() }));
        cells.push(all_notes(id, entry).join("; "));
        cells
    };
    table::write_tsv(path, &columns, entries.iter().enumerate().map(row))
}
