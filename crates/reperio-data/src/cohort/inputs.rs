//! Finds the repertoire files among the inputs that the user named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::compress::OpenError;
use crate::format::{self, ReadError, ReadOptions, Refusal};
use crate::metadata::Metadata;

use super::error::{CohortError, MissingFiles, Skipped, chain};
use super::sources::{Inputs, Source};
use super::{folders, layout, matching};

/// Names of metadata tables, looked for in a folder that is the only input.
const METADATA_FILES: [&str; 3] = ["metadata.tsv", "metadata.csv", "metadata.txt"];

/// Finds all repertoire files, and reads the table `metadata`.
pub(super) fn find(
    inputs: &[PathBuf],
    metadata: Option<PathBuf>,
    options: &ReadOptions,
) -> Result<Inputs, CohortError> {
    let missing: Vec<PathBuf> = inputs.iter().filter(|path| !path.exists()).cloned().collect();
    if !missing.is_empty() {
        return Err(CohortError::NoSuchInput { inputs: missing });
    }
    let mut found = Inputs::default();
    if let Some(path) = metadata {
        let table = Metadata::read(&path)?;
        (found.listed, found.missing) = listed_files(&path, &table, inputs);
        found.metadata = Some((path, table));
    }
    let mut walk = Walk::new(&found, options);
    for input in inputs {
        if !input.is_dir() {
            walk.add(vec![input.clone()], input.parent().unwrap_or(Path::new("")), None);
        } else if layout::is_store(input) {
            found.stores.push(input.clone());
        } else {
            walk.folder(input, input)?;
        }
    }
    (found.sources, found.skipped) = (walk.sources, walk.skipped);
    matching::name_sources(&mut found);
    Ok(found)
}

/// The metadata table at the top of the only input.
pub(super) fn beside(inputs: &[PathBuf]) -> Option<PathBuf> {
    let [folder] = inputs else { return None };
    if layout::is_store(folder) {
        return None;
    }
    METADATA_FILES.into_iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// The files that the metadata names, from its own folder, an input folder or here; and those that are nowhere.
fn listed_files(
    path: &Path,
    table: &Metadata,
    inputs: &[PathBuf],
) -> (Vec<(PathBuf, usize)>, Option<MissingFiles>) {
    let mut folders = vec![path.parent().unwrap_or(Path::new(""))];
    folders.extend(inputs.iter().filter(|input| input.is_dir()).map(PathBuf::as_path));
    folders.push(Path::new(""));
    let Some((column, names)) = table.files() else { return (Vec::new(), None) };
    let (mut listed, mut missing) = (Vec::new(), Vec::new());
    for (row, name) in names.iter().enumerate() {
        let Some(name) = name else { continue };
        // As it is written on Windows, too.
        let ways = [name.clone(), name.replace('\\', "/")];
        let mut all =
            folders.iter().flat_map(|folder| ways.iter().map(move |way| folder.join(way)));
        let place = all.find(|path| path.is_file());
        match place.and_then(|path| path.canonicalize().ok()) {
            Some(path) => listed.push((path, row)),
            None => missing.push(folders[0].join(name)),
        }
    }
    let n = missing.len();
    let missing = missing.into_iter().next();
    let missing = missing.map(|first| MissingFiles { column: column.to_owned(), first, n });
    (listed, missing)
}

struct Walk<'a> {
    options: &'a ReadOptions,
    metadata: Option<PathBuf>,
    /// Ids of the metadata, and the files that it names.
    ids: BTreeSet<String>,
    listed: BTreeSet<PathBuf>,
    /// Folders to look in, where the metadata names the file of every row.
    folders: Option<BTreeSet<PathBuf>>,
    seen: BTreeSet<PathBuf>,
    sources: Vec<Source>,
    skipped: Vec<Skipped>,
}

