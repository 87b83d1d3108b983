//! `[covariates]`: columns of the metadata beside the repertoires.

use serde::{Deserialize, Serialize};

use super::{InvalidConfig, check};
use crate::parts::memory::MOST;

/// Columns of the metadata that a model learns from, or does not learn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CovariatesConfig {
    /// Columns that are a part of the model: a score needs them, and a missing value adds nothing to it.
    pub include: Vec<String>,
    /// Columns whose say is removed: the parts learn what they do not explain, and a score is without them.
    pub adjust: Vec<String>,
    /// Whether the included columns are a Hopular memory beside the linear term: a model that stores their values and the labels
    /// of all training repertoires, without names, and can learn what is no sum of effects.
    pub memory: bool,
}

impl CovariatesConfig {
    /// All columns, the included ones first.
    pub fn columns(&self) -> Vec<String> {
        self.include.iter().chain(&self.adjust).cloned().collect()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn validate(&self) -> Result<(), InvalidConfig> {
        let included = self.include.len();
        check(
            !self.memory || included <= MOST,
            "covariates.memory",
            &included,
            "at most 10 columns in `include`",
        )?;
        let all = self.columns();
        let twice = |i: &usize| all[..*i].contains(&all[*i]);
        let Some(i) = (0..all.len()).find(twice) else { return Ok(()) };
        check(false, "covariates", &all[i], "each column once, either in `include` or in `adjust`")
    }
}
