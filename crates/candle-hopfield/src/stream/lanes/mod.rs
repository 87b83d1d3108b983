//! Vectors of eight `f32`, three ways: AVX2, NEON and plain arrays.
//!
//! Every product is rounded before it is added (no fused multiply-add) and every sum has a fixed order, so all
//! ways give the same bits. Plain arrays alone do not do: the compiler spreads sums of products over patterns
//! and gathers floats one by one.

#![expect(clippy::inline_always, reason = "kernels are inlined where instructions are enabled")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

pub(super) use portable::Portable;

/// Lanes of a vector.
pub(super) const LANES: usize = 8;

/// Eight floats in memory.
pub(super) type Lanes = [f32; LANES];

/// Vector operations that the processor is known to have.
pub(super) trait Vectors: Copy {
    /// Eight floats in a register.
    type V: Copy;

    fn splat(self, value: f32) -> Self::V;
    fn load(self, lanes: &Lanes) -> Self::V;
    fn store(self, value: Self::V, lanes: &mut Lanes);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn multiply(self, a: Self::V, b: Self::V) -> Self::V;
    /// Sum over the lanes of each vector, as a tree: pairs, quarters, halves.
    fn sums(self, vectors: [Self::V; LANES]) -> Self::V;
}

/// A kernel that runs on any vectors. `run` must be `#[inline(always)]`.
pub(super) trait Task {
    fn run<S: Vectors>(self, simd: S);
}

/// Runs `task` on AVX2 or NEON where the processor has it.
pub(super) fn dispatch<T: Task>(task: T) {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return avx2::run(simd, task);
    }
    // NEON is part of the target: its instructions need not be enabled.
    #[cfg(target_arch = "aarch64")]
    if let Some(simd) = pulp::aarch64::Neon::try_new() {
        return task.run(simd);
    }
    task.run(Portable);
}

/// Lane rows that hold `width` floats.
pub(super) fn rows_of(width: usize) -> usize {
    width.div_ceil(LANES)
}

/// The vectors of `values`, `width` floats each, as lane rows. Vectors that do not fill their last row are
/// copied to `buffer` and padded with zeros.
#[inline(always)]
pub(super) fn pack<'a>(values: &'a [f32], width: usize, buffer: &'a mut Vec<Lanes>) -> &'a [Lanes] {
    if width.is_multiple_of(LANES) {
        return values.as_chunks().0;
    }
    let rows = rows_of(width);
    let len = values.len() / width * rows;
    if buffer.len() < len {
        buffer.resize(len, [0.0; LANES]);
    }
    for (value, rows) in values.chunks_exact(width).zip(buffer.chunks_exact_mut(rows)) {
        // Loops, because a call of memcpy takes longer than so short a copy.
        let (whole, rest) = value.as_chunks();
        for (row, value) in rows.iter_mut().zip(whole) {
            *row = *value;
        }
        for (row, &rest) in rows[whole.len()].iter_mut().zip(rest) {
            *row = rest;
        }
        rows[whole.len()][rest.len()..].fill(0.0);
    }
    &buffer[..len]
}

/// The reverse of [`pack`].
#[inline(always)]
pub(super) fn unpack(packed: &[Lanes], width: usize, out: &mut [f32]) {
    if width.is_multiple_of(LANES) {
        out.copy_from_slice(packed.as_flattened());
        return;
    }
    for (packed, out) in packed.chunks_exact(rows_of(width)).zip(out.chunks_exact_mut(width)) {
        for (out, value) in out.iter_mut().zip(packed.as_flattened()) {
            *out = *value;
        }
    }
}
