//! The manifest of a finished cohort store, and the journal of a store that is being written.
//!
//! A folder is a finished cohort if and only if it has a `manifest.json`, which is written
//! last. While an import runs, `import.journal` has one line for each source whose repertoires are
//! written, so that a rerun after a crash does not read these sources again.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io::{self, ErrorKind as E, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::format::{ReadOptions, Reading};
use crate::import_counts::ImportCounts;

use super::error::CohortError;

/// Version of the layout of a store.
pub(super) const FORMAT_VERSION: u32 = 1;
/// The manifest; a folder with it is a finished cohort.
pub(super) const MANIFEST: &str = "manifest.json";
/// The manifest of the cohort that an unfinished import was changing.
pub(super) const PREVIOUS: &str = ".manifest.previous.json";
/// Sources done so far by an unfinished import.
pub(super) const JOURNAL: &str = "import.journal";
/// Labels and import counts.
pub(super) const COHORT: &str = "cohort.parquet";
/// Import counts as text, with notes.
pub(super) const REPORT: &str = "import_report.tsv";
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

/// The file that a repertoire was read from, and how. Equal records give equal repertoires.
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

/// Whether a folder is a cohort store, finished or not.
pub(super) fn is_store(folder: &Path) -> bool {
    [JOURNAL, PREVIOUS, COHORT].iter().any(|name| folder.join(name).is_file())
        || fs::read_to_string(folder.join(MANIFEST))
            .is_ok_and(|text| text.contains("cohort_format"))
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

/// The id with all bytes that are not letters, digits, `-`, `_` or an inner `.` as `%` and two
/// hexadecimal digits; distinct ids give distinct names.
pub fn file_name(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for (i, byte) in id.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || (byte == b'.' && i > 0) {
            name.push(char::from(byte));
        } else {
            write!(name, "%{byte:02X}").expect("text grows as it must");
        }
    }
    name
}

/// SHA-256 of bytes in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes).as_slice())
}

/// SHA-256 of a file in hexadecimal digits.
pub(super) fn sha256_of_file(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(hasher.finalize().as_slice())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("text grows as it must");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_become_safe_file_names() {
        assert_eq!(file_name("donor-1_week.2"), "donor-1_week.2");
        assert_eq!(
            file_name("../a b/é"),
            "%2E./a b/é".replace('/', "%2F").replace(' ', "%20").replace('é', "%C3%A9")
        );
        assert_eq!(file_name("50%"), "50%25");
    }

    #[test]
    fn the_checksum_is_sha256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
    }

    proptest! {
        #[test]
        fn distinct_ids_have_distinct_names(a: String, b: String) {
            prop_assert_eq!(file_name(&a) == file_name(&b), a == b);
        }
    }
}
