//! Cohorts: repertoires with a table of labels and covariates, from raw files or from a store.
//!
//! A *store* is a folder that [`import`] writes and any Parquet reader opens:
//!
//! ```text
//! cohort.parquet             metadata and import counts (`import_*`), a row a repertoire
//! repertoires/<id>.parquet   junction_aa, v_call, j_call, duplicate_count
//! import_report.tsv          import counts and notes as text
//! manifest.json              version, checksums, where each repertoire comes from
//! ```
//!
//! Rows and repertoires are sorted by id, clonotypes are in the order of
//! [`Repertoire`]; nothing depends on the order of inputs, on threads or on the clock, so equal inputs
//! give equal bytes. Ids that are no safe file names are percent-encoded there.

use std::path::{Path, PathBuf};

use crate::format::ReadOptions;
use crate::import_counts::ImportCounts;
use crate::metadata::Metadata;
use crate::progress::Observer;
use crate::repertoire::Repertoire;

mod copies;
mod error;
mod folders;
mod import;
mod inputs;
mod manifest;
mod matching;
mod parquet;
mod reading;
mod report;
mod store;
mod work;

pub use error::{CohortError, MissingFiles};
pub use import::{ImportRequest, import};
pub use inputs::Skipped;
pub use manifest::file_name;
pub use report::{ImportRow, ImportSummary, notes};

/// Repertoires with their labels. Rows of all fields are in the same order, sorted by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cohort {
    /// Labels and covariates.
    pub metadata: Metadata,
    /// Clonotypes.
    pub repertoires: Vec<Repertoire>,
    /// What became of the rows that the repertoires were read from.
    pub counts: Vec<ImportCounts>,
}

impl Cohort {
    /// The cohort of `repertoires` with distinct ids; rows of `metadata` for other ids are left out,
    /// and repertoires without a row have no labels.
    pub fn new(mut repertoires: Vec<(Repertoire, ImportCounts)>, metadata: &Metadata) -> Self {
        repertoires.sort_by(|a, b| a.0.id.cmp(&b.0.id));
        let (repertoires, counts): (Vec<_>, Vec<_>) = repertoires.into_iter().unzip();
        let ids: Vec<String> = repertoires.iter().map(|own| own.id.clone()).collect();
        Self { metadata: Metadata::default().updated(metadata, &ids), repertoires, counts }
    }

    /// Takes out the repertoires without a clonotype, about which no model can say anything, and returns their ids.
    pub fn take_empty(&mut self) -> Vec<String> {
        let (kept, empty): (Vec<usize>, Vec<usize>) =
            (0..self.len()).partition(|&i| !self.repertoires[i].is_empty());
        if empty.is_empty() {
            return Vec::new();
        }
        let ids = empty.iter().map(|&i| self.repertoires[i].id.clone()).collect();
        *self = Self {
            metadata: self.metadata.select(&kept),
            repertoires: kept.iter().map(|&i| self.repertoires[i].clone()).collect(),
            counts: kept.iter().map(|&i| self.counts[i].clone()).collect(),
        };
        ids
    }

    /// Repertoires.
    pub fn len(&self) -> usize {
        self.repertoires.len()
    }

    /// Whether there is no repertoire.
    pub fn is_empty(&self) -> bool {
        self.repertoires.is_empty()
    }
}

/// Loads stores, repertoire files and folders of such files as one cohort.
///
/// `metadata` gives the labels; without it they come from a `metadata.tsv` or `.csv` at the top of
/// the only input, or from the stores. Files in folders that are no repertoire tables are left out,
/// with a warning in the log. `options` are for raw files: a store has been read already.
///
/// # Errors
///
/// If an input is missing or broken, ids repeat, the metadata does not match, or options other than
/// the defaults are given for a store; faults of one kind are listed all at once.
pub fn load(
    inputs: &[PathBuf],
    metadata: Option<&Path>,
    options: &ReadOptions,
    observer: &dyn Observer,
) -> Result<Cohort, CohortError> {
    let mut found = inputs::find(inputs, metadata, options)?;
    if found.sources.is_empty() && found.stores.is_empty() {
        return Err(CohortError::NoRepertoires { inputs: inputs.to_vec(), skipped: found.skipped });
    }
    let mut all = Vec::new();
    let mut origins = Vec::new();
    let mut labels = Metadata::default();
    for folder in &found.stores {
        if *options != ReadOptions::default() {
            return Err(CohortError::OptionsForStore { path: folder.clone() });
        }
        let cohort = store::load(folder, observer)?;
        let origin = |own: &Repertoire| (own.id.clone(), folder.display().to_string());
        origins.extend(cohort.repertoires.iter().map(origin));
        let ids: Vec<String> = labels.ids.iter().chain(&cohort.metadata.ids).cloned().collect();
        labels = labels.updated(&cohort.metadata, &ids);
        all.extend(cohort.repertoires.into_iter().zip(cohort.counts));
    }
    let stored = origins.iter().map(|(id, _)| id.clone()).collect();
    matching::check_names(&found, &stored)?;
    let one = |source: &_| Ok(reading::read(source, options)?);
    let (contents, unread) =
        reading::each_source(&mut found, options, "reading files", observer, one)?;
    for skipped in &found.skipped {
        tracing::warn!(path = %skipped.path.display(), reason = skipped.reason, "skipped");
    }
    for (source, content) in found.sources.iter().zip(contents) {
        warn_of(source, &content);
        for read in content.repertoires {
            origins.push((read.repertoire.id.clone(), source.name.clone()));
            all.push((read.repertoire, read.counts));
        }
    }
    matching::check(&found, &origins, &unread)?;
    if let Some((_, table)) = found.metadata.take() {
        labels = table;
    }
    let cohort = Cohort::new(all, &labels);
    for ids in copies::of(&cohort.repertoires) {
        tracing::warn!("{}", copies::warning(&ids));
    }
    Ok(cohort)
}

/// Says how a file was read where a person should know.
fn warn_of(source: &inputs::Source, content: &reading::FileContent) {
    let path = source.path.display();
    if let Some(first) = content.repertoires.first() {
        for note in &first.reading.notes {
            tracing::warn!(%path, "{note}");
        }
    }
    for read in &content.repertoires {
        if let Some(note) = report::samples_joined(&read.counts) {
            tracing::warn!(%path, "{note}");
        }
    }
}
