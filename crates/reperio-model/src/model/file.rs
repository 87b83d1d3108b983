//! The model file: safetensors with metadata, so that the file alone is enough to score.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use candle_core::Device;
use reperio_data::atomic;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::stored::{self, StoredTarget};
use super::{FORMAT, Model, ModelInfo, NetworkParameters, TargetModel};
use crate::parts::Part;
use crate::pretrain::{self, Base};
use crate::tensors::{self, Named, TensorsError};

/// Key of the model's description in the file's metadata.
pub(crate) const KEY: &str = "reperio.model";
/// The layout of files that hold a network and nothing else.
const NETWORK_ONLY: u64 = 1;

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// It cannot be read.
    #[error("cannot read model {path}")]
    Io {
        /// File.
        path: PathBuf,
        /// Operating-system reason.
        source: io::Error,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] atomic::WriteError),
    /// Its bytes are damaged.
    #[error("model {path} is damaged or not a model")]
    Damaged {
        /// File.
        path: PathBuf,
        /// What is wrong.
        source: TensorsError,
    },
    /// Its content is not what was written.
    #[error("model {path} is damaged: its checksum does not match its contents")]
    Checksum {
        /// File.
        path: PathBuf,
    },
    /// A safetensors file of something else.
    #[error(
        "{path} is a safetensors file without a Reperio model, expected the metadata key `{KEY}`"
    )]
    NotAModel {
        /// File.
        path: PathBuf,
    },
    /// A pre-trained base.
    #[error(
        "{path} is a pre-trained base without a classifier: train one from it with `reperio train --from`"
    )]
    IsBase {
        /// File.
        path: PathBuf,
    },
    /// A model of another version.
    #[error("model {path} has format version {found}, this program reads versions 1 and {FORMAT}")]
    OtherVersion {
        /// File.
        path: PathBuf,
        /// Version found.
        found: u64,
    },
    /// The description does not parse.
    #[error("the description of model {path} is not valid")]
    Description {
        /// File.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The description is out of range.
    #[error("the configuration of model {path} is out of range")]
    Config {
        /// File.
        path: PathBuf,
        /// What is wrong.
        source: crate::config::InvalidConfig,
    },
    /// The parameters do not fit the description.
    #[error("the parameters of model {path} do not fit its description")]
    Parameters {
        /// File.
        path: PathBuf,
        /// What is wrong.
        source: candle_core::Error,
    },
}

impl Model {
    /// Writes the model to `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    ///
    /// # Panics
    ///
    /// Never: a model's description is plain data.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        let damaged = |source| ModelError::Damaged { path: path.to_owned(), source };
        let bytes = self.bytes().map_err(damaged)?;
        atomic::write(path, |file| file.write_all(&bytes))?;
        Ok(())
    }

    /// SHA-256 of the file that [`save`](Self::save) writes, in hexadecimal digits: what belongs to a model can name it
    /// before its file is there.
    ///
    /// # Errors
    ///
    /// If a tensor cannot be read.
    pub fn sha256(&self) -> Result<String, TensorsError> {
        Ok(format!("{:x}", Sha256::digest(self.bytes()?)))
    }

    /// SHA-256 of the model file that `path` means, in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn sha256_of(path: &Path) -> Result<String, ModelError> {
        let path = Self::file(path);
        let bytes = read(&path).map_err(|source| ModelError::Io { path, source })?;
        Ok(format!("{:x}", Sha256::digest(bytes)))
    }

    /// The bytes of its file: the same for the same model.
    fn bytes(&self) -> Result<Vec<u8>, TensorsError> {
        let mut all = Vec::new();
        for (i, member) in self.members.iter().enumerate() {
            let named =
                |(name, value): &(String, _)| (format!("member.{i}.{name}"), Clone::clone(value));
            all.extend(member.iter().map(named));
        }
        let (parts, tables) = stored::pack(&self.targets)?;
        all.extend(tables);
        all.sort_by(|a, b| a.0.cmp(&b.0));
        let description = Description { info: &self.info, parts };
        let text = serde_json::to_string(&description).expect("a description is plain data");
        let text = tensors::sealed(&text, &all)?;
        tensors::to_bytes(&all, &[(KEY, text)])
    }

    /// The model file that `path` means: itself, or that of a run folder.
    pub fn file(path: &Path) -> PathBuf {
        if !path.is_dir() {
            return path.to_owned();
        }
        let (model, base) = (path.join("model.safetensors"), Base::file(path));
        if !model.exists() && base.exists() { base } else { model }
    }

    /// Reads a model from `path`: a model file, or a run folder that holds `model.safetensors`.
    ///
    /// # Errors
    ///
    /// See [`ModelError`].
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let path = Self::file(path);
        let bytes = read(&path).map_err(|source| ModelError::Io { path: path.clone(), source })?;
        let (tensors, metadata) = tensors::from_bytes(&bytes, &Device::Cpu)
            .map_err(|source| ModelError::Damaged { path: path.clone(), source })?;
        let Some(text) = metadata.get(KEY) else {
            return Err(if metadata.contains_key(pretrain::KEY) {
                ModelError::IsBase { path }
            } else {
                ModelError::NotAModel { path }
            });
        };
        let (text, sha256) = tensors::unsealed(text);
        // The version first: another version may seal its files differently.
        let (value, version) = versioned(&path, &text)?;
        match sha256 {
            None => tracing::warn!(
                "{} was written before models had a checksum: damage to its numbers cannot be detected",
                path.display()
            ),
            Some(sha256) => {
                let found = tensors::sha256(&tensors, &text);
                if found.map_err(|source| ModelError::Damaged { path: path.clone(), source })?
                    != sha256
                {
                    return Err(ModelError::Checksum { path });
                }
            }
        }
        let (info, parts) = describe(&path, value, version)?;
        let unfit = |source| ModelError::Parameters { path: path.clone(), source };
        let (members, tables) = divide(tensors).map_err(unfit)?;
        let targets = match parts {
            Some(parts) => stored::unpack(parts, tables).map_err(unfit)?,
            None if members.is_empty() => return Err(ModelError::NotAModel { path }),
            None => info.targets.iter().map(TargetModel::network_only).collect(),
        };
        Self::new(info, Some(members), targets).map_err(unfit)
    }
}

