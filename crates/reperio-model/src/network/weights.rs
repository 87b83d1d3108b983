//! A network's parameters as plain arrays, for scoring without a graph.

use std::sync::Arc;

use crate::bag::{BagInput, BagLayout, Device, Embeddings, Pooled, SequenceScores, embeddings};

/// Parameters of one network, ready to score.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Layout of `flat`.
    pub layout: Arc<BagLayout>,
    /// Parameters of the bag operation, (P).
    pub flat: Vec<f32>,
    /// Head, (T, H, D).
    pub head: Vec<f32>,
    /// Biases, (T).
    pub bias: Vec<f32>,
    /// Where the bag operation runs.
    pub device: Device,
}

impl Weights {
    /// State patterns.
    pub fn heads(&self) -> usize {
        self.layout.shape().heads
    }

    /// Pools bags; each result is the same alone and among others.
    pub fn pool(&self, bags: &[BagInput<'_>]) -> Vec<Pooled> {
        self.device.forward(&self.layout, &self.flat, bags)
    }

    /// Outputs `y_t` of a pooled bag, summed in `f64` in a fixed order.
    pub fn outputs(&self, pooled: &Pooled) -> Vec<f64> {
        let rows = self.head.chunks_exact(pooled.z.len());
        let dot = |(row, bias): (&[f32], &f32)| {
            let terms = row.iter().zip(&pooled.z).map(|(w, z)| f64::from(*w) * f64::from(*z));
            f64::from(*bias) + terms.sum::<f64>()
        };
        rows.zip(&self.bias).map(dot).collect()
    }

    /// Scores, attention and evidence of each sequence of `bag`.
    pub fn sequences(&self, bag: &BagInput<'_>, pooled: &Pooled) -> SequenceScores {
        self.device.sequences(&self.layout, &self.flat, bag, (pooled, &self.head))
    }

    /// Embeddings of each sequence of `bag`, and the windows that its filters answer to; on the CPU.
    pub fn embed(&self, bag: &BagInput<'_>) -> Embeddings {
        embeddings(&self.layout, &self.flat, bag)
    }
}
