//! What the inputs that a person named hold.

use std::path::PathBuf;

use super::error::{MissingFiles, Skipped};
use crate::metadata::Metadata;

/// A file to read, or several of one sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Where it is, or the first of them.
    pub(super) path: PathBuf,
    /// The other tables of the sample, each of other chains.
    pub(super) more: Vec<PathBuf>,
    /// Its path relative to the input that the user named, which does not depend on where that is.
    pub(super) name: String,
    /// Rows of the metadata that are about it, as far as its name tells.
    pub(super) rows: Vec<usize>,
    /// The id of its only repertoire, if it has but one.
    pub(super) id: String,
}

impl Source {
    /// All its files.
    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.path).chain(&self.more)
    }
}

/// What the inputs hold.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// Repertoire files in the order of the inputs, those of a folder sorted.
    pub(super) sources: Vec<Source>,
    /// Cohort stores.
    pub(super) stores: Vec<PathBuf>,
    /// Files that are not read.
    pub(super) skipped: Vec<Skipped>,
    /// The metadata table and what it says.
    pub(super) metadata: Option<(PathBuf, Metadata)>,
    /// Canonical path of each file that the metadata names, with its row.
    pub(super) listed: Vec<(PathBuf, usize)>,
    /// Files that the metadata names and that are not there.
    pub(super) missing: Option<MissingFiles>,
}
