//! The heads of a layer, each by its association.

use candle_core::{DType, Result, Tensor, bail};

use super::{OperatingClass, effective_number, patterns_for_share};

/// How one head uses its patterns, over all states of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadAnalysis {
    /// Number of patterns, `N`.
    pub n_patterns: usize,
    /// Patterns that carry the share, one number for every state, in the order (batch, state).
    pub counts: Vec<usize>,
    /// Median of `counts`; of an even number of states the mean of the middle two.
    pub median_count: f64,
    /// Mean over the states of the effective number of patterns, the exponential of the entropy.
    pub mean_effective: f64,
    /// The operating class by `median_count`; as in the paper if the share is 0.9.
    pub class: OperatingClass,
}

/// Analyses every head of an association: how many patterns carry `share` of it
/// ([`PAPER_SHARE`](super::PAPER_SHARE) in the paper), and the operating class.
///
/// Every pattern of the last dimension counts towards `N`. For bags of different lengths, padded, take
/// the slice of each bag and use [`patterns_for_share`] and [`OperatingClass::of`].
///
/// # Shapes
///
/// `association` `(batch, heads, states, patterns)`, one analysis a head.
///
/// # Errors
///
/// When the tensor has another rank or is empty, the share is not in (0, 1], or a state's association is
/// negative, not finite or all zero.
///
/// # Examples
///
/// ```
/// use candle_core::{Device, Tensor};
/// use candle_hopfield::analysis::{OperatingClass, PAPER_SHARE, heads};
///
/// let even = Tensor::full(0.01f32, (1, 1, 2, 100), &Device::Cpu)?;
/// let head = &heads(&even, PAPER_SHARE)?[0];
/// assert_eq!((head.median_count, head.class), (90.0, OperatingClass::I));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn heads(association: &Tensor, share: f64) -> Result<Vec<HeadAnalysis>> {
    if association.rank() != 4 || association.elem_count() == 0 {
        bail!(
            "the association is {:?}, expected (batch, heads, states, patterns), none of them zero",
            association.shape()
        );
    }
    let n_heads = association.dim(1)?;
    (0..n_heads).map(|head| analyse(&association.narrow(1, head, 1)?, share)).collect()
}

/// Analyses one head `(batch, 1, states, patterns)`.
fn analyse(association: &Tensor, share: f64) -> Result<HeadAnalysis> {
    let n_patterns = association.dim(3)?;
    let weights = association.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    let states = weights.chunks_exact(n_patterns);
    let counts: Vec<usize> =
        states.clone().map(|row| patterns_for_share(row, share)).collect::<Result<_>>()?;
    let effective: Vec<f64> = states.map(effective_number).collect::<Result<_>>()?;
    let median_count = median(&counts);
    Ok(HeadAnalysis {
        n_patterns,
        median_count,
        mean_effective: effective.iter().sum::<f64>() / effective.len() as f64,
        class: OperatingClass::of(median_count, n_patterns),
        counts,
    })
}

fn median(counts: &[usize]) -> f64 {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    let upper = sorted[middle] as f64;
    if sorted.len() % 2 == 1 { upper } else { f64::midpoint(sorted[middle - 1] as f64, upper) }
}
