//! A store while an import works on it, or a cohort in memory is saved there.
//!
//! Repertoires are written under hidden names, and the journal notes each finished source. The cohort
//! is changed ([`Staging::commit`]) only after all sources have been read and match the metadata: the old
//! manifest is moved away, files are renamed into place, and the new manifest comes last. Until then, an
//! old cohort stays whole. After a crash at any moment, a rerun finds either the old cohort or none,
//! and gives the same bytes as an undisturbed run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use rayon::prelude::*;

use crate::atomic::{self, WriteError};
use crate::format::{ReadOptions, ReadRepertoire};
use crate::metadata::Metadata;
use crate::repertoire::Repertoire;

use super::super::error::CohortError;
use super::super::layout::{self, COHORT, JOURNAL, MANIFEST, PREVIOUS};
use super::super::samples::Member;
use super::super::sources::Source;
use super::super::{matching, reading};
use super::manifest::{self, Done, Entry, FORMAT_VERSION, Manifest, REPORT, SourceRecord};
use super::report::Replaced;
use super::{checksum, entries, parquet, place, report};

/// Repertoires of one table that a thread writes without letting go: who waits for others may begin another table.
pub(super) const AT_ONCE: usize = 64;

/// Repertoires of one source.
pub(super) struct Imported {
    pub(super) repertoires: BTreeMap<String, Entry>,
    /// Whether the source was left unread.
    pub(super) unchanged: bool,
}

/// A store that is being written.
pub(super) struct Staging<'a> {
    folder: &'a Path,
    options: &'a ReadOptions,
    /// The finished cohort that was there.
    old: Option<Manifest>,
    /// Its labels; none if they are damaged.
    old_metadata: Option<Metadata>,
    /// Repertoires written before with the same options and version, by checksum of their source.
    known: BTreeMap<String, BTreeMap<String, Entry>>,
    journal: Mutex<Option<File>>,
    claimed: Mutex<BTreeSet<String>>,
}

impl Drop for Staging<'_> {
    /// An import that was refused before it had done anything leaves no journal: the folder is as it was.
    fn drop(&mut self) {
        let own = self.journal.get_mut().map(Option::take);
        let is_empty = |journal: File| journal.metadata().is_ok_and(|found| found.len() == 0);
        if own.is_ok_and(|own| own.is_some_and(is_empty)) {
            let _ = fs::remove_file(self.folder.join(JOURNAL)); // A finished import has none.
        }
    }
}

impl<'a> Staging<'a> {
    /// Looks at what is in `folder`; changes nothing.
    pub(super) fn open(folder: &'a Path, options: &'a ReadOptions) -> Result<Self, CohortError> {
        if !layout::is_store(folder) && place::has_files(folder) {
            return Err(CohortError::NotEmpty { path: folder.to_owned() });
        }
        let mut old = manifest::read_named(folder, MANIFEST)?;
        let mut old_metadata = Some(Metadata::default());
        if let Some(manifest) = &old {
            old_metadata = undamaged(super::metadata(folder, manifest))?;
        } else if let Some(previous) = manifest::read_named(folder, PREVIOUS)? {
            old_metadata = undamaged(interrupted_metadata(folder, &previous))?;
            old = Some(previous);
        }
        let mut known: BTreeMap<String, BTreeMap<String, Entry>> = BTreeMap::new();
        let before = old.iter().map(|manifest| manifest.repertoires.clone());
        let journal = manifest::read_journal(folder).into_iter().map(|done| done.repertoires);
        let described = manifest::describe(options);
        for (id, entry) in before.chain(journal).flatten() {
            let source = &entry.source;
            if source.options == described && source.reperio_version == manifest::version() {
                known.entry(source.sha256.clone()).or_default().insert(id, entry);
            }
        }
        let (journal, claimed) = (Mutex::new(None), Mutex::new(BTreeSet::new()));
        Ok(Self { folder, options, old, old_metadata, known, journal, claimed })
    }

    /// Whether there is a cohort, or one that an unfinished import was changing.
    pub(super) fn has_cohort(&self) -> bool {
        self.old.is_some()
    }

    /// Ids of the cohort that was there.
    pub(super) fn stored(&self) -> BTreeSet<String> {
        self.old.iter().flat_map(|manifest| manifest.repertoires.keys().cloned()).collect()
    }

    /// The repertoires of that cohort whose files named their sample.
    pub(super) fn members(&self) -> Vec<Member> {
        entries::members(self.old.iter().flat_map(|manifest| &manifest.repertoires))
    }

    /// The repertoires of that cohort whose ids have other clonotypes or counts in `new`.
    pub(super) fn replaced(&self, new: &BTreeMap<String, Entry>) -> Vec<Replaced> {
        let old = self.old.iter().flat_map(|manifest| &manifest.repertoires);
        let is_other = |(id, old): &(&String, &Entry)| {
            new.get(*id).is_some_and(|new| new.sha256 != old.sha256)
        };
        let replaced = old.filter(is_other);
        replaced
            .map(|(id, old)| Replaced { id: id.clone(), before: old.source.name.clone() })
            .collect()
    }

