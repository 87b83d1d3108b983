//! The cohort of `train` and `evaluate`: repertoires, targets and groups.

use std::path::PathBuf;

use anyhow::{Result, bail};
use reperio_data::cohort::Cohort;
use reperio_data::metadata::Metadata;
use reperio_model::labels::{ChosenBy, KindName, Labels, TargetSpec};
use reperio_model::people::{self, People};

use crate::arguments::inputs::{self, ReadArgs};
use crate::shell::Shell;
use crate::shell::outputs::Sources;

/// Repertoires with labels.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct CohortArgs {
    /// Cohort store, repertoire file or folder of files
    #[arg(long, value_name = "COHORT")]
    pub(crate) cohort: PathBuf,
    /// Table of labels for the files, one row per repertoire (.tsv, .csv)
    #[arg(long, value_name = "TABLE")]
    pub(crate) metadata: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// The targets to predict.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Target")]
pub(crate) struct TargetArgs {
    /// Column to predict; may be repeated to predict several at once
    #[arg(long, value_name = "COLUMN", required = true)]
    pub(crate) target: Vec<String>,
    /// Value of the positive class; all other values are negative [default: inferred from the values]
    #[arg(long, value_name = "VALUE")]
    pub(crate) positive: Option<String>,
    /// Predict this target as a number; may be repeated [default: targets with more than ten different
    /// numbers]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) regression: Vec<String>,
    /// Column of groups that are never split between training and test; `repertoire_id` for no groups
    /// [default: a column of people whose values repeat, such as `subject_id`, `patient` or `donor`]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) group: Option<String>,
}

impl CohortArgs {
    /// Reads everything.
    ///
    /// Repertoires without clonotypes are left out, with a warning: nothing can be learned from them.
    pub(crate) fn load(&self, shell: &Shell) -> Result<Cohort> {
        let inputs = std::slice::from_ref(&self.cohort);
        let request = shell.request(inputs, self.metadata.as_ref(), self.read.options());
        let mut cohort = inputs::load(request, shell)?;
        for id in cohort.take_empty() {
            tracing::warn!("{id} has no clonotypes: it is left out");
        }
        Ok(cohort)
    }

    /// What is read.
    pub(crate) fn sources(&self) -> Sources<'_> {
        Sources::of([&self.cohort]).and(&self.metadata)
    }
}

impl TargetArgs {
    /// The labels of `metadata`.
    pub(crate) fn labels(&self, metadata: &Metadata) -> Result<Labels> {
        if self.positive.is_some() && self.target.len() > 1 {
            bail!("--positive works with exactly one --target, found {}", self.target.len());
        }
        let twice = |i: &usize| self.target[..*i].contains(&self.target[*i]);
        if let Some(i) = (0..self.target.len()).find(twice) {
            bail!("--target {} is given twice, expected different columns", self.target[i]);
        }
        if metadata.columns().is_empty() {
            bail!(
                "the repertoires have no labels: give the table of labels with --metadata (for a cohort store, to `import`)"
            );
        }
        if let Some(column) = self.regression.iter().find(|column| !self.target.contains(column)) {
            bail!("--regression {column} is not among the targets: {}", self.target.join(", "));
        }
        let spec = |column: &String| TargetSpec {
            column: column.clone(),
            positive: self.positive.clone(),
            kind: self.regression.contains(column).then_some(KindName::Regression),
        };
        let specs: Vec<_> = self.target.iter().map(spec).collect();
        Ok(Labels::read(metadata, &specs)?)
    }

    /// Who chose the positive value.
    pub(crate) fn chosen(&self) -> ChosenBy {
        if self.positive.is_some() { ChosenBy::Person } else { ChosenBy::Values }
    }

    /// Which repertoires belong to one person.
    pub(crate) fn people(&self, metadata: &Metadata) -> Result<People> {
        Ok(people::find(metadata, self.group.as_deref(), &self.target)?)
    }
}
