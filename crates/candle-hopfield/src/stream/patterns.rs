//! Patterns and states of a pooling: checked views of plain slices.

use std::ops::Range;

use candle_core::{Result, bail};

use super::lanes::{Lanes, pack, rows_of};

/// State patterns xi with their inverse temperatures beta, one of each a head.
///
/// # Shapes
///
/// - `states`: `(H, d)`, already in the association space
/// - `betas`: `(H)`, dimensionless
#[derive(Clone, Debug)]
pub struct StatePatterns {
    /// (H, rows of d)
    packed: Vec<Lanes>,
    betas: Vec<f32>,
    dim: usize,
}

impl StatePatterns {
    /// Copies `states`, `(H, d)`, and `betas`, `(H)`.
    ///
    /// # Errors
    ///
    /// If there is no head, or if `states` does not divide into heads of at least one value.
    pub fn new(states: &[f32], betas: &[f32]) -> Result<Self> {
        let heads = betas.len();
        if heads == 0 || states.is_empty() || !states.len().is_multiple_of(heads) {
            bail!(
                "state patterns: {} values, {heads} betas; expected (H, d) and (H)",
                states.len()
            );
        }
        let dim = states.len() / heads;
        let mut buffer = Vec::new();
        let packed = pack(states, dim, &mut buffer).to_vec();
        Ok(Self { packed, betas: betas.to_vec(), dim })
    }

    /// Number of heads H.
    pub fn heads(&self) -> usize {
        self.betas.len()
    }

    /// Width d of a state pattern and of a stored pattern.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// State pattern and beta of each head.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[Lanes], f32)> {
        self.packed.chunks_exact(rows_of(self.dim)).zip(self.betas.iter().copied())
    }
}

/// Stored patterns with their values and log-weights.
///
/// # Shapes
///
/// - `stored`: `(n, d)`
/// - `projected`: `(n, e)`
/// - `log_weights`: `(n)`, natural logarithms; `-inf` leaves a pattern out
#[derive(Clone, Copy, Debug)]
pub struct Patterns<'a> {
    /// Stored patterns Y in the association space: the keys.
    pub stored: &'a [f32],
    /// Projected patterns V: the values. `None` averages the stored patterns themselves.
    pub projected: Option<&'a [f32]>,
    /// Added to the scores: the logarithm of how often a pattern counts.
    pub log_weights: Option<&'a [f32]>,
}

impl<'a> Patterns<'a> {
    /// Stored patterns `(n, d)` that are averaged themselves, each counted once.
    pub fn new(stored: &'a [f32]) -> Self {
        Self { stored, projected: None, log_weights: None }
    }

    /// The same with the values `(n, e)` to average.
    pub fn projected(self, projected: &'a [f32]) -> Self {
        Self { projected: Some(projected), ..self }
    }

    /// The same with log-weights `(n)`.
    pub fn log_weights(self, log_weights: &'a [f32]) -> Self {
        Self { log_weights: Some(log_weights), ..self }
    }

    /// Number of patterns, for keys of `dim` and values of `width` floats.
    pub(super) fn check(&self, dim: usize, width: usize) -> Result<usize> {
        let n = self.stored.len() / dim;
        if n * dim != self.stored.len() {
            bail!("stored patterns: {} values; expected a multiple of {dim}", self.stored.len());
        }
        match self.projected {
            None if width != dim => {
                bail!("no projected patterns, but values of {width} and keys of {dim} floats");
            }
            Some(values) if values.len() != n * width => {
                bail!("projected patterns: {} values; expected {n} x {width}", values.len());
            }
            _ => {}
        }
        match self.log_weights {
            Some(weights) if weights.len() != n => {
                bail!("log-weights: {} values; expected {n}", weights.len());
            }
            _ => Ok(n),
        }
    }

    /// The patterns of `range`, for keys of `dim` and values of `width` floats.
    pub(crate) fn slice(&self, dim: usize, width: usize, range: Range<usize>) -> Self {
        Self {
            stored: &self.stored[range.start * dim..range.end * dim],
            projected: self.projected.map(|v| &v[range.start * width..range.end * width]),
            log_weights: self.log_weights.map(|w| &w[range]),
        }
    }
}
