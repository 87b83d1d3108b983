//! Sixteen lanes in two AVX2 registers.

use std::arch::x86_64::{__m256, _CMP_EQ_OQ, _CMP_GT_OQ};

use pulp::bytemuck::cast;
use pulp::x86::V3;

use super::{Row, Vectors};

/// Lanes 0 to 7, and 8 to 15.
type Pair = [__m256; 2];

/// Sum of eight lanes: halves, quarters, pairs.
#[inline(always)]
pub(super) fn sum8(simd: V3, lanes: __m256) -> f32 {
    let (low, high) =
        (simd.avx._mm256_castps256_ps128(lanes), simd.avx._mm256_extractf128_ps::<1>(lanes));
    let four = simd.sse._mm_add_ps(low, high);
    let two = simd.sse._mm_add_ps(four, simd.sse._mm_movehl_ps(four, four));
    let one = simd.sse._mm_add_ss(two, simd.sse._mm_shuffle_ps::<1>(two, two));
    simd.sse._mm_cvtss_f32(one)
}

impl Vectors for V3 {
    type V = Pair;
    type Mask = Pair;
    const WIDE: bool = false;

    #[inline(always)]
    fn splat(self, value: f32) -> Pair {
        [self.avx._mm256_set1_ps(value); 2]
    }

    #[inline(always)]
    fn load(self, row: &Row) -> Pair {
        cast(row.0)
    }

    #[inline(always)]
    fn store(self, value: Pair, row: &mut Row) {
        row.0 = cast(value);
    }

    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        [self.avx._mm256_add_ps(a[0], b[0]), self.avx._mm256_add_ps(a[1], b[1])]
    }

    #[inline(always)]
    fn sub(self, a: Pair, b: Pair) -> Pair {
        [self.avx._mm256_sub_ps(a[0], b[0]), self.avx._mm256_sub_ps(a[1], b[1])]
    }

    #[inline(always)]
    fn mul(self, a: Pair, b: Pair) -> Pair {
        [self.avx._mm256_mul_ps(a[0], b[0]), self.avx._mm256_mul_ps(a[1], b[1])]
    }

    #[inline(always)]
    fn div(self, a: Pair, b: Pair) -> Pair {
        [self.avx._mm256_div_ps(a[0], b[0]), self.avx._mm256_div_ps(a[1], b[1])]
    }

    #[inline(always)]
    fn fma(self, a: Pair, b: Pair, c: Pair) -> Pair {
        [self.fma._mm256_fmadd_ps(a[0], b[0], c[0]), self.fma._mm256_fmadd_ps(a[1], b[1], c[1])]
    }

    #[inline(always)]
    fn max(self, a: Pair, b: Pair) -> Pair {
        [self.avx._mm256_max_ps(a[0], b[0]), self.avx._mm256_max_ps(a[1], b[1])]
    }

    #[inline(always)]
    fn gt(self, a: Pair, b: Pair) -> Pair {
        [
            self.avx._mm256_cmp_ps::<_CMP_GT_OQ>(a[0], b[0]),
            self.avx._mm256_cmp_ps::<_CMP_GT_OQ>(a[1], b[1]),
        ]
    }

    #[inline(always)]
    fn eq(self, a: Pair, b: Pair) -> Pair {
        [
            self.avx._mm256_cmp_ps::<_CMP_EQ_OQ>(a[0], b[0]),
            self.avx._mm256_cmp_ps::<_CMP_EQ_OQ>(a[1], b[1]),
        ]
    }

    #[inline(always)]
    fn select(self, mask: Pair, yes: Pair, no: Pair) -> Pair {
        [
            self.avx._mm256_blendv_ps(no[0], yes[0], mask[0]),
            self.avx._mm256_blendv_ps(no[1], yes[1], mask[1]),
        ]
    }

    #[inline(always)]
    fn bits(self, mask: Pair) -> u16 {
        let [low, high] = mask;
        (self.avx._mm256_movemask_ps(low) | self.avx._mm256_movemask_ps(high) << 8) as u16
    }

    #[inline(always)]
    fn mantissa_to_exponent(self, value: Pair) -> Pair {
        let [low, high] = value;
        [
            cast(self.avx2._mm256_slli_epi32::<23>(cast(low))),
            cast(self.avx2._mm256_slli_epi32::<23>(cast(high))),
        ]
    }

    #[inline(always)]
    fn sum(self, value: Pair) -> f32 {
        sum8(self, self.avx._mm256_add_ps(value[0], value[1]))
    }
}
