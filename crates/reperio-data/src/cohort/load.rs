//! Loads the repertoires of stores, files and cohorts in memory, or hands them out one by one.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::format::ReadOptions;
use crate::import_counts::ImportCounts;
use crate::metadata::{Metadata, Row};
use crate::progress::Observer;
use crate::repertoire::Repertoire;

use super::copies::{self, Likeness};
use super::inputs;
use super::reading::{self, FileContent, Pace, Stored};
use super::samples::{self, Member};
use super::sources::{Inputs, Source};
use super::{Cohort, CohortError, given, matching, notes, store};

/// Loads stores, repertoire files and folders of such files as one cohort.
///
/// `metadata` gives the labels; without it they come from a `metadata.tsv` or `.csv` at the top of
/// the only input, or from the stores. Files in folders that are not repertoire tables are left out,
/// with a warning in the log. `options` are for raw files: a store has been read already.
///
/// # Examples
///
/// ```
/// use reperio_data::cohort;
/// use reperio_data::format::ReadOptions;
/// use reperio_data::progress::Silent;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let exports = folder.path().join("exports");
/// std::fs::create_dir(&exports)?;
/// std::fs::write(exports.join("a.tsv"), "junction_aa\tv_call\tj_call\tduplicate_count\nCASSLGTDTQYF\tTRBV9\tTRBJ2-3\t3\n")?;
/// std::fs::write(exports.join("metadata.tsv"), "repertoire_id\tstatus\na\tcase\n")?;
/// let cohort = cohort::load(&[exports], None, &ReadOptions::default(), &Silent)?;
/// assert_eq!(cohort.metadata().column("status"), Some(&[Some("case".to_owned())][..]));
/// assert_eq!(cohort.repertoires()[0].templates(), 3);
/// # Ok(())
/// # }
/// ```
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
    let (inputs, metadata) = (inputs.to_vec(), metadata.map(Path::to_owned));
    let request = ReadRequest { inputs, metadata, options: options.clone(), given: Vec::new() };
    request.load(observer)
}

/// The results of visiting a cohort. Rows of both fields are in the same order, sorted by id.
#[derive(Clone, Debug)]
pub struct Visited<T> {
    /// Labels and covariates.
    pub metadata: Metadata,
    /// The result of `work` for each repertoire.
    pub results: Vec<T>,
}

/// Repertoires to read: what [`load`] takes, as one value, and cohorts in memory beside it.
///
/// A cohort in memory is treated as a store of it: its labels count unless there is a table of `metadata`, its ids and those
/// of the other inputs must differ, copies among all are reported, and `options` must be the defaults.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use reperio_data::cohort::{Cohort, ReadRequest};
/// use reperio_data::import_counts::ImportCounts;
/// use reperio_data::metadata::Metadata;
/// use reperio_data::progress::Silent;
/// use reperio_data::repertoire::Builder;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let donor = (Builder::default().finish("a".to_owned()), ImportCounts::default());
/// let cohort = Arc::new(Cohort::new(vec![donor], &Metadata::default()));
/// let request = ReadRequest { given: vec![cohort.clone()], ..ReadRequest::default() };
/// assert_eq!(request.load(&Silent)?, *cohort);
/// let twice = ReadRequest { given: vec![cohort.clone(), cohort], ..ReadRequest::default() };
/// assert!(twice.load(&Silent).is_err(), "two repertoires with the same id");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReadRequest {
    /// Stores, repertoire files and folders of such files.
    pub inputs: Vec<PathBuf>,
    /// Table of labels, if it is not the one that lies beside the files.
    pub metadata: Option<PathBuf>,
    /// How to read raw files.
    pub options: ReadOptions,
    /// Cohorts in memory, which are read together with `inputs`.
    pub given: Vec<Arc<Cohort>>,
}

