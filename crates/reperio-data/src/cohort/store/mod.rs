//! Stores of cohorts as Parquet: `import` and `save` write them, [`visit`] reads them.

use std::fs;
use std::path::Path;

use crate::import_counts::ImportCounts;
use crate::metadata::{Metadata, Row};
use crate::repertoire::Repertoire;

use super::error::CohortError;
use super::layout::COHORT;
use super::reading::{self, Pace, Stored};
use manifest::{Entry, Manifest};

mod checksum;
mod entries;
mod import;
mod manifest;
mod parquet;
mod place;
mod report;
mod save;
mod staging;

pub use import::{ImportRequest, import};
pub use report::{ImportRow, ImportSummary, Replaced};
pub use save::save;

/// Calls `work` on every repertoire in `folder`, with the checksum of every file verified.
pub(super) fn visit<T: Send>(
    folder: &Path,
    table: Option<&Metadata>,
    pace: Pace<'_>,
    work: impl Fn(Repertoire, ImportCounts, Row<'_>) -> Result<T, CohortError> + Sync,
) -> Result<Stored<T>, CohortError> {
    let manifest = manifest::read(folder)?;
    let metadata = metadata(folder, &manifest)?;
    let entries: Vec<_> = manifest.repertoires.iter().collect();
    let rows = table.unwrap_or(&metadata).rows();
    let one = |(id, entry): &(&String, &Entry)| {
        let path = manifest::repertoire_path(folder, id);
        let frame = parquet::read(&path, &verified(&path, &entry.sha256)?)?;
        let own = parquet::repertoire(&path, id, &frame)?;
        work(own, entry.counts.clone(), rows.of(id))
    };
    let results = reading::each(&entries, pace, one)?;
    let members = entries::members(entries.iter().copied());
    Ok(Stored { metadata, members, results })
}

/// The metadata of the store that `manifest` describes.
fn metadata(folder: &Path, manifest: &Manifest) -> Result<Metadata, CohortError> {
    let path = folder.join(COHORT);
    let frame = parquet::read(&path, &verified(&path, &manifest.cohort_sha256)?)?;
    let metadata = parquet::metadata(&path, &frame, &manifest.metadata_columns)?;
    if !metadata.ids().iter().eq(manifest.repertoires.keys()) {
        let found = format!("{} repertoires", metadata.len());
        return Err(CohortError::Content { path, found, expected: "those of manifest.json" });
    }
    Ok(metadata)
}

/// The bytes of a file whose checksum must be `sha256`.
fn verified(path: &Path, sha256: &str) -> Result<Vec<u8>, CohortError> {
    let bytes =
        fs::read(path).map_err(|source| CohortError::Io { path: path.to_owned(), source })?;
    if checksum::sha256(&bytes) != sha256 {
        return Err(CohortError::Checksum { path: path.to_owned() });
    }
    Ok(bytes)
}
