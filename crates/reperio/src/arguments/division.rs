//! Which repertoires are held out together.

use std::path::PathBuf;

use anyhow::{Result, bail};
use reperio_data::metadata::Metadata;
use reperio_data::split::{self, Batches, Division, Item};

use super::shares::Shares;

/// Folds, a table of them, one split, or batches.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct DivisionArgs {
    /// Number of folds
    #[arg(long, value_name = "K", default_value_t = 5)]
    folds: usize,
    /// Table of `repertoire_id` and `fold` to use instead of random folds; no fold means training only
    #[arg(long, value_name = "TSV", conflicts_with = "folds")]
    pub(crate) splits: Option<PathBuf>,
    /// One split instead of folds: shares of training, validation and test. Networks use the validation
    /// share to decide when to stop; all other parts learn from training and validation together
    #[arg(long, value_name = "60/20/20", conflicts_with_all = ["folds", "splits", "model"])]
    pub(crate) split: Option<Shares>,
    /// Column whose values are left out one after another, such as laboratory or run: does the model
    /// work in a batch that it has not seen? Labels are only permuted inside batches
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["folds", "splits", "split", "model"])]
    pub(crate) batch: Option<String>,
}

/// How a cohort is divided.
pub(crate) struct Divided {
    /// Fold in which each repertoire is held out.
    pub(crate) folds: Vec<Option<usize>>,
    /// Names of the folds that are batches.
    pub(crate) batches: Option<Vec<String>>,
}

impl DivisionArgs {
    /// The folds of `items`; with --batch one for each batch.
    pub(crate) fn of(&self, items: &[Item], metadata: &Metadata, seed: u64) -> Result<Divided> {
        if let Some(column) = &self.batch {
            let Some(values) = metadata.column(column) else {
                let known: Vec<&str> =
                    metadata.columns().iter().map(|(name, _)| name.as_str()).collect();
                bail!(
                    "no column {column:?} in the metadata, expected one of: {}",
                    known.join(", ")
                );
            };
            let Batches { folds, names } = split::batches(items, values)?;
            return Ok(Divided { folds, batches: Some(names) });
        }
        let division = match (&self.splits, self.split) {
            (Some(path), _) => Division::Table(path),
            (None, Some(shares)) => Division::Once(shares.test),
            (None, None) => Division::Folds(self.folds),
        };
        Ok(Divided { folds: division.of(items, seed)?, batches: None })
    }
}
