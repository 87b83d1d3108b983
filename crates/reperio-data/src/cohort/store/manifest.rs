//! The manifest of a finished cohort store, and the journal of a store that is being written.
//!
//! A folder is a finished cohort if and only if it has a `manifest.json`, which is written
//! last. While an import runs, `import.journal` has one line for each source whose repertoires are
//! written, so that a rerun after a crash does not read these sources again.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind as E;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::format::{ReadOptions, Reading};
use crate::import_counts::ImportCounts;

use super::super::error::CohortError;
use super::super::given;
use super::super::layout::{JOURNAL, MANIFEST, file_name};

/// Version of the layout of a store.
pub(super) const FORMAT_VERSION: u32 = 1;
/// Import counts as text, with notes.
pub(super) const REPORT: &str = "import_report.tsv";
/// The format of what was never read from a file: see [`SourceRecord::memory`].
pub(super) const MEMORY: &str = "memory";
/// Folder of the repertoires.
pub(super) const REPERTOIRES: &str = "repertoires";

/// A finished cohort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// [`FORMAT_VERSION`] of the writer.
    pub(super) cohort_format: u32,
    /// Program version of the writer.
    pub(super) reperio_version: String,
    /// Columns of `cohort.parquet` that are metadata; the others are import counts.
    pub(super) metadata_columns: Vec<String>,
    /// Checksum of `cohort.parquet`.
    pub(super) cohort_sha256: String,
    /// Repertoires by id.
    pub(super) repertoires: BTreeMap<String, Entry>,
}

/// One repertoire of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Checksum of its Parquet file.
    pub(super) sha256: String,
    /// Checksum of its clonotypes without their counts; empty in stores of older versions.
    #[serde(default)]
    pub(super) clonotypes_sha256: String,
    /// The file it was read from.
    pub(super) source: SourceRecord,
    /// The sample that a column of the file names in all rows, where the file is one repertoire.
    #[serde(default)]
    pub(super) sample: Option<String>,
    /// What became of the rows of the source.
    pub(super) counts: ImportCounts,
    /// How the source was read.
    #[serde(default)]
    pub(super) reading: Reading,
}

/// The file that a repertoire was read from, and how; or that it was in memory. Equal records give equal repertoires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SourceRecord {
    /// Path from the input that the person named.
    pub(super) name: String,
    /// Checksum.
    pub(super) sha256: String,
    /// Name and checksum of each table, where several are one sample.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tables: BTreeMap<String, String>,
    /// Repertoires in the file.
    pub(super) repertoires: usize,
    /// Whether the id is that of the file and not of a column.
    pub(super) named_by_file: bool,
    /// Format of the file.
    pub(super) format: String,
    /// Version of the program that read it.
    pub(super) reperio_version: String,
    /// How it was read.
    pub(super) options: serde_json::Value,
}

impl SourceRecord {
    /// Of a repertoire that was in memory; `sha256` is that of its clonotypes and counts.
    pub(super) fn memory(sha256: String) -> Self {
        Self {
            name: given::NAME.to_owned(),
            sha256,
            tables: BTreeMap::new(),
            repertoires: 1,
            named_by_file: true, // No column names it.
            format: MEMORY.to_owned(),
            reperio_version: version(),
            options: describe(&ReadOptions::default()),
        }
    }
}

/// One line of the journal: a source and its repertoires.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) repertoires: BTreeMap<String, Entry>,
}

/// Version of this program, as the manifest states it.
pub(super) fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// The options of an import, as the manifest states them.
pub(super) fn describe(options: &ReadOptions) -> serde_json::Value {
    // The ratio decides whether a file is read, not how.
    let ReadOptions {
        format,
        columns,
        species,
        loci,
        min_length,
        max_length,
        repertoire_column,
        count_column,
        skip_unreadable: _, // It changes no repertoire.
        max_ratio: _,
    } = options;
    serde_json::json!({
        "format": format.map(|format| format.to_string()),
        "columns": columns.as_ref().map(|columns| format!("{columns:?}")),
        "species": species.map(|species| species.to_string()),
        "loci": loci.iter().map(|locus| format!("{locus:?}")).collect::<Vec<_>>(),
        "min_length": min_length,
        "max_length": max_length,
        "repertoire_column": repertoire_column,
        "count_column": count_column,
    })
}

/// The manifest of a finished cohort.
pub(super) fn read(folder: &Path) -> Result<Manifest, CohortError> {
    match read_named(folder, MANIFEST)? {
        Some(manifest) => Ok(manifest),
        None => Err(CohortError::NotFinished { path: folder.to_owned() }),
    }
}

/// The manifest under `name`, if there is such a file.
pub(super) fn read_named(folder: &Path, name: &str) -> Result<Option<Manifest>, CohortError> {
    /// What every version of the manifest has.
    #[derive(Deserialize)]
    struct Version {
        cohort_format: u32,
    }
    let path = folder.join(name);
    let text = match fs::read_to_string(&path) {
        Err(err) if matches!(err.kind(), E::NotFound | E::NotADirectory) => return Ok(None),
        Err(source) => return Err(CohortError::Io { path, source }),
        Ok(text) => text,
    };
    let invalid = |source| CohortError::Manifest { path: path.clone(), source };
    let found = serde_json::from_str::<Version>(&text).map_err(invalid)?.cohort_format;
    if found != FORMAT_VERSION {
        return Err(CohortError::Version { path, found, expected: FORMAT_VERSION });
    }
    serde_json::from_str(&text).map(Some).map_err(invalid)
}

/// The lines of the journal that are whole; a crash can cut the last one.
pub(super) fn read_journal(folder: &Path) -> Vec<Done> {
    let text = fs::read(folder.join(JOURNAL)).unwrap_or_default();
    text.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// The path of the repertoire `id` in a store.
pub(super) fn repertoire_path(folder: &Path, id: &str) -> PathBuf {
    folder.join(REPERTOIRES).join(format!("{}.parquet", file_name(id)))
}

/// The path of the repertoire `id` until the import ends.
pub(super) fn staged_path(folder: &Path, id: &str) -> PathBuf {
    folder.join(REPERTOIRES).join(format!(".{}.parquet.new", file_name(id)))
}
