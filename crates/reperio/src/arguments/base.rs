//! The pre-trained base that a training starts from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use reperio_model::config::Config;
use reperio_model::parts::Part;
use reperio_model::pretrain::Base;

/// What the network starts from.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct FromArgs {
    /// Start the network from this base (see `reperio pretrain`), whose `[model]` section it then has
    #[arg(long = "from", value_name = "BASE")]
    base: Option<PathBuf>, // Its name in Python, where `from` is no name.
}

impl FromArgs {
    /// The file that is read.
    pub(crate) fn source(&self) -> Option<PathBuf> {
        self.base.as_deref().map(Base::file)
    }

    /// Reads the base and gives `config` its network. `file` is the config file, which may not say otherwise.
    pub(crate) fn open(&self, config: &mut Config, file: Option<&Path>) -> Result<Option<Base>> {
        let Some(path) = &self.base else { return Ok(None) };
        if !config.parts.include.contains(&Part::Network) {
            let names: Vec<&str> = config.parts.include.iter().map(|part| part.name()).collect();
            bail!(
                "--from is where the network starts, and there is none in --parts {}: leave out one of them",
                names.join(",")
            );
        }
        let base = Base::load(path)?;
        if let Some(file) = file {
            check(file, &base)?;
        }
        config.model = base.model().clone();
        Ok(Some(base))
    }
}

/// Refuses a config file whose `[model]` differs from that of the base in what it states.
fn check(file: &Path, base: &Base) -> Result<()> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let stated: toml::Table =
        toml::from_str(&text).with_context(|| format!("{} is not valid TOML", file.display()))?;
    let Some(stated) = stated.get("model").and_then(toml::Value::as_table) else { return Ok(()) };
    // As the file would be read and written: 1 and 1.0 are one number.
    let asked: reperio_model::config::ModelConfig = stated.clone().try_into()?;
    let (asked, own) = (toml::Table::try_from(asked)?, toml::Table::try_from(base.model())?);
    for key in stated.keys() {
        let text = |table: &toml::Table| {
            table.get(key).map_or_else(|| "not set".to_owned(), ToString::to_string)
        };
        let (asked, own) = (text(&asked), text(&own));
        if asked != own {
            bail!(
                "{}: `model.{key}` is {asked}, and {own} in the base: leave it out, or pre-train with it",
                file.display()
            );
        }
    }
    Ok(())
}
