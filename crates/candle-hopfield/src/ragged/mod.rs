//! Many bags of unequal size at once, without padding.
//!
//! The patterns of all bags lie one after another in one tensor; [`Bags`] says where each begins.
//!
//! ```text
//! s_hi = beta_h <xi_h, y_i> + w_i      a_hi = softmax of s_h over the bag of i      z_bh = sum_{i in b} a_hi v_i
//! ```
//!
//! [`ragged_pool`] is this as one operation. [`ragged_softmax`] is the softmax alone, for associations that
//! score in another way.
//!
//! # Examples
//!
//! A bag of three patterns, an empty one, and one of a single pattern:
//!
//! ```
//! use candle_core::{Device, Tensor, Var};
//! use candle_hopfield::ragged::{Bags, RaggedPatterns, ragged_pool};
//!
//! let bags = Bags::from_lengths(&[3, 0, 1])?;
//! let stored = Tensor::new(&[[1f32, 0.], [0., 1.], [-1., 0.], [0.5, 0.5]], &Device::Cpu)?; // (4, 2)
//! let states = Var::new(&[[1f32, 0.]], &Device::Cpu)?; // (1, 2)
//! let betas = Var::new(&[4f32], &Device::Cpu)?; // (1)
//!
//! let z = ragged_pool(&bags, &RaggedPatterns::new(&stored), &states, &betas)?; // (3, 1, 2)
//! let z = z.squeeze(1)?;
//! let rows: Vec<Vec<f32>> = z.to_vec2()?;
//! assert!(rows[0][0] > 0.97, "the first pattern resembles the state pattern: {rows:?}");
//! assert_eq!(rows[1], [0.0, 0.0]);
//! assert_eq!(rows[2], [0.5, 0.5]);
//!
//! let gradients = z.sum_all()?.backward()?;
//! assert_eq!(gradients.get(&states).map(Tensor::dims), Some(&[1, 2][..]));
//! # Ok::<(), candle_core::Error>(())
//! ```
//!
//! # References
//!
//! Ramsauer et al., *Hopfield Networks is All You Need*, <https://arxiv.org/abs/2008.02217>: pooling, and the
//! classification of immune repertoires, bags of 10^4 to 10^6 patterns.

mod bags;
mod compose;
mod op;

use candle_core::{DType, Result, Tensor, bail};

pub use bags::Bags;

/// Stored patterns of all bags, with their values and log-weights.
///
/// # Shapes
///
/// - `stored`: `(n, d)`, floating
/// - `projected`: `(n, e)`, same dtype and device
/// - `log_weights`: `(n)`, same dtype and device; natural logarithms, `-inf` leaves a pattern out
#[derive(Clone, Copy, Debug)]
pub struct RaggedPatterns<'a> {
    /// Stored patterns Y in the association space: the keys.
    pub stored: &'a Tensor,
    /// Projected patterns V: the values. `None` averages the stored patterns themselves.
    pub projected: Option<&'a Tensor>,
    /// Added to the scores: the logarithm of how often a pattern counts.
    pub log_weights: Option<&'a Tensor>,
}

impl<'a> RaggedPatterns<'a> {
    /// Stored patterns that are averaged themselves, each counted once.
    pub fn new(stored: &'a Tensor) -> Self {
        Self { stored, projected: None, log_weights: None }
    }

    /// The same with values to average.
    pub fn projected(self, projected: &'a Tensor) -> Self {
        Self { projected: Some(projected), ..self }
    }

    /// The same with log-weights.
    pub fn log_weights(self, log_weights: &'a Tensor) -> Self {
        Self { log_weights: Some(log_weights), ..self }
    }
}

/// Sizes of a call.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    /// Patterns n.
    n: usize,
    /// Heads H.
    heads: usize,
    /// Width d of a stored pattern.
    dim: usize,
    /// Width e of a projected pattern.
    width: usize,
}

