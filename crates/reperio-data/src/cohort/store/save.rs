//! Saves a cohort in memory as a store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

use crate::atomic;
use crate::format::{ReadOptions, Reading};
use crate::lock::Lock;

use super::super::error::CohortError;
use super::super::layout::JOURNAL;
use super::super::sources::Inputs;
use super::super::{Cohort, given, matching};
use super::checksum;
use super::import::check_columns;
use super::manifest::{Entry, MEMORY, SourceRecord};
use super::staging::{AT_ONCE, Staging};

/// Writes a cohort in memory as the store `out`, which [`crate::cohort::load`] reads back equal: the same clonotypes,
/// labels and counts. Needs the feature `store`.
///
/// The manifest says of every repertoire that it came from memory. Until everything is written there is no store;
/// a process killed at any moment leaves one that [`crate::cohort::load`] refuses and another call completes, to the same bytes.
///
/// # Examples
///
/// ```
/// use reperio_data::cohort::{self, Cohort};
/// use reperio_data::format::ReadOptions;
/// use reperio_data::import_counts::ImportCounts;
/// use reperio_data::metadata::Metadata;
/// use reperio_data::progress::Silent;
/// use reperio_data::repertoire::{Builder, Row};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let mut donor = Builder::default();
/// let junction_aa = "CASSLGTDTQYF".try_into()?;
/// donor.push(Row { junction_aa, v_call: "TRBV9", j_call: "TRBJ2-3", duplicate_count: 3 });
/// let donor = (donor.finish("a".to_owned()), ImportCounts::default());
/// let cohort = Cohort::new(vec![donor], &Metadata::default());
/// let out = folder.path().join("cohort");
/// cohort::save(&cohort, &out)?;
/// assert_eq!(cohort::load(&[out], None, &ReadOptions::default(), &Silent)?, cohort);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If `out` holds a cohort or anything else, ids repeat, differ only in case or are too long for file names, a column has
/// a name that the store needs for itself, another process writes there, or it cannot be written.
pub fn save(cohort: &Cohort, out: &Path) -> Result<(), CohortError> {
    check_columns(cohort.metadata())?;
    let ids = cohort.repertoires().iter().map(|own| (own.id.clone(), given::NAME.to_owned()));
    matching::check(&Inputs::default(), &ids.collect::<Vec<_>>(), &BTreeSet::new())?;
    atomic::create_parent(&out.join(JOURNAL))?;
    let _lock = Lock::folder(out)?;
    let options = ReadOptions::default();
    let staging = Staging::open(out, &options).map_err(|error| match error {
        CohortError::NotEmpty { path } => CohortError::NotNew { path },
        other => other,
    })?;
    if staging.has_cohort() {
        return Err(CohortError::NotNew { path: out.to_owned() });
    }
    staging.begin()?;
    let rows = (0..cohort.len()).into_par_iter().with_min_len(AT_ONCE);
    let entries = rows.map(|row| write(&staging, cohort, row));
    let entries: BTreeMap<String, Entry> = entries.collect::<Result<_, CohortError>>()?;
    staging.note(entries.clone())?;
    staging.commit(entries, Some(cohort.metadata()))?;
    Ok(())
}

/// Writes one repertoire under its hidden name.
fn write(
    staging: &Staging<'_>,
    cohort: &Cohort,
    row: usize,
) -> Result<(String, Entry), CohortError> {
    let repertoire = &cohort.repertoires()[row];
    let fingerprints = repertoire.fingerprints();
    let entry = Entry {
        sha256: staging.write(repertoire)?,
        clonotypes_sha256: checksum::hexadecimal(&fingerprints.clonotypes),
        source: SourceRecord::memory(checksum::hexadecimal(&fingerprints.counted)),
        sample: None,
        counts: cohort.counts()[row].clone(),
        reading: Reading {
            format: MEMORY.to_owned(),
            species_because: "not known of a cohort in memory".to_owned(),
            ..Reading::default()
        },
    };
    Ok((repertoire.id.clone(), entry))
}
