//! Finished folds as files, so that a comparison continues where it stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use reperio_baselines::compare::{Cost, FoldStore, Key, Outcome};
use sha2::{Digest, Sha256};

use crate::shell::{memory, paths};

/// `folds/METHOD/REPEAT-FOLD.json`.
pub(super) struct FoldFiles {
    folder: PathBuf,
    repertoires: usize,
    started: Instant,
}

impl FoldFiles {
    /// The files below `out`; `same` is everything that a comparison must share with the one that it
    /// goes on with, for so many `repertoires`.
    pub(super) fn open(out: &Path, same: &str, repertoires: usize) -> Result<Self> {
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
        Ok(Self { folder, repertoires, started: Instant::now() })
    }

    fn path(&self, method: &str, repeat: usize, fold: usize) -> PathBuf {
        self.folder.join(method).join(format!("{}-{}.json", repeat + 1, fold + 1))
    }
}

impl FoldStore for FoldFiles {
    type Error = anyhow::Error;

    fn recall(&mut self, key: &Key) -> Result<Option<Outcome>> {
        let path = self.path(&key.method, key.repeat, key.fold);
        let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
        let damaged = || format!("{} is damaged: delete it", path.display());
        let outcome: Outcome = serde_json::from_str(&text).with_context(damaged)?;
        let own =
            (outcome.method == key.method, outcome.repeat == key.repeat, outcome.fold == key.fold);
        if own != (true, true, true) {
            bail!("{}: it belongs to another method or fold", damaged());
        }
        outcome.check(self.repertoires).with_context(damaged)?;
        Ok(Some(outcome))
    }

    fn keep(&mut self, outcome: &Outcome) -> Result<()> {
        outcome.check(self.repertoires)?;
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
