//! Associations with exact zeros: sparsemax, 1.5-entmax, and the k largest scores.

use std::cmp::Ordering;

use candle_core::{
    CpuStorage, CustomOp1, D, DType, Device, Layout, Result, Shape, Tensor, WithDType, bail,
};

/// The two maps that are a power of `scores - threshold`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Family {
    Sparsemax,
    Entmax15,
}

/// The association of each row of scores (.., patterns).
pub(super) fn apply(scores: &Tensor, family: Family) -> Result<Tensor> {
    on_cpu(scores, |scores| scores.apply_op1(Sparse(family)))
}

/// The scores with minus infinity everywhere but at the `k` largest of each row, the first of equal ones.
pub(super) fn keep_largest(scores: &Tensor, k: usize) -> Result<Tensor> {
    let kept = on_cpu(&scores.detach(), |scores| scores.apply_op1_no_bwd(&Largest(k)))?; // 1 kept, 0 not
    super::dense::mask(scores, &kept.eq(0.0)?)
}

fn on_cpu(scores: &Tensor, op: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    if scores.device().is_cpu() {
        return op(&scores.contiguous()?);
    }
    op(&scores.to_device(&Device::Cpu)?.contiguous()?)?.to_device(scores.device())
}

struct Sparse(Family);

impl CustomOp1 for Sparse {
    fn name(&self) -> &'static str {
        match self.0 {
            Family::Sparsemax => "sparsemax",
            Family::Entmax15 => "entmax15",
        }
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let family = self.0;
        rows(self.name(), storage, layout, |scores, weights| weigh(family, scores, weights))
    }

    /// With `g` = 1 on the support for sparsemax and `sqrt(a)` for 1.5-entmax,
    ///
    /// ```text
    /// ds = g * (da - sum(g * da) / sum(g))
    /// ```
    fn bwd(&self, _: &Tensor, weights: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let gain = match self.0 {
            Family::Sparsemax => weights.gt(0.0)?.to_dtype(weights.dtype())?,
            Family::Entmax15 => weights.sqrt()?,
        };
        let total = gain.sum_keepdim(D::Minus1)?; // (.., 1); 0 only where nothing may be associated
        let total = (&total + total.eq(0.0)?.to_dtype(total.dtype())?)?;
        let mean = (&gain * grad)?.sum_keepdim(D::Minus1)?.div(&total)?;
        Ok(Some((gain * grad.broadcast_sub(&mean)?)?))
    }
}

/// 1 at the k largest scores of a row, 0 elsewhere.
struct Largest(usize);

impl CustomOp1 for Largest {
    fn name(&self) -> &'static str {
        "largest"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let k = self.0;
        rows(self.name(), storage, layout, |scores, kept| {
            if scores.iter().any(|score| score.is_nan()) {
                return kept.fill(1.0); // No score is the largest: the association is no number.
            }
            for &at in descending(scores).iter().take(k) {
                kept[at] = 1.0;
            }
        })
    }
}

/// Runs `row(scores, result)` over the rows of a contiguous tensor, in `f64`; results start at 0.
fn rows(
    name: &str,
    storage: &CpuStorage,
    layout: &Layout,
    row: impl Fn(&[f64], &mut [f64]),
) -> Result<(CpuStorage, Shape)> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("{name} needs contiguous scores")
    };
    let Some(&width) = layout.dims().last() else { bail!("{name} needs scores with an axis") };
    let result = match storage {
        CpuStorage::F32(scores) => CpuStorage::F32(map_rows(&scores[start..end], width, row)),
        CpuStorage::F64(scores) => CpuStorage::F64(map_rows(&scores[start..end], width, row)),
        other => bail!(
            "{name} of {:?}: expected {:?} or {:?}",
            storage_type(other),
            DType::F32,
            DType::F64
        ),
    };
    Ok((result, layout.shape().clone()))
}

fn storage_type(storage: &CpuStorage) -> DType {
    use candle_core::backend::BackendStorage;
    storage.dtype()
}

fn map_rows<T: WithDType>(scores: &[T], width: usize, row: impl Fn(&[f64], &mut [f64])) -> Vec<T> {
    let mut result = Vec::with_capacity(scores.len());
    let (mut wide, mut weights) = (vec![0.0; width], vec![0.0; width]);
    for scores in scores.chunks(width.max(1)) {
        for (wide, score) in wide.iter_mut().zip(scores) {
            *wide = score.to_f64();
        }
        weights.fill(0.0);
        row(&wide, &mut weights);
        result.extend(weights.iter().map(|&weight| T::from_f64(weight)));
    }
    result
}

/// Places of the scores, the largest first, the first of equal ones first.
fn descending(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].partial_cmp(&scores[a]).unwrap_or(Ordering::Equal));
    order
}

/// Scores that are all minus infinity leave the weights 0; a score that is not a number makes the row so.
fn weigh(family: Family, scores: &[f64], weights: &mut [f64]) {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if scores.iter().any(|score| score.is_nan()) || highest == f64::INFINITY {
        return weights.fill(f64::NAN);
    }
    if highest == f64::NEG_INFINITY {
        return;
    }
    let scale = match family {
        Family::Sparsemax => 1.0,
        Family::Entmax15 => 0.5,
    };
    let scaled: Vec<f64> = scores.iter().map(|score| (score - highest) * scale).collect();
    let threshold = threshold(family, &scaled);
    for (weight, score) in weights.iter_mut().zip(&scaled) {
        let above = (score - threshold).max(0.0);
        *weight = match family {
            Family::Sparsemax => above,
            Family::Entmax15 => above * above,
        };
    }
}

/// The threshold at which the weights of scores with maximum 0 sum to 1. Only scores above -1 can have
/// a weight: the threshold is at least -1, as the largest score alone weighs 1 there.
fn threshold(family: Family, scores: &[f64]) -> f64 {
    let mut candidates: Vec<f64> = scores.iter().copied().filter(|&score| score > -1.0).collect();
    candidates.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut squares, mut threshold) = (0.0, 0.0, 0.0);
    for (i, &score) in candidates.iter().enumerate() {
        sum += score;
        squares += score * score;
        let count = (i + 1) as f64;
        let next = match family {
            Family::Sparsemax => (sum - 1.0) / count,
            Family::Entmax15 => {
                let mean = sum / count;
                let spread = squares - sum * mean; // sum of squared distances from the mean
                mean - ((1.0 - spread).max(0.0) / count).sqrt()
            }
        };
        // The support is the longest prefix whose last score lies above its own threshold.
        if next >= score {
            break;
        }
        threshold = next;
    }
    threshold
}
