//! Sixteen `f32` lanes, four ways: AVX-512, AVX2, NEON and plain arrays.
//!
//! Kernels are written once over [`Vectors`] and run where the instruction set is enabled ([`dispatch`]), so every
//! method must be inlined. A set's token shows that the processor has its instructions, so that nothing here is
//! unsafe but the view of rows as floats. AVX-512, AVX2 and NEON round every operation alike, so they agree bit
//! for bit; plain arrays have no fused multiply-add and agree to rounding.

#![expect(clippy::inline_always, reason = "methods are inlined where instructions are enabled")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

#[cfg(target_arch = "aarch64")]
use pulp::aarch64::Neon;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

use portable::Portable;

/// Lanes of a vector, and floats of a [`Row`].
pub(super) const LANES: usize = 16;

/// Sixteen floats on one cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Row(pub(super) [f32; LANES]);

/// Rows that hold `floats` values.
pub(super) fn rows_of(floats: usize) -> usize {
    floats.div_ceil(LANES)
}

/// The floats of `rows`, one row after another.
#[expect(
    unsafe_code,
    reason = "the standard library has no view of aligned rows as what they hold"
)]
pub(super) fn floats(rows: &[Row]) -> &[f32] {
    // SAFETY: `Row` is `repr(C)` over 16 floats without padding (64 bytes, aligned to 64), so `rows` is
    // that many initialised floats in one allocation.
    unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), rows.len() * LANES) }
}

/// The floats of `rows`, one row after another.
#[expect(unsafe_code, reason = "as for `floats`")]
pub(super) fn floats_mut(rows: &mut [Row]) -> &mut [f32] {
    // SAFETY: as in `floats`; the borrow of `rows` is exclusive and lasts as long as the result.
    unsafe { std::slice::from_raw_parts_mut(rows.as_mut_ptr().cast(), rows.len() * LANES) }
}

/// Instructions that the processor is known to have. Every sum of products is one `fma` a term, in the order
/// written.
pub(super) trait Vectors: Copy {
    /// [`LANES`] floats in registers.
    type V: Copy;
    /// One truth value per lane.
    type Mask: Copy;
    /// Whether the registers hold eight rows of a matrix product at once, not two.
    const WIDE: bool;

    fn splat(self, value: f32) -> Self::V;
    fn load(self, row: &Row) -> Self::V;
    fn store(self, value: Self::V, row: &mut Row);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`, rounded once where the processor can.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The larger; `b` if they are equal or one is NaN.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a > b`.
    fn gt(self, a: Self::V, b: Self::V) -> Self::Mask;
    fn eq(self, a: Self::V, b: Self::V) -> Self::Mask;
    fn select(self, mask: Self::Mask, yes: Self::V, no: Self::V) -> Self::V;
    /// Lane i as bit i.
    fn bits(self, mask: Self::Mask) -> u16;
    /// Shifts the bits of each float left by 23: an integer in the mantissa becomes the exponent.
    fn mantissa_to_exponent(self, value: Self::V) -> Self::V;
    /// Sum over the lanes as a tree: halves, quarters, pairs.
    fn sum(self, value: Self::V) -> f32;

    /// Largest lane.
    #[inline(always)]
    fn largest(self, value: Self::V) -> f32 {
        let mut row = Row::default();
        self.store(value, &mut row);
        let mut largest = row.0[0];
        for value in row.0 {
            if value > largest {
                largest = value;
            }
        }
        largest
    }
}

/// A kernel that runs on any vectors. `run` must be `#[inline(always)]`.
pub(super) trait Task {
    /// What the kernel returns.
    type Output;
    /// Runs with the instructions of `simd`.
    fn run<S: Vectors>(self, simd: S) -> Self::Output;
}

/// A task and its instructions. No closure: the body of one is compiled apart, without the instructions.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
struct On<S, T> {
    simd: S,
    task: T,
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
impl<S: Vectors, T: Task> pulp::NullaryFnOnce for On<S, T> {
    type Output = T::Output;

    #[inline(always)]
    fn call(self) -> T::Output {
        self.task.run(self.simd)
    }
}

/// Which instructions the kernels use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// AVX-512 (x86-64-v4): 16 lanes in one register.
    Avx512,
    /// AVX2 with fused multiply-add (x86-64-v3): 16 lanes in two registers. Bits equal those of AVX-512.
    Avx2,
    /// NEON, which every 64-bit ARM processor has: 16 lanes in four registers. Bits equal those of AVX-512.
    Neon,
    /// Whatever the compiler makes of plain arrays. Equal within rounding.
    Portable,
}

impl InstructionSet {
    /// All sets, fastest first.
    pub const ALL: [Self; 4] = [Self::Avx512, Self::Avx2, Self::Neon, Self::Portable];

