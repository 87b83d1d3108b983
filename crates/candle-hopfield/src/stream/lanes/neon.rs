//! Eight lanes in two NEON registers.

#![expect(clippy::inline_always, reason = "methods are inlined into the kernels")]

use pulp::aarch64::Neon;
use pulp::bytemuck::cast;
use pulp::f32x4;

use super::{LANES, Lanes, Vectors};

/// Lanes 0 to 3, and 4 to 7.
type Pair = [f32x4; 2];

impl Vectors for Neon {
    type V = Pair;

    #[inline(always)]
    fn splat(self, value: f32) -> Pair {
        [self.splat_f32x4(value); 2]
    }

    #[inline(always)]
    fn load(self, lanes: &Lanes) -> Pair {
        cast(*lanes)
    }

    #[inline(always)]
    fn store(self, value: Pair, lanes: &mut Lanes) {
        *lanes = cast(value);
    }

    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        [self.add_f32x4(a[0], b[0]), self.add_f32x4(a[1], b[1])]
    }

    #[inline(always)]
    fn multiply(self, a: Pair, b: Pair) -> Pair {
        [self.mul_f32x4(a[0], b[0]), self.mul_f32x4(a[1], b[1])]
    }

    #[inline(always)]
    fn sums(self, vectors: [Pair; LANES]) -> Pair {
        let pairs = |a: f32x4, b: f32x4| -> f32x4 { cast(self.neon.vpaddq_f32(cast(a), cast(b))) };
        let [a, b, c, d, e, f, g, h] = vectors.map(|[low, high]| pairs(low, high));
        [pairs(pairs(a, b), pairs(c, d)), pairs(pairs(e, f), pairs(g, h))]
    }
}
