//! The configuration of a pre-training: a file, and what the command line overrides.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;
use reperio_model::config::ModelConfig;
use reperio_model::pretrain::{PretrainConfig, PretrainingConfig, ViewChoice};
use serde::{Deserialize, Serialize};

use crate::arguments::run_config::Provenance;
use crate::shell::paths;

/// What a person changes from run to run.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Pre-training")]
pub(crate) struct PretrainingArgs {
    /// Config file (TOML) with the settings of `[model]` and `[pretraining]` that differ from the defaults
    #[arg(long, value_name = "TOML")]
    pub(crate) config: Option<PathBuf>,
    /// Seed of all random numbers [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Largest number of passes over the subjects [default: 30]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// The two views that are brought together [default: subjects where at least half of them have
    /// several repertoires, else halves]
    #[arg(long, value_name = "VIEWS")]
    views: Option<ViewsName>,
}

/// What the two views are.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ViewsName {
    /// Disjoint random halves of the clonotypes of a repertoire
    Halves,
    /// Two repertoires of a subject (visits, or two loci). What differs between them is learned to be ignored
    Subjects,
}

/// The config file of a base. Only files that `pretrain` wrote have `[run]`, which is ignored on reading.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Provenance>,
    model: ModelConfig,
    pretraining: PretrainingConfig,
}

impl PretrainingArgs {
    /// The config file with what the command line overrides.
    pub(crate) fn resolve(&self) -> Result<PretrainConfig> {
        let mut config = match &self.config {
            Some(path) => read(path)?,
            None => PretrainConfig::default(),
        };
        let own = &mut config.pretraining;
        own.seed = self.seed.unwrap_or(own.seed);
        own.epochs = self.epochs.unwrap_or(own.epochs);
        own.views = match self.views {
            Some(ViewsName::Halves) => ViewChoice::Halves,
            Some(ViewsName::Subjects) => ViewChoice::Subjects,
            None => own.views,
        };
        config.validate()?;
        Ok(config)
    }
}

fn read(path: &Path) -> Result<PretrainConfig> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let File { model, pretraining, .. } = toml::from_str(&text).with_context(|| {
        format!("{} is not a valid config file of a pre-training", path.display())
    })?;
    let config = PretrainConfig { model, pretraining };
    config.validate().with_context(|| path.display().to_string())?;
    Ok(config)
}

/// Writes the resolved `config.toml` of a base.
pub(crate) fn write(folder: &Path, config: &PretrainConfig, run: Provenance) -> Result<()> {
    let PretrainConfig { model, pretraining } = config.clone();
    let text = toml::to_string(&File { run: Some(run), model, pretraining })?;
    paths::write_text(&folder.join("config.toml"), &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_s_config_can_be_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = PretrainConfig::default();
        config.pretraining.views = ViewChoice::Halves;
        write(dir.path(), &config, Provenance::new("00".to_owned(), vec!["reperio".to_owned()]))
            .unwrap();
        let path = dir.path().join("config.toml");
        assert!(fs::read_to_string(&path).unwrap().contains("[pretraining]"));
        assert_eq!(read(&path).unwrap(), config);
    }
}
