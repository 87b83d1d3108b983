//! Cohorts: repertoires with a table of labels and covariates, from raw files, from a store or in memory.
//!
//! A *store* (feature `store`) is a folder that `import` and `save` write and any Parquet reader opens:
//!
//! ```text
//! cohort.parquet             metadata and import counts (`import_*`), one row per repertoire
//! repertoires/<id>.parquet   junction_aa, v_call, j_call, duplicate_count
//! import_report.tsv          import counts and notes as text
//! manifest.json              version, checksums, where each repertoire comes from
//! ```
//!
//! Rows and repertoires are sorted by id, clonotypes are in the order of
//! [`Repertoire`]; nothing depends on the order of inputs, on threads or on the clock, so equal inputs
//! give equal bytes. Ids that are not safe file names are percent-encoded there.

use crate::import_counts::ImportCounts;
use crate::metadata::Metadata;
use crate::repertoire::Repertoire;

mod chains;
mod copies;
mod describe;
mod error;
mod fingerprint;
mod folders;
mod given;
mod inputs;
mod layout;
mod load;
mod matching;
mod notes;
mod reading;
mod samples;
mod sources;
#[cfg(feature = "store")]
mod store;
#[cfg(not(feature = "store"))]
#[path = "without_store.rs"]
mod store;

pub use describe::{Described, Description};
pub use error::{CohortError, MissingFiles, Skipped};
pub use layout::file_name;
pub use load::{ReadRequest, Visited, load};
pub use notes::notes;
#[cfg(feature = "store")]
pub use store::{ImportRequest, ImportRow, ImportSummary, Replaced, import, save};

/// Repertoires with their labels. Rows of all columns are in the same order, sorted by id.
///
/// # Examples
///
/// ```
/// use reperio_data::cohort::Cohort;
/// use reperio_data::import_counts::ImportCounts;
/// use reperio_data::metadata::Metadata;
/// use reperio_data::repertoire::Builder;
///
/// let donor = |id: &str| (Builder::default().finish(id.to_owned()), ImportCounts::default());
/// let mut cohort = Cohort::new(vec![donor("b"), donor("a")], &Metadata::default());
/// assert_eq!(cohort.metadata().ids(), ["a", "b"]);
/// assert_eq!(cohort.take_empty(), ["a", "b"]);
/// assert!(cohort.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cohort {
    metadata: Metadata,
    repertoires: Vec<Repertoire>,
    counts: Vec<ImportCounts>,
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

    /// The repertoires at `rows`, with their labels. They are sorted by id, whatever the order of `rows`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use reperio_data::cohort::Cohort;
    /// # use reperio_data::import_counts::ImportCounts;
    /// # use reperio_data::metadata::Metadata;
    /// # use reperio_data::repertoire::Builder;
    /// # let donor = |id: &str| (Builder::default().finish(id.to_owned()), ImportCounts::default());
    /// let cohort = Cohort::new(["a", "b", "c"].map(donor).into(), &Metadata::default());
    /// assert_eq!(cohort.select(&[2, 0]).metadata().ids(), ["a", "c"]);
    /// ```
    ///
    /// # Panics
    ///
    /// If a row is out of range or named twice.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        assert!(rows.is_sorted_by(|a, b| a < b), "a row is named once");
        Self {
            metadata: self.metadata.select(&rows),
            repertoires: rows.iter().map(|&row| self.repertoires[row].clone()).collect(),
            counts: rows.iter().map(|&row| self.counts[row].clone()).collect(),
        }
    }

    /// The cohort with the labels of `metadata` in place of its own; rows for other ids are left out, and
    /// repertoires without a row have no labels. Rows may be in any order.
    ///
    /// # Examples
    ///
    /// ```
    /// # use reperio_data::cohort::Cohort;
    /// # use reperio_data::import_counts::ImportCounts;
    /// # use reperio_data::metadata::Metadata;
    /// # use reperio_data::repertoire::Builder;
    /// # let donor = |id: &str| (Builder::default().finish(id.to_owned()), ImportCounts::default());
    /// let cohort = Cohort::new(vec![donor("a"), donor("b")], &Metadata::default());
    /// let status = ("status".to_owned(), vec![Some("case".to_owned())]);
    /// let metadata = Metadata::from_columns(vec!["b".to_owned()], vec![status]).expect("one value an id");
    /// let cohort = cohort.with_metadata(metadata);
    /// assert_eq!(cohort.metadata().column("status"), Some(&[None, Some("case".to_owned())][..]));
    /// ```
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        if metadata.ids() == self.metadata.ids() {
            return Self { metadata, ..self }; // Nothing needs to be copied.
        }
        let metadata = Metadata::default().updated(&metadata, self.metadata.ids());
        Self { metadata, ..self }
    }

    /// Labels and covariates.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Clonotypes.
    pub fn repertoires(&self) -> &[Repertoire] {
        &self.repertoires
    }

    /// Clonotypes, to be sub-sampled in place. Each repertoire keeps its place and its id.
    pub fn repertoires_mut(&mut self) -> &mut [Repertoire] {
        &mut self.repertoires
    }

    /// The repertoires alone.
    pub fn into_repertoires(self) -> Vec<Repertoire> {
        self.repertoires
    }

    /// Counts of the rows that the repertoires were read from.
    pub fn counts(&self) -> &[ImportCounts] {
        &self.counts
    }

    /// Removes the repertoires without clonotypes, which no model can score, and returns their ids.
    pub fn take_empty(&mut self) -> Vec<String> {
        let (kept, empty): (Vec<usize>, Vec<usize>) =
            (0..self.len()).partition(|&i| !self.repertoires[i].is_empty());
        if empty.is_empty() {
            return Vec::new();
        }
        let ids = empty.iter().map(|&i| self.repertoires[i].id.clone()).collect();
        *self = self.select(&kept);
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
