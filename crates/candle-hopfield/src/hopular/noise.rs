//! Features hidden or replaced in training, so that there is something to predict of them.

use candle_core::{Result, bail};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::{Attribute, Cell, Rows};

/// Which feature cells of a training row are predicted, and what the network is told of them instead.
///
/// Each cell is chosen with `probability`. Of the chosen ones the share `mask` is told as masked, the share
/// `replace` as a standard normal number or as any class with equal chance, and the rest as it is.
/// Every chosen cell counts in the feature loss. Targets are always masked, missing cells never chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Of choosing a cell.
    pub probability: f64,
    /// Share of the chosen ones that are masked.
    pub mask: f64,
    /// Share of the chosen ones that are replaced.
    pub replace: f64,
}

impl Noise {
    /// What the paper names after BERT, and the default of the released class: 15 % are chosen, 80 % of them
    /// masked, 10 % replaced.
    pub const BERT: Self = Self { probability: 0.15, mask: 0.8, replace: 0.1 };

    /// The default of the released command line: all are chosen, 80 % of them are told as they are.
    pub const RELEASE: Self = Self { probability: 1.0, mask: 0.025, replace: 0.175 };

    /// No feature is predicted.
    pub const NONE: Self = Self { probability: 0.0, mask: 0.0, replace: 0.0 };

    /// # Errors
    /// Shares outside of [0, 1], or that are above 1 together.
    pub fn check(self) -> Result<()> {
        let Self { probability, mask, replace } = self;
        let all = [probability, mask, replace, mask + replace];
        if !all.iter().all(|share| (0.0..=1.0).contains(share)) {
            bail!(
                "{self:?}: expected shares in [0, 1], and `mask` and `replace` at most 1 together"
            );
        }
        Ok(())
    }

    /// What the network is told of each cell, and which cells count in the losses, (rows, d) both.
    pub fn draw(self, rows: &Rows, seed: u64) -> (Vec<Cell>, Vec<bool>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let attributes = rows.schema().attributes();
        let mut told = Vec::with_capacity(rows.rows() * attributes.len());
        let mut counted = Vec::with_capacity(told.capacity());
        for row in 0..rows.rows() {
            for (column, attribute) in attributes.iter().enumerate() {
                let is_target = rows.schema().is_target(column);
                // All numbers are drawn for every cell: a missing one does not change the others.
                let (chosen, kind) = (rng.random::<f64>(), rng.random::<f64>());
                let other = match attribute {
                    Attribute::Continuous => rng.sample(StandardNormal),
                    Attribute::Categorical { classes } => rng.random_range(0..*classes) as f64,
                };
                let chosen = chosen < self.probability;
                let known = rows.is_known(row, column);
                told.push(match () {
                    () if !known => Cell::Missing,
                    () if is_target => Cell::Masked,
                    () if !chosen => Cell::True,
                    () if kind < self.mask => Cell::Masked,
                    () if kind < self.mask + self.replace => Cell::Replaced(other),
                    () => Cell::True,
                });
                counted.push(known && (is_target || chosen));
            }
        }
        (told, counted)
    }
}