impl ReadRequest {
    /// [`load`]s everything.
    ///
    /// # Errors
    ///
    /// As [`load`].
    pub fn load(&self, observer: &dyn Observer) -> Result<Cohort, CohortError> {
        let (task, unit) = ("reading repertoires", "files");
        let pace = Pace { task, unit, at_once: usize::MAX, observer };
        let visited = go_through(self, pace, true, |own, counts, _| Ok((own, counts)))?;
        let (repertoires, counts) = visited.results.into_iter().unzip();
        Ok(Cohort { metadata: visited.metadata, repertoires, counts })
    }

    /// Reads what [`load`] reads and keeps none of it: `work` gets each repertoire and its row of the metadata, in any order and in several
    /// threads; `task` is what the observer is told. Memory does not grow with the number of files, but a file of many
    /// repertoires is read whole. Of a cohort in memory `work` gets copies, few at a time.
    ///
    /// Several files of one sample are a warning and not an error, because each repertoire is seen alone and none is held out.
    ///
    /// # Examples
    ///
    /// ```
    /// use reperio_data::cohort::ReadRequest;
    /// use reperio_data::progress::Silent;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let exports = folder.path().join("exports");
    /// std::fs::create_dir(&exports)?;
    /// std::fs::write(exports.join("a.tsv"), "junction_aa\tv_call\tj_call\tduplicate_count\nCASSLGTDTQYF\tTRBV9\tTRBJ2-3\t3\n")?;
    /// std::fs::write(exports.join("metadata.tsv"), "repertoire_id\tstatus\na\tcase\n")?;
    /// let request = ReadRequest { inputs: vec![exports], ..ReadRequest::default() };
    /// let visited = request.visit("measuring", &Silent, |repertoire, _| Ok(repertoire.len()))?;
    /// assert_eq!((visited.metadata.ids()[0].as_str(), visited.results[0]), ("a", 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`load`], some only after all repertoires have been visited; and the first error of `work`.
    pub fn visit<T: Send>(
        &self,
        task: &str,
        observer: &dyn Observer,
        work: impl Fn(Repertoire, Row<'_>) -> Result<T, Box<dyn Error + Send + Sync>> + Sync,
    ) -> Result<Visited<T>, CohortError> {
        let at_once = rayon::current_num_threads();
        let pace = Pace { task, unit: "files", at_once, observer };
        let work =
            |own, _, row: Row<'_>| work(own, row).map_err(|source| CohortError::Visit { source });
        go_through(self, pace, false, work)
    }
}

/// Calls `work` on every repertoire of `request`. Files of one sample are an error if the cohort `may_be_divided`.
fn go_through<T: Send>(
    request: &ReadRequest,
    pace: Pace<'_>,
    may_be_divided: bool,
    work: impl Fn(Repertoire, ImportCounts, Row<'_>) -> Result<T, CohortError> + Sync,
) -> Result<Visited<T>, CohortError> {
    let ReadRequest { inputs, metadata, options, given } = request;
    // Of several inputs none has the table of all.
    let beside = || inputs::beside(inputs).filter(|_| given.is_empty());
    let mut found = inputs::find(inputs, metadata.clone().or_else(beside), options)?;
    if found.sources.is_empty() && found.stores.is_empty() && given.is_empty() {
        return Err(CohortError::NoRepertoires { inputs: inputs.clone(), skipped: found.skipped });
    }
    let with_likeness = |own: Repertoire, counts, row: Row<'_>| -> Result<_, CohortError> {
        Ok((Likeness::of(&own), work(own, counts, row)?))
    };
    let table = found.metadata.as_ref().map(|(_, table)| table.clone());
    let (mut all, mut origins) = (Vec::new(), Vec::new());
    let (mut members, mut stored_members) = (Vec::new(), Vec::new());
    let mut labels = Metadata::default();
    for (name, stored) in read_before(&found, table.as_ref(), request, pace, with_likeness)? {
        let Stored { metadata, members, results } = stored;
        stored_members.extend(members);
        origins.extend(metadata.ids().iter().map(|id| (id.clone(), name.clone())));
        let ids: Vec<String> = labels.ids().iter().chain(metadata.ids()).cloned().collect();
        labels = labels.updated(&metadata, &ids);
        all.extend(results);
    }
    let stored = origins.iter().map(|(id, _)| id.clone()).collect();
    if !options.skip_unreadable {
        matching::check_names(&found, &stored)?; // Those that are skipped need no row.
    }
    let free = matching::free_ids(&found);
    let table = table.unwrap_or_default();
    let rows = table.rows();
    let one = |source: &Source| {
        let content = reading::read(source, options, &free)?;
        let notes = notes_of(&content, &source.name);
        let member = |read| Member::read(read, &source.name, content.named_by_file);
        let members: Vec<Member> = content.repertoires.iter().filter_map(member).collect();
        let read = content.repertoires.into_iter();
        let results = read.map(|read| {
            let row = rows.of(&read.repertoire.id);
            with_likeness(read.repertoire, read.counts, row)
        });
        Ok((notes, members, results.collect::<Result<Vec<_>, _>>()?))
    };
    let (results, unread) = reading::each_source(&mut found, options, pace, one)?;
    for skipped in &found.skipped {
        tracing::warn!(path = %skipped.path.display(), reason = skipped.reason, "skipped");
    }
    for (source, (notes, own, results)) in found.sources.iter().zip(results) {
        members.extend(own);
        for note in notes {
            tracing::warn!(path = %source.path.display(), "{note}");
        }
        origins.extend(results.iter().map(|(own, _)| (own.id.clone(), source.name.clone())));
        all.extend(results);
    }
    matching::check(&found, &origins, &unread)?;
    if may_be_divided && found.metadata.is_none() {
        samples::check(&members, &stored_members)?;
    }
    if let Some((_, table)) = found.metadata.take() {
        labels = table;
    }
    all.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    let (likenesses, results): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    for ids in copies::of(&likenesses) {
        tracing::warn!("{}", copies::warning(&ids));
    }
    for ids in copies::recounted(&likenesses) {
        tracing::warn!("{}", copies::recounted_warning(&ids));
    }
    for ids in samples::shared(members.iter().chain(&stored_members)) {
        tracing::warn!("{}", samples::warning(&ids));
    }
    let ids: Vec<String> = likenesses.into_iter().map(|own| own.id).collect();
    Ok(Visited { metadata: Metadata::default().updated(&labels, &ids), results })
}

/// Calls `work` on every repertoire of the stores, then of the cohorts in memory; returns each with its name. Rows are those of
/// `table`, or else their own.
fn read_before<T: Send>(
    found: &Inputs,
    table: Option<&Metadata>,
    request: &ReadRequest,
    pace: Pace<'_>,
    work: impl Fn(Repertoire, ImportCounts, Row<'_>) -> Result<T, CohortError> + Sync,
) -> Result<Vec<(String, Stored<T>)>, CohortError> {
    if request.options != ReadOptions::default() {
        if let Some(path) = found.stores.first() {
            return Err(CohortError::OptionsForStore { path: path.clone() });
        }
        if !request.given.is_empty() {
            return Err(CohortError::OptionsForGiven);
        }
    }
    let mut all = Vec::new();
    for folder in &found.stores {
        all.push((folder.display().to_string(), store::visit(folder, table, pace, &work)?));
    }
    for (name, cohort) in given::named(&request.given) {
        all.push((name, given::visit(cohort, table, pace, &work)?));
    }
    Ok(all)
}

/// What a person should know of how a file was read.
fn notes_of(content: &FileContent, file: &str) -> Vec<String> {
    let first = content.repertoires.first();
    let notes = first.into_iter().flat_map(|first| {
        let (id, sample) = (&first.repertoire.id, first.sample.as_deref());
        let other = notes::other_sample(id, file, sample, &first.reading);
        first.reading.notes.iter().cloned().chain(other)
    });
    let joined = content.repertoires.iter().filter_map(|read| notes::samples_joined(&read.counts));
    notes.chain(joined).collect()
}
