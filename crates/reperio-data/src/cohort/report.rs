//! What an import did, for people and for tables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use polars::prelude::{Column, DataFrame};
use serde::Serialize;
use serde_json::Value;

use crate::atomic::WriteError;
use crate::format::{Reading, repertoire_id};
use crate::import_counts::ImportCounts;
use crate::metadata::Metadata;
use crate::table;

use super::inputs::Skipped;
use super::manifest::Entry;
use super::{copies, samples};

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

/// Notes for the user about `counts`.
pub fn notes(counts: &ImportCounts) -> Vec<String> {
    let mut notes = Vec::new();
    if counts.clonotypes == 0 {
        notes.push("no clonotype left".to_owned());
    }
    notes.extend(samples_joined(counts));
    let facts = [
        (counts.missing_counts, "without a count, taken as 1"),
        (counts.rounded_counts, "with a fractional count, rounded"),
        (counts.gene_ties, "with several genes, the first taken"),
        (counts.unknown_v, "without a V gene"),
        (counts.unknown_j, "without a J gene"),
        (counts.family_v, "with a V family only"),
        (counts.family_j, "with a J family only"),
        (counts.anchors_restored, "with a CDR3 only, anchors added"),
        (counts.without_anchors, "without one or both anchors among junctions, kept as they are"),
        (counts.translated, "translated from nucleotides"),
    ];
    for (rows, fact) in facts {
        if rows > 0 {
            notes.push(format!("{rows} of {} rows {fact}", counts.kept));
        }
    }
    notes
}

/// What is said where barcodes tell several samples apart.
pub(super) fn samples_joined(counts: &ImportCounts) -> Option<String> {
    (counts.samples_joined > 0).then(|| {
        format!(
            "barcodes show cells of {} samples, read as one repertoire: name the column that tells them apart with --repertoire-column, or import each sample's own table",
            counts.samples_joined
        )
    })
}

/// What is said where `file` names another sample in all rows than its own name and the repertoire's.
pub(super) fn other_sample(
    id: &str,
    file: &str,
    sample: Option<&str>,
    reading: &Reading,
) -> Option<String> {
    let is_name = |sample: &str| sample == id || sample == repertoire_id(Path::new(file));
    let sample = sample.filter(|sample| !is_name(sample))?;
    let column = reading.repertoire_column()?;
    Some(format!(
        "`{column}` is {sample:?} in all rows, but the file has another name: --repertoire-column {column} uses it as the id"
    ))
}

/// What a person should know about a repertoire: how its file was read, then what became of its rows.
pub(super) fn all_notes(id: &str, entry: &Entry) -> Vec<String> {
    let mut notes = entry.reading.notes.clone();
    let Entry { source, sample, reading, .. } = entry;
    notes.extend(other_sample(id, &source.name, sample.as_deref(), reading));
    notes.extend(self::notes(&entry.counts));
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

/// One column for each number that any repertoire has, the principal ones first.
fn count_columns(entries: &BTreeMap<String, Entry>) -> Vec<Column> {
    let rows: Vec<_> = entries.values().map(|entry| numbers(&entry.counts)).collect();
    let first = ["rows", "kept", "clonotypes", "templates", "dropped"];
    let all: BTreeSet<&str> = rows.iter().flat_map(|row| row.keys().map(String::as_str)).collect();
    let others = all.into_iter().filter(|name| !first.contains(name));
    let column = |name: &str| {
        let values: Vec<u64> = rows.iter().map(|row| row.get(name).copied().unwrap_or(0)).collect();
        Column::new(format!("{PREFIX}{name}").into(), values)
    };
    first.into_iter().chain(others).map(column).collect()
}

/// `cohort.parquet`: metadata and import counts, one row per repertoire. Rows are in the same order.
pub(super) fn cohort_frame(metadata: &Metadata, entries: &BTreeMap<String, Entry>) -> DataFrame {
    let mut columns = vec![Column::new("repertoire_id".into(), metadata.ids.as_slice())];
    for (name, values) in &metadata.columns {
        columns.push(Column::new(name.as_str().into(), values.as_slice()));
    }
    columns.extend(count_columns(entries));
    DataFrame::new(entries.len(), columns).expect("columns have distinct names and one height")
}

/// Writes `import_report.tsv`: where each repertoire comes from, its counts, notes.
pub(super) fn write(path: &Path, entries: &BTreeMap<String, Entry>) -> Result<(), WriteError> {
    let text = |name: &str, value: &dyn Fn(&Entry) -> String| {
        Column::new(name.into(), entries.values().map(value).collect::<Vec<_>>())
    };
    let mut columns = vec![
        Column::new("repertoire_id".into(), entries.keys().cloned().collect::<Vec<_>>()),
        text("source", &|entry| entry.source.name.clone()),
        text("format", &|entry| entry.source.format.clone()),
    ];
    for mut column in count_columns(entries) {
        let name = column.name().trim_start_matches(PREFIX).to_owned();
        column.rename(name.as_str().into());
        columns.push(column);
    }
    columns.push(text("count_unit", &|entry| entry.reading.count_unit.to_string()));
    columns.push(text("species", &|entry| entry.reading.species.to_string()));
    let notes = entries.iter().map(|(id, entry)| {
        let notes = all_notes(id, entry).join("; ");
        (!notes.is_empty()).then_some(notes) // An empty text would be written as two quotes.
    });
    columns.push(Column::new("notes".into(), notes.collect::<Vec<_>>()));
    table::write_tsv(path, DataFrame::new(entries.len(), columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_noted_beside_unknown_genes() {
        let counts = ImportCounts {
            kept: 9,
            clonotypes: 9,
            unknown_v: 1,
            family_v: 2,
            family_j: 8,
            ..ImportCounts::default()
        };
        insta::assert_snapshot!(notes(&counts).join("\n"), @r"
        1 of 9 rows without a V gene
        2 of 9 rows with a V family only
        8 of 9 rows with a J family only
        ");
    }
}
