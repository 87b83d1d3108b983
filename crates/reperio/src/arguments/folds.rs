//! How a cohort is divided into training and held-out parts.

use std::path::Path;

use anyhow::{Context, Result};
use reperio_data::split::{self, Item, Splits};

/// What decides in which fold a repertoire is held out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Division<'a> {
    /// A table of `repertoire_id` and `fold`.
    Table(&'a Path),
    /// One part of this share is held out.
    Once(f64),
    /// This many folds are drawn.
    Folds(usize),
}

impl Division<'_> {
    /// The fold of each of `items`, `None` for one that is only trained on. A table needs no seed.
    pub(crate) fn of(self, items: &[Item], seed: u64) -> Result<Vec<Option<usize>>> {
        match self {
            Self::Table(path) => {
                Splits::read(path)?.of(items).with_context(|| path.display().to_string())
            }
            Self::Once(share) => {
                let held = split::holdout(items, share, seed)?;
                Ok(held.into_iter().map(|held| held.then_some(0)).collect())
            }
            Self::Folds(k) => Ok(split::folds(items, k, seed)?.into_iter().map(Some).collect()),
        }
    }
}
