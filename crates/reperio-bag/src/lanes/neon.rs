//! Sixteen lanes in four NEON registers.

use std::array::from_fn;

use pulp::aarch64::Neon;
use pulp::bytemuck::cast;
use pulp::{f32x4, m32x4, u32x4};

use super::{Row, Vectors};

/// Lanes 0 to 3, 4 to 7, 8 to 11 and 12 to 15.
type Four = [f32x4; 4];

/// The bit of each lane.
const BITS: [u32x4; 4] = [
    u32x4(1, 1 << 1, 1 << 2, 1 << 3),
    u32x4(1 << 4, 1 << 5, 1 << 6, 1 << 7),
    u32x4(1 << 8, 1 << 9, 1 << 10, 1 << 11),
    u32x4(1 << 12, 1 << 13, 1 << 14, 1 << 15),
];

impl Vectors for Neon {
    type V = Four;
    type Mask = [m32x4; 4];
    const WIDE: bool = false;

    #[inline(always)]
    fn splat(self, value: f32) -> Four {
        [self.splat_f32x4(value); 4]
    }

    #[inline(always)]
    fn load(self, row: &Row) -> Four {
        cast(row.0)
    }

    #[inline(always)]
    fn store(self, value: Four, row: &mut Row) {
        row.0 = cast(value);
    }

    #[inline(always)]
    fn add(self, a: Four, b: Four) -> Four {
        from_fn(|k| self.add_f32x4(a[k], b[k]))
    }

    #[inline(always)]
    fn sub(self, a: Four, b: Four) -> Four {
        from_fn(|k| self.sub_f32x4(a[k], b[k]))
    }

    #[inline(always)]
    fn mul(self, a: Four, b: Four) -> Four {
        from_fn(|k| self.mul_f32x4(a[k], b[k]))
    }

    /// Lane by lane, which the compiler joins: pulp has no division of four.
    #[inline(always)]
    fn div(self, a: Four, b: Four) -> Four {
        from_fn(|k| f32x4(a[k].0 / b[k].0, a[k].1 / b[k].1, a[k].2 / b[k].2, a[k].3 / b[k].3))
    }

    #[inline(always)]
    fn fma(self, a: Four, b: Four, c: Four) -> Four {
        from_fn(|k| self.mul_add_f32x4(a[k], b[k], c[k]))
    }

    /// Not the processor's own maximum, which differs for NaN and for zeros of both signs.
    #[inline(always)]
    fn max(self, a: Four, b: Four) -> Four {
        self.select(self.gt(a, b), a, b)
    }

    #[inline(always)]
    fn gt(self, a: Four, b: Four) -> Self::Mask {
        from_fn(|k| self.cmp_gt_f32x4(a[k], b[k]))
    }

    #[inline(always)]
    fn eq(self, a: Four, b: Four) -> Self::Mask {
        from_fn(|k| self.cmp_eq_f32x4(a[k], b[k]))
    }

    #[inline(always)]
    fn select(self, mask: Self::Mask, yes: Four, no: Four) -> Four {
        from_fn(|k| self.select_f32x4(mask[k], yes[k], no[k]))
    }

    #[inline(always)]
    fn bits(self, mask: Self::Mask) -> u16 {
        let [a, b, c, d] = from_fn(|k| self.and_u32x4(cast(mask[k]), BITS[k]));
        let all = self.or_u32x4(self.or_u32x4(a, b), self.or_u32x4(c, d));
        (all.0 | all.1 | all.2 | all.3) as u16
    }

    #[inline(always)]
    fn mantissa_to_exponent(self, value: Four) -> Four {
        from_fn(|k| cast(self.shl_const_u32x4::<23>(cast(value[k]))))
    }

    #[inline(always)]
    fn sum(self, value: Four) -> f32 {
        let [a, b, c, d] = value;
        let four = self.add_f32x4(self.add_f32x4(a, c), self.add_f32x4(b, d));
        (four.0 + four.2) + (four.1 + four.3)
    }
}