impl<'a> Walk<'a> {
    fn new(found: &Inputs, options: &'a ReadOptions) -> Self {
        let table = found.metadata.as_ref();
        let all_named = table.is_some_and(|(_, table)| table.len() == found.listed.len());
        let parents = || {
            let paths = found.listed.iter().map(|(path, _)| path);
            paths.filter_map(|path| path.parent().map(Path::to_owned)).collect()
        };
        Self {
            options,
            metadata: table.and_then(|(path, _)| path.canonicalize().ok()),
            ids: table.iter().flat_map(|(_, table)| table.ids().iter().cloned()).collect(),
            listed: found.listed.iter().map(|(path, _)| path.clone()).collect(),
            folders: all_named.then(parents),
            seen: BTreeSet::new(),
            sources: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// Adds the files of a source, those that are not there already, under the id of its `sample` if that is known.
    /// They are named by their paths from `top`.
    fn add(&mut self, mut paths: Vec<PathBuf>, top: &Path, sample: Option<String>) {
        paths.retain(|path| {
            let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
            self.metadata.as_ref() != Some(&canonical) && self.seen.insert(canonical)
        });
        let name = |path: &PathBuf| {
            path.strip_prefix(top).unwrap_or(path).to_string_lossy().replace('\\', "/")
        };
        let name = paths.iter().map(name).collect::<Vec<_>>().join(", ");
        let mut paths = paths.into_iter();
        if let Some(path) = paths.next() {
            let id = sample.unwrap_or_else(|| format::repertoire_id(&path));
            self.sources.push(Source { path, more: paths.collect(), name, rows: Vec::new(), id });
        }
    }

    /// Adds the repertoire files of a folder, each sample once.
    fn folder(&mut self, top: &Path, folder: &Path) -> Result<(), CohortError> {
        let named = |source: io::Error| CohortError::Io { path: folder.to_owned(), source };
        // A folder is visited once, also where links make a circle.
        if !self.seen.insert(folder.canonicalize().map_err(named)?) {
            return Ok(());
        }
        let entries = fs::read_dir(folder).map_err(named)?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let mut paths = paths.collect::<io::Result<Vec<_>>>().map_err(named)?;
        paths.sort();
        let reasons: Vec<_> = paths.iter().map(|path| self.reason_to_skip(path)).collect();
        let is_file = |i: &usize| !paths[*i].is_dir();
        let files: Vec<usize> = (0..paths.len()).filter(is_file).collect();
        let named = |&i: &usize| (format::repertoire_id(&paths[i]), reasons[i].is_none());
        let tables: Vec<_> = files.iter().map(named).collect();
        let folders::Tables { repeats, chains } = folders::sort(&tables);
        let mut repeats: BTreeMap<usize, String> =
            repeats.into_iter().map(|(at, reason)| (files[at], reason)).collect();
        let mut chains = self.chains(&paths, &files, chains);
        for (i, (path, reason)) in paths.into_iter().zip(reasons).enumerate() {
            if let Some(reason) = repeats.remove(&i).or(reason) {
                self.skipped.push(Skipped { path, reason });
            } else if path.is_dir() {
                self.folder(top, &path)?;
            } else if let Some((sample, paths)) = chains.remove(&i) {
                self.add(paths, top, Some(sample));
            } else {
                let sample = folders::sample(&path, &format::repertoire_id(&path));
                self.add(vec![path], top, sample);
            }
        }
        Ok(())
    }

    /// The tables of each sample that are of one chain each, by the place of the first, with the sample's name; but
    /// where the metadata names one of them they are repertoires of their own.
    fn chains(
        &self,
        paths: &[PathBuf],
        files: &[usize],
        samples: Vec<(String, Vec<usize>)>,
    ) -> BTreeMap<usize, (String, Vec<PathBuf>)> {
        let mut chains = BTreeMap::new();
        for (sample, tables) in samples {
            let tables: Vec<usize> = tables.iter().map(|&at| files[at]).collect();
            let own: Vec<PathBuf> = tables.iter().map(|&i| paths[i].clone()).collect();
            if !own.iter().any(|path| self.is_named(path)) {
                chains.extend(tables.first().map(|&first| (first, (sample, own))));
            }
        }
        chains
    }

    /// Whether the metadata names a file.
    fn is_named(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.ids.contains(&format::repertoire_id(path))
            || self.ids.contains(&*name)
            || path.canonicalize().is_ok_and(|path| self.listed.contains(&path))
    }

    /// Why a file or folder found in an input folder is not read; `None` if it is.
    fn reason_to_skip(&self, path: &Path) -> Option<String> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let canonical = path.canonicalize().ok();
        if name.starts_with('.') {
            return Some("hidden".to_owned());
        }
        if path.is_dir() {
            if name == "multi" && path.with_file_name("per_sample_outs").is_dir() {
                return Some(
                    "all Cell Ranger samples together, which are read from per_sample_outs"
                        .to_owned(),
                );
            }
            return layout::is_store(path).then(|| "a cohort, name it as an input".to_owned());
        }
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Some("a pipe or a device, expected a regular file".to_owned());
        }
        if self.metadata.is_some() && self.metadata == canonical {
            return None;
        }
        if METADATA_FILES.contains(&name.as_ref()) {
            return Some("a metadata table that --metadata does not name".to_owned());
        }
        let parent = canonical.as_deref().and_then(Path::parent);
        if let (Some(folders), Some(parent)) = (&self.folders, parent)
            && !folders.contains(parent)
        {
            return Some("not in a folder of the files that the metadata names".to_owned());
        }
        let error = format::recognise(path, self.options).err().filter(says_no_table)?;
        if may_hold_receptors(&error) && format::holds_receptors(path, self.options) {
            return None;
        }
        let text = chain(&error);
        let place = format!("{}:", path.display());
        Some(text.strip_prefix(&place).unwrap_or(&text).trim_start().to_owned())
    }
}

/// Whether a file is something else than a repertoire table; a broken one, one that cannot be decoded and one
/// that holds receptors in a way that is not read are read all the same, so that their error is seen.
fn says_no_table(error: &ReadError) -> bool {
    use ReadError as E;
    match error {
        E::Refused { found, .. } => !found.is_repertoire(),
        E::Open(OpenError::Workbook { .. })
        | E::Empty { .. }
        | E::HeaderOnly { .. }
        | E::Binary { .. }
        | E::UnknownFormat { .. }
        | E::MissingColumn { .. } => true,
        _ => false,
    }
}

/// Whether the header alone said that a file is not a repertoire table, so that its rows may hold receptors.
fn may_hold_receptors(error: &ReadError) -> bool {
    use ReadError as E;
    let by_header = matches!(error, E::UnknownFormat { .. } | E::MissingColumn { .. });
    by_header || matches!(error, E::Refused { found: Refusal::Json, .. })
}
