//! The models that are offered: found in a folder, copied under their hash, looked at again when they change.
//!
//! A job runs with the copy, so that the model whose hash it was accepted with is the one that scores it, whatever becomes of
//! the original.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::clock::{self, Millis};
use crate::engine::{Description, Engine, Target};

/// The file of a run folder that is its model, and the table of its training repertoires, which are its cases.
const MODEL: &str = "model.safetensors";
const HELD_OUT: &str = "held_out.tsv";

/// Milliseconds between two looks at the folder.
const LOOK_EVERY: Millis = 1000;

/// A model as it is offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Model)]
pub(crate) struct Offer {
    /// Its name: that of its file or run folder.
    pub(crate) name: String,
    /// SHA-256 of the model file; empty if it was never usable.
    pub(crate) sha256: String,
    /// What it predicts.
    pub(crate) targets: Vec<Target>,
    /// Repertoires that it was trained on.
    pub(crate) trained_on: usize,
    /// When this version was first seen.
    pub(crate) loaded: String,
    /// Why the file as it is now cannot be used. If `sha256` is not empty, the version before is still offered.
    pub(crate) error: Option<String>,
}

/// What tells two versions of a file apart without reading them.
type Stamp = Vec<(SystemTime, u64)>;

#[derive(Debug, Default)]
struct Known {
    looked: Option<Millis>,
    offers: BTreeMap<String, (Stamp, Offer)>,
}

/// All models.
pub(crate) struct Models {
    folder: PathBuf,
    copies: PathBuf,
    engine: Arc<dyn Engine>,
    known: Mutex<Known>,
}

impl Models {
    /// Those of `folder`, copied into `copies`.
    pub(crate) fn new(folder: PathBuf, copies: PathBuf, engine: Arc<dyn Engine>) -> Self {
        Self { folder, copies, engine, known: Mutex::default() }
    }

    /// All of them, by name, and the hashes of those that are new. Reads files that have changed.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read or the copies cannot be written.
    pub(crate) fn look(&self, now: Millis) -> io::Result<(Vec<Offer>, Vec<String>)> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = Vec::new();
        if known.looked.is_none_or(|at| !(at..at + LOOK_EVERY).contains(&now)) {
            let found = found(&self.folder)?;
            known.offers.retain(|name, _| found.contains_key(name));
            for (name, path) in found {
                let stamp = stamp(&path);
                let before = known.offers.get(&name);
                if before.is_some_and(|(own, _)| *own == stamp) {
                    continue;
                }
                let before = before.map(|(_, offer)| offer.clone());
                let offer = self.offer(&name, &path, before.as_ref(), now)?;
                let changed = before.is_none_or(|before| before.sha256 != offer.sha256);
                if changed && !offer.sha256.is_empty() {
                    new.push(offer.sha256.clone());
                }
                known.offers.insert(name, (stamp, offer));
            }
            known.looked = Some(now);
        }
        Ok((known.offers.values().map(|(_, offer)| offer.clone()).collect(), new))
    }

    /// The run folder of the copy with this hash.
    pub(crate) fn copy(&self, sha256: &str) -> PathBuf {
        self.copies.join(sha256)
    }

    /// Removes the copies that are neither offered nor `in_use`, and what a copying that died has left.
    pub(crate) fn sweep(&self, in_use: &[String]) -> io::Result<()> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let offered = known.offers.values().map(|(_, offer)| offer.sha256.as_str());
        let keep: BTreeSet<&str> = offered.chain(in_use.iter().map(String::as_str)).collect();
        for entry in fs::read_dir(&self.copies)? {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(|name| keep.contains(name)) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    fn offer(
        &self,
        name: &str,
        path: &Path,
        before: Option<&Offer>,
        now: Millis,
    ) -> io::Result<Offer> {
        let part = self.copies.join(format!("{name}.part"));
        let _ = fs::remove_dir_all(&part); // Left by a process that died.
        fs::create_dir(&part)?;
        let described = copy(path, &part).map_err(|err| format!("cannot read the model: {err}"));
        let described = described.and_then(|sha256| {
            let described = self.engine.describe(&part.join(MODEL));
            described
                .map(|own| (sha256, own))
                .map_err(|text| text.replace(&part.join(MODEL).display().to_string(), name))
        });
        match described {
            Ok((sha256, Description { targets, trained_on })) => {
                let copy = self.copy(&sha256);
                let table = |folder: &Path| fs::read(folder.join(HELD_OUT)).ok();
                if copy.is_dir() && table(&copy) == table(&part) {
                    fs::remove_dir_all(&part)?; // A job may be reading the copy that is there.
                } else {
                    let _ = fs::remove_dir_all(&copy); // The same with another table beside it.
                    fs::rename(&part, &copy)?;
                }
                let (name, loaded) = (name.to_owned(), clock::text(now));
                Ok(Offer { name, sha256, targets, trained_on, loaded, error: None })
            }
            Err(text) => {
                fs::remove_dir_all(&part)?;
                tracing::warn!("model {name} cannot be used: {text}");
                let error = Some(text);
                Ok(match before {
                    Some(before) => Offer { error, ..before.clone() },
                    None => Offer {
                        name: name.to_owned(),
                        sha256: String::new(),
                        targets: Vec::new(),
                        trained_on: 0,
                        loaded: clock::text(now),
                        error,
                    },
                })
            }
        }
    }
}

/// Models in a folder by name: files that end in `.safetensors`, and run folders.
fn found(folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file = if path.is_dir() { path.join(MODEL) } else { path.clone() };
        if !file.is_file() || file.extension().is_none_or(|own| own != "safetensors") {
            continue;
        }
        let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
        if let Some(name) = name.and_then(|name| name.to_str()).filter(|name| is_name(name)) {
            found.insert(name.to_owned(), file);
        } else {
            let expected = "expected a name of letters, digits, `.`, `_` and `-`";
            tracing::warn!("{} is not offered: {expected}", path.display());
        }
    }
    Ok(found)
}

/// Whether a model may have this name: it stands in URLs and file names.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.bytes().all(plain)
}

/// Of a model file and the table beside it.
fn stamp(file: &Path) -> Stamp {
    let of = |path: PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len()))
    };
    [file.to_owned(), file.with_file_name(HELD_OUT)].into_iter().filter_map(of).collect()
}

/// Copies a model, and the table of a run folder, and returns the model's hash.
fn copy(file: &Path, to: &Path) -> io::Result<String> {
    let beside = file.with_file_name(HELD_OUT);
    if file.file_name().is_some_and(|name| name == MODEL) && beside.is_file() {
        fs::copy(&beside, to.join(HELD_OUT))?;
    }
    let copy = to.join(MODEL);
    fs::copy(file, &copy)?;
    let mut hash = Sha256::new();
    let (mut file, mut buffer) = (File::open(&copy)?, vec![0; 1 << 16]);
    file.sync_all()?;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(format!("{:x}", hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests;
