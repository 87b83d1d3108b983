//! Cohorts: repertoires with a table of labels and covariates.

use crate::metadata::Metadata;
use crate::repertoire::Repertoire;

/// Repertoires with their labels. Rows of `metadata` and `repertoires` are in the same order, sorted
/// by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cohort {
    /// Labels and covariates.
    pub metadata: Metadata,
    /// Clonotypes.
    pub repertoires: Vec<Repertoire>,
}
