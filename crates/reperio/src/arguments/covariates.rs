//! Columns of the metadata beside the repertoires.

use anyhow::{Result, bail};
use reperio_data::metadata::Metadata;
use reperio_model::config::Config;
use reperio_model::covariates::Covariates;

/// Columns that a model learns from, or does not learn.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Covariates")]
pub(crate) struct CovariateArgs {
    /// Column that is a part of the model beside the repertoires, such as age; may be repeated. Numbers, classes, missing
    /// values. A score then needs it too; a missing value adds nothing
    #[arg(long, value_name = "COLUMN")]
    covariate: Vec<String>,
    /// Column whose say is removed, such as age or batch; may be repeated. The parts learn what it does not explain, and a
    /// score is without it
    #[arg(long, value_name = "COLUMN")]
    adjust: Vec<String>,
}

impl CovariateArgs {
    /// Puts the columns into `config`, in place of those of a config file.
    pub(crate) fn resolve(&self, config: &mut Config) -> Result<()> {
        if !self.covariate.is_empty() {
            config.covariates.include.clone_from(&self.covariate);
        }
        if !self.adjust.is_empty() {
            config.covariates.adjust.clone_from(&self.adjust);
        }
        if config.covariates.memory && config.covariates.include.is_empty() {
            bail!(
                "`covariates.memory` is true and there is nothing to remember: name columns with --covariate or in `covariates.include`"
            );
        }
        Ok(config.validate()?)
    }
}

/// The covariates of `config` that `metadata` has. A target is none.
pub(crate) fn read(config: &Config, metadata: &Metadata, targets: &[String]) -> Result<Covariates> {
    let columns = config.covariates.columns();
    if let Some(column) = columns.iter().find(|column| targets.contains(column)) {
        bail!("covariate {column:?} is a target, expected another column");
    }
    Ok(Covariates::read(metadata, &columns)?)
}
