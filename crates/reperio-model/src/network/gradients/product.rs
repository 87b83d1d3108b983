//! Products of small dense matrices, on the vectors of the processor. Nothing is fused: the bits are the same on any.

#![expect(clippy::inline_always, reason = "only what is inlined is compiled for the vectors")]

use pulp::{Arch, Simd, WithSimd};

/// Outputs of a product that are summed at once: as many as stay in registers.
const AT_ONCE: usize = 16;
/// Partial sums of a dot product.
const PARTIAL: usize = 8;

/// Adds to `output` (m) the product of `input` (n) and the first m columns of `weight` (n, width), in the order of the input.
pub(super) fn multiply(input: &[f64], (weight, width): (&[f64], usize), output: &mut [f64]) {
    Arch::new().dispatch(Product { input, weight, width, output });
}

/// The sum of products, in a fixed order.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; PARTIAL];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<PARTIAL>(), b.as_chunks::<PARTIAL>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| a * b);
    sums.into_iter().chain(rest).sum()
}

struct Product<'a> {
    input: &'a [f64],
    weight: &'a [f64],
    width: usize,
    output: &'a mut [f64],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { input, weight, width, output } = self;
        let (blocks, others) = output.as_chunks_mut::<AT_ONCE>();
        let first = AT_ONCE * blocks.len();
        for (b, block) in blocks.iter_mut().enumerate() {
            let mut sums = *block;
            for (input, row) in input.iter().zip(weight.chunks_exact(width)) {
                for (sum, weight) in sums.iter_mut().zip(&row.as_chunks::<AT_ONCE>().0[b]) {
                    *sum += input * weight;
                }
            }
            *block = sums;
        }
        if !others.is_empty() {
            for (input, row) in input.iter().zip(weight.chunks_exact(width)) {
                for (sum, weight) in others.iter_mut().zip(&row[first..]) {
                    *sum += input * weight;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whole numbers, so that no order of sums matters.
        #[test]
        fn products_are_sums_of_products(
            (n, width) in (0..40_usize, 1..70_usize),
            used in 0.0..=1.0_f64,
            seed in any::<u32>(),
        ) {
            let drawn = |i: usize| ((i as u32 + 1).wrapping_mul(seed | 1) >> 20) as f64 - 2048.0;
            let used = (used * width as f64) as usize;
            let input: Vec<f64> = (0..n).map(drawn).collect();
            let weight: Vec<f64> = (n..n + n * width).map(drawn).collect();
            let mut output: Vec<f64> = (0..used).map(drawn).collect();
            let column = |c: usize| -> Vec<f64> { weight.iter().skip(c).step_by(width).copied().collect() };
            let sum = |c: usize| drawn(c) + (0..n).map(|i| input[i] * weight[i * width + c]).sum::<f64>();
            let want: Vec<f64> = (0..used).map(sum).collect();
            multiply(&input, (&weight, width), &mut output);
            prop_assert_eq!(&output, &want);
            for (c, want) in want.iter().enumerate() {
                prop_assert!((drawn(c) + dot(&input, &column(c)) - want).abs() < 0.5);
            }
        }
    }
}
