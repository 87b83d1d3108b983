//! Small dense products over the sequences of a chunk.
//!
//! Matrices are lane rows. Sums run over the inner index in ascending order whatever the blocking, so
//! the blocking changes no bit.

#![expect(
    clippy::inline_always,
    clippy::needless_range_loop,
    reason = "kernels are inlined where instructions are enabled, and index fixed blocks"
)]

use super::lanes::{LANES, Row, Task, Vectors, floats, floats_mut};
use super::math::{selu, selu_slope};

/// How the left factor of a product lies in memory.
#[derive(Clone, Copy)]
pub(super) enum Left<'a> {
    /// (n, rows): one sequence after another.
    BySequence { values: &'a [Row], rows: usize },
    /// (k, n / 16): one column after another, `rows` lane rows each.
    ByColumn { values: &'a [Row], rows: usize },
}

/// First summand of a product.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    /// Zero.
    Zero,
    /// The same row, (rows), for every sequence.
    Row(&'a [Row]),
    /// What the output holds.
    Kept,
}

/// What happens to each product.
#[derive(Clone, Copy)]
pub(super) enum Then<'a> {
    /// SELU.
    Selu,
    /// Times the slope of SELU at these outputs, shaped like the product.
    Slope(&'a [Row]),
    /// Nothing.
    Nothing,
}

/// A product whose output is made in blocks that stay in registers.
trait Blocked {
    /// Lane rows `column..column + B` of the output, `R` of its rows at a time.
    fn columns<S: Vectors, const R: usize, const B: usize>(
        &mut self,
        simd: S,
        rows: usize,
        column: usize,
    );
}

/// Makes all `rows` lane rows of the output, in blocks as large as the registers hold.
#[inline(always)]
fn blocked<S: Vectors, P: Blocked>(simd: S, mut product: P, rows: usize) {
    let mut column = 0;
    while column + 2 <= rows {
        if S::WIDE {
            product.columns::<S, 8, 2>(simd, rows, column);
        } else {
            product.columns::<S, 2, 2>(simd, rows, column);
        }
        column += 2;
    }
    if column < rows {
        if S::WIDE {
            product.columns::<S, 8, 1>(simd, rows, column);
        } else {
            product.columns::<S, 4, 1>(simd, rows, column);
        }
    }
}

/// `out[i] = then(start + sum_d left[i][d] * right[d])`, for i below `n`, a multiple of 16.
pub(super) struct Product<'a> {
    pub(super) n: usize,
    pub(super) left: Left<'a>,
    /// Terms of the sum.
    pub(super) depth: usize,
    /// (depth, rows)
    pub(super) right: &'a [Row],
    pub(super) start: Start<'a>,
    pub(super) then: Then<'a>,
    /// (n, rows)
    pub(super) out: &'a mut [Row],
}

impl Task for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let rows = self.right.len() / self.depth;
        blocked(simd, self, rows);
    }
}

impl Blocked for Product<'_> {
    #[inline(always)]
    fn columns<S: Vectors, const R: usize, const B: usize>(
        &mut self,
        simd: S,
        rows: usize,
        column: usize,
    ) {
        for i in (0..self.n).step_by(R) {
            let mut sums = [[simd.splat(0.0); B]; R];
            for r in 0..R {
                for b in 0..B {
                    sums[r][b] = match self.start {
                        Start::Zero => simd.splat(0.0),
                        Start::Row(row) => simd.load(&row[column + b]),
                        Start::Kept => simd.load(&self.out[(i + r) * rows + column + b]),
                    };
                }
            }
            self.sum_up(simd, (rows, column), i, &mut sums);
            for r in 0..R {
                for b in 0..B {
                    let at = (i + r) * rows + column + b;
                    let value = match self.then {
                        Then::Selu => selu(simd, sums[r][b]),
                        Then::Slope(outputs) => {
                            let slope = selu_slope(simd, simd.load(&outputs[at]));
                            simd.mul(sums[r][b], slope)
                        }
                        Then::Nothing => sums[r][b],
                    };
                    simd.store(value, &mut self.out[at]);
                }
            }
        }
    }
}

