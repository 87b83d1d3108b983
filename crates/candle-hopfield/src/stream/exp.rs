//! Exponentials from additions, multiplications and shifts only: the same bits on every machine, and no
//! branch that would keep the compiler from using vectors.

#![expect(clippy::inline_always, reason = "kernels are inlined where instructions are enabled")]

use super::lanes::{LANES, Lanes};

/// Where the weight of a softmax is still a normal float; below, it counts as zero.
const SMALLEST: f32 = -87.0;
/// Where `exp` is still finite.
const LARGEST: f32 = 88.0;
/// `1.5 * 2^23 + 127`: adding it rounds a float to an integer, biased as an exponent, in the mantissa.
const ROUND: f32 = 12_583_039.0;
/// ln 2 as a float of few bits, whose products with small integers are exact, and the rest.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Minimax polynomial of `(exp(r) - 1 - r) / r^2` for `|r| <= ln(2) / 2`, highest power first (Cephes
/// `expf`, <https://netlib.org/cephes/>).
const POLYNOMIAL: [f32; 6] =
    [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1];

/// `exp(x)` to three units in the last place for x up to 88 (larger ones count as 88), 0 for x below -87, and
/// NaN for NaN.
#[inline(always)]
pub(super) fn weight(x: f32) -> f32 {
    let inside = if x < SMALLEST { SMALLEST } else { x };
    let inside = if inside > LARGEST { LARGEST } else { inside };
    let biased = inside * std::f32::consts::LOG2_E + ROUND;
    let n = biased - ROUND;
    let r = (inside - n * LN_2[0]) - n * LN_2[1];
    let mut poly = POLYNOMIAL[0];
    for coefficient in &POLYNOMIAL[1..] {
        poly = poly * r + coefficient;
    }
    let value = (poly * (r * r) + (r + 1.0)) * f32::from_bits(biased.to_bits() << 23);
    if x < SMALLEST { 0.0 } else { value }
}

/// [`weight`] of each lane.
#[inline(always)]
pub(super) fn weights(x: Lanes) -> Lanes {
    let mut out = [0.0; LANES];
    for (out, x) in out.iter_mut().zip(x) {
        *out = weight(x);
    }
    out
}

/// Powers of the Taylor series of `exp` on `|r| <= ln(2) / 2`: the next term is below 2e-17.
const TERMS: u32 = 14;

/// `exp(x)` for x <= 0 within 1e-15, relative; 0 below -700 and for -inf.
pub(super) fn decay(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    let n = (x * std::f64::consts::LOG2_E).round();
    let r = x - n * std::f64::consts::LN_2;
    let mut sum = 1.0;
    for k in (1..TERMS).rev() {
        sum = 1.0 + sum * r / f64::from(k);
    }
    // n is in -1010..=0: the exponent stays that of a normal number.
    sum * f64::from_bits(((n as i64 + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_equal_the_exponential() {
        for step in -8700..=8800 {
            let x = step as f32 * 0.01;
            let ratio = f64::from(weight(x)) / f64::from(x).exp();
            assert!((ratio - 1.0).abs() < 3e-7, "x={x}: {ratio}");
        }
        assert_eq!(weight(0.0).to_bits(), 1.0_f32.to_bits());
        for small in [f32::NEG_INFINITY, -87.1] {
            assert_eq!(weights([small; LANES]).map(f32::to_bits), [0; LANES]);
        }
        assert!(weight(f32::NAN).is_nan());
        assert!(weight(f32::INFINITY).is_finite());
    }

    #[test]
    fn decays_equal_the_exponential() {
        for step in 0..7000 {
            let x = f64::from(step) * -0.1;
            let ratio = decay(x) / x.exp();
            assert!((ratio - 1.0).abs() < 2e-13, "x={x}: {ratio}");
        }
        for step in 0..1000 {
            let x = f64::from(step) * -1e-3;
            assert!((decay(x) / x.exp() - 1.0).abs() < 1e-15, "x={x}");
        }
        assert_eq!(decay(0.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(decay(f64::NEG_INFINITY).to_bits(), 0);
    }
}
