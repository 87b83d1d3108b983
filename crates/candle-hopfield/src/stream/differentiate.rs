//! The backward pass over a block of patterns at a time.

#![expect(clippy::inline_always, reason = "kernels are inlined where instructions are enabled")]

use super::backward::{PatternGradients, StateGradients, Upstream, UpstreamHead};
use super::exp::weights;
use super::forward::{Column, Scratch, scores};
use super::kernels::{dots, spread, sum, weighted_sum};
use super::lanes::{LANES, Lanes, Task, Vectors, pack, rows_of, unpack};
use super::parts::{BLOCK, blocks};
use super::patterns::{Patterns, StatePatterns};

/// Adds the share of `patterns` to the sums and writes their own gradients.
pub(super) struct Absorb<'a, 'b> {
    states: &'a StatePatterns,
    patterns: &'a Patterns<'a>,
    upstream: &'a Upstream,
    sums: &'a mut StateGradients,
    out: PatternGradients<'b>,
    scratch: &'a mut Scratch,
}

impl<'a, 'b> Absorb<'a, 'b> {
    pub(super) fn new(
        states: &'a StatePatterns,
        patterns: &'a Patterns<'a>,
        upstream: &'a Upstream,
        (sums, out, scratch): (&'a mut StateGradients, PatternGradients<'b>, &'a mut Scratch),
    ) -> Self {
        scratch.vector.resize(rows_of(states.dim()), [0.0; LANES]);
        Self { states, patterns, upstream, sums, out, scratch }
    }
}

impl Task for Absorb<'_, '_> {
    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let Self { states, patterns, upstream, sums, mut out, scratch } = self;
        let (dim, width) = (states.dim(), upstream.width);
        for range in blocks(patterns.stored.len() / dim) {
            let n = range.len();
            let block = Block { n, patterns: patterns.slice(dim, width, range) };
            block.absorb(simd, (states, upstream), (sums, scratch, out.split_off(n, dim, width)));
        }
    }
}

struct Block<'a> {
    n: usize,
    patterns: Patterns<'a>,
}

/// Of the patterns of a block, for one head.
struct Scored {
    /// `<xi, y_i>`
    raw: Column,
    association: Column,
    /// Gradient of the score.
    gradient: Column,
}

impl Block<'_> {
    #[inline(always)]
    fn absorb<S: Vectors>(
        &self,
        simd: S,
        (states, upstream): (&StatePatterns, &Upstream),
        (sums, scratch, out): (&mut StateGradients, &mut Scratch, PatternGradients),
    ) {
        let (n, dim, width) = (self.n, states.dim(), upstream.width);
        let Scratch { keys, values, vector, gradients: [dkeys, dvalues] } = scratch;
        let keys = pack(self.patterns.stored, dim, keys);
        let values = self.patterns.projected.map_or(keys, |v| pack(v, width, values));
        clear(dkeys, n * rows_of(dim));
        clear(dvalues, n * rows_of(width));
        let mut dweights = [[0.0; LANES]; BLOCK / LANES];
        for (h, ((state, beta), head)) in states.iter().zip(&upstream.heads).enumerate() {
            let dz = &upstream.packed[h * rows_of(width)..(h + 1) * rows_of(width)];
            let mut scored = self.score(simd, (keys, values), (state, beta), (head, dz));
            let association = &scored.association.as_flattened()[..n];
            if out.projected.is_some() {
                spread(simd, association, dz, dvalues);
            } else if out.stored.is_some() && self.patterns.projected.is_none() {
                spread(simd, association, dz, dkeys);
            }
            for (sum, &gradient) in dweights.iter_mut().zip(&scored.gradient) {
                *sum = add(*sum, gradient);
            }
            scored.sum_up(simd, beta, keys, (sums, h, vector));
            if out.stored.is_some() {
                spread(simd, &scored.gradient.as_flattened()[..n], state, dkeys);
            }
        }
        write(out.stored, dkeys, dim);
        write(out.projected, dvalues, width);
        if let Some(out) = out.log_weights {
            out.copy_from_slice(&dweights.as_flattened()[..n]);
        }
    }

    #[inline(always)]
    fn score<S: Vectors>(
        &self,
        simd: S,
        (keys, values): (&[Lanes], &[Lanes]),
        (state, beta): (&[Lanes], f32),
        (head, dz): (&UpstreamHead, &[Lanes]),
    ) -> Scored {
        let mut raw = [[0.0; LANES]; BLOCK / LANES];
        dots(simd, keys, state, &mut raw);
        let mut association = scores(&raw, beta, self.patterns.log_weights, self.n);
        let mut gradient = [[0.0; LANES]; BLOCK / LANES];
        dots(simd, values, dz, &mut gradient);
        for (association, gradient) in association.iter_mut().zip(&mut gradient) {
            let exponentials = weights(association.map(|score| score - head.shift));
            *association = multiply(exponentials, [head.inverse; LANES]);
            *gradient = multiply(*association, gradient.map(|dot| dot - head.mean));
        }
        Scored { raw, association, gradient }
    }
}

impl Scored {
    /// Adds the gradients of head `h` to `sums`; leaves the gradient of the scores times beta.
    #[inline(always)]
    fn sum_up<S: Vectors>(
        &mut self,
        simd: S,
        beta: f32,
        keys: &[Lanes],
        (sums, h, vector): (&mut StateGradients, usize, &mut [Lanes]),
    ) {
        let products: Column = std::array::from_fn(|k| multiply(self.gradient[k], self.raw[k]));
        sums.betas[h] += f64::from(sum(&products));
        for gradient in &mut self.gradient {
            *gradient = multiply(*gradient, [beta; LANES]);
        }
        let n = keys.len() / vector.len();
        weighted_sum(simd, &self.gradient.as_flattened()[..n], keys, vector);
        let dim = sums.states.len() / sums.betas.len();
        let parts = &vector.as_flattened()[..dim];
        for (sum, &part) in sums.states[h * dim..].iter_mut().zip(parts) {
            *sum += f64::from(part);
        }
    }
}

#[inline(always)]
fn clear(rows: &mut Vec<Lanes>, len: usize) {
    rows.clear();
    rows.resize(len, [0.0; LANES]);
}

#[inline(always)]
fn write(out: Option<&mut [f32]>, packed: &[Lanes], width: usize) {
    if let Some(out) = out {
        unpack(packed, width, out);
    }
}

#[inline(always)]
fn add(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|k| a[k] + b[k])
}

#[inline(always)]
fn multiply(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|k| a[k] * b[k])
}
