//! One step of the LSTM: what the residue says, and what the gates do with it.

#![expect(clippy::inline_always, reason = "kernels are inlined where instructions are enabled")]

use super::super::lanes::{Row, Task, Vectors};
use super::super::math::{sigmoid, tanh};
use super::{GATES, Input, PackedLstm};

/// Writes `b + scale * (start + f * W[x])` of residue `t` of each member.
pub(super) struct Gather<'a> {
    pub(super) lstm: &'a PackedLstm,
    pub(super) input: Input<'a>,
    pub(super) members: &'a [usize],
    pub(super) t: usize,
    /// (16, 4 rows)
    pub(super) out: &'a mut [Row],
}

impl Task for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let (lstm, (codes, scale)) = (self.lstm, self.input);
        let width = lstm.bias.len();
        let scale = simd.splat(scale);
        for (&i, out) in self.members.iter().zip(self.out.chunks_exact_mut(width)) {
            let (residue, start) = places(lstm, codes, i, self.t);
            let residue = &lstm.input[residue..residue + width];
            let start = &lstm.starts[start..start + width];
            let factor = simd.splat(codes.factors[i]);
            for k in 0..width {
                let sum = simd.fma(factor, simd.load(&residue[k]), simd.load(&start[k]));
                simd.store(simd.fma(scale, sum, simd.load(&lstm.bias[k])), &mut out[k]);
            }
        }
    }
}

/// Rows of the input table and of the start table for residue `t` of sequence `i`.
#[inline(always)]
pub(super) fn places(
    lstm: &PackedLstm,
    codes: &super::super::chunk::Codes,
    i: usize,
    t: usize,
) -> (usize, usize) {
    let width = lstm.bias.len();
    let residue = usize::from(codes.residues[codes.at[i] + t]);
    (residue * width, (lstm.index.first(codes.lengths[i]) + t) * width)
}

/// Applies the gates, which become their values, to the cells of the step before.
pub(super) struct Advance<'a> {
    /// Lane rows of a state.
    pub(super) rows: usize,
    /// Sequences.
    pub(super) alive: usize,
    /// (16, 4 rows)
    pub(super) gates: &'a mut [Row],
    /// (16, rows); none before the first step.
    pub(super) before: Option<&'a [Row]>,
    /// (16, rows)
    pub(super) cells: &'a mut [Row],
    /// (16, rows)
    pub(super) squashed: &'a mut [Row],
    /// (16, rows)
    pub(super) states: &'a mut [Row],
}

impl Task for Advance<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let rows = self.rows;
        for s in 0..self.alive {
            for r in 0..rows {
                let (at, gate) = (s * rows + r, |g: usize| (s * GATES + g) * rows + r);
                let input = sigmoid(simd, simd.load(&self.gates[gate(0)]));
                let forget = sigmoid(simd, simd.load(&self.gates[gate(1)]));
                let candidate = tanh(simd, simd.load(&self.gates[gate(2)]));
                let output = sigmoid(simd, simd.load(&self.gates[gate(3)]));
                let mut cell = simd.mul(input, candidate);
                if let Some(before) = self.before {
                    cell = simd.fma(forget, simd.load(&before[at]), cell);
                }
                let squashed = tanh(simd, cell);
                simd.store(simd.mul(output, squashed), &mut self.states[at]);
                simd.store(squashed, &mut self.squashed[at]);
                simd.store(cell, &mut self.cells[at]);
                for (g, value) in [input, forget, candidate, output].into_iter().enumerate() {
                    simd.store(value, &mut self.gates[gate(g)]);
                }
            }
        }
    }
}
