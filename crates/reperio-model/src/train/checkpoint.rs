//! Checkpoints: everything that training needs to continue to the same last bit.
//!
//! A checkpoint is a folder with `state.safetensors`, which is replaced as a whole after every epoch. It holds the current
//! and best parameters of the member in training, the moments of the optimizer and the parameters of
//! finished members. Its metadata has the state of training, a fingerprint of the training data, and a checksum
//! of everything.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{Device, Tensor};
use reperio_data::atomic;
use reperio_data::encode::EncodedRepertoire;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::member::Snapshot;
use super::network::Run;
use super::report::{EpochReport, MemberReport};
use crate::bag::InstructionSet;
use crate::pretrain::Base;
use crate::tensors;

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It cannot be read or written.
    #[error("cannot access checkpoint {path}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Operating-system reason.
        source: io::Error,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] atomic::WriteError),
    /// Its content is damaged.
    #[error("checkpoint {path} is damaged")]
    Damaged {
        /// File.
        path: PathBuf,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It belongs to another run.
    #[error(
        "checkpoint {path} belongs to other data, another configuration or another version, \
         expected the same: train into a new folder or remove it"
    )]
    OtherRun {
        /// File.
        path: PathBuf,
    },
}

/// The state of the member in training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progressed {
    /// Epochs finished.
    pub(crate) epoch: usize,
    /// Updates finished in the current epoch.
    pub(crate) updates: usize,
    /// Bits of the sum of the losses of those updates; bits, so that text does not round them.
    loss_bits: u64,
    /// Epoch with the lowest validation loss.
    pub(crate) best_epoch: usize,
    /// Bits of that loss.
    best_bits: Option<u64>,
    /// Losses so far.
    pub(crate) epochs: Vec<EpochReport>,
}

impl Progressed {
    pub(crate) fn loss(&self) -> f64 {
        f64::from_bits(self.loss_bits)
    }

    /// Whether a training can stand here: the best epoch is not one to come, and the loss is a number.
    fn is_possible(&self) -> bool {
        self.best_epoch <= self.epoch && self.loss().is_finite()
    }

    pub(crate) fn add(&mut self, loss: f64) {
        self.loss_bits = (self.loss() + loss).to_bits();
        self.updates += 1;
    }

    pub(crate) fn start_epoch(&mut self) {
        self.epoch += 1;
        self.updates = 0;
        self.loss_bits = 0;
    }

