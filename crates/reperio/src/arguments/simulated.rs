//! A folder that `simulate` wrote.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use reperio_baselines::compare::Truth;
use reperio_data::simulate::SimulationConfig;

/// What `simulate` wrote beside a cohort.
pub(crate) struct Simulated {
    /// The resolved configuration.
    pub(crate) config: SimulationConfig,
    /// What was implanted where.
    pub(crate) truth: Truth,
}

impl Simulated {
    /// Reads both from the folder that `simulate` wrote.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("simulation.toml");
        let text = fs::read_to_string(&path).with_context(|| {
            format!("cannot read {}, expected a folder that `simulate` wrote", path.display())
        })?;
        let config =
            toml::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Self { config, truth: Truth::read(&folder.join("truth.tsv.gz"))? })
    }
}
