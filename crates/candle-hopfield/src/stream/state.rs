//! The state of a pooling: constant size, mergeable.

use candle_core::{Result, bail};
use rayon::prelude::*;

use super::exp::weight;
use super::forward::{Absorb, Scratch, Total, scores};
use super::kernels::dots;
use super::lanes::{LANES, Portable, dispatch, pack};
use super::parts::{BLOCK, blocks, parts};
use super::patterns::{Patterns, StatePatterns};

/// Everything that pooling keeps of the patterns it has seen: `H (e + 2)` numbers, however many patterns
/// there were.
///
/// ```text
/// m_h = max_i s_hi        l_h = sum_i exp(s_hi - m_h)        u_h = sum_i exp(s_hi - m_h) v_i
/// ```
///
/// States of disjoint sets of patterns [merge](Self::merge) to the state of their union.
///
/// ```
/// use candle_hopfield::stream::{Patterns, PoolingState, StatePatterns};
///
/// # fn main() -> candle_core::Result<()> {
/// let states = StatePatterns::new(&[1.0, 0.0], &[1.0])?; // one head, two floats, beta 1
/// let mut pooled = PoolingState::new(1, 2);
/// pooled.absorb(&states, &Patterns::new(&[0.5, 1.0, 0.5, 3.0]))?;
/// let z = pooled.finish(); // (1, 2): the mean, as both patterns have the same score
/// assert!((z[0] - 0.5).abs() < 1e-6 && (z[1] - 2.0).abs() < 1e-6, "{z:?}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PoolingState {
    totals: Vec<Total>,
    /// (H, e)
    weighted: Vec<f64>,
    width: usize,
}

impl PoolingState {
    /// The state of no pattern, for `heads` heads (H) and values of `width` floats (e).
    pub fn new(heads: usize, width: usize) -> Self {
        Self { totals: vec![Total::EMPTY; heads], weighted: vec![0.0; heads * width], width }
    }

    /// Number of heads H.
    pub fn heads(&self) -> usize {
        self.totals.len()
    }

    /// Width e of a value.
    pub fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn totals(&self) -> &[Total] {
        &self.totals
    }

    /// Adds `patterns`, on this thread.
    ///
    /// # Errors
    ///
    /// If the sizes of states, patterns and this state do not fit together.
    pub fn absorb(&mut self, states: &StatePatterns, patterns: &Patterns) -> Result<()> {
        self.check(states, patterns)?;
        self.absorb_with(states, patterns, &mut Scratch::new());
        Ok(())
    }

    /// Adds `patterns`, in parallel over fixed parts.
    ///
    /// Any number of threads gives the same bits.
    ///
    /// # Errors
    ///
    /// If the sizes of states, patterns and this state do not fit together.
    pub fn absorb_parallel(&mut self, states: &StatePatterns, patterns: &Patterns) -> Result<()> {
        let n = self.check(states, patterns)?;
        self.absorb_parts(states, patterns, n, &mut Scratch::new());
        Ok(())
    }

    /// Adds `n` checked patterns; a single part uses `scratch`.
    pub(crate) fn absorb_parts(
        &mut self,
        states: &StatePatterns,
        patterns: &Patterns,
        n: usize,
        scratch: &mut Scratch,
    ) {
        let parts = parts(n);
        if let [_] = parts[..] {
            return self.absorb_with(states, patterns, scratch);
        }
        let pooled: Vec<Self> = parts
            .into_par_iter()
            .map_init(Scratch::new, |scratch, range| {
                let mut state = Self::new(self.heads(), self.width);
                let part = patterns.slice(states.dim(), self.width, range);
                state.absorb_with(states, &part, scratch);
                state
            })
            .collect();
        for part in &pooled {
            self.merge_same_size(part);
        }
    }

    fn absorb_with(&mut self, states: &StatePatterns, patterns: &Patterns, scratch: &mut Scratch) {
        let sums = (&mut self.totals[..], &mut self.weighted[..]);
        dispatch(Absorb::new(states, patterns, sums, scratch));
    }

    fn check(&self, states: &StatePatterns, patterns: &Patterns) -> Result<usize> {
        if states.heads() != self.heads() || self.width == 0 {
            bail!(
                "pooling state of {} heads and width {}; state patterns of {} heads",
                self.heads(),
                self.width,
                states.heads()
            );
        }
        patterns.check(states.dim(), self.width)
    }

    /// Adds the patterns that `other` has seen.
    ///
    /// Associative and commutative up to the rounding of `f64`. The state of no pattern changes nothing.
    ///
    /// # Errors
    ///
    /// If heads or widths differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if (self.heads(), self.width) != (other.heads(), other.width) {
            bail!(
                "merge of pooling states ({}, {}) and ({}, {})",
                self.heads(),
                self.width,
                other.heads(),
                other.width
            );
        }
        self.merge_same_size(other);
        Ok(())
    }

    fn merge_same_size(&mut self, other: &Self) {
        for (h, total) in self.totals.iter_mut().enumerate() {
            let range = h * self.width..(h + 1) * self.width;
            let own = &mut self.weighted[range.clone()];
            total.merge(own, other.totals[h], &other.weighted[range]);
        }
    }

    /// The pooled values `z_h = u_h / l_h`, `(H, e)`.
    ///
    /// A head without patterns, or with log-weights of -inf only, gives zeros.
    pub fn finish(&self) -> Vec<f32> {
        self.values().map(|value| value as f32).collect()
    }

    /// The pooled values before they are rounded to `f32`.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        self.weighted.iter().enumerate().map(|(k, &value)| {
            let sum = self.totals[k / self.width].sum;
            if sum == 0.0 { 0.0 } else { value / sum }
        })
    }

    /// `ln sum_i exp(s_hi)` of each head, `(H)`; -inf without patterns.
    pub fn log_sum_exp(&self) -> Vec<f64> {
        self.totals.iter().map(|total| f64::from(total.maximum) + total.sum.ln()).collect()
    }

    /// Associations `a_hi = exp(s_hi - log_sum_exp_h)` of `patterns`, which must be among those that this state
    /// has seen, `(n, H)`.
    ///
    /// # Errors
    ///
    /// If the sizes of states, patterns and this state do not fit together.
    pub fn associations(&self, states: &StatePatterns, patterns: &Patterns) -> Result<Vec<f32>> {
        let n = self.check(states, patterns)?;
        let heads = self.heads();
        let mut out = vec![0.0; n * heads];
        let mut buffer = Vec::new();
        for range in blocks(n) {
            let block = patterns.slice(states.dim(), self.width, range.clone());
            let keys = pack(block.stored, states.dim(), &mut buffer);
            for (h, ((state, beta), total)) in states.iter().zip(&self.totals).enumerate() {
                let mut raw = [[0.0; LANES]; BLOCK / LANES];
                dots(Portable, keys, state, &mut raw);
                let scores = scores(&raw, beta, block.log_weights, range.len());
                let inverse = total.inverse();
                for (i, score) in range.clone().zip(scores.as_flattened()) {
                    out[i * heads + h] = weight(score - total.shift()) * inverse;
                }
            }
        }
        Ok(out)
    }
}
