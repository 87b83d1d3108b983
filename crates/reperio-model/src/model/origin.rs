//! The origin from which evidence is measured.
//!
//! Attention sums to 1, so a constant may move from all sequences of a state pattern to the bias without
//! changing any logit: `b + sum_i a_hi v_hi = (b + c_h) + sum_i a_hi (v_hi - c_h)`. Training leaves that
//! constant wherever the bias happens to end. If it is far below 0, the most attended sequences
//! of a positive repertoire have the most negative evidence. This module fixes the constant by the average of the training
//! repertoires, with equal weight for both classes. Evidence then says how a sequence moves the
//! logit away from that of a repertoire between the classes.

use std::sync::Arc;

use reperio_data::encode::EncodedRepertoire;

use super::Model;
use crate::bag::Pooled;
use crate::discover::contrast::Contrast;
use crate::labels::Labels;
use crate::network::Weights;
use crate::prepare;

impl Model {
    /// Counts evidence from what the training repertoires have on average.
    pub(crate) fn counted_from(
        mut self,
        training: &[Arc<EncodedRepertoire>],
        labels: &Labels,
    ) -> Self {
        let contrasts = Contrast::of(labels);
        let model = &self.info.config.model;
        let of = |weights: &Weights| {
            let pool = |own: &Arc<EncodedRepertoire>| {
                let (bag, _) = self.reduced(weights, &prepare::whole(model, own));
                weights.pool(&[bag.input()]).remove(0)
            };
            let pooled: Vec<Pooled> = training.iter().map(pool).collect();
            origin(weights, &pooled, &contrasts, weights.heads())
        };
        self.info.evidence_origin = self.weights.iter().map(of).collect();
        self
    }
}

/// Constant of each output and state pattern, (T, H), from the pooled training repertoires.
fn origin(weights: &Weights, pooled: &[Pooled], contrasts: &[Contrast], heads: usize) -> Vec<f64> {
    let dim = weights.head.len() / (contrasts.len() * heads);
    let row = |(at, row): (usize, &[f32])| {
        let h = at % heads;
        let part = |own: &Pooled| {
            let z = &own.z[h * dim..(h + 1) * dim];
            row.iter().zip(z).map(|(w, z)| f64::from(*w) * f64::from(*z)).sum()
        };
        middle(&pooled.iter().map(part).collect::<Vec<f64>>(), &contrasts[at / heads])
    };
    weights.head.chunks_exact(dim).enumerate().map(row).collect()
}

/// The mean over the repertoires on each side of a contrast, averaged; of a number the mean over all.
fn middle(parts: &[f64], contrast: &Contrast) -> f64 {
    let of = |side: Option<bool>| {
        let (mut sum, mut n) = (0.0, 0_usize);
        for (part, value) in parts.iter().zip(&contrast.values) {
            if value.is_some_and(|value| side.is_none_or(|side| (value > 0.0) == side)) {
                sum += part;
                n += 1;
            }
        }
        (n > 0).then(|| sum / n as f64)
    };
    let sides = if contrast.is_class { of(Some(true)).zip(of(Some(false))) } else { None };
    sides.map(|(a, b)| f64::midpoint(a, b)).or_else(|| of(None)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_count_alike_and_numbers_by_their_mean() {
        let labels = [Some(1.0), Some(0.0), Some(0.0), None];
        let parts = [4.0, 1.0, 2.0, 100.0];
        assert!((middle(&parts, &Contrast::new(&labels, true)) - 2.75).abs() < 1e-12);
        assert!((middle(&parts, &Contrast::new(&labels, false)) - 7.0 / 3.0).abs() < 1e-12);
    }
}
