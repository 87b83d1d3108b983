//! The base: a pre-trained network without a head, and its file.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use candle_core::Device;
use rayon::prelude::*;
use reperio_data::atomic;
use reperio_data::repertoire::{GeneVocabulary, Repertoire};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::config::PretrainConfig;
use super::figures::Figures;
use super::views::Views;
use crate::config::ModelConfig;
use crate::model;
use crate::network::{Inheritance, Network, is_of_head};
use crate::tensors::{self, Named, TensorsError};

/// Key of the base's description in the file's metadata.
pub(crate) const KEY: &str = "reperio.base";
/// Version of the file's layout.
pub(super) const FORMAT: u32 = 1;
/// Name of the file in its folder.
const NAME: &str = "base.safetensors";

/// Everything about a base except its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaseInfo {
    /// Version of the file's layout.
    pub format: u32,
    /// Version of the program that made it.
    pub version: String,
    /// Configuration that it was made with.
    pub config: PretrainConfig,
    /// Genes that it knows.
    pub genes: GeneVocabulary,
    /// What the two views of a subject were.
    pub views: Views,
    /// Repertoires that it has seen.
    pub repertoires: usize,
    /// How held-out subjects found each other.
    pub held_out: Figures,
    /// First half of the SHA-256 of each one's clonotypes, in hexadecimal digits, sorted. They say whether somebody who has a
    /// repertoire has one of these; they name nobody.
    pub seen: Vec<String>,
}

/// A pre-trained network that a training can start from.
#[derive(Debug)]
pub struct Base {
    info: BaseInfo,
    parameters: Named,
    sha256: String,
}

/// What a training started from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaseUse {
    /// SHA-256 of the base's file.
    pub sha256: String,
    /// Repertoires that the base has seen.
    pub repertoires: usize,
    /// Repertoires of this cohort or training part.
    pub here: usize,
    /// Those of them that the base has seen, without their labels.
    pub seen: usize,
}

impl BaseUse {
    /// Of `base` for `repertoires`.
    pub fn new(base: &Base, repertoires: &[&Repertoire]) -> Self {
        Self {
            sha256: base.sha256.clone(),
            repertoires: base.info.repertoires,
            here: repertoires.len(),
            seen: base.seen_among(repertoires),
        }
    }
}

