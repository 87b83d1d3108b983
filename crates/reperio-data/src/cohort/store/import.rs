//! Imports repertoire files into a store.

use std::path::PathBuf;

use crate::atomic;
use crate::format::ReadOptions;
use crate::import_counts::ImportCounts;
use crate::lock::Lock;
use crate::metadata::Metadata;
use crate::progress::Observer;

use super::super::error::CohortError;
use super::super::inputs;
use super::super::layout::JOURNAL;
use super::super::reading::{self, Pace};
use super::super::{matching, samples};
use super::entries;
use super::report::{self, ImportRow, ImportSummary, PREFIX};
use super::staging::{Imported, Staging};

/// What to import and where to.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// Repertoire files and folders of them.
    pub inputs: Vec<PathBuf>,
    /// Labels; without it a `metadata.tsv` or `.csv` at the top of the only input.
    pub metadata: Option<PathBuf>,
    /// The store: a new folder, or a cohort to add to.
    pub out: PathBuf,
    /// How to read the files.
    pub options: ReadOptions,
}

/// Reads repertoire files and adds them to the store `request.out`, in place of those with the same
/// ids. Labels of repertoires that the metadata lists are replaced. Needs the feature `store`.
///
/// A source that was imported before in the same way (same content, same options, same version) is
/// not read again. Until everything has been read and matched, a cohort that was there stays as it
/// was; a process killed at any moment leaves either it or an unfinished store, which [`crate::cohort::load`]
/// refuses and another import completes, to the same bytes.
///
/// # Examples
///
/// ```
/// use reperio_data::cohort::{self, ImportRequest};
/// use reperio_data::format::ReadOptions;
/// use reperio_data::progress::Silent;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let exports = folder.path().join("exports");
/// std::fs::create_dir(&exports)?;
/// std::fs::write(exports.join("a.tsv"), "junction_aa\tv_call\tj_call\tduplicate_count\nCASSLGTDTQYF\tTRBV9\tTRBJ2-3\t3\n")?;
/// std::fs::write(exports.join("metadata.tsv"), "repertoire_id\tstatus\na\tcase\n")?;
/// let (out, options) = (folder.path().join("cohort"), ReadOptions::default());
/// let request = ImportRequest { inputs: vec![exports], metadata: None, out, options };
/// assert_eq!(cohort::import(&request, &Silent)?.in_cohort, 1);
/// let cohort = cohort::load(&[request.out], None, &request.options, &Silent)?;
/// assert_eq!(cohort.repertoires()[0].junction_aa(0), "CASSLGTDTQYF");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If an input is missing or broken, ids repeat, the metadata does not match, no clonotype is left,
/// another process imports into the store, or it cannot be written; faults of one kind are listed all at once.
pub fn import(
    request: &ImportRequest,
    observer: &dyn Observer,
) -> Result<ImportSummary, CohortError> {
    let metadata = request.metadata.clone().or_else(|| inputs::beside(&request.inputs));
    let mut found = inputs::find(&request.inputs, metadata, &request.options)?;
    if let Some(path) = found.stores.first() {
        return Err(CohortError::IsCohort { path: path.clone() });
    }
    if found.sources.is_empty() {
        let inputs = request.inputs.clone();
        return Err(CohortError::NoRepertoires { inputs, skipped: found.skipped });
    }
    if let Some((_, table)) = &found.metadata {
        check_columns(table)?;
    }
    atomic::create_parent(&request.out.join(JOURNAL))?;
    let _lock = Lock::folder(&request.out)?;
    let staging = Staging::open(&request.out, &request.options)?;
    let mut stored = staging.stored();
    if !request.options.skip_unreadable {
        matching::check_names(&found, &stored)?; // Those that are skipped need no row.
    }
    staging.begin()?;
    let free = matching::free_ids(&found);
    let one = |source: &_| staging.import(source, &free);
    let pace = Pace { task: "importing files", unit: "files", at_once: usize::MAX, observer };
    let (done, unread) = reading::each_source(&mut found, &request.options, pace, one)?;
    stored.extend(unread);
    let origins: Vec<_> = done
        .iter()
        .zip(&found.sources)
        .flat_map(|(done, source)| {
            done.repertoires.keys().map(|id| (id.clone(), source.name.clone()))
        })
        .collect();
    matching::check(&found, &origins, &stored)?;
    if found.metadata.is_none() {
        let new = done.iter().flat_map(|done| &done.repertoires);
        samples::check(&entries::members(new), &staging.members())?;
    }
    let mut summary = summary(&done);
    let totals = summary.totals();
    if totals.clonotypes == 0 {
        return Err(no_clonotypes(&totals));
    }
    let new = done.into_iter().flat_map(|done| done.repertoires).collect();
    summary.replaced = staging.replaced(&new);
    let all = staging.commit(new, found.metadata.as_ref().map(|(_, table)| table))?;
    summary.in_cohort = all.len();
    summary.copies = entries::copies(&all);
    summary.recounted = entries::recounted(&all);
    summary.parts = samples::shared(entries::members(&all).iter());
    summary.skipped = found.skipped;
    Ok(summary)
}

/// Refuses metadata columns that `cohort.parquet` could not hold beside its own.
pub(super) fn check_columns(table: &Metadata) -> Result<(), CohortError> {
    let names = table.columns().iter().map(|(name, _)| name.clone());
    let names: Vec<_> =
        names.filter(|name| name.starts_with(PREFIX) || name == "repertoire_id").collect();
    if names.is_empty() { Ok(()) } else { Err(CohortError::ReservedColumns { names }) }
}

fn no_clonotypes(totals: &ImportCounts) -> CohortError {
    CohortError::NoClonotypes { rows: totals.rows, reasons: report::reasons(totals) }
}

fn summary(done: &[Imported]) -> ImportSummary {
    let mut repertoires = Vec::new();
    for done in done {
        for (id, entry) in &done.repertoires {
            repertoires.push(ImportRow {
                id: id.clone(),
                source: entry.source.name.clone(),
                format: entry.source.format.clone(),
                unchanged: done.unchanged,
                counts: entry.counts.clone(),
                notes: report::all_notes(id, entry),
                reading: entry.reading.clone(),
            });
        }
    }
    repertoires.sort_by(|a, b| a.id.cmp(&b.id));
    ImportSummary { repertoires, ..ImportSummary::default() }
}
