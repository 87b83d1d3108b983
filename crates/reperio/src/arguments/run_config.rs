//! `config.toml`: the settings of a run, and in a run folder also its origin.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use reperio_model::background::{Background, BackgroundInfo};
use reperio_model::config::{
    Config, CovariatesConfig, DiscoveryConfig, ModelConfig, PartsConfig, TrainingConfig,
};
use serde::{Deserialize, Serialize};

use crate::shell::{Shell, paths};

/// A config file. Only files in run folders have `[run]`, which is ignored on reading, so such
/// a file can be given to `--config` directly.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RunConfig {
    /// Where the run came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Provenance>,
    /// The parts of the model.
    parts: PartsConfig,
    /// The network.
    model: ModelConfig,
    /// How its parameters are fitted.
    training: TrainingConfig,
    /// Discovery before the first update.
    discovery: DiscoveryConfig,
    /// Columns of the metadata beside the repertoires.
    #[serde(skip_serializing_if = "CovariatesConfig::is_empty")]
    covariates: CovariatesConfig,
}

/// Where a run came from.
#[derive(Serialize, Deserialize)]
pub(crate) struct Provenance {
    /// Version of the program.
    version: String,
    /// Commit that it was built from.
    commit: String,
    /// Command line.
    command: Vec<String>,
    /// Threads in use; no result depends on them.
    threads: usize,
    /// The repertoires of the run as the program saw them.
    cohort_sha256: String,
    /// Unlabelled repertoires that the training knew, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    background: Option<BackgroundInfo>,
}

impl Provenance {
    /// That of this process.
    pub(crate) fn new(cohort_sha256: String, command: Vec<String>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: env!("REPERIO_COMMIT").to_owned(),
            command,
            threads: Shell::threads(),
            cohort_sha256,
            background: None,
        }
    }
}

/// Where the run in a folder came from, whatever else its file says.
#[derive(Deserialize)]
struct Origin {
    run: Option<Provenance>,
}

/// Reads a config file; without one, the default model is used.
pub(crate) fn read(path: Option<&Path>) -> Result<Config> {
    let Some(path) = path else { return Ok(Config::default()) };
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let RunConfig { parts, model, training, discovery, covariates, .. } = toml::from_str(&text)
        .with_context(|| format!("{} is not a valid config file", path.display()))?;
    let config = Config { parts, model, training, discovery, covariates };
    config.validate().with_context(|| path.display().to_string())?;
    Ok(config)
}

/// Whether `folder` holds a run of the command called `name`.
pub(crate) fn is_of(folder: &Path, name: &str) -> bool {
    let text = fs::read_to_string(folder.join("config.toml")).unwrap_or_default();
    let run = toml::from_str::<Origin>(&text).ok().and_then(|config| config.run);
    run.is_some_and(|run| run.command.iter().skip(1).any(|word| word == name))
}

/// Writes the resolved `config.toml` of a run.
pub(crate) fn write(
    folder: &Path,
    config: &Config,
    (cohort_sha256, background): (String, Option<&Background>),
    command: Vec<String>,
) -> Result<()> {
    let Config { parts, model, training, discovery, covariates } = config.clone();
    let run = Some(Provenance {
        background: background.map(|own| own.info().clone()),
        ..Provenance::new(cohort_sha256, command)
    });
    let text = toml::to_string(&RunConfig { run, parts, model, training, discovery, covariates })?;
    paths::write_text(&folder.join("config.toml"), &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs");

    /// Prints what the file should hold if it does not.
    fn check(name: &str, expected: &Config) {
        let found = read(Some(&Path::new(CONFIGS).join(name))).unwrap();
        let text = toml::to_string(expected).unwrap();
        assert!(found == *expected, "configs/{name} should read:\n{text}");
    }

    #[test]
    fn the_committed_configs_are_the_built_in_ones() {
        check("default.toml", &Config::default());
        check("deeprc.toml", &Config::deeprc());
        check("deeprc-lstm.toml", &Config::deeprc_lstm());
    }

    #[test]
    fn a_run_folder_s_config_can_be_read_back() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &Config::deeprc(), ("00".to_owned(), None), vec![]).unwrap();
        let text = fs::read_to_string(dir.path().join("config.toml")).unwrap();
        assert!(text.starts_with("[run]\nversion = "), "{text}");
        assert_eq!(read(Some(&dir.path().join("config.toml"))).unwrap(), Config::deeprc());
    }
}
