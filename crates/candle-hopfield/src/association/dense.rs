//! Softmax that handles scores of minus infinity.

use candle_core::{D, DType, Result, Tensor, bail};

/// Softmax over the last axis; all 0 where every score is minus infinity.
///
/// Made of operations that have a gradient on every device: `candle_nn::ops::softmax_last_dim` has none.
/// Sums of half precision stop growing after a few hundred terms, so those are taken in `f32`.
pub(crate) fn softmax(scores: &Tensor) -> Result<Tensor> {
    let dtype = scores.dtype();
    if !dtype.is_float() {
        bail!("an association of {dtype:?}: expected floating scores");
    }
    if matches!(dtype, DType::F16 | DType::BF16) {
        return softmax(&scores.to_dtype(DType::F32)?)?.to_dtype(dtype);
    }
    if scores.elem_count() == 0 {
        return Ok(scores.clone());
    }
    // The maximum only moves the numbers: without its gradient the result is the same, and candle gives
    // the gradient of a maximum to every tied score.
    let highest = scores.detach().max_keepdim(D::Minus1)?; // (.., 1)
    let none = highest.eq(f64::NEG_INFINITY)?;
    let highest = none.where_cond(&highest.zeros_like()?, &highest)?;
    let weights = scores.broadcast_sub(&highest)?.exp()?; // (.., patterns)
    let total = (weights.sum_keepdim(D::Minus1)? + none.to_dtype(dtype)?)?;
    weights.broadcast_div(&total)
}

/// Scores with minus infinity where `ignored` (broadcastable) is not 0.
pub(crate) fn mask(scores: &Tensor, ignored: &Tensor) -> Result<Tensor> {
    let never = Tensor::new(f64::NEG_INFINITY, scores.device())?.to_dtype(scores.dtype())?;
    let ignored = ignored.ne(0.0)?.broadcast_as(scores.shape())?;
    ignored.where_cond(&never.broadcast_as(scores.shape())?, scores)
}
