//! Eight lanes in an AVX2 register. pulp's token shows that the processor has the instructions, so that
//! nothing here is unsafe.

#![expect(clippy::inline_always, reason = "methods are inlined where instructions are enabled")]

use std::arch::x86_64::__m256;

use pulp::bytemuck::cast;
use pulp::x86::V3;

use super::{LANES, Lanes, Task, Vectors};

/// Runs `task` on AVX2 vectors.
pub(super) fn run<T: Task>(simd: V3, task: T) {
    simd.vectorize(OnAvx2 { simd, task });
}

/// No closure: the body of one is compiled apart, without the instructions.
struct OnAvx2<T> {
    simd: V3,
    task: T,
}

impl<T: Task> pulp::NullaryFnOnce for OnAvx2<T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.task.run(self.simd);
    }
}

impl Vectors for V3 {
    type V = __m256;

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        self.avx._mm256_set1_ps(value)
    }

    #[inline(always)]
    fn load(self, lanes: &Lanes) -> __m256 {
        cast(*lanes)
    }

    #[inline(always)]
    fn store(self, value: __m256, lanes: &mut Lanes) {
        *lanes = cast(value);
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        self.avx._mm256_add_ps(a, b)
    }

    #[inline(always)]
    fn multiply(self, a: __m256, b: __m256) -> __m256 {
        self.avx._mm256_mul_ps(a, b)
    }

    #[inline(always)]
    fn sums(self, [a, b, c, d, e, f, g, h]: [__m256; LANES]) -> __m256 {
        let pairs = |a, b| self.avx._mm256_hadd_ps(a, b);
        // Sums of the lower and of the upper halves of four vectors.
        let first = pairs(pairs(a, b), pairs(c, d));
        let second = pairs(pairs(e, f), pairs(g, h));
        let lower = self.avx._mm256_permute2f128_ps::<0x20>(first, second);
        let upper = self.avx._mm256_permute2f128_ps::<0x31>(first, second);
        self.add(lower, upper)
    }
}
