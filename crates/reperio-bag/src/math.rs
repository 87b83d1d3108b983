//! Exponential and SELU on lanes: one polynomial for every instruction set.

#![expect(clippy::inline_always, reason = "kernels are inlined where instructions are enabled")]

use super::lanes::Vectors;

/// Scale of SELU (Klambauer et al. 2017, equation 2).
pub(super) const LAMBDA: f32 = 1.050_701;
/// Scale times alpha of SELU.
pub(super) const LAMBDA_ALPHA: f32 = 1.758_099_3;

/// `1.5 * 2^23 + 127`: adding it rounds a float to an integer, biased as an exponent, in the mantissa.
const ROUND_TO_EXPONENT: f32 = 12_583_039.0;
/// High part of ln 2, exact in few bits, and the rest of it.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Minimax polynomial of `(exp(r) - 1 - r) / r^2` on `|r| <= ln(2) / 2`, highest power first (Cephes `expf`).
const POLYNOMIAL: [f32; 6] =
    [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1];
/// Range in which the result is a normal float.
const RANGE: [f32; 2] = [-87.0, 88.0];

/// `exp(x)` within two units in the last place, for x clamped to [-87, 88].
#[inline(always)]
pub(super) fn exp<S: Vectors>(simd: S, x: S::V) -> S::V {
    let x = simd.max(simd.splat(RANGE[0]), x);
    let x = simd.select(simd.gt(x, simd.splat(RANGE[1])), simd.splat(RANGE[1]), x);
    let biased = simd.fma(x, simd.splat(std::f32::consts::LOG2_E), simd.splat(ROUND_TO_EXPONENT));
    let n = simd.sub(biased, simd.splat(ROUND_TO_EXPONENT));
    let r = simd.fma(n, simd.splat(-LN_2[0]), x);
    let r = simd.fma(n, simd.splat(-LN_2[1]), r);
    let mut poly = simd.splat(POLYNOMIAL[0]);
    for coefficient in &POLYNOMIAL[1..] {
        poly = simd.fma(poly, r, simd.splat(*coefficient));
    }
    let exp_r = simd.fma(poly, simd.mul(r, r), simd.add(r, simd.splat(1.0)));
    simd.mul(exp_r, simd.mantissa_to_exponent(biased))
}

/// `exp(x)` for x <= 0, and 0 below -87: the weight of a softmax.
#[inline(always)]
pub(super) fn exp_weight<S: Vectors>(simd: S, x: S::V) -> S::V {
    simd.select(simd.gt(simd.splat(RANGE[0]), x), simd.splat(0.0), exp(simd, x))
}

/// SELU.
#[inline(always)]
pub(super) fn selu<S: Vectors>(simd: S, x: S::V) -> S::V {
    let positive = simd.mul(x, simd.splat(LAMBDA));
    let negative = simd.fma(exp(simd, x), simd.splat(LAMBDA_ALPHA), simd.splat(-LAMBDA_ALPHA));
    simd.select(simd.gt(x, simd.splat(0.0)), positive, negative)
}

/// Slope of SELU where its value is `y`.
#[inline(always)]
pub(super) fn selu_slope<S: Vectors>(simd: S, y: S::V) -> S::V {
    let negative = simd.add(y, simd.splat(LAMBDA_ALPHA));
    simd.select(simd.gt(y, simd.splat(0.0)), simd.splat(LAMBDA), negative)
}

/// The logistic function, `1 / (1 + exp(-x))`.
#[inline(always)]
pub(super) fn sigmoid<S: Vectors>(simd: S, x: S::V) -> S::V {
    let one = simd.splat(1.0);
    simd.div(one, simd.add(one, exp(simd, simd.sub(simd.splat(0.0), x))))
}

/// The hyperbolic tangent, within 2e-7.
#[inline(always)]
pub(super) fn tanh<S: Vectors>(simd: S, x: S::V) -> S::V {
    simd.fma(sigmoid(simd, simd.add(x, x)), simd.splat(2.0), simd.splat(-1.0))
}

/// Slope of the logistic function where its value is `y`.
#[inline(always)]
pub(super) fn sigmoid_slope<S: Vectors>(simd: S, y: S::V) -> S::V {
    simd.mul(y, simd.sub(simd.splat(1.0), y))
}

/// Slope of the hyperbolic tangent where its value is `y`.
#[inline(always)]
pub(super) fn tanh_slope<S: Vectors>(simd: S, y: S::V) -> S::V {
    simd.sub(simd.splat(1.0), simd.mul(y, y))
}

#[cfg(test)]
mod tests {
    use super::super::lanes::{InstructionSet, Row, Task, dispatch};
    use super::*;

    struct All(f32);

    impl Task for All {
        type Output = [f32; 6];

        #[inline(always)]
        fn run<S: Vectors>(self, simd: S) -> [f32; 6] {
            let x = simd.splat(self.0);
            let mut out = [Row::default(); 6];
            simd.store(exp(simd, x), &mut out[0]);
            simd.store(exp_weight(simd, x), &mut out[1]);
            simd.store(selu(simd, x), &mut out[2]);
            simd.store(selu_slope(simd, selu(simd, x)), &mut out[3]);
            simd.store(sigmoid(simd, x), &mut out[4]);
            simd.store(tanh(simd, x), &mut out[5]);
            out.map(|row| row.0[7])
        }
    }

    #[test]
    fn values_agree_with_the_library_and_instruction_sets_with_each_other() {
        for step in -9000..=9000 {
            let x = step as f32 * 0.01;
            let portable = dispatch(InstructionSet::Portable, All(x));
            let clamped = f64::from(x.clamp(-87.0, 88.0)).exp();
            let expected = [
                clamped,
                if x < -87.0 { 0.0 } else { clamped },
                if x > 0.0 {
                    f64::from(LAMBDA * x)
                } else {
                    f64::from(LAMBDA_ALPHA) * f64::from(x).exp_m1()
                },
                if x > 0.0 {
                    f64::from(LAMBDA)
                } else {
                    f64::from(LAMBDA_ALPHA) * f64::from(x).exp()
                },
                1.0 / (1.0 + (-f64::from(x)).exp()),
                f64::from(x).tanh(),
            ];
            for (got, want) in portable.into_iter().zip(expected) {
                let error = (f64::from(got) - want).abs();
                assert!(error <= 3e-7 * want.abs().max(1.0), "x={x}: {portable:?} != {expected:?}");
            }
            assert!((f64::from(portable[0]) / expected[0] - 1.0).abs() < 3e-7, "x={x}");
            let fused =
                |set: &InstructionSet| *set != InstructionSet::Portable && set.is_available();
            let mut first = None;
            for set in InstructionSet::ALL.into_iter().filter(fused) {
                let values = dispatch(set, All(x));
                let bits = values.map(f32::to_bits);
                assert_eq!(*first.get_or_insert(bits), bits, "{set:?} x={x}");
                for (a, b) in values.into_iter().zip(portable) {
                    assert!((a - b).abs() <= 3e-7 * b.abs().max(1.0), "x={x}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn a_weight_of_minus_infinity_is_zero() {
        for set in InstructionSet::ALL {
            let weight = dispatch(set, All(f32::NEG_INFINITY))[1];
            assert_eq!(weight.to_bits(), 0, "{set:?}");
        }
    }
}
