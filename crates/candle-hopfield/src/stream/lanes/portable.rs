//! Eight lanes as a plain array.

#![expect(clippy::inline_always, reason = "methods are inlined into the kernels")]

use super::{LANES, Lanes, Vectors};

/// What every processor can do.
#[derive(Clone, Copy)]
pub(in crate::stream) struct Portable;

impl Vectors for Portable {
    type V = Lanes;

    #[inline(always)]
    fn splat(self, value: f32) -> Lanes {
        [value; LANES]
    }

    #[inline(always)]
    fn load(self, lanes: &Lanes) -> Lanes {
        *lanes
    }

    #[inline(always)]
    fn store(self, value: Lanes, lanes: &mut Lanes) {
        *lanes = value;
    }

    #[inline(always)]
    fn add(self, a: Lanes, b: Lanes) -> Lanes {
        std::array::from_fn(|k| a[k] + b[k])
    }

    #[inline(always)]
    fn multiply(self, a: Lanes, b: Lanes) -> Lanes {
        std::array::from_fn(|k| a[k] * b[k])
    }

    #[inline(always)]
    fn sums(self, vectors: [Lanes; LANES]) -> Lanes {
        vectors.map(|a| ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7])))
    }
}