/// Pools each bag on its own, for each head.
///
/// An empty bag gives zeros, and so does one with log-weights of -inf only. A bag alone gives the same bits as
/// among others. Differentiable with respect to every tensor, once: the gradients are not part of a graph.
///
/// On the CPU in `f32` this is one operation that keeps two numbers a bag and head for the backward pass, in
/// parallel over bags and over fixed parts of large bags ([`crate::stream`], whose remarks on exactness
/// hold). Elsewhere it is composed of candle operations, with memory for `n * H * e` values.
///
/// # Shapes
///
/// - `states`: `(H, d)`, state patterns xi in the association space
/// - `betas`: `(H)`, inverse temperatures, dimensionless
/// - returns: `(B, H, e)`
///
/// # Errors
///
/// If shapes, dtypes or devices do not fit together, or `bags` do not end where the patterns do.
pub fn ragged_pool(
    bags: &Bags,
    patterns: &RaggedPatterns,
    states: &Tensor,
    betas: &Tensor,
) -> Result<Tensor> {
    let sizes = check(bags, patterns, states, betas)?;
    if states.dtype() == DType::F32 && states.device().is_cpu() {
        op::pool(bags, sizes, patterns, states, betas)
    } else {
        compose::pool(bags, sizes, patterns, states, betas)
    }
}

/// Softmax over the patterns of each bag, for each head.
///
/// Bags with scores of -inf only give zeros. The largest score of each bag is found on the host, whatever the
/// device. Differentiable.
///
/// # Shapes
///
/// - `scores`: `(n, H)`, floating
/// - returns: `(n, H)`
///
/// # Errors
///
/// If `scores` is not a matrix, or `bags` and `scores` do not end together.
///
/// # Examples
///
/// ```
/// use candle_core::{Device, Tensor};
/// use candle_hopfield::ragged::{Bags, ragged_softmax};
///
/// let scores = Tensor::new(&[[0f32], [0.], [7.]], &Device::Cpu)?;
/// let associations = ragged_softmax(&scores, &Bags::from_lengths(&[2, 1])?)?;
/// assert_eq!(associations.to_vec2::<f32>()?, [[0.5], [0.5], [1.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn ragged_softmax(scores: &Tensor, bags: &Bags) -> Result<Tensor> {
    let (n, _) = scores.dims2()?;
    if !scores.dtype().is_float() {
        bail!("ragged softmax: {:?}; expected a floating dtype", scores.dtype());
    }
    bags.check_end(n)?;
    compose::softmax(scores, bags)
}

fn check(bags: &Bags, patterns: &RaggedPatterns, states: &Tensor, betas: &Tensor) -> Result<Sizes> {
    let ((n, dim), (heads, state_dim)) = (patterns.stored.dims2()?, states.dims2()?);
    let width =
        patterns.projected.map_or(Ok(dim), |v| Ok::<_, candle_core::Error>(v.dims2()?.1))?;
    let shapes_fit = state_dim == dim
        && betas.dims() == [heads]
        && patterns.projected.is_none_or(|v| v.dims() == [n, width])
        && patterns.log_weights.is_none_or(|w| w.dims() == [n]);
    if !shapes_fit || heads * dim * width == 0 {
        bail!(
            "ragged pooling: stored {:?}, projected {:?}, log-weights {:?}, states {:?}, betas {:?}; \
             expected (n, d), (n, e), (n), (H, d), (H)",
            patterns.stored.shape(),
            patterns.projected.map(Tensor::shape),
            patterns.log_weights.map(Tensor::shape),
            states.shape(),
            betas.shape()
        );
    }
    let others = [Some(patterns.stored), patterns.projected, patterns.log_weights, Some(betas)];
    for other in others.into_iter().flatten() {
        if other.dtype() != states.dtype() || !other.device().same_device(states.device()) {
            bail!(
                "ragged pooling: {:?} on {:?}; expected {:?} on {:?} as the states",
                other.dtype(),
                other.device(),
                states.dtype(),
                states.device()
            );
        }
    }
    if !states.dtype().is_float() {
        bail!("ragged pooling: {:?}; expected a floating dtype", states.dtype());
    }
    bags.check_end(n)?;
    Ok(Sizes { n, heads, dim, width })
}
