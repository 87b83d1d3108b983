//! The model file: safetensors whose metadata makes it sufficient on its own.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use candle_core::Device;
use reperio_data::atomic;
use serde::Serialize;

use super::stored::{self, StoredTarget};
use super::{FORMAT, Model, ModelInfo, TargetModel};
use crate::parts::Part;
use crate::tensors::{self, TensorsError};

/// Key of the model's description in the file's metadata.
const KEY: &str = "reperio.model";
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
    /// A safetensors file of something else.
    #[error(
        "{path} is a safetensors file without a Reperio model, expected the metadata key `{KEY}`"
    )]
    NotAModel {
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
    #[error("the description of model {path} cannot be understood")]
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
        let mut all = Vec::new();
        for (i, member) in self.members.iter().enumerate() {
            let named =
                |(name, value): &(String, _)| (format!("member.{i}.{name}"), Clone::clone(value));
            all.extend(member.iter().map(named));
        }
        let damaged = |source| ModelError::Damaged { path: path.to_owned(), source };
        let (parts, tables) = stored::pack(&self.targets).map_err(|err| damaged(err.into()))?;
        all.extend(tables);
        let description = Description { info: &self.info, parts };
        let text = serde_json::to_string(&description).expect("a description is plain data");
        let bytes = tensors::to_bytes(&all, &[(KEY, text)]).map_err(damaged)?;
        atomic::write(path, |file| file.write_all(&bytes))?;
        Ok(())
    }

    /// Reads a model from `path`: a model file, or a run folder that holds `model.safetensors`.
    ///
    /// # Errors
    ///
    /// See [`ModelError`].
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let path = if path.is_dir() { path.join("model.safetensors") } else { path.to_owned() };
        let bytes =
            fs::read(&path).map_err(|source| ModelError::Io { path: path.clone(), source })?;
        let (tensors, metadata) = tensors::from_bytes(&bytes, &Device::Cpu)
            .map_err(|source| ModelError::Damaged { path: path.clone(), source })?;
        let Some(text) = metadata.get(KEY) else { return Err(ModelError::NotAModel { path }) };
        let (info, parts) = describe(&path, text)?;
        let mut members: Vec<Vec<_>> = Vec::new();
        for index in 0.. {
            let prefix = format!("member.{index}.");
            let strip = |(name, value): &(String, _)| {
                Some((name.strip_prefix(&prefix)?.to_owned(), Clone::clone(value)))
            };
            let member: Vec<_> = tensors.iter().filter_map(strip).collect();
            if member.is_empty() {
                break;
            }
            members.push(member);
        }
        let targets = match parts {
            Some(parts) => stored::unpack(parts, &tensors)
                .map_err(|source| ModelError::Parameters { path: path.clone(), source })?,
            None if members.is_empty() => return Err(ModelError::NotAModel { path }),
            None => info.targets.iter().map(TargetModel::network_only).collect(),
        };
        Self::new(info, Some(members), targets)
            .map_err(|source| ModelError::Parameters { path, source })
    }
}

/// What stands in the file's metadata. One text: the order of several would differ from file to file.
#[derive(Serialize)]
struct Description<'a> {
    #[serde(flatten)]
    info: &'a ModelInfo,
    parts: Vec<StoredTarget>,
}

/// The description of a model, and its parts if it has any beside the network.
fn describe(path: &Path, text: &str) -> Result<(ModelInfo, Option<Vec<StoredTarget>>), ModelError> {
    let bad = |source| ModelError::Description { path: path.to_owned(), source };
    // The version first: the rest of another version's description need not parse.
    let mut value: serde_json::Value = serde_json::from_str(text).map_err(bad)?;
    let found = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if found != u64::from(FORMAT) && found != NETWORK_ONLY {
        return Err(ModelError::OtherVersion { path: path.to_owned(), found });
    }
    let parts = value.get_mut("parts").map(serde_json::Value::take);
    let parts = parts.map(serde_json::from_value).transpose().map_err(bad)?;
    if parts.is_none() && found != NETWORK_ONLY {
        return Err(ModelError::NotAModel { path: path.to_owned() });
    }
    let mut info: ModelInfo = serde_json::from_value(value).map_err(bad)?;
    if found == NETWORK_ONLY {
        tracing::warn!(
            "{} was trained before models had parts: it is a network only; train again to add the others",
            path.display()
        );
        info.config.parts.include = vec![Part::Network];
    }
    info.config
        .validate()
        .map_err(|source| ModelError::Config { path: path.to_owned(), source })?;
    Ok((info, parts))
}
