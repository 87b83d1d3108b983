//! Why a cohort could not be imported, loaded or saved.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::atomic::WriteError;
use crate::format::ReadError;
use crate::limits::MAX_ID;
use crate::lock::LockError;
use crate::metadata::MetadataError;
use crate::table::quoted;

/// Why a cohort could not be imported, loaded or saved. Faults of one kind are listed all at once.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CohortError {
    /// Inputs that do not exist.
    #[error("no such file or folder: {}", paths(inputs))]
    NoSuchInput {
        /// Each such input.
        inputs: Vec<PathBuf>,
    },
    /// No input holds a repertoire.
    #[error("no repertoire table in {}{}", paths(inputs), skipped_list(skipped))]
    NoRepertoires {
        /// Inputs searched.
        inputs: Vec<PathBuf>,
        /// Files found there that are not repertoire tables.
        skipped: Vec<Skipped>,
    },
    /// A store where raw files are expected.
    #[error("{path} is already a cohort, expected repertoire files")]
    IsCohort {
        /// The store.
        path: PathBuf,
    },
    /// A store where this crate was built without the feature `store`.
    #[error(
        "{path} is a cohort, which a build without the feature `store` cannot read, expected repertoire files"
    )]
    WithoutStores {
        /// The store.
        path: PathBuf,
    },
    /// Options for reading files, and a store whose files have been read already.
    #[error(
        "{path} is a cohort: options for reading files (species, loci, lengths, columns) were fixed when it was imported; give them to `import`"
    )]
    OptionsForStore {
        /// The store.
        path: PathBuf,
    },
    /// Options for reading files, and a cohort in memory, which has been read already.
    #[error(
        "options for reading files (species, loci, lengths, columns) do not change a cohort in memory, expected none: give them where it is read"
    )]
    OptionsForGiven,
    /// Every row of every repertoire was dropped.
    #[error("no clonotypes left from {rows} rows: {reasons}")]
    NoClonotypes {
        /// Rows read.
        rows: u64,
        /// Rows dropped by reason, in words.
        reasons: String,
    },
    /// What the caller of [`super::ReadRequest::visit`] did with a repertoire failed.
    #[error(transparent)]
    Visit {
        /// Its error.
        source: Box<dyn Error + Send + Sync>,
    },
    /// One repertoire file is broken.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Several repertoire files are broken.
    #[error("{} files cannot be read{}", errors.len(), error_list(errors))]
    ReadMany {
        /// The reason for each file, in the order of the inputs.
        errors: Vec<ReadError>,
    },
    /// The metadata table is broken.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Metadata and repertoires are not about the same ids.
    #[error("{path} does not match the repertoires{}", mismatch(unmatched, unlisted, missing.as_deref()))]
    Mismatch {
        /// Metadata table.
        path: PathBuf,
        /// Ids of the table without a repertoire.
        unmatched: Vec<String>,
        /// Repertoires that the table does not list: id and where it comes from.
        unlisted: Vec<(String, String)>,
        /// Files that the table names and that are not there.
        missing: Option<Box<MissingFiles>>,
    },
    /// Several repertoires have the same id.
    #[error("repertoire ids occur more than once{}", duplicate_list(duplicates))]
    DuplicateIds {
        /// Each id and the inputs that have it.
        duplicates: Vec<(String, Vec<String>)>,
    },
    /// Several files say that they are from one sample, and nothing separates them.
    #[error(
        "several files say that they are from one sample, expected one file per sample: join them into one table, or tell them apart with a metadata table that has one row per file, or with a column named by --repertoire-column{}",
        duplicate_list(samples)
    )]
    SameSample {
        /// Each sample and the files that name it.
        samples: Vec<(String, Vec<String>)>,
    },
    /// Tables that are parts of one repertoire and repertoires by themselves.
    #[error(
        "tables that are both a repertoire of their own and part of another: {}, expected one or the other: import all tables of a sample together into a new store",
        part_list(shared)
    )]
    SharedTables {
        /// The repertoire of the table alone, and that of the whole sample.
        shared: Vec<(String, String)>,
    },
    /// Ids that make no file names.
    #[error("ids longer than {MAX_ID} bytes as file names: {}, expected shorter ones", quoted(ids))]
    LongIds {
        /// Each such id.
        ids: Vec<String>,
    },
    /// Ids that differ only in upper and lower case.
    #[error(
        "ids that differ only in case: {}, expected ids that differ otherwise: some disks treat them as one file name",
        quoted(ids)
    )]
    AlikeIds {
        /// All such ids.
        ids: Vec<String>,
    },
    /// A file changed while it was read.
    #[error("{path} changed while it was read: run the import again when nothing writes to it")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Columns with names that the store needs for itself.
    #[error(
        "metadata columns {} have names that cohort.parquet reserves, expected other names",
        quoted(names)
    )]
    ReservedColumns {
        /// The columns.
        names: Vec<String>,
    },
    /// An output could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Another process is importing into the same store.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The table of labels in the store is damaged, and the new one does not give them all.
    #[error(
        "{path} is damaged and the labels of {} are lost: import again with a table that has them",
        quoted(ids)
    )]
    LostLabels {
        /// The damaged file.
        path: PathBuf,
        /// Repertoires whose labels are lost.
        ids: Vec<String>,
    },
    /// An input could not be read.
    #[error("cannot read {path}")]
    Io {
        /// File or folder being read.
        path: PathBuf,
        /// Operating-system reason.
        source: io::Error,
    },
    /// The output folder has other things in it.
    #[error("{path} is not empty and not a cohort, expected a new folder or a cohort to add to")]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A cohort in memory cannot be saved where something is.
    #[error("{path} is not empty, expected a new folder")]
    NotNew {
        /// The folder.
        path: PathBuf,
    },
    /// The folder has no manifest, so that an import has not ended.
    #[error("{path} is not a finished cohort: it has no manifest.json; run the import again")]
    NotFinished {
        /// The folder.
        path: PathBuf,
    },
    /// The manifest cannot be understood.
    #[error("{path} is not a valid cohort manifest: import everything again into a new folder")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with its JSON.
        source: serde_json::Error,
    },
    /// The cohort was written by another version.
    #[error(
        "{path}: cohort format {found}, expected {expected}: import it again with this version"
    )]
    Version {
        /// The manifest.
        path: PathBuf,
        /// Format found.
        found: u32,
        /// Format that this version reads.
        expected: u32,
    },
    /// A file of the store is not the one that was written.
    #[error(
        "{path}: its checksum differs from the one in manifest.json: it was damaged or changed after the import"
    )]
    Checksum {
        /// The file.
        path: PathBuf,
    },
    /// A Parquet file cannot be read.
    #[error("cannot read {path}")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the reader of Parquet says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A Parquet file does not hold what it should.
    #[error("{path}: {found}, expected {expected}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is there.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
    /// The person asked to stop; what is finished is kept for the next run.
    #[error("stopped")]
    Cancelled,
}