    /// Makes the folder and starts the journal, with what is known from before.
    pub(super) fn begin(&self) -> Result<(), CohortError> {
        let path = self.folder.join(JOURNAL);
        atomic::write(&path, |file| {
            self.known.values().try_for_each(|done| append(file, done.clone()))
        })?;
        let file = File::options().append(true).open(&path);
        let file = file.map_err(|source| WriteError::Io { path, source })?;
        *self.journal.lock().expect("no thread panics with the journal") = Some(file);
        Ok(())
    }

    /// Reads one source and writes its repertoires under hidden names, unless that was done before.
    ///
    /// `free` are the ids of the metadata that no source is named by.
    pub(super) fn import(
        &self,
        source: &Source,
        free: &BTreeSet<String>,
    ) -> Result<Imported, CohortError> {
        let before = checksum::stamps(source)?;
        let (sha256, tables) = checksum::of_source(source)?;
        if let Some(repertoires) = self.done_before(source, &sha256, free) {
            self.claim(repertoires.keys());
            return Ok(Imported { repertoires, unchanged: true });
        }
        let content = reading::read(source, self.options, free)?;
        if checksum::stamps(source)? != before {
            return Err(CohortError::Changed { path: source.path.clone() });
        }
        let ids = content.repertoires.iter().map(|read| read.repertoire.id.clone());
        matching::check_lengths(ids)?;
        let are_new = self.claim(content.repertoires.iter().map(|read| &read.repertoire.id));
        let entry = |read: &ReadRepertoire| -> Result<(String, Entry), WriteError> {
            let record = SourceRecord {
                name: source.name.clone(),
                sha256: sha256.clone(),
                tables: tables.clone(),
                repertoires: content.repertoires.len(),
                named_by_file: content.named_by_file,
                format: read.format.to_string(),
                reperio_version: manifest::version(),
                options: manifest::describe(self.options),
            };
            // An id of two sources fails the import in the end; they must not write the same file.
            let sha256 = if are_new { self.write(&read.repertoire)? } else { String::new() };
            let clonotypes_sha256 =
                checksum::hexadecimal(&read.repertoire.fingerprints().clonotypes);
            let entry = Entry {
                sha256,
                clonotypes_sha256,
                source: record,
                sample: read.sample.clone(),
                counts: read.counts.clone(),
                reading: read.reading.clone(),
            };
            Ok((read.repertoire.id.clone(), entry))
        };
        // One table may hold thousands of repertoires, and the disk takes longer to flush each than all else.
        let repertoires: BTreeMap<String, Entry> = content
            .repertoires
            .par_iter()
            .with_min_len(AT_ONCE)
            .map(entry)
            .collect::<Result<_, WriteError>>()?;
        if are_new {
            self.note(repertoires.clone())?;
        }
        Ok(Imported { repertoires, unchanged: false })
    }

