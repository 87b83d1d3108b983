//! Finished folds as files, so that a comparison goes on where it stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use reperio_reference::compare::{Cost, Keeper, Key, Outcome};
use sha2::{Digest, Sha256};

use crate::shell::{memory, paths};

/// `folds/METHOD/REPEAT-FOLD.json`.
pub(super) struct FoldFiles {
    folder: PathBuf,
    started: Instant,
}

impl FoldFiles {
    /// The files below `out`; `same` is everything that a comparison must share with the one that it
    /// goes on with.
    pub(super) fn open(out: &Path, same: &str) -> Result<Self> {
        let folder = out.join("folds");
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let digest: Vec<String> =
            Sha256::digest(same).iter().map(|byte| format!("{byte:02x}")).collect();
        let (digest, path) = (digest.concat(), folder.join("sha256"));
        match fs::read_to_string(&path) {
            Ok(known) if known != digest => bail!(
                "{} holds a comparison of other repertoires, labels, folds or settings, expected a new folder",
                out.display()
            ),
            Ok(_) => {}
            Err(_) => paths::write_text(&path, &digest)?,
        }
        Ok(Self { folder, started: Instant::now() })
    }

    fn path(&self, method: &str, repeat: usize, fold: usize) -> PathBuf {
        self.folder.join(method).join(format!("{}-{}.json", repeat + 1, fold + 1))
    }
}

impl Keeper for FoldFiles {
    type Error = anyhow::Error;

    fn recall(&mut self, key: &Key) -> Result<Option<Outcome>> {
        let path = self.path(&key.method, key.repeat, key.fold);
        let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
        let outcome = serde_json::from_str(&text);
        outcome.with_context(|| format!("{} is damaged: delete it", path.display())).map(Some)
    }

    fn keep(&mut self, outcome: &Outcome) -> Result<()> {
        let path = self.path(&outcome.method, outcome.repeat, outcome.fold);
        paths::write_text(&path, &serde_json::to_string_pretty(outcome)?)
    }

    fn start(&mut self) {
        memory::reset();
        self.started = Instant::now();
    }

    fn stop(&mut self) -> Cost {
        Cost { seconds: self.started.elapsed().as_secs_f64(), peak_bytes: memory::peak() }
    }
}
