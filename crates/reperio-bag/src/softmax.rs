//! Softmax over the sequences of a repertoire, a chunk and a head at a time.

#![expect(clippy::inline_always, reason = "kernels are inlined where instructions are enabled")]

use super::lanes::{LANES, Row, Task, Vectors};
use super::math::exp_weight;

/// Completes scores, `<q, key>` so far, by `gamma * log_count`; returns the largest of the first `n`. The
/// rest, which pads the chunk, become -inf.
pub(super) struct FinishScores<'a> {
    pub(super) scores: &'a mut [Row],
    pub(super) log_counts: &'a [Row],
    pub(super) gamma: f32,
    pub(super) n: usize,
}

impl Task for FinishScores<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) -> f32 {
        let gamma = simd.splat(self.gamma);
        let mut largest = simd.splat(f32::NEG_INFINITY);
        for (k, (scores, log_counts)) in self.scores.iter_mut().zip(self.log_counts).enumerate() {
            let score = simd.fma(simd.load(log_counts), gamma, simd.load(scores));
            simd.store(score, scores);
            let live = self.n.saturating_sub(k * LANES).min(LANES);
            scores.0[live..].fill(f32::NEG_INFINITY);
            largest = simd.max(simd.load(scores), largest);
        }
        simd.largest(largest)
    }
}

/// `out = exp(scores - max) * factor`; returns the sum.
pub(super) struct Exponentials<'a> {
    pub(super) scores: &'a [Row],
    pub(super) max: f32,
    pub(super) factor: f32,
    pub(super) out: &'a mut [Row],
}

impl Task for Exponentials<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) -> f32 {
        let (max, factor) = (simd.splat(self.max), simd.splat(self.factor));
        let mut sum = simd.splat(0.0);
        for (scores, out) in self.scores.iter().zip(self.out) {
            let weight = exp_weight(simd, simd.sub(simd.load(scores), max));
            let weight = simd.mul(weight, factor);
            sum = simd.add(sum, weight);
            simd.store(weight, out);
        }
        simd.sum(sum)
    }
}

/// Turns `<dz, e_i>` into the gradient of the scores, `a_i (<dz, e_i> - <dz, z>)`; returns its product
/// with the log-counts, the gradient of gamma.
pub(super) struct ScoreGradient<'a> {
    pub(super) attention: &'a [Row],
    pub(super) log_counts: &'a [Row],
    /// `<dz, z>`
    pub(super) mean: f32,
    /// `<dz, e_i>` before, gradient of the score after.
    pub(super) dots: &'a mut [Row],
}

impl Task for ScoreGradient<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Vectors>(self, simd: S) -> f32 {
        let (mean, mut dgamma) = (simd.splat(self.mean), simd.splat(0.0));
        for ((attention, log_counts), dots) in
            self.attention.iter().zip(self.log_counts).zip(self.dots)
        {
            let gradient = simd.mul(simd.load(attention), simd.sub(simd.load(dots), mean));
            dgamma = simd.fma(gradient, simd.load(log_counts), dgamma);
            simd.store(gradient, dots);
        }
        simd.sum(dgamma)
    }
}