    /// The fastest set that this processor has.
    pub fn detect() -> Self {
        Self::ALL.into_iter().find(|set| set.is_available()).unwrap_or(Self::Portable)
    }

    /// Whether this processor has the set.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => V4::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => V3::is_available(),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => Neon::is_available(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            #[cfg(not(target_arch = "aarch64"))]
            Self::Neon => false,
            Self::Portable => true,
        }
    }
}

/// Runs `task` with `set`, or with [`InstructionSet::Portable`] where the processor lacks it.
#[inline]
pub(super) fn dispatch<T: Task>(set: InstructionSet, task: T) -> T::Output {
    #[cfg(target_arch = "x86_64")]
    if set == InstructionSet::Avx512
        && let Some(simd) = V4::try_new()
    {
        return simd.vectorize(On { simd, task });
    }
    #[cfg(target_arch = "x86_64")]
    if set == InstructionSet::Avx2
        && let Some(simd) = V3::try_new()
    {
        return simd.vectorize(On { simd, task });
    }
    #[cfg(target_arch = "aarch64")]
    if set == InstructionSet::Neon
        && let Some(simd) = Neon::try_new()
    {
        return simd.vectorize(On { simd, task });
    }
    task.run(Portable)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of everything, on awkward values.
    struct Everything([Row; 3]);

    impl Task for Everything {
        type Output = Vec<u32>;

        #[inline(always)]
        fn run<S: Vectors>(self, simd: S) -> Vec<u32> {
            let [a, b, c] = [0, 1, 2].map(|k| simd.load(&self.0[k]));
            let (greater, equal) = (simd.gt(a, b), simd.eq(a, c));
            let mut out = vec![u32::from(simd.bits(greater)), u32::from(simd.bits(equal))];
            let values = [
                simd.add(a, b),
                simd.sub(a, b),
                simd.mul(a, b),
                simd.div(a, simd.add(simd.mul(b, b), simd.splat(1.0))),
                simd.max(a, b),
                simd.select(greater, a, c),
                simd.mantissa_to_exponent(simd.splat(12_582_912.0 + 130.0)),
            ];
            for value in values {
                let mut row = Row::default();
                simd.store(value, &mut row);
                out.extend(row.0.map(f32::to_bits));
                out.push(simd.sum(value).to_bits());
                out.push(simd.largest(value).to_bits());
            }
            out
        }
    }

    #[test]
    fn instruction_sets_agree_to_the_bit() {
        let row = |step: f32| Row(std::array::from_fn(|i| (i as f32 * step).sin() * 3.0));
        let rows = || Everything([row(1.3), row(0.7), row(1.3)]);
        let expected = dispatch(InstructionSet::Portable, rows());
        assert_eq!(expected[1], 0xffff);
        for set in InstructionSet::ALL {
            assert_eq!(dispatch(set, rows()), expected, "{set:?}");
        }
    }

    /// `a * b + c` of each lane, and the larger of a and b.
    struct Rounded([Row; 3]);

    impl Task for Rounded {
        type Output = [Row; 2];

        #[inline(always)]
        fn run<S: Vectors>(self, simd: S) -> [Row; 2] {
            let [a, b, c] = [0, 1, 2].map(|k| simd.load(&self.0[k]));
            let mut out = [Row::default(); 2];
            simd.store(simd.fma(a, b, c), &mut out[0]);
            simd.store(simd.max(a, b), &mut out[1]);
            out
        }
    }

    #[test]
    fn products_are_rounded_once_with_their_sum_and_a_maximum_of_equals_is_the_second() {
        let row = |step: f32| Row(std::array::from_fn(|i| (i as f32 * step).sin() * 3.0));
        let mut rows = [row(1.3), row(0.7), row(-1.1)];
        (rows[0].0[3], rows[1].0[3]) = (0.0, -0.0);
        (rows[0].0[4], rows[1].0[5]) = (f32::NAN, f32::NAN);
        for set in InstructionSet::ALL.into_iter().filter(|set| set.is_available()) {
            let [sums, larger] = dispatch(set, Rounded(rows));
            for lane in 0..LANES {
                let [a, b, c] = rows.map(|row| row.0[lane]);
                let sum = if set == InstructionSet::Portable { a * b + c } else { a.mul_add(b, c) };
                let same = sums.0[lane].to_bits() == sum.to_bits();
                assert!(same || sum.is_nan() && sums.0[lane].is_nan(), "{set:?} {lane}: {sum}");
                let want = if a > b { a } else { b };
                assert_eq!(larger.0[lane].to_bits(), want.to_bits(), "{set:?} {lane}");
            }
        }
    }
}
