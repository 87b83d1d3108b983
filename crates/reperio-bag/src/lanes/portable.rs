//! Sixteen lanes as a plain array.

use super::{LANES, Row, Vectors};

/// What every processor can do.
#[derive(Clone, Copy)]
pub(super) struct Portable;

/// Applies `f` to each pair of lanes.
#[inline(always)]
fn zip<R: Copy + Default>(
    a: [f32; LANES],
    b: [f32; LANES],
    f: impl Fn(f32, f32) -> R,
) -> [R; LANES] {
    let mut out = [R::default(); LANES];
    for (out, (a, b)) in out.iter_mut().zip(a.into_iter().zip(b)) {
        *out = f(a, b);
    }
    out
}

impl Vectors for Portable {
    type V = [f32; LANES];
    type Mask = [bool; LANES];
    const WIDE: bool = false;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::V {
        [value; LANES]
    }

    #[inline(always)]
    fn load(self, row: &Row) -> Self::V {
        row.0
    }

    #[inline(always)]
    fn store(self, value: Self::V, row: &mut Row) {
        row.0 = value;
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        self.add(self.mul(a, b), c)
    }

    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn gt(self, a: Self::V, b: Self::V) -> Self::Mask {
        zip(a, b, |a, b| a > b)
    }

    #[inline(always)]
    fn eq(self, a: Self::V, b: Self::V) -> Self::Mask {
        zip(a, b, |a, b| a == b)
    }

    #[inline(always)]
    fn select(self, mask: Self::Mask, yes: Self::V, no: Self::V) -> Self::V {
        let mut out = no;
        for ((out, yes), mask) in out.iter_mut().zip(yes).zip(mask) {
            *out = if mask { yes } else { *out };
        }
        out
    }

    #[inline(always)]
    fn bits(self, mask: Self::Mask) -> u16 {
        let mut bits = 0;
        for (i, bit) in mask.into_iter().enumerate() {
            bits |= u16::from(bit) << i;
        }
        bits
    }

    #[inline(always)]
    fn mantissa_to_exponent(self, value: Self::V) -> Self::V {
        value.map(|value| f32::from_bits(value.to_bits() << 23))
    }

    #[inline(always)]
    fn sum(self, value: Self::V) -> f32 {
        let mut lanes = value;
        let mut half = LANES / 2;
        while half > 0 {
            for i in 0..half {
                lanes[i] += lanes[i + half];
            }
            half /= 2;
        }
        lanes[0]
    }
}
