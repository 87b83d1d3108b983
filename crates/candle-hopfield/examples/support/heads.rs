//! Every head of a network at one moment of its training.

use candle_core::{DType, Result, Tensor};
use candle_hopfield::SeededVars;
use candle_hopfield::analysis::{OperatingClass, PAPER_SHARE, heads, patterns_for_share};

use crate::masked::{Batch, HEADS, LAYERS, Network};

/// Sequences whose associations are read, column by column: enough for a median.
const READ: usize = 32;

/// One head at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) step: usize,
    pub(crate) layer: usize,
    pub(crate) number: usize,
    /// Median number of patterns that carry 90 % of the association.
    pub(crate) patterns: f64,
    pub(crate) class: OperatingClass,
    /// Norms of the gradient by this head's rows of `W_q`, `W_k` and `W_v`.
    pub(crate) gradients: [f64; 3],
}

/// Share of all patterns above which a head averages evenly.
const EVEN: f64 = 0.85;

impl Head {
    /// Whether it weighs nearly all of its patterns alike.
    pub(crate) fn is_even(&self, columns: f64) -> bool {
        self.patterns > EVEN * columns
    }

    /// Mean of the norms by `W_q` and `W_k`, over that by `W_v`: how much it learns of where to look beside what
    /// to take.
    pub(crate) fn ratio(&self) -> f64 {
        let [q, k, v] = self.gradients;
        f64::midpoint(q, k) / v.max(1e-12)
    }
}

/// Heads at one moment.
pub(crate) fn at(seen: &[Head], step: usize) -> impl Iterator<Item = Head> {
    seen.iter().filter(move |head| head.step == step).copied()
}

/// All heads, on one batch.
pub(crate) fn look(
    network: &Network,
    vars: &SeededVars,
    batch: &Batch,
    step: usize,
) -> Result<Vec<Head>> {
    let answer = network.answer(batch, &[])?;
    let grads = answer.loss.backward()?;
    let named = vars.named();
    let norm = |layer: usize, head: usize, projection: &str| -> Result<f64> {
        let var = &named[&format!("{layer}.hopfield_association.{projection}.weight")];
        let grad: Tensor = grads.get(var).cloned().map_or_else(|| var.zeros_like(), Ok)?;
        let rows = grad.dim(0)? / HEADS;
        let own = grad.narrow(0, head * rows, rows)?.sqr()?.sum_all()?.to_scalar::<f32>()?;
        Ok(f64::from(own).sqrt())
    };
    let mut found = Vec::new();
    for layer in 0..LAYERS {
        let some = answer.associations[layer].detach().narrow(0, 0, READ)?;
        for (number, analysis) in heads(&some, PAPER_SHARE)?.into_iter().enumerate() {
            let gradients = [
                norm(layer, number, "state_projection")?,
                norm(layer, number, "stored_projection")?,
                norm(layer, number, "pattern_projection")?,
            ];
            let (patterns, class) = (analysis.median_count, analysis.class);
            found.push(Head { step, layer, number, patterns, class, gradients });
        }
    }
    Ok(found)
}

/// Single states of all heads by the class of their own number of patterns: the class, and how much the
/// association moves at most with the scores.
pub(crate) fn states(network: &Network, batch: &Batch) -> Result<Vec<(OperatingClass, f64)>> {
    let mut found = Vec::new();
    for association in network.answer(batch, &[])?.associations {
        let some = association.detach().narrow(0, 0, READ)?.to_dtype(DType::F64)?;
        let columns = some.dim(3)?;
        for state in some.flatten_all()?.to_vec1::<f64>()?.chunks(columns) {
            let k = patterns_for_share(state, PAPER_SHARE)?;
            found.push((OperatingClass::of(k as f64, columns), steepest(state)));
        }
    }
    Ok(found)
}

/// Largest eigenvalue of `diag(p) - p p^T`, the derivative of softmax by its scores, by power iteration.
fn steepest(p: &[f64]) -> f64 {
    // Any start but the even one, which has the eigenvalue 0.
    let mut vector: Vec<f64> =
        p.iter().enumerate().map(|(i, p)| p * (1.0 + 0.1 * (i as f64).sin())).collect();
    let mut size = 0.0;
    for _ in 0..30 {
        let along: f64 = vector.iter().zip(p).map(|(v, p)| v * p).sum();
        let next: Vec<f64> = vector.iter().zip(p).map(|(v, p)| p * (v - along)).collect();
        size = next.iter().map(|v| v * v).sum::<f64>().sqrt();
        vector = next.iter().map(|v| v / size.max(1e-300)).collect();
    }
    size
}

/// Mean of the steepest derivatives of the states of a class; not a number where there are none.
pub(crate) fn steepness(states: &[(OperatingClass, f64)], class: OperatingClass) -> f64 {
    mean(states.iter().filter(|state| state.0 == class).map(|state| state.1))
}

pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}