fn paths(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// One line for each of `lines`, under the first line of a message.
fn below(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |text, line| text + "\n  " + &line)
}

fn skipped_list(skipped: &[Skipped]) -> String {
    below(
        skipped
            .iter()
            .map(|skipped| format!("skipped {}: {}", skipped.path.display(), skipped.reason)),
    )
}

/// An error and its causes in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn error_list(errors: &[ReadError]) -> String {
    below(errors.iter().map(|error| chain(error)))
}

/// A file in an input folder that was not read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// The file or folder.
    pub path: PathBuf,
    /// Why it was not read.
    pub reason: String,
}

/// Files that a table of labels names and that do not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingFiles {
    /// The column that names them.
    pub column: String,
    /// The first path that was tried.
    pub first: PathBuf,
    /// How many there are.
    pub n: usize,
}

fn mismatch(
    unmatched: &[String],
    unlisted: &[(String, String)],
    missing: Option<&MissingFiles>,
) -> String {
    let missing = missing.map(|MissingFiles { column, first, n }| {
        format!("{n} files of `{column}` do not exist; the first path tried: {}", first.display())
    });
    let ids = unmatched.iter().map(|id| format!("id without a repertoire: {id:?}"));
    let files =
        unlisted.iter().map(|(id, source)| format!("repertoire without a row: {id:?} ({source})"));
    below(missing.into_iter().chain(ids).chain(files))
}

fn part_list(shared: &[(String, String)]) -> String {
    let one = |(id, whole): &(String, String)| format!("{id:?} of {whole:?}");
    shared.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn duplicate_list(duplicates: &[(String, Vec<String>)]) -> String {
    below(duplicates.iter().map(|(id, sources)| format!("{id:?} in {}", sources.join(", "))))
}