    /// Whether the validation loss after the current epoch is the lowest so far; remembers it if so.
    /// Without one, later is better.
    pub(crate) fn improves(&mut self, loss: Option<f64>) -> bool {
        let lowest = self.best_bits.map(f64::from_bits);
        let improves = lowest.is_none_or(|lowest| loss.is_none_or(|loss| loss < lowest));
        if improves {
            self.best_bits = loss.map(f64::to_bits);
            self.best_epoch = self.epoch;
        }
        improves
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    fingerprint: String,
    /// Instructions of the processor that computed it; empty where they were not noted.
    #[serde(default)]
    instructions: String,
    finished: Vec<MemberReport>,
    member: Option<Progressed>,
}

/// What a checkpoint holds of the member in training.
pub(crate) struct Unfinished {
    pub(crate) parameters: Snapshot,
    pub(crate) best: Snapshot,
    pub(crate) optimizer: Snapshot,
    pub(crate) progressed: Progressed,
}

/// The checkpoint of a run, or nothing if none was requested.
pub(crate) struct Store {
    path: Option<PathBuf>,
    header: Header,
    tensors: Snapshot,
}

const HEADER: &str = "reperio.checkpoint";

impl Store {
    /// Opens the checkpoint in `folder`, which need not exist.
    pub(crate) fn open(
        folder: Option<&Path>,
        fingerprint: String,
    ) -> Result<Self, CheckpointError> {
        let instructions = format!("{:?}", InstructionSet::detect());
        let header = Header { fingerprint, instructions, finished: vec![], member: None };
        let mut store = Self { path: None, header, tensors: vec![] };
        let Some(folder) = folder else { return Ok(store) };
        let io = |source| CheckpointError::Io { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(io)?;
        let path = folder.join("state.safetensors");
        if path.exists() {
            store.load(&path)?;
        }
        store.path = Some(path);
        Ok(store)
    }

    fn load(&mut self, path: &Path) -> Result<(), CheckpointError> {
        let damaged = |source: Box<dyn std::error::Error + Send + Sync>| CheckpointError::Damaged {
            path: path.to_owned(),
            source,
        };
        let bytes = fs::read(path)
            .map_err(|source| CheckpointError::Io { path: path.to_owned(), source })?;
        let (tensors, metadata) =
            tensors::from_bytes(&bytes, &Device::Cpu).map_err(|err| damaged(err.into()))?;
        let text = metadata.get(HEADER).ok_or_else(|| damaged("no header".into()))?;
        let (text, sha256) = tensors::unsealed(text);
        let header: Header = serde_json::from_str(&text).map_err(|err| damaged(err.into()))?;
        if header.fingerprint != self.header.fingerprint {
            return Err(CheckpointError::OtherRun { path: path.to_owned() });
        }
        let found = tensors::sha256(&tensors, &text).map_err(|err| damaged(err.into()))?;
        if sha256.as_ref() != Some(&found) {
            return Err(damaged("its checksum is not the one that was written with it".into()));
        }
        if !header.member.as_ref().is_none_or(Progressed::is_possible) {
            return Err(damaged("it describes a state that training never reaches".into()));
        }
        let (before, now) = (&header.instructions, &self.header.instructions);
        if before != now && !before.is_empty() {
            tracing::warn!(
                "{} was started with {before} and continues with {now}: the last bits of the model may differ from \
                 those of a run on one machine",
                path.display()
            );
        }
        self.header = Header { instructions: now.clone(), ..header };
        self.tensors = tensors;
        Ok(())
    }

    /// Parameters and report of a member that is already trained.
    pub(crate) fn finished(&self, index: usize) -> Option<(Snapshot, MemberReport)> {
        let report = self.header.finished.get(index)?;
        Some((self.part(&format!("member.{index}.")), report.clone()))
    }

    /// The state of member `index`, if it is the one in training.
    #[expect(clippy::unnecessary_wraps, reason = "the caller treats reading as fallible")]
    pub(crate) fn unfinished(&self, index: usize) -> Result<Option<Unfinished>, CheckpointError> {
        if self.header.finished.len() != index {
            return Ok(None);
        }
        Ok(self.header.member.as_ref().map(|progressed| Unfinished {
            parameters: self.part("now."),
            best: self.part("best."),
            optimizer: self.part("optimizer."),
            progressed: progressed.clone(),
        }))
    }

    fn part(&self, prefix: &str) -> Snapshot {
        let strip = |(name, value): &(String, Tensor)| {
            Some((name.strip_prefix(prefix)?.to_owned(), value.clone()))
        };
        self.tensors.iter().filter_map(strip).collect()
    }

    /// Saves the state of the member in training.
    pub(crate) fn save(
        &mut self,
        index: usize,
        parameters: &Snapshot,
        best: &Snapshot,
        optimizer: &Snapshot,
        progressed: &Progressed,
    ) -> Result<(), CheckpointError> {
        if self.path.is_none() {
            return Ok(());
        }
        self.keep_finished(index);
        for (prefix, part) in [("now.", parameters), ("best.", best), ("optimizer.", optimizer)] {
            let named = part.iter().map(|(name, value)| (format!("{prefix}{name}"), value.clone()));
            self.tensors.extend(named);
        }
        self.header.member = Some(progressed.clone());
        self.write()
    }

    /// Saves member `index` as trained.
    pub(crate) fn finish(
        &mut self,
        index: usize,
        best: &Snapshot,
        report: &MemberReport,
    ) -> Result<(), CheckpointError> {
        self.keep_finished(index);
        let named =
            best.iter().map(|(name, value)| (format!("member.{index}.{name}"), value.clone()));
        self.tensors.extend(named);
        self.header.finished.push(report.clone());
        self.header.member = None;
        self.write()
    }

    fn keep_finished(&mut self, index: usize) {
        debug_assert_eq!(self.header.finished.len(), index, "members are trained in order");
        self.tensors.retain(|(name, _)| name.starts_with("member."));
    }

    /// Replaces the file as a whole.
    fn write(&self) -> Result<(), CheckpointError> {
        let Some(path) = &self.path else { return Ok(()) };
        let damaged = |err: tensors::TensorsError| CheckpointError::Damaged {
            path: path.clone(),
            source: err.into(),
        };
        let header = serde_json::to_string(&self.header).expect("a header is plain data");
        let mut sorted = self.tensors.clone();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        let header = tensors::sealed(&header, &sorted).map_err(damaged)?;
        let bytes = tensors::to_bytes(&sorted, &[(HEADER, header)]).map_err(damaged)?;
        atomic::write(path, |file| file.write_all(&bytes))?;
        Ok(())
    }
}

/// A checksum of everything that decides the course of training.
pub(super) fn fingerprint(run: &Run<'_>) -> String {
    let mut hash = Sha256::new();
    let config = serde_json::to_string(run.training.config).expect("a config is plain data");
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(config);
    let training = run.training;
    if let Some(background) = training.cache.background() {
        hash.update(&background.info().sha256);
    }
    let all = 0..training.members.len();
    let groups: Vec<&str> = all.clone().map(|i| training.group(i)).collect();
    let ids: Vec<&str> = all.map(|i| training.id(i)).collect();
    hash.update(format!("{:?}{groups:?}{ids:?}{:?}", training.labels, run.left_out));
    for offset in training.offsets.iter().flatten() {
        hash.update(offset.to_le_bytes());
    }
    hash.update(run.context.base.map_or("", Base::sha256));
    hash_all(&mut hash, &run.encoded);
    format!("{:x}", hash.finalize())
}

/// Adds the content of `repertoires` to a checksum.
pub(crate) fn hash_all(hash: &mut Sha256, repertoires: &[Arc<EncodedRepertoire>]) {
    for bag in repertoires {
        hash.update(bag.residues());
        for offset in bag.offsets() {
            hash.update(offset.to_le_bytes());
        }
        for gene in bag.v().iter().chain(bag.j()) {
            hash.update(gene.to_le_bytes());
        }
        for count in bag.log_counts() {
            hash.update(count.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_with_the_lowest_loss_is_the_best_and_without_losses_the_last() {
        let mut progressed = Progressed::default();
        let found = [3.0, 2.0, 2.5, 2.0, 1.0].map(|loss| {
            progressed.start_epoch();
            (progressed.improves(Some(loss)), progressed.best_epoch)
        });
        assert_eq!(found, [(true, 1), (true, 2), (false, 2), (false, 2), (true, 5)]);
        let mut progressed = Progressed::default();
        let found = [1, 2].map(|_| {
            progressed.start_epoch();
            (progressed.improves(None), progressed.best_epoch)
        });
        assert_eq!(found, [(true, 1), (true, 2)]);
    }
}
