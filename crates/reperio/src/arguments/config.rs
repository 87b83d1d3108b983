//! The configuration of a model: a file, and what the command line overrides.

use std::path::PathBuf;

use anyhow::Result;
use reperio_model::config::Config;
use reperio_model::parts::Part;

use crate::arguments::run_config;

/// What a person changes from run to run.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Training")]
pub(crate) struct ConfigArgs {
    /// Config file (TOML) with the settings that differ from the defaults
    #[arg(long, value_name = "TOML")]
    pub(crate) config: Option<PathBuf>,
    /// Seed of all random numbers [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Largest number of passes over the training repertoires
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Parts to learn, separated by commas: network, kmers, clones, genes, depth [default: all but
    /// depth]. A part that does not help gets no weight
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    parts: Vec<Part>,
    /// Learn from the number of clonotypes and copies too. Depth often reflects how samples were prepared, not who
    /// is ill
    #[arg(long)]
    use_depth: bool,
}

impl ConfigArgs {
    /// The config file with what the command line overrides.
    pub(crate) fn resolve(&self) -> Result<Config> {
        let mut config = run_config::read(self.config.as_deref())?;
        let training = &mut config.training;
        training.seed = self.seed.unwrap_or(training.seed);
        training.epochs = self.epochs.unwrap_or(training.epochs);
        if !self.parts.is_empty() {
            config.parts.include.clone_from(&self.parts);
        }
        let parts = &mut config.parts.include;
        if self.use_depth && !parts.contains(&Part::Depth) {
            parts.push(Part::Depth);
        }
        config.validate()?;
        Ok(config)
    }
}