    /// Takes ids for the calling source; whether no other source had taken any of them.
    fn claim<'b>(&self, mut ids: impl Iterator<Item = &'b String>) -> bool {
        let mut claimed = self.claimed.lock().expect("no thread panics with the ids");
        ids.all(|id| claimed.insert(id.clone()))
    }

    fn done_before(
        &self,
        source: &Source,
        sha256: &str,
        free: &BTreeSet<String>,
    ) -> Option<BTreeMap<String, Entry>> {
        let known = self.known.get(sha256)?;
        // What named the only repertoire of a file must name it now.
        let is_named = |entry: &Entry| {
            let sample = entry.sample.as_deref();
            let by_sample = reading::named_by_sample(source, sample, free).is_some();
            sample.is_none() || by_sample != entry.source.named_by_file
        };
        let by_file = known
            .get_key_value(&source.id)
            .filter(|(_, entry)| entry.source.named_by_file && is_named(entry));
        let mut done: BTreeMap<String, Entry> = if let Some((id, entry)) = by_file {
            BTreeMap::from([(id.clone(), entry.clone())])
        } else {
            let by_column =
                known.iter().filter(|(_, entry)| !entry.source.named_by_file && is_named(entry));
            by_column.map(|(id, entry)| (id.clone(), entry.clone())).collect()
        };
        let expected = done.values().next()?.source.repertoires;
        if done.len() != expected || !done.iter().all(|(id, entry)| self.is_whole(id, entry)) {
            return None;
        }
        for entry in done.values_mut() {
            entry.source.name.clone_from(&source.name);
        }
        Some(done)
    }

    /// Whether a repertoire that was written before is there and undamaged. What is staged under its
    /// name and is not wanted goes.
    fn is_whole(&self, id: &str, entry: &Entry) -> bool {
        let is =
            |path: &Path| checksum::sha256_of_file(path).is_ok_and(|sha256| sha256 == entry.sha256);
        let staged = manifest::staged_path(self.folder, id);
        if is(&manifest::repertoire_path(self.folder, id)) {
            let _ = fs::remove_file(staged); // Mostly there is none.
            return true;
        }
        is(&staged)
    }

    /// Writes a repertoire under its hidden name; returns its checksum.
    pub(super) fn write(&self, repertoire: &Repertoire) -> Result<String, WriteError> {
        let path = manifest::staged_path(self.folder, &repertoire.id);
        parquet::write(&path, &mut parquet::frame(repertoire))
    }

    /// Notes in the journal that these repertoires are written.
    pub(super) fn note(&self, repertoires: BTreeMap<String, Entry>) -> Result<(), CohortError> {
        let mut journal = self.journal.lock().expect("no thread panics with the journal");
        let file = journal.as_mut().expect("the import has begun");
        let result = append(file, repertoires).and_then(|()| file.sync_data());
        let path = self.folder.join(JOURNAL);
        Ok(result.map_err(|source| WriteError::Io { path, source })?)
    }

    /// Makes `entries` part of the cohort, with the rows of `metadata`; returns all that the cohort has now.
    pub(super) fn commit(
        &self,
        entries: BTreeMap<String, Entry>,
        metadata: Option<&Metadata>,
    ) -> Result<BTreeMap<String, Entry>, CohortError> {
        let mut all = self.old.as_ref().map(|old| old.repertoires.clone()).unwrap_or_default();
        all.extend(entries);
        entries::check_tables(&all)?;
        let ids: Vec<String> = all.keys().cloned().collect();
        let none = Metadata::default();
        let old = self.old_metadata(metadata)?.unwrap_or(&none);
        let metadata = old.updated(metadata.unwrap_or(&none), &ids);
        let staged = |name| place::staged(self.folder, name);
        let cohort_sha256 =
            parquet::write(&staged(COHORT), &mut report::cohort_frame(&metadata, &all))?;
        report::write(&staged(REPORT), &all)?;
        let manifest = Manifest {
            cohort_format: FORMAT_VERSION,
            reperio_version: manifest::version(),
            metadata_columns: metadata.columns().iter().map(|(name, _)| name.clone()).collect(),
            cohort_sha256,
            repertoires: all,
        };
        atomic::write(&staged(MANIFEST), |file| {
            let text = serde_json::to_string_pretty(&manifest).map_err(io::Error::other)?;
            writeln!(file, "{text}")
        })?;
        self.put_in_place(&manifest)?;
        Ok(manifest.repertoires)
    }

    /// The existing labels. Damaged ones are no loss if `newer` has a row for each.
    fn old_metadata(&self, newer: Option<&Metadata>) -> Result<Option<&Metadata>, CohortError> {
        if let Some(own) = &self.old_metadata {
            return Ok(Some(own));
        }
        let labelled = self.old.as_ref().filter(|old| !old.metadata_columns.is_empty());
        let given: BTreeSet<&String> = newer.iter().flat_map(|table| table.ids()).collect();
        let ids = labelled.iter().flat_map(|old| old.repertoires.keys());
        let ids: Vec<String> = ids.filter(|id| !given.contains(id)).cloned().collect();
        if ids.is_empty() {
            return Ok(None);
        }
        Err(CohortError::LostLabels { path: self.folder.join(COHORT), ids })
    }

    /// Puts everything in its place, unless nothing is new, and tidies up.
    fn put_in_place(&self, manifest: &Manifest) -> Result<(), CohortError> {
        let ids = place::staged_ids(self.folder, manifest);
        let is_finished = self.folder.join(MANIFEST).is_file();
        let is_same = self.old_metadata.is_some() && self.old.as_ref() == Some(manifest);
        if !is_finished || !ids.is_empty() || !is_same {
            place::put(self.folder, &ids)?;
        }
        let known = self.known.values().flat_map(BTreeMap::keys);
        place::tidy(self.folder, known.filter(|id| !manifest.repertoires.contains_key(*id)))
    }
}

/// Labels, or nothing where they are damaged.
fn undamaged(read: Result<Metadata, CohortError>) -> Result<Option<Metadata>, CohortError> {
    use CohortError as E;
    match read {
        Err(E::Checksum { .. } | E::Content { .. } | E::Parquet { .. }) => Ok(None),
        Err(E::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// The metadata of a cohort whose change was interrupted: the old one or the new one.
fn interrupted_metadata(folder: &Path, previous: &Manifest) -> Result<Metadata, CohortError> {
    match super::metadata(folder, previous) {
        Err(CohortError::Checksum { path } | CohortError::Content { path, .. }) => {
            match manifest::read_named(folder, &format!(".{MANIFEST}.new"))? {
                Some(next) => super::metadata(folder, &next),
                None => Err(CohortError::Checksum { path }),
            }
        }
        result => result,
    }
}

fn append(file: &mut File, repertoires: BTreeMap<String, Entry>) -> io::Result<()> {
    let mut line = serde_json::to_string(&Done { repertoires }).map_err(io::Error::other)?;
    line.push('\n');
    file.write_all(line.as_bytes())
}
