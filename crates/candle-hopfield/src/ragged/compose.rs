//! Ragged pooling from candle's own operations, for any device and dtype. It is the reference for the fused operation.

use candle_core::{D, DType, Device, Result, Tensor};

use super::{Bags, RaggedPatterns, Sizes};

/// z, (B, H, e).
pub(super) fn pool(
    bags: &Bags,
    sizes: Sizes,
    patterns: &RaggedPatterns,
    states: &Tensor,
    betas: &Tensor,
) -> Result<Tensor> {
    let Sizes { n, heads, width, .. } = sizes;
    let zeros = Tensor::zeros((bags.len(), heads * width), states.dtype(), states.device())?;
    if n == 0 {
        return zeros.reshape((bags.len(), heads, width));
    }
    let stored = patterns.stored.contiguous()?;
    let scores = stored.matmul(&states.t()?.contiguous()?)?.broadcast_mul(betas)?; // (n, H)
    let scores = match patterns.log_weights {
        Some(weights) => scores.broadcast_add(&weights.unsqueeze(1)?)?,
        None => scores,
    };
    let associations = softmax(&scores, bags)?; // (n, H)
    let values = patterns.projected.unwrap_or(&stored).unsqueeze(1)?; // (n, 1, e)
    let terms = associations.unsqueeze(D::Minus1)?.broadcast_mul(&values)?; // (n, H, e)
    let terms = terms.reshape((n, heads * width))?;
    let z = zeros.index_add(&owners(bags, states)?, &terms, 0)?;
    z.reshape((bags.len(), heads, width))
}

/// Associations, (n, H).
pub(super) fn softmax(scores: &Tensor, bags: &Bags) -> Result<Tensor> {
    let (n, heads) = scores.dims2()?;
    if n * heads == 0 {
        return Ok(scores.clone());
    }
    if matches!(scores.dtype(), DType::F16 | DType::BF16) {
        // Sums of half precision stop growing after a few hundred terms.
        return softmax(&scores.to_dtype(DType::F32)?, bags)?.to_dtype(scores.dtype());
    }
    let owners = owners(bags, scores)?;
    let shifts = shifts(scores, bags)?.index_select(&owners, 0)?;
    let weights = (scores - shifts)?.exp()?; // (n, H)
    let zeros = Tensor::zeros((bags.len(), heads), scores.dtype(), scores.device())?;
    let sums = zeros.index_add(&owners, &weights, 0)?; // (B, H)
    // A bag whose scores are all -inf sums up to 0; its weights are 0 whatever they are divided by.
    let sums = (&sums + sums.eq(0.0)?.to_dtype(sums.dtype())?)?;
    weights / sums.index_select(&owners, 0)?
}

/// Bag of each pattern, (n).
fn owners(bags: &Bags, like: &Tensor) -> Result<Tensor> {
    let mut owners = Vec::with_capacity(bags.patterns());
    for (b, range) in bags.iter().enumerate() {
        owners.resize(range.end, b as u32);
    }
    Tensor::from_vec(owners, bags.patterns(), like.device())
}

/// Largest score of each bag, (B, H), or 0 where there is none above -inf. A constant: shifting all scores of
/// a bag changes no association.
fn shifts(scores: &Tensor, bags: &Bags) -> Result<Tensor> {
    let heads = scores.dim(1)?;
    let wide = scores.detach().to_dtype(DType::F64)?.to_vec2::<f64>()?;
    let mut shifts = Vec::with_capacity(bags.len() * heads);
    for range in bags.iter() {
        for h in 0..heads {
            let largest =
                wide[range.clone()].iter().map(|row| row[h]).fold(f64::NEG_INFINITY, f64::max);
            shifts.push(if largest == f64::NEG_INFINITY { 0.0 } else { largest });
        }
    }
    let shifts = Tensor::from_vec(shifts, (bags.len(), heads), &Device::Cpu)?;
    shifts.to_device(scores.device())?.to_dtype(scores.dtype())
}
