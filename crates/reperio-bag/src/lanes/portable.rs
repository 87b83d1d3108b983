//! Sixteen lanes as a plain array.

use super::{LANES, Lanes, Row, Task};

#[derive(Clone, Copy)]
pub(super) struct Portable([f32; LANES]);

pub(super) fn run<T: Task>(task: T) -> T::Output {
    task.run::<Portable>()
}

/// Applies `f` to each pair of lanes.
#[inline(always)]
fn zip<R: Copy + Default>(a: Portable, b: Portable, f: impl Fn(f32, f32) -> R) -> [R; LANES] {
    let mut out = [R::default(); LANES];
    for (out, (a, b)) in out.iter_mut().zip(a.0.into_iter().zip(b.0)) {
        *out = f(a, b);
    }
    out
}

impl Lanes for Portable {
    type Mask = [bool; LANES];
    const WIDE: bool = false;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    fn load(row: &Row) -> Self {
        Self(row.0)
    }

    #[inline(always)]
    fn store(self, row: &mut Row) {
        row.0 = self.0;
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(zip(self, other, |a, b| a + b))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(zip(self, other, |a, b| a - b))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(zip(self, other, |a, b| a * b))
    }

    #[inline(always)]
    fn fma(self, factor: Self, term: Self) -> Self {
        self.mul(factor).add(term)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(zip(self, other, |a, b| if a > b { a } else { b }))
    }

    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        zip(self, other, |a, b| a > b)
    }

    #[inline(always)]
    fn eq(self, other: Self) -> Self::Mask {
        zip(self, other, |a, b| a == b)
    }

    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        let mut out = no;
        for ((out, yes), mask) in out.0.iter_mut().zip(yes.0).zip(mask) {
            *out = if mask { yes } else { *out };
        }
        out
    }

    #[inline(always)]
    fn bits(mask: Self::Mask) -> u16 {
        let mut bits = 0;
        for (i, bit) in mask.into_iter().enumerate() {
            bits |= u16::from(bit) << i;
        }
        bits
    }

    #[inline(always)]
    fn mantissa_to_exponent(self) -> Self {
        Self(self.0.map(|value| f32::from_bits(value.to_bits() << 23)))
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let mut lanes = self.0;
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
