//! How a cohort is divided into what is learned from and what is held out.

use std::path::{Path, PathBuf};

use super::{Item, SplitError, Splits, SplitsError};

/// What decides in which fold a repertoire is held out.
#[derive(Clone, Copy, Debug)]
pub enum Division<'a> {
    /// A table of `repertoire_id` and `fold`.
    Table(&'a Path),
    /// One part of this share is held out.
    Once(f64),
    /// So many folds are drawn.
    Folds(usize),
}

/// Why a cohort could not be divided.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DivisionError {
    /// Folds cannot be drawn.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The table cannot be used.
    #[error(transparent)]
    Table(#[from] SplitsError),
    /// The table is of another cohort.
    #[error("{path}")]
    OtherCohort {
        /// The table.
        path: PathBuf,
        /// What does not fit.
        source: SplitsError,
    },
}

impl Division<'_> {
    /// The fold of each of `items`, `None` for one that only trains. A table needs no seed.
    ///
    /// # Errors
    ///
    /// See [`DivisionError`].
    pub fn of(self, items: &[Item], seed: u64) -> Result<Vec<Option<usize>>, DivisionError> {
        match self {
            Self::Table(path) => {
                let other = |source| DivisionError::OtherCohort { path: path.to_owned(), source };
                Splits::read(path)?.of(items).map_err(other)
            }
            Self::Once(share) => {
                let held = super::holdout(items, share, seed)?;
                Ok(held.into_iter().map(|held| held.then_some(0)).collect())
            }
            Self::Folds(k) => Ok(super::folds(items, k, seed)?.into_iter().map(Some).collect()),
        }
    }
}
