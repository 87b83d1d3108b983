//! Cohorts in memory among what is read: each is gone through as a store is.

use std::sync::Arc;

use crate::import_counts::ImportCounts;
use crate::metadata::{Metadata, Row};
use crate::repertoire::Repertoire;

use super::reading::{self, Pace, Stored};
use super::{Cohort, CohortError};

/// What a cohort in memory is called where others are called by their paths.
pub(super) const NAME: &str = "a cohort in memory";

/// Each cohort with its name in messages, which has its place where there are several.
pub(super) fn named(all: &[Arc<Cohort>]) -> impl Iterator<Item = (String, &Cohort)> {
    all.iter().zip(1..).map(|(cohort, place)| match all {
        [_] => (NAME.to_owned(), &**cohort),
        _ => (format!("cohort {place} in memory"), &**cohort),
    })
}

/// Calls `work` on a copy of every repertoire of `cohort`, which does not know the samples that files named.
pub(super) fn visit<T: Send>(
    cohort: &Cohort,
    table: Option<&Metadata>,
    pace: Pace<'_>,
    work: impl Fn(Repertoire, ImportCounts, Row<'_>) -> Result<T, CohortError> + Sync,
) -> Result<Stored<T>, CohortError> {
    let rows: Vec<usize> = (0..cohort.len()).collect();
    let found = table.unwrap_or(&cohort.metadata).rows();
    let one = |&row: &usize| {
        let own = cohort.repertoires[row].clone();
        let values = found.of(&own.id);
        work(own, cohort.counts[row].clone(), values)
    };
    let results = reading::each(&rows, Pace { unit: "repertoires", ..pace }, one)?;
    Ok(Stored { metadata: cohort.metadata.clone(), members: Vec::new(), results })
}