/// The bytes of a regular file: a device may never end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_file() {
        fs::read(path)
    } else {
        Err(io::Error::other("not a regular file"))
    }
}

/// The parameters of each member of the network, and the other tensors.
fn divide(tensors: Named) -> Result<(Vec<NetworkParameters>, Named), candle_core::Error> {
    let mut members: BTreeMap<usize, NetworkParameters> = BTreeMap::new();
    let mut others = Named::new();
    for (name, value) in tensors {
        let member = name.strip_prefix("member.").and_then(|rest| rest.split_once('.'));
        match member.and_then(|(index, own)| Some((index.parse().ok()?, own.to_owned()))) {
            Some((index, own)) => members.entry(index).or_default().push((own, value)),
            None => others.push((name, value)),
        }
    }
    if members.keys().copied().ne(0..members.len()) {
        candle_core::bail!("members {:?} of the network, expected 0, 1, ...", members.keys());
    }
    Ok((members.into_values().collect(), others))
}

/// The content of the file's metadata. It is one text, because the order of several texts would differ between files.
#[derive(Serialize)]
struct Description<'a> {
    #[serde(flatten)]
    info: &'a ModelInfo,
    parts: Vec<StoredTarget>,
}

/// A description of a version that is known, and that version.
fn versioned(path: &Path, text: &str) -> Result<(serde_json::Value, u64), ModelError> {
    let bad = |source| ModelError::Description { path: path.to_owned(), source };
    let value: serde_json::Value = serde_json::from_str(text).map_err(bad)?;
    let found = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if found != u64::from(FORMAT) && found != NETWORK_ONLY {
        return Err(ModelError::OtherVersion { path: path.to_owned(), found });
    }
    Ok((value, found))
}

/// The description of a model, and its parts if it has any beside the network.
fn describe(
    path: &Path,
    mut value: serde_json::Value,
    found: u64,
) -> Result<(ModelInfo, Option<Vec<StoredTarget>>), ModelError> {
    let bad = |source| ModelError::Description { path: path.to_owned(), source };
    let parts = value.get_mut("parts").map(serde_json::Value::take);
    let parts = parts.map(serde_json::from_value).transpose().map_err(bad)?;
    if parts.is_none() && found != NETWORK_ONLY {
        return Err(ModelError::NotAModel { path: path.to_owned() });
    }
    let mut info: ModelInfo = serde_json::from_value(value).map_err(bad)?;
    if found == NETWORK_ONLY {
        tracing::warn!(
            "{} was trained before models had parts: it holds only a network; train again to add the other parts",
            path.display()
        );
        info.config.parts.include = vec![Part::Network];
    }
    info.config
        .validate()
        .map_err(|source| ModelError::Config { path: path.to_owned(), source })?;
    Ok((info, parts))
}