impl Product<'_> {
    /// Adds the terms of sequences `i..i + R`.
    #[inline(always)]
    fn sum_up<S: Vectors, const R: usize, const B: usize>(
        &self,
        simd: S,
        (rows, column): (usize, usize),
        i: usize,
        sums: &mut [[S::V; B]; R],
    ) {
        let rights = self.right.chunks_exact(rows).take(self.depth).enumerate();
        match self.left {
            Left::BySequence { values, rows: stride } => {
                let lefts: [&[f32]; R] = std::array::from_fn(|r| {
                    &floats(&values[(i + r) * stride..(i + r + 1) * stride])[..self.depth]
                });
                for (d, right) in rights {
                    let right = load::<S, B>(simd, &right[column..]);
                    for r in 0..R {
                        accumulate(simd, simd.splat(lefts[r][d]), right, &mut sums[r]);
                    }
                }
            }
            Left::ByColumn { values, rows: stride } => {
                for (d, right) in rights {
                    let right = load::<S, B>(simd, &right[column..]);
                    let left = &floats(&values[d * stride..(d + 1) * stride])[i..i + R];
                    for r in 0..R {
                        accumulate(simd, simd.splat(left[r]), right, &mut sums[r]);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn load<S: Vectors, const B: usize>(simd: S, rows: &[Row]) -> [S::V; B] {
    let mut out = [simd.splat(0.0); B];
    for b in 0..B {
        out[b] = simd.load(&rows[b]);
    }
    out
}

#[inline(always)]
fn accumulate<S: Vectors, const B: usize>(
    simd: S,
    left: S::V,
    right: [S::V; B],
    sums: &mut [S::V; B],
) {
    for b in 0..B {
        sums[b] = simd.fma(left, right[b], sums[b]);
    }
}

/// `out[d] += sum_i left[i][d] * right[i]` for d below `depth`, over `n` sequences: a weight's gradient.
pub(super) struct Outer<'a> {
    pub(super) n: usize,
    /// (n, left rows)
    pub(super) left: &'a [Row],
    /// (n, rows)
    pub(super) right: &'a [Row],
    /// (depth, rows)
    pub(super) out: &'a mut [Row],
    pub(super) depth: usize,
}

impl Task for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let rows = self.right.len() / self.n;
        blocked(simd, self, rows);
    }
}

impl Blocked for Outer<'_> {
    #[inline(always)]
    fn columns<S: Vectors, const R: usize, const B: usize>(
        &mut self,
        simd: S,
        rows: usize,
        column: usize,
    ) {
        let whole = self.depth / R * R;
        for d in (0..whole).step_by(R) {
            self.block::<S, R, B>(simd, (rows, column), d);
        }
        for d in whole..self.depth {
            self.block::<S, 1, B>(simd, (rows, column), d);
        }
    }
}

impl Outer<'_> {
    /// Rows `d..d + R` of the result.
    #[inline(always)]
    fn block<S: Vectors, const R: usize, const B: usize>(
        &mut self,
        simd: S,
        (rows, column): (usize, usize),
        d: usize,
    ) {
        let stride = self.left.len() / self.n * LANES;
        let mut sums = [[simd.splat(0.0); B]; R];
        for (left, right) in
            floats(self.left).chunks_exact(stride).zip(self.right.chunks_exact(rows))
        {
            let left = &left[d..d + R];
            let right = load::<S, B>(simd, &right[column..]);
            for r in 0..R {
                accumulate(simd, simd.splat(left[r]), right, &mut sums[r]);
            }
        }
        for r in 0..R {
            for b in 0..B {
                let out = &mut self.out[(d + r) * rows + column + b];
                simd.store(simd.add(simd.load(out), sums[r][b]), out);
            }
        }
    }
}

/// `out[h] += sum_i weights[h][i] * rows[i]` over `n` sequences, a multiple of 16.
pub(super) struct WeightedSum<'a> {
    pub(super) n: usize,
    /// (H, `weight_rows`)
    pub(super) weights: &'a [Row],
    pub(super) weight_rows: usize,
    /// (n, rows)
    pub(super) values: &'a [Row],
    /// (H, rows)
    pub(super) out: &'a mut [Row],
}

impl Task for WeightedSum<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let rows = self.values.len() / self.n;
        for (weights, out) in
            self.weights.chunks_exact(self.weight_rows).zip(self.out.chunks_exact_mut(rows))
        {
            let weights = &floats(weights)[..self.n];
            let mut column = 0;
            while column + 2 <= rows {
                weighted_sum::<S, 2>(simd, weights, self.values, (rows, column), out);
                column += 2;
            }
            if column < rows {
                weighted_sum::<S, 1>(simd, weights, self.values, (rows, column), out);
            }
        }
    }
}

/// Four interleaved sums hide the latency of the additions.
#[inline(always)]
fn weighted_sum<S: Vectors, const B: usize>(
    simd: S,
    weights: &[f32],
    values: &[Row],
    (rows, column): (usize, usize),
    out: &mut [Row],
) {
    let mut sums = [[simd.splat(0.0); B]; 4];
    for (weights, values) in weights.chunks_exact(4).zip(values.chunks_exact(4 * rows)) {
        for k in 0..4 {
            let value = load::<S, B>(simd, &values[k * rows + column..]);
            accumulate(simd, simd.splat(weights[k]), value, &mut sums[k]);
        }
    }
    for b in 0..B {
        let halves = (simd.add(sums[0][b], sums[1][b]), simd.add(sums[2][b], sums[3][b]));
        let out = &mut out[column + b];
        simd.store(simd.add(simd.load(out), simd.add(halves.0, halves.1)), out);
    }
}

/// `out[k][i] = <values[i], vectors[k]>` for `n` sequences.
pub(super) struct Dots<'a> {
    pub(super) n: usize,
    /// (n, rows)
    pub(super) values: &'a [Row],
    /// (K, rows)
    pub(super) vectors: &'a [Row],
    /// (K, `out_rows`)
    pub(super) out: &'a mut [Row],
    pub(super) out_rows: usize,
}

impl Task for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) {
        let rows = self.values.len() / self.n;
        for (vector, out) in
            self.vectors.chunks_exact(rows).zip(self.out.chunks_exact_mut(self.out_rows))
        {
            for (value, out) in self.values.chunks_exact(rows).zip(floats_mut(out)) {
                let mut sum = simd.mul(simd.load(&value[0]), simd.load(&vector[0]));
                for (a, b) in value[1..].iter().zip(&vector[1..]) {
                    sum = simd.fma(simd.load(a), simd.load(b), sum);
                }
                *out = simd.sum(sum);
            }
        }
    }
}
