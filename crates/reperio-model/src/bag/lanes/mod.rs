//! Sixteen `f32` lanes, three ways: AVX-512, AVX2 and plain arrays.
//!
//! Kernels are written once over [`Lanes`] and instantiated inside a function that enables the
//! instruction set ([`dispatch`]); every method must therefore be inlined. AVX-512 and AVX2 round every
//! operation alike, so they agree bit for bit; plain arrays have no fused multiply-add and agree to
//! rounding.
//!
//! This module is the one place with unsafe code. The lane types cannot be named outside of it, so a
//! kernel can only meet them through [`dispatch`], which asks the processor first.

#![expect(unsafe_code, reason = "vector instructions; the scalar twin holds them to its values")]
#![expect(clippy::inline_always, reason = "methods are inlined where instructions are enabled")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

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
pub(super) fn floats(rows: &[Row]) -> &[f32] {
    // SAFETY: `Row` is `repr(C)` over 16 floats without padding (64 bytes, aligned to 64), so `rows` is
    // that many initialised floats in one allocation.
    unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), rows.len() * LANES) }
}

/// The floats of `rows`, one row after another.
pub(super) fn floats_mut(rows: &mut [Row]) -> &mut [f32] {
    // SAFETY: as in `floats`; the borrow of `rows` is exclusive and lasts as long as the result.
    unsafe { std::slice::from_raw_parts_mut(rows.as_mut_ptr().cast(), rows.len() * LANES) }
}

/// Vector of [`LANES`] floats. Every sum of products is one `fma` a term, in the order written.
pub(super) trait Lanes: Copy {
    /// One truth value per lane.
    type Mask: Copy;
    /// Rows of a matrix product that are kept in registers at once.
    const WIDE: bool;

    fn splat(value: f32) -> Self;
    fn load(row: &Row) -> Self;
    fn store(self, row: &mut Row);
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self * factor + term`, rounded once where the processor can.
    fn fma(self, factor: Self, term: Self) -> Self;
    /// The larger; `other` if they are equal or one is NaN.
    fn max(self, other: Self) -> Self;
    fn gt(self, other: Self) -> Self::Mask;
    fn eq(self, other: Self) -> Self::Mask;
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Lane i as bit i.
    fn bits(mask: Self::Mask) -> u16;
    /// Shifts the bits of each float left by 23: an integer in the mantissa becomes the exponent.
    fn mantissa_to_exponent(self) -> Self;
    /// Sum over the lanes as a tree: halves, quarters, pairs.
    fn sum(self) -> f32;

    /// Largest lane.
    #[inline(always)]
    fn largest(self) -> f32 {
        let mut row = Row::default();
        self.store(&mut row);
        let mut largest = row.0[0];
        for value in row.0 {
            if value > largest {
                largest = value;
            }
        }
        largest
    }
}

/// A kernel that runs on any lanes. `run` must be `#[inline(always)]`.
pub(super) trait Task {
    /// What the kernel returns.
    type Output;
    /// Runs on lanes `S`.
    fn run<S: Lanes>(self) -> Self::Output;
}

/// Which instructions the kernels use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// AVX-512 (F, BW, DQ, VL): 16 lanes in one register.
    Avx512,
    /// AVX2 with fused multiply-add: 16 lanes in two registers. Bits equal those of AVX-512.
    Avx2,
    /// Whatever the compiler makes of plain arrays. Equal within rounding.
    Portable,
}

impl InstructionSet {
    /// All sets, fastest first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// The fastest set that this processor has.
    pub fn detect() -> Self {
        Self::ALL.into_iter().find(|set| set.is_available()).unwrap_or(Self::Portable)
    }

    /// Whether this processor has the set.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }
}

/// Runs `task` with `set`, or with [`InstructionSet::Portable`] where the processor lacks it.
#[inline]
pub(super) fn dispatch<T: Task>(set: InstructionSet, task: T) -> T::Output {
    match set {
        // SAFETY: the guard has asked the processor for every feature that the function enables.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 if set.is_available() => unsafe { avx512::run(task) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 if set.is_available() => unsafe { avx2::run(task) },
        _ => portable::run(task),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of everything, on awkward values.
    struct Everything([Row; 3]);

    impl Task for Everything {
        type Output = Vec<u32>;

        #[inline(always)]
        fn run<S: Lanes>(self) -> Vec<u32> {
            let [a, b, c] = [S::load(&self.0[0]), S::load(&self.0[1]), S::load(&self.0[2])];
            let mut out = vec![u32::from(S::bits(a.gt(b))), u32::from(S::bits(a.eq(c)))];
            let values = [
                a.add(b),
                a.sub(b),
                a.mul(b),
                a.max(b),
                S::select(a.gt(b), a, c),
                S::splat(12_582_912.0 + 130.0).mantissa_to_exponent(),
            ];
            for value in values {
                let mut row = Row::default();
                value.store(&mut row);
                out.extend(row.0.map(f32::to_bits));
                out.push(value.sum().to_bits());
                out.push(value.largest().to_bits());
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
}
