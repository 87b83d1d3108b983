//! The cohort of `train` and `evaluate`: repertoires, targets and groups.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use reperio_data::cohort::{self, Cohort};
use reperio_data::metadata::Metadata;
use reperio_model::target::{KindName, Labels, TargetSpec};
use sha2::{Digest, Sha256};

use crate::arguments::inputs::ReadArgs;
use crate::shell::Shell;

/// Repertoires with labels.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct CohortArgs {
    /// Cohort store, repertoire file or folder of files
    #[arg(long, value_name = "COHORT")]
    pub(crate) cohort: PathBuf,
    /// Table of labels for files, one row a repertoire (.tsv, .csv)
    #[arg(long, value_name = "TABLE")]
    pub(crate) metadata: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// What is to be predicted.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Target")]
pub(crate) struct TargetArgs {
    /// Column to predict; may be repeated to predict several at once
    #[arg(long, value_name = "COLUMN", required = true)]
    pub(crate) target: Vec<String>,
    /// Value of the positive class, every other value being negative [default: seen from the values]
    #[arg(long, value_name = "VALUE")]
    pub(crate) positive: Option<String>,
    /// Predict this target as a number; may be repeated [default: more than ten different numbers]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) regression: Vec<String>,
    /// Column whose equal values are never divided between training and test [default: `subject_id`
    /// where there is one]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) group: Option<String>,
}

impl CohortArgs {
    /// Reads everything.
    pub(crate) fn load(&self, shell: &Shell) -> Result<Cohort> {
        let inputs = std::slice::from_ref(&self.cohort);
        let options = self.read.options();
        let result = cohort::load(inputs, self.metadata.as_deref(), &options, shell.observer());
        shell.or_interrupted(result, "nothing was written, run the command again")
    }
}

impl TargetArgs {
    /// The labels of `metadata`.
    pub(crate) fn labels(&self, metadata: &Metadata) -> Result<Labels> {
        if self.positive.is_some() && self.target.len() > 1 {
            bail!("--positive goes with one --target, found {}", self.target.len());
        }
        let twice = |i: &usize| self.target[..*i].contains(&self.target[*i]);
        if let Some(i) = (0..self.target.len()).find(twice) {
            bail!("--target {} twice, expected different columns", self.target[i]);
        }
        if metadata.columns.is_empty() {
            bail!(
                "the repertoires have no labels: give the table that has them with --metadata (to `import` for a cohort store)"
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

    /// Group of each repertoire: the column's value, or the repertoire's own id.
    pub(crate) fn groups(&self, metadata: &Metadata) -> Result<Vec<String>> {
        let column = metadata.column(self.group.as_deref().unwrap_or("subject_id"));
        if let (None, Some(group)) = (column, &self.group) {
            let names: Vec<_> = metadata.columns.iter().map(|(name, _)| name.as_str()).collect();
            bail!("no column {group:?} in the metadata, expected one of: {}", names.join(", "));
        }
        let own = |i: usize| format!("repertoire {}", metadata.ids[i]);
        let value = |i: usize| column.and_then(|values| values[i].clone());
        Ok((0..metadata.ids.len()).map(|i| value(i).unwrap_or_else(|| own(i))).collect())
    }
}

/// SHA-256 of the clonotypes and metadata of `cohort`, the same for files and a store of them.
pub(crate) fn fingerprint(cohort: &Cohort) -> Result<String> {
    let mut hash = Sha256::new();
    for repertoire in &cohort.repertoires {
        hash.update(repertoire.id.as_bytes());
        hash.update([0]);
        for i in 0..repertoire.len() {
            hash.update(repertoire.junction_codes(i));
            hash.update([u8::MAX]);
            hash.update(repertoire.v_call(i).as_bytes());
            hash.update([u8::MAX]);
            hash.update(repertoire.j_call(i).as_bytes());
            hash.update(repertoire.counts()[i].to_le_bytes());
        }
    }
    let metadata = &cohort.metadata;
    hash.update(serde_json::to_vec(&metadata.columns).context("cannot write the metadata")?);
    let hex: Vec<String> = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(hex.concat())
}
