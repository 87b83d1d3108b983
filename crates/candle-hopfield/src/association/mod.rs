//! Turns scores into an association: which patterns are retrieved, and with which weights.

mod dense;
mod sparse;

use candle_core::{Result, Tensor, bail};

pub(crate) use dense::mask;

/// How the scores of one state pattern become its association with the stored patterns: weights that
/// are at least 0 and sum to 1.
///
/// A score of minus infinity is a pattern that must not be associated; its weight is exactly 0. Where
/// *all* scores are minus infinity, all weights are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Association {
    /// ```text
    /// a_i = exp(s_i) / sum_j exp(s_j)
    /// ```
    /// All weights are above 0.
    #[default]
    Softmax,
    /// The point of the simplex that is nearest to the scores:
    /// ```text
    /// a_i = max(s_i - tau, 0),    tau such that sum_i a_i = 1
    /// ```
    /// Many weights are exactly 0 (Martins and Astudillo 2016, <https://arxiv.org/abs/1602.02068>; in
    /// Hopfield networks: Hu et al. 2023, <https://arxiv.org/abs/2309.12673>).
    Sparsemax,
    /// Between the two, entmax with alpha = 1.5:
    /// ```text
    /// a_i = max(s_i / 2 - tau, 0)^2,    tau such that sum_i a_i = 1
    /// ```
    /// (Peters et al. 2019, <https://arxiv.org/abs/1905.05702>).
    Entmax15,
    /// Softmax over the k largest scores, 0 elsewhere. Of equal scores the first are taken.
    TopK(usize),
}

impl Association {
    /// Associations of scores (.., patterns), over the last axis; the same shape.
    ///
    /// Gradients are exact; that of a top-k association holds the choice of the k fixed.
    ///
    /// The sparse ones are computed on the CPU, wherever the scores are.
    ///
    /// # Errors
    /// Scores without an axis, a k of 0, or a type other than `f32` and `f64` for the sparse ones.
    pub fn apply(&self, scores: &Tensor) -> Result<Tensor> {
        self.check()?;
        match self {
            Self::Softmax => dense::softmax(scores),
            Self::Sparsemax => sparse::apply(scores, sparse::Family::Sparsemax),
            Self::Entmax15 => sparse::apply(scores, sparse::Family::Entmax15),
            Self::TopK(k) => dense::softmax(&sparse::keep_largest(scores, *k)?),
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::TopK(0) => {
                bail!("a top-k association with k = 0 retrieves nothing: expected at least 1")
            }
            _ => Ok(()),
        }
    }
}
