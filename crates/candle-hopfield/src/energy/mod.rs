//! The energy of a modern Hopfield network and the update rule that descends it.
//!
//! A network stores `n` patterns `x_1 .. x_n`, the rows of a tensor `(n, d)`. A state pattern `xi` is
//! attracted by the stored patterns it resembles; `beta` (dimensionless inverse temperature) says how
//! sharply. Every state of a batch `(m, d)` moves on its own.
//!
//! The separation of a pattern and the bounds of the paper are in [`Bounds`] and [`separations`], what a
//! retrieved state is in [`FixedPoint`], how many random patterns can be stored in [`Capacity`].
//!
//! # References
//!
//! Ramsauer et al., *Hopfield Networks is All You Need*, <https://arxiv.org/abs/2008.02217>. The numbers
//! of equations, theorems and lemmas in this module are those of its third version.

mod bounds;
mod capacity;
mod fixed_point;
mod separation;

use candle_core::{D, Result, Tensor, bail};

use crate::Association;

pub use bounds::Bounds;
pub use capacity::Capacity;
pub use fixed_point::{FixedPoint, fixed_points, has_one_fixed_point};
pub use separation::separations;

/// Energy of every state.
///
/// ```text
/// E(xi) = -lse(beta, X^T xi) + 1/2 xi^T xi + beta^-1 ln n + 1/2 M^2
/// lse(beta, z) = beta^-1 ln sum_i exp(beta z_i)
/// M = max_i |x_i|
/// ```
///
/// It is never negative, and at most `2 M^2` where the state lies in the convex hull of the patterns,
/// which holds for every state after an update (Lemma A1). Its gradient is `xi - f(xi)` with the update
/// `f`, see [`update`]. Differentiable in both tensors; of several patterns of the largest norm, the
/// first receives the gradient of `M`.
///
/// # Shapes
///
/// `stored` `(n, d)`, `states` `(m, d)`, result `(m)`, in the squared unit of a pattern.
///
/// # Errors
///
/// When the tensors are not two matrices of the same width and type, `stored` is empty, or `beta` is not
/// positive and finite.
///
/// # References
///
/// Eq. (2) of <https://arxiv.org/abs/2008.02217>.
///
/// # Examples
///
/// ```
/// use candle_core::{Device, Tensor};
/// use candle_hopfield::energy::{energy, update};
///
/// let stored = Tensor::new(&[[2f64, 0.0], [0.0, 2.0]], &Device::Cpu)?;
/// let cue = Tensor::new(&[[1f64, 0.2]], &Device::Cpu)?;
/// let moved = update(&stored, &cue, 2.0)?;
/// let before = energy(&stored, &cue, 2.0)?.to_vec1::<f64>()?;
/// let after = energy(&stored, &moved, 2.0)?.to_vec1::<f64>()?;
/// assert!(after[0] < before[0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn energy(stored: &Tensor, states: &Tensor, beta: f64) -> Result<Tensor> {
    let scores = scores(stored, states, beta)?; // (m, n)
    // The shift cancels; detached, it keeps `max` with its wrong gradient at ties out of the graph.
    let shift = scores.max_keepdim(D::Minus1)?.detach(); // (m, 1)
    let sums = scores.broadcast_sub(&shift)?.exp()?.sum_keepdim(D::Minus1)?; // (m, 1)
    let lse = ((sums.log()? + shift)?.squeeze(D::Minus1)? / beta)?; // (m)
    let half_norms = (states.sqr()?.sum(D::Minus1)? * 0.5)?; // (m)
    let half_largest = (largest_squared_norm(stored)? * 0.5)?; // ()
    let constant = (stored.dim(0)? as f64).ln() / beta;
    ((half_norms - lse)? + constant)?.broadcast_add(&half_largest)
}

/// Association of every state with every stored pattern.
///
/// ```text
/// p = softmax(beta X^T xi)
/// ```
///
/// Differentiable in both tensors; a row sums to one.
///
/// # Shapes
///
/// `stored` `(n, d)`, `states` `(m, d)`, result `(m, n)`, dimensionless.
///
/// # Errors
///
/// As [`energy`].
///
/// # References
///
/// <https://arxiv.org/abs/2008.02217>, above Eq. (3).
pub fn association(stored: &Tensor, states: &Tensor, beta: f64) -> Result<Tensor> {
    Association::Softmax.apply(&scores(stored, states, beta)?)
}

/// One update of every state: the mean of the stored patterns, weighted by the association.
///
/// ```text
/// f(xi) = X softmax(beta X^T xi)
/// ```
///
/// It never increases the [`energy`] (Theorem 1). Differentiable in both tensors.
///
/// # Shapes
///
/// `stored` `(n, d)`, `states` `(m, d)`, result `(m, d)`, in the unit of a pattern.
///
/// # Errors
///
/// As [`energy`].
///
/// # References
///
/// Eq. (3) of <https://arxiv.org/abs/2008.02217>.
pub fn update(stored: &Tensor, states: &Tensor, beta: f64) -> Result<Tensor> {
    association(stored, states, beta)?.matmul(stored)
}

/// `beta X^T xi`, after the checks that every function here shares. `(m, n)`
fn scores(stored: &Tensor, states: &Tensor, beta: f64) -> Result<Tensor> {
    check_beta(beta)?;
    check_stored(stored)?;
    let fits = states.rank() == 2 && states.dim(1)? == stored.dim(1)?;
    if !fits || states.dtype() != stored.dtype() {
        bail!(
            "states {:?} of {:?} do not fit stored patterns {:?} of {:?}, expected (m, {})",
            states.shape(),
            states.dtype(),
            stored.shape(),
            stored.dtype(),
            stored.dim(1)?
        );
    }
    states.matmul(&stored.t()?)? * beta
}

fn check_beta(beta: f64) -> Result<()> {
    if beta > 0.0 && beta.is_finite() {
        return Ok(());
    }
    bail!("beta is {beta}, expected a positive finite number")
}

fn check_stored(stored: &Tensor) -> Result<()> {
    if stored.rank() == 2 && stored.elem_count() > 0 {
        return Ok(());
    }
    bail!("stored patterns are {:?}, expected (n, d) with at least one pattern", stored.shape())
}

/// `M^2`, a scalar tensor. Gathered at the argmax, because the gradient of `max` counts ties twice.
fn largest_squared_norm(stored: &Tensor) -> Result<Tensor> {
    let norms = stored.sqr()?.sum(D::Minus1)?; // (n)
    let at = norms.argmax_keepdim(0)?; // (1)
    norms.gather(&at, 0)?.squeeze(0)
}
