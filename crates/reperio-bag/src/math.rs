//! Exponential and SELU on lanes: one polynomial for every instruction set.

#![expect(clippy::inline_always, reason = "kernels are inlined where instructions are enabled")]

use super::lanes::Lanes;

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
pub(super) fn exp<S: Lanes>(x: S) -> S {
    let x = S::splat(RANGE[0]).max(x);
    let x = S::select(x.gt(S::splat(RANGE[1])), S::splat(RANGE[1]), x);
    let biased = x.fma(S::splat(std::f32::consts::LOG2_E), S::splat(ROUND_TO_EXPONENT));
    let n = biased.sub(S::splat(ROUND_TO_EXPONENT));
    let r = n.fma(S::splat(-LN_2[0]), x);
    let r = n.fma(S::splat(-LN_2[1]), r);
    let mut poly = S::splat(POLYNOMIAL[0]);
    for coefficient in &POLYNOMIAL[1..] {
        poly = poly.fma(r, S::splat(*coefficient));
    }
    let exp_r = poly.fma(r.mul(r), r.add(S::splat(1.0)));
    exp_r.mul(biased.mantissa_to_exponent())
}

/// `exp(x)` for x <= 0, and 0 below -87: the weight of a softmax.
#[inline(always)]
pub(super) fn exp_weight<S: Lanes>(x: S) -> S {
    S::select(S::splat(RANGE[0]).gt(x), S::splat(0.0), exp(x))
}

/// SELU.
#[inline(always)]
pub(super) fn selu<S: Lanes>(x: S) -> S {
    let zero = S::splat(0.0);
    let positive = x.mul(S::splat(LAMBDA));
    let negative = exp(x).fma(S::splat(LAMBDA_ALPHA), S::splat(-LAMBDA_ALPHA));
    S::select(x.gt(zero), positive, negative)
}

/// Slope of SELU where its value is `y`.
#[inline(always)]
pub(super) fn selu_slope<S: Lanes>(y: S) -> S {
    let negative = y.add(S::splat(LAMBDA_ALPHA));
    S::select(y.gt(S::splat(0.0)), S::splat(LAMBDA), negative)
}

#[cfg(test)]
mod tests {
    use super::super::lanes::{InstructionSet, Row, Task, dispatch};
    use super::*;

    struct Both(f32);

    impl Task for Both {
        type Output = [f32; 4];

        #[inline(always)]
        fn run<S: Lanes>(self) -> [f32; 4] {
            let x = S::splat(self.0);
            let mut out = [Row::default(); 4];
            exp(x).store(&mut out[0]);
            exp_weight(x).store(&mut out[1]);
            selu(x).store(&mut out[2]);
            selu_slope(selu(x)).store(&mut out[3]);
            out.map(|row| row.0[7])
        }
    }

    #[test]
    fn values_agree_with_the_library_and_instruction_sets_with_each_other() {
        for step in -9000..=9000 {
            let x = step as f32 * 0.01;
            let portable = dispatch(InstructionSet::Portable, Both(x));
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
            ];
            for (got, want) in portable.into_iter().zip(expected) {
                let error = (f64::from(got) - want).abs();
                assert!(error <= 3e-7 * want.abs().max(1.0), "x={x}: {portable:?} != {expected:?}");
            }
            assert!((f64::from(portable[0]) / expected[0] - 1.0).abs() < 3e-7, "x={x}");
            if InstructionSet::Avx512.is_available() {
                let avx512 = dispatch(InstructionSet::Avx512, Both(x));
                let avx2 = dispatch(InstructionSet::Avx2, Both(x));
                assert_eq!(avx512.map(f32::to_bits), avx2.map(f32::to_bits), "x={x}");
                for (a, b) in avx512.into_iter().zip(portable) {
                    assert!((a - b).abs() <= 3e-7 * b.abs().max(1.0), "x={x}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn a_weight_of_minus_infinity_is_zero() {
        for set in InstructionSet::ALL {
            let weight = dispatch(set, Both(f32::NEG_INFINITY))[1];
            assert_eq!(weight.to_bits(), 0, "{set:?}");
        }
    }
}
