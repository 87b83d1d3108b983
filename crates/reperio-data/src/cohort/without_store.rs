//! In place of `store` where the feature is off: a store is recognised, and refused.

use std::path::Path;

use crate::import_counts::ImportCounts;
use crate::metadata::{Metadata, Row};
use crate::repertoire::Repertoire;

use super::error::CohortError;
use super::reading::{Pace, Stored};

/// Refuses the store `folder`.
pub(super) fn visit<T>(
    folder: &Path,
    _: Option<&Metadata>,
    _: Pace<'_>,
    _: impl Fn(Repertoire, ImportCounts, Row<'_>) -> Result<T, CohortError>,
) -> Result<Stored<T>, CohortError> {
    Err(CohortError::WithoutStores { path: folder.to_owned() })
}
