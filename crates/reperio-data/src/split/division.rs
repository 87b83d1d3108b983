//! How a cohort is divided into training and held-out parts.

use std::path::{Path, PathBuf};

use super::{Item, SplitError, Splits, SplitsError};

/// What decides in which fold a repertoire is held out.
#[derive(Clone, Copy, Debug)]
pub enum Division<'a> {
    /// A table of `repertoire_id` and `fold`.
    Table(&'a Path),
    /// One part of this share is held out.
    Once(f64),
    /// This many folds are drawn.
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
    /// The fold of each of `items`, `None` for one that is only trained on. A table needs no seed.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_is_asked_for_is_held_out_once() {
        let item = |i: usize| Item {
            id: i.to_string(),
            stratum: (i % 2).to_string(),
            group: i.to_string(),
        };
        let items: Vec<Item> = (0..40).map(item).collect();
        let folds = Division::Once(0.25).of(&items, 1).unwrap();
        let held = folds.iter().filter(|fold| **fold == Some(0)).count();
        assert_eq!((held, folds.iter().flatten().count()), (10, 10));
        let folds = Division::Folds(4).of(&items, 1).unwrap();
        let sizes = [0, 1, 2, 3].map(|k| folds.iter().filter(|fold| **fold == Some(k)).count());
        assert_eq!(sizes, [10; 4]);
    }
}
