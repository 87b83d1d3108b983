//! Loads a finished store.

use std::fs;
use std::path::Path;

use crate::import_counts::ImportCounts;
use crate::progress::Observer;
use crate::repertoire::Repertoire;

use super::error::CohortError;
use super::manifest::{self, COHORT, Manifest};
use super::{Cohort, parquet, reading};

/// The cohort in `folder`, with the checksum of every file verified.
pub(super) fn load(folder: &Path, observer: &dyn Observer) -> Result<Cohort, CohortError> {
    let manifest = manifest::read(folder)?;
    let metadata = metadata(folder, &manifest)?;
    let entries: Vec<_> = manifest.repertoires.iter().collect();
    let task = "loading repertoires";
    let repertoires =
        reading::each(&entries, task, observer, |(id, entry)| -> Result<Repertoire, _> {
            let path = manifest::repertoire_path(folder, id);
            let frame = parquet::read(&path, &verified(&path, &entry.sha256)?)?;
            parquet::repertoire(&path, id, &frame)
        })?;
    let counts: Vec<ImportCounts> = entries.iter().map(|(_, entry)| entry.counts.clone()).collect();
    Ok(Cohort { metadata, repertoires, counts })
}

/// The metadata of the store that `manifest` describes.
pub(super) fn metadata(
    folder: &Path,
    manifest: &Manifest,
) -> Result<crate::metadata::Metadata, CohortError> {
    let path = folder.join(COHORT);
    let frame = parquet::read(&path, &verified(&path, &manifest.cohort_sha256)?)?;
    let metadata = parquet::metadata(&path, &frame, &manifest.metadata_columns)?;
    if !metadata.ids.iter().eq(manifest.repertoires.keys()) {
        let found = format!("{} repertoires", metadata.len());
        return Err(CohortError::Content { path, found, expected: "those of manifest.json" });
    }
    Ok(metadata)
}

/// The bytes of a file whose checksum must be `sha256`.
fn verified(path: &Path, sha256: &str) -> Result<Vec<u8>, CohortError> {
    let bytes =
        fs::read(path).map_err(|source| CohortError::Io { path: path.to_owned(), source })?;
    if manifest::sha256(&bytes) != sha256 {
        return Err(CohortError::Checksum { path: path.to_owned() });
    }
    Ok(bytes)
}
