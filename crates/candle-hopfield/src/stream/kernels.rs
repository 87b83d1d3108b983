//! The loops that pooling is made of.

#![expect(clippy::inline_always, reason = "kernels are inlined where instructions are enabled")]

use super::lanes::{LANES, Lanes, Vectors};

/// Calls `$kernel` with the number of rows as a constant where it is a common one: the loop over the rows
/// is then unrolled.
macro_rules! unrolled {
    ($rows:expr, $kernel:ident($($argument:expr),*)) => {
        match $rows {
            1 => $kernel(1, $($argument),*),
            2 => $kernel(2, $($argument),*),
            3 => $kernel(3, $($argument),*),
            4 => $kernel(4, $($argument),*),
            8 => $kernel(8, $($argument),*),
            rows => $kernel(rows, $($argument),*),
        }
    };
}

/// `out[i] = <values[i], vector>`; 0 behind the last of the values.
#[inline(always)]
pub(super) fn dots<S: Vectors>(simd: S, values: &[Lanes], vector: &[Lanes], out: &mut [Lanes]) {
    unrolled!(vector.len(), dots_of(simd, values, vector, out));
}

#[inline(always)]
fn dots_of<S: Vectors>(
    rows: usize,
    simd: S,
    values: &[Lanes],
    vector: &[Lanes],
    out: &mut [Lanes],
) {
    let vector = &vector[..rows];
    for (values, out) in values.chunks(LANES * rows).zip(out) {
        let mut products = [simd.splat(0.0); LANES];
        if values.len() == LANES * rows {
            for (k, product) in products.iter_mut().enumerate() {
                *product = product_of(simd, &values[k * rows..(k + 1) * rows], vector);
            }
        } else {
            for (product, value) in products.iter_mut().zip(values.chunks_exact(rows)) {
                *product = product_of(simd, value, vector);
            }
        }
        simd.store(simd.sums(products), out);
    }
}

#[inline(always)]
fn product_of<S: Vectors>(simd: S, a: &[Lanes], b: &[Lanes]) -> S::V {
    let mut sum = simd.multiply(simd.load(&a[0]), simd.load(&b[0]));
    for (a, b) in a[1..].iter().zip(&b[1..]) {
        sum = simd.add(sum, simd.multiply(simd.load(a), simd.load(b)));
    }
    sum
}

/// `out = sum_i weights[i] * values[i]`; `out` is one vector.
#[inline(always)]
pub(super) fn weighted_sum<S: Vectors>(
    simd: S,
    weights: &[f32],
    values: &[Lanes],
    out: &mut [Lanes],
) {
    unrolled!(out.len(), weighted_sum_of(simd, weights, values, out));
}

#[inline(always)]
fn weighted_sum_of<S: Vectors>(
    rows: usize,
    simd: S,
    weights: &[f32],
    values: &[Lanes],
    out: &mut [Lanes],
) {
    let mut row = 0;
    while row + 4 <= rows {
        columns::<S, 4>(simd, (rows, row), weights, values, out);
        row += 4;
    }
    while row < rows {
        columns::<S, 1>(simd, (rows, row), weights, values, out);
        row += 1;
    }
}

/// Lane rows `row..row + C` of a weighted sum; even and odd patterns are summed apart, which hides the
/// latency of the additions.
#[inline(always)]
fn columns<S: Vectors, const C: usize>(
    simd: S,
    (rows, row): (usize, usize),
    weights: &[f32],
    values: &[Lanes],
    out: &mut [Lanes],
) {
    let mut sums = [[simd.splat(0.0); C]; 2];
    let (pairs, last) = weights.as_chunks::<2>();
    for (weights, values) in pairs.iter().zip(values.chunks_exact(2 * rows)) {
        for k in 0..2 {
            let at = k * rows + row;
            add_weighted(simd, weights[k], &values[at..at + C], &mut sums[k]);
        }
    }
    if let &[weight] = last {
        let at = pairs.len() * 2 * rows + row;
        add_weighted(simd, weight, &values[at..at + C], &mut sums[0]);
    }
    for (c, out) in out[row..row + C].iter_mut().enumerate() {
        simd.store(simd.add(sums[0][c], sums[1][c]), out);
    }
}

#[inline(always)]
fn add_weighted<S: Vectors, const C: usize>(
    simd: S,
    weight: f32,
    values: &[Lanes],
    sums: &mut [S::V; C],
) {
    let weight = simd.splat(weight);
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum = simd.add(*sum, simd.multiply(weight, simd.load(value)));
    }
}

/// `out[i] += factors[i] * vector`.
#[inline(always)]
pub(super) fn spread<S: Vectors>(simd: S, factors: &[f32], vector: &[Lanes], out: &mut [Lanes]) {
    unrolled!(vector.len(), spread_of(simd, factors, vector, out));
}

#[inline(always)]
fn spread_of<S: Vectors>(
    rows: usize,
    simd: S,
    factors: &[f32],
    vector: &[Lanes],
    out: &mut [Lanes],
) {
    let vector = &vector[..rows];
    for (&factor, out) in factors.iter().zip(out.chunks_exact_mut(rows)) {
        let factor = simd.splat(factor);
        for (out, vector) in out.iter_mut().zip(vector) {
            let term = simd.multiply(factor, simd.load(vector));
            simd.store(simd.add(simd.load(out), term), out);
        }
    }
}

/// The largest of `values`; -inf where there is none. NaN is passed over.
#[inline(always)]
pub(super) fn largest(values: &[Lanes]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for value in values {
        for (lane, &value) in lanes.iter_mut().zip(value) {
            *lane = if value > *lane { value } else { *lane };
        }
    }
    lanes.into_iter().fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a })
}

/// Sum of all `values`.
#[inline(always)]
pub(super) fn sum(values: &[Lanes]) -> f32 {
    let mut lanes = [0.0; LANES];
    for value in values {
        for (lane, &value) in lanes.iter_mut().zip(value) {
            *lane += value;
        }
    }
    lanes.into_iter().fold(0.0, |a, b| a + b)
}
