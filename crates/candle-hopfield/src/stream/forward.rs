//! Pooling a block of patterns at a time.

#![expect(clippy::inline_always, reason = "kernels are inlined where instructions are enabled")]

use super::exp::{decay, weights};
use super::kernels::{dots, largest, sum, weighted_sum};
use super::lanes::{LANES, Lanes, Task, Vectors, pack, rows_of};
use super::parts::{BLOCK, blocks};
use super::patterns::{Patterns, StatePatterns};

/// A value for each pattern of a block.
pub(super) type Column = [Lanes; BLOCK / LANES];

/// What one head knows of the patterns that it has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Total {
    /// Largest score; -inf before the first.
    pub(crate) maximum: f32,
    /// Sum of `exp(score - maximum)`.
    pub(crate) sum: f64,
}

impl Total {
    pub(crate) const EMPTY: Self = Self { maximum: f32::NEG_INFINITY, sum: 0.0 };

    /// What scores are reduced by: the maximum, or 0 where each score is -inf, because
    /// `-inf - -inf` is NaN.
    pub(super) fn shift(self) -> f32 {
        if self.maximum == f32::NEG_INFINITY { 0.0 } else { self.maximum }
    }

    /// `1 / sum`, or 0 without patterns.
    pub(super) fn inverse(self) -> f32 {
        if self.sum == 0.0 { 0.0 } else { (1.0 / self.sum) as f32 }
    }

    /// Raises the maximum to `maximum` where that is larger, and reduces the sums so far, `own` among them.
    fn raise(&mut self, maximum: f32, own: &mut [f64]) {
        if maximum <= self.maximum {
            return;
        }
        let factor = decay(f64::from(self.maximum) - f64::from(maximum));
        self.maximum = maximum;
        self.sum *= factor;
        for own in own {
            *own *= factor;
        }
    }

    /// Adds the sums of `other`, `values` to `own`.
    pub(super) fn merge(&mut self, own: &mut [f64], other: Self, values: &[f64]) {
        self.raise(other.maximum, own);
        let factor = decay(f64::from(other.maximum) - f64::from(self.shift()));
        self.sum += factor * other.sum;
        for (own, value) in own.iter_mut().zip(values) {
            *own += factor * value;
        }
    }
}

/// Buffers of one thread.
pub(crate) struct Scratch {
    pub(super) keys: Vec<Lanes>,
    pub(super) values: Vec<Lanes>,
    /// One vector.
    pub(super) vector: Vec<Lanes>,
    pub(super) gradients: [Vec<Lanes>; 2],
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self {
            keys: Vec::new(),
            values: Vec::new(),
            vector: Vec::new(),
            gradients: [Vec::new(), Vec::new()],
        }
    }
}

/// `beta * raw + log-weight` for the patterns of a block; -inf behind the last.
#[inline(always)]
pub(super) fn scores(raw: &Column, beta: f32, log_weights: Option<&[f32]>, n: usize) -> Column {
    let mut out = [[f32::NEG_INFINITY; LANES]; BLOCK / LANES];
    let raw = &raw.as_flattened()[..n];
    let scores = &mut out.as_flattened_mut()[..n];
    match log_weights {
        None => {
            for (score, raw) in scores.iter_mut().zip(raw) {
                *score = beta * raw;
            }
        }
        Some(log_weights) => {
            for ((score, raw), log_weight) in scores.iter_mut().zip(raw).zip(log_weights) {
                *score = beta * raw + log_weight;
            }
        }
    }
    out
}

/// `scores = exp(scores - shift)`; returns their sum.
#[inline(always)]
fn exponentials(scores: &mut Column, shift: f32) -> f32 {
    for scores in scores.iter_mut() {
        *scores = weights(scores.map(|score| score - shift));
    }
    sum(scores)
}

/// Adds `patterns` to totals, (H), and weighted sums, (H, width).
pub(super) struct Absorb<'a> {
    states: &'a StatePatterns,
    patterns: &'a Patterns<'a>,
    sums: (&'a mut [Total], &'a mut [f64]),
    scratch: &'a mut Scratch,
}

impl<'a> Absorb<'a> {
    pub(super) fn new(
        states: &'a StatePatterns,
        patterns: &'a Patterns<'a>,
        sums: (&'a mut [Total], &'a mut [f64]),
        scratch: &'a mut Scratch,
    ) -> Self {
        scratch.vector.resize(rows_of(sums.1.len() / sums.0.len()), [0.0; LANES]);
        Self { states, patterns, sums, scratch }
    }
}

impl Task for Absorb<'_> {
    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let Self { states, patterns, sums: (totals, weighted), scratch } = self;
        let (dim, width) = (states.dim(), weighted.len() / totals.len());
        for range in blocks(patterns.stored.len() / dim) {
            let block = patterns.slice(dim, width, range);
            absorb_block(simd, states, &block, (totals, weighted, scratch));
        }
    }
}

#[inline(always)]
fn absorb_block<S: Vectors>(
    simd: S,
    states: &StatePatterns,
    block: &Patterns,
    (totals, weighted, scratch): (&mut [Total], &mut [f64], &mut Scratch),
) {
    let (dim, width) = (states.dim(), weighted.len() / totals.len());
    let n = block.stored.len() / dim;
    let keys = pack(block.stored, dim, &mut scratch.keys);
    let values = block.projected.map_or(keys, |v| pack(v, width, &mut scratch.values));
    let sums = weighted.chunks_exact_mut(width);
    for (((state, beta), total), sums) in states.iter().zip(totals).zip(sums) {
        let mut raw = [[0.0; LANES]; BLOCK / LANES];
        dots(simd, keys, state, &mut raw);
        let mut scores = scores(&raw, beta, block.log_weights, n);
        total.raise(largest(&scores), sums);
        total.sum += f64::from(exponentials(&mut scores, total.shift()));
        weighted_sum(simd, &scores.as_flattened()[..n], values, &mut scratch.vector);
        for (sum, &part) in sums.iter_mut().zip(scratch.vector.as_flattened()) {
            *sum += f64::from(part);
        }
    }
}
