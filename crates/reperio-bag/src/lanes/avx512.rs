//! Sixteen lanes in one AVX-512 register.

use std::arch::x86_64::{__m512, __mmask16, _CMP_EQ_OQ, _CMP_GT_OQ};

use pulp::bytemuck::cast;
use pulp::x86::V4;

use super::avx2::sum8;
use super::{Row, Vectors};

impl Vectors for V4 {
    type V = __m512;
    type Mask = __mmask16;
    const WIDE: bool = true;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        self.avx512f._mm512_set1_ps(value)
    }

    #[inline(always)]
    fn load(self, row: &Row) -> __m512 {
        cast(row.0)
    }

    #[inline(always)]
    fn store(self, value: __m512, row: &mut Row) {
        row.0 = cast(value);
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        self.avx512f._mm512_add_ps(a, b)
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        self.avx512f._mm512_sub_ps(a, b)
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        self.avx512f._mm512_mul_ps(a, b)
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        self.avx512f._mm512_div_ps(a, b)
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        self.avx512f._mm512_fmadd_ps(a, b, c)
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        self.avx512f._mm512_max_ps(a, b)
    }

    #[inline(always)]
    fn gt(self, a: __m512, b: __m512) -> __mmask16 {
        self.avx512f._mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b)
    }

    #[inline(always)]
    fn eq(self, a: __m512, b: __m512) -> __mmask16 {
        self.avx512f._mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b)
    }

    #[inline(always)]
    fn select(self, mask: __mmask16, yes: __m512, no: __m512) -> __m512 {
        self.avx512f._mm512_mask_blend_ps(mask, no, yes)
    }

    #[inline(always)]
    fn bits(self, mask: __mmask16) -> u16 {
        mask
    }

    #[inline(always)]
    fn mantissa_to_exponent(self, value: __m512) -> __m512 {
        cast(self.avx512f._mm512_slli_epi32::<23>(cast(value)))
    }

    #[inline(always)]
    fn sum(self, value: __m512) -> f32 {
        let low = self.avx512f._mm512_castps512_ps256(value);
        let high = self.avx512dq._mm512_extractf32x8_ps::<1>(value);
        sum8(*self, self.avx._mm256_add_ps(low, high))
    }
}
