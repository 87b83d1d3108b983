//! The number of patterns over which a head averages.
//!
//! A head whose association rests on one pattern looks something up. A head whose association is even
//! computes a mean. The size of its metastable state is the number `k` of patterns that carry 90 % of the
//! association; the median of `k` over the states, against the number of patterns, gives the
//! [`OperatingClass`].
//!
//! [`heads`] takes the association of a layer. For a single bag of up to millions of patterns,
//! [`patterns_for_share`] reads a plain slice.
//!
//! # References
//!
//! Ramsauer et al., *Hopfield Networks is All You Need*, Section 4, *Analysis of transformer and BERT
//! models*, <https://arxiv.org/abs/2008.02217>.

mod class;
mod head;
mod share;

use candle_core::{Result, bail};

pub use class::OperatingClass;
pub use head::{HeadAnalysis, heads};
pub use share::patterns_for_share;

/// The share of the association that the paper counts patterns for.
pub const PAPER_SHARE: f64 = 0.9;

/// Entropy of an association, in nats.
///
/// ```text
/// H = -sum_i p_i ln p_i      p_i = w_i / sum_j w_j
/// ```
///
/// Zero for one pattern, `ln n` for an even association.
///
/// # Errors
///
/// When a weight is negative or not finite, or all are zero.
pub fn entropy<T: Copy + Into<f64>>(weights: &[T]) -> Result<f64> {
    let total = checked_total(weights)?;
    let terms = weights.iter().map(|&w| w.into() / total).filter(|&p| p > 0.0);
    // The sum of an even or one-sided association may round below zero.
    Ok(terms.map(|p| -p * p.ln()).sum::<f64>().max(0.0))
}

/// Effective number of patterns of an association: the number of patterns of an even association with
/// the same entropy.
///
/// ```text
/// exp(H)
/// ```
///
/// # Errors
///
/// As [`entropy`].
pub fn effective_number<T: Copy + Into<f64>>(weights: &[T]) -> Result<f64> {
    Ok(entropy(weights)?.exp())
}

/// Sum of the weights, which must be an association up to a factor.
fn checked_total<T: Copy + Into<f64>>(weights: &[T]) -> Result<f64> {
    let mut total = 0.0;
    for (i, &weight) in weights.iter().enumerate() {
        let weight = weight.into();
        if weight < 0.0 || !weight.is_finite() {
            bail!(
                "weight {i} of {} is {weight}, expected zero or a positive number",
                weights.len()
            );
        }
        total += weight;
    }
    if total > 0.0 && total.is_finite() {
        return Ok(total);
    }
    bail!("{} weights sum to {total}, expected a positive number", weights.len())
}