/// Why a base cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaseError {
    /// It cannot be read.
    #[error("cannot read base {path}")]
    Io {
        /// File.
        path: PathBuf,
        /// Operating-system reason.
        source: io::Error,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] atomic::WriteError),
    /// Its content is not what was written.
    #[error("base {path} is damaged or not a base")]
    Damaged {
        /// File.
        path: PathBuf,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A safetensors file of something else.
    #[error("{path} is {found}, expected the base that `reperio pretrain` writes")]
    NotABase {
        /// File.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// A base of another version.
    #[error("base {path} has format version {found}, this program reads version {FORMAT}")]
    OtherVersion {
        /// File.
        path: PathBuf,
        /// Version found.
        found: u64,
    },
    /// A tensor cannot be read.
    #[error(transparent)]
    Tensors(#[from] TensorsError),
}

/// The first half of the SHA-256 of the clonotypes of each of `repertoires`, sorted.
pub(super) fn seen(repertoires: &[&Repertoire]) -> Vec<String> {
    let mut all: Vec<String> = repertoires.par_iter().map(|own| fingerprint(own)).collect();
    all.sort_unstable();
    all
}

fn fingerprint(repertoire: &Repertoire) -> String {
    let whole = repertoire.fingerprints().clonotypes;
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    format!("{:032x}", u128::from_be_bytes(half))
}

impl Base {
    /// The base of a pre-trained network.
    pub(super) fn of(info: BaseInfo, network: &Network) -> Result<Self, BaseError> {
        let mut parameters = network.snapshot().map_err(TensorsError::from)?;
        parameters.retain(|(name, _)| !is_of_head(name));
        parameters.sort_by(|a, b| a.0.cmp(&b.0));
        let mut own = Self { info, parameters, sha256: String::new() };
        own.sha256 = format!("{:x}", Sha256::digest(own.bytes()?));
        Ok(own)
    }

    /// Everything except the parameters.
    pub fn info(&self) -> &BaseInfo {
        &self.info
    }

    /// SHA-256 of its file, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The configuration that a network from it has.
    pub fn model(&self) -> &ModelConfig {
        &self.info.config.model
    }

    /// How many of `repertoires` the base has seen: those with the same clonotypes, whatever their counts.
    pub fn seen_among(&self, repertoires: &[&Repertoire]) -> usize {
        let known: BTreeSet<&String> = self.info.seen.iter().collect();
        repertoires.par_iter().filter(|own| known.contains(&fingerprint(own))).count()
    }

    /// What a network takes over.
    pub(crate) fn inheritance(&self) -> Inheritance<'_> {
        Inheritance { parameters: &self.parameters, genes: &self.info.genes }
    }

    /// The bytes of its file: the same for the same base.
    fn bytes(&self) -> Result<Vec<u8>, TensorsError> {
        let text = serde_json::to_string(&self.info).expect("a description is plain data");
        let text = tensors::sealed(&text, &self.parameters)?;
        tensors::to_bytes(&self.parameters, &[(KEY, text)])
    }

    /// Writes the base to `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), BaseError> {
        let bytes = self.bytes()?;
        atomic::write(path, |file| file.write_all(&bytes))?;
        Ok(())
    }

    /// The base file that `path` means: itself, or that of a folder.
    pub fn file(path: &Path) -> PathBuf {
        if path.is_dir() { path.join(NAME) } else { path.to_owned() }
    }

    /// Reads a base from `path`: its file, or the folder that `reperio pretrain` wrote.
    ///
    /// # Errors
    ///
    /// See [`BaseError`].
    pub fn load(path: &Path) -> Result<Self, BaseError> {
        let model_of_folder = path.join("model.safetensors");
        let path = Self::file(path);
        let not_a_base = |found| BaseError::NotABase { path: path.clone(), found };
        if !path.exists() && model_of_folder.exists() {
            return Err(not_a_base("missing in a folder that holds a trained model"));
        }
        let bytes =
            model::read(&path).map_err(|source| BaseError::Io { path: path.clone(), source })?;
        let damaged = |source: Box<dyn std::error::Error + Send + Sync>| BaseError::Damaged {
            path: path.clone(),
            source,
        };
        let (parameters, metadata) =
            tensors::from_bytes(&bytes, &Device::Cpu).map_err(|err| damaged(err.into()))?;
        let Some(text) = metadata.get(KEY) else {
            let is_model = metadata.contains_key(model::KEY);
            return Err(not_a_base(if is_model { "a trained model" } else { "of something else" }));
        };
        let (text, sealed) = tensors::unsealed(text);
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|err| damaged(err.into()))?;
        let found = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if found != u64::from(FORMAT) {
            return Err(BaseError::OtherVersion { path, found });
        }
        let sum = tensors::sha256(&parameters, &text).map_err(|err| damaged(err.into()))?;
        if sealed.as_ref() != Some(&sum) {
            return Err(damaged("its checksum does not match its contents".into()));
        }
        let info: BaseInfo = serde_json::from_value(value).map_err(|err| damaged(err.into()))?;
        info.config.validate().map_err(|err| damaged(err.into()))?;
        check(&info, &parameters).map_err(|err| damaged(err.into()))?;
        Ok(Self { info, parameters, sha256: format!("{:x}", Sha256::digest(&bytes)) })
    }
}

/// Checks that the parameters are all of a network of the description, and no others.
fn check(info: &BaseInfo, parameters: &Named) -> candle_core::Result<()> {
    model::check_genes(&info.genes)?;
    let model = &info.config.model;
    let network = Network::new(&model.layout(&info.genes, model.heads)?, 1, model, 0)?;
    let expected: Vec<(&String, &[usize])> = network
        .params()
        .iter()
        .filter(|(name, _)| !is_of_head(name))
        .map(|(name, var)| (name, var.dims()))
        .collect();
    for &(name, shape) in &expected {
        let own = parameters.iter().find(|(other, _)| other == name);
        if own.is_none_or(|(_, value)| {
            value.dims() != shape || value.dtype() != candle_core::DType::F32
        }) {
            candle_core::bail!("parameter {name} is missing or has another shape than {shape:?}");
        }
    }
    if parameters.len() != expected.len() {
        candle_core::bail!("{} parameters, expected {}", parameters.len(), expected.len());
    }
    Ok(())
}
