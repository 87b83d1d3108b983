//! The bag operation: a repertoire in, one pooled embedding per state pattern out.
//!
//! ```text
//! m_c = b_c + scale * max over windows p of ( start[L][p][c] + f_i * sum_t W[t][x_{p+t}][c] )
//! e   = [ SELU(m_1..m_C) ; EV[v_i] + EJ[j_i] ]                       (D), D = C + G
//! key = SELU(... SELU(A1 e + c1) ...)                                (A), 1 to 3 layers
//! s_h = <q_h, key> + gamma_h * log_count_i                           H state patterns
//! a_h = softmax over the repertoire (s_h)          z_h = sum_i a_hi e_i
//! ```
//!
//! `f_i` is 1, or the log-count where [`BagShape::count_scaling`] is set. The gradient of a maximum goes
//! to its first window. Gradients are exact: every sequence takes part.
//!
//! An empty repertoire pools to z = 0 with maximum -inf and sum 0, and its gradient is 0.

use reperio_data::encode::EncodedRepertoire;

mod layout;
mod op;
mod position;
pub mod scalar;
mod shape;

pub use layout::{BagLayout, Segment};
pub use op::{Bag, BagOp, bag};
pub use position::PositionTerms;
pub use shape::{BagShape, FilterGroup, InvalidShape, MAX_HEADS, MAX_LAYERS, MAX_WIDTH, Windows};

/// One repertoire as the operation sees it.
#[derive(Clone, Copy, Debug)]
pub struct BagInput<'a> {
    /// Sequences; genes are indices into the layout's vocabulary.
    pub repertoire: &'a EncodedRepertoire,
    /// Factor of the filters' windows, above 0; 1 unless the input is normalised (`DeepRC`).
    pub input_scale: f32,
    /// Length in residues to which sequences are zero-padded; read by [`Windows::Padded`] alone.
    pub padded_length: usize,
}

/// A pooled repertoire.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    /// Pooled embeddings z, (H, D).
    pub z: Vec<f32>,
    /// Largest score of each head, (H).
    pub max: Vec<f32>,
    /// Sum over the sequences of exp(score - max), (H).
    pub sum: Vec<f32>,
}

/// What each sequence contributes to a pooled repertoire.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceScores {
    /// Scores before the softmax, (n, H).
    pub scores: Vec<f32>,
    /// Attention: softmax of the scores over the repertoire, (n, H).
    pub attention: Vec<f32>,
    /// `sum_h a_hi <w_th, e_i>` for each row t of the linear head, (n, T); summed over the sequences it
    /// is the head's value without its bias.
    pub evidence: Vec<f32>,
}

/// Embeddings of the sequences of a repertoire.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// e, (n, D).
    pub values: Vec<f32>,
    /// First residue of each filter's first maximal window, (n, C); the sequence's length stands for a
    /// window wholly in the padding.
    pub starts: Vec<u16>,
}

/// Pools each of `bags`. A bag gives the same bits alone and among others, on any number of threads.
///
/// # Panics
///
/// If `params` does not fit `layout`, a gene index is outside the layout's vocabulary, or
/// [`Windows::Padded`] meets a `padded_length` shorter than a sequence or a filter.
pub fn forward(layout: &BagLayout, params: &[f32], bags: &[BagInput]) -> Vec<Pooled> {
    let params = widen(params);
    let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
    bags.iter()
        .map(|bag| scalar::forward(layout, &params, bag))
        .map(|pooled| Pooled {
            z: narrow(pooled.z),
            max: narrow(pooled.max),
            sum: narrow(pooled.sum),
        })
        .collect()
}

/// Gradient of `sum(dz * z)` by the flat parameters, summed over `bags`; `dz` is (B, H, D).
///
/// # Panics
///
/// As [`forward`], or if `pooled` or `dz` do not fit.
pub fn backward(
    layout: &BagLayout,
    params: &[f32],
    bags: &[BagInput],
    pooled: &[Pooled],
    dz: &[f32],
) -> Vec<f32> {
    let (params, dz) = (widen(params), widen(dz));
    let size = layout.shape().heads * layout.shape().embedding_dim();
    assert_eq!((pooled.len(), dz.len()), (bags.len(), bags.len() * size), "bags and (B, H, D)");
    let mut total = vec![0.0; layout.len()];
    for (bag, dz) in bags.iter().zip(dz.chunks(size)) {
        for (total, part) in total.iter_mut().zip(scalar::backward(layout, &params, bag, dz)) {
            *total += part;
        }
    }
    total.into_iter().map(|value| value as f32).collect()
}

/// Scores, attention and evidence of each sequence of `bag`, for a linear `head` (T, H, D).
///
/// # Panics
///
/// As [`forward`], or if `head` is not a multiple of H x D.
pub fn sequences(
    layout: &BagLayout,
    params: &[f32],
    bag: &BagInput,
    pooled: &Pooled,
    head: &[f32],
) -> SequenceScores {
    let params = widen(params);
    let dim = layout.shape().embedding_dim();
    let size = layout.shape().heads * dim;
    let mut out = SequenceScores { scores: vec![], attention: vec![], evidence: vec![] };
    for i in 0..bag.repertoire.len() {
        let trace = scalar::trace(layout, &params, bag, i);
        let mut attention = Vec::new();
        for (h, &score) in trace.scores.iter().enumerate() {
            attention.push((score - f64::from(pooled.max[h])).exp() / f64::from(pooled.sum[h]));
        }
        for row in head.chunks_exact(size) {
            let dots = row.chunks_exact(dim).zip(&attention).map(|(w, a)| {
                a * w.iter().zip(&trace.e).map(|(&w, e)| f64::from(w) * e).sum::<f64>()
            });
            out.evidence.push(dots.sum::<f64>() as f32);
        }
        out.scores.extend(trace.scores.iter().map(|&score| score as f32));
        out.attention.extend(attention.iter().map(|&attention| attention as f32));
    }
    out
}

/// Embeddings of each sequence of `bag`.
///
/// # Panics
///
/// As [`forward`].
pub fn embeddings(layout: &BagLayout, params: &[f32], bag: &BagInput) -> Embeddings {
    let params = widen(params);
    let mut out = Embeddings { values: vec![], starts: vec![] };
    for i in 0..bag.repertoire.len() {
        let trace = scalar::trace(layout, &params, bag, i);
        let length = bag.repertoire.sequence(i).len();
        out.values.extend(trace.e.iter().map(|&e| e as f32));
        out.starts.extend(trace.starts.iter().map(|&p| p.min(length) as u16));
    }
    out
}

fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}
