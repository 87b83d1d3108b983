//! Gaussian averaging: a replacement for heads that average their patterns.
//!
//! A head of operating class I (see [`analysis`](crate::analysis)) hardly looks at its patterns. A
//! Gaussian window over the positions, with a learned centre and width for every state, does the same
//! without matching states and patterns, and with two parameters per state.
//!
//! # References
//!
//! Ramsauer et al., *Hopfield Networks is All You Need*, Appendix A.5.1.5,
//! <https://arxiv.org/abs/2008.02217>.

use candle_core::{D, DType, Device, Result, Tensor, bail};
use candle_nn::{Init, Module, VarBuilder};

use crate::Association;

/// Sizes of a Gaussian averaging layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GaussianConfig {
    /// Number of heads.
    pub heads: usize,
    /// Number of states, that is, of windows a head: as many as patterns to replace self-attention, one
    /// to pool.
    pub states: usize,
}

/// A layer that averages over positions under Gaussian windows.
///
/// ```text
/// A_ij = exp(-1/2 ((s_j - mu_i) / sigma_i)^2) / z_i      z_i: each row sums to one
/// s_j = (2 j - (n - 1)) / (n - 1)                        j = 0 .. n-1, points of [-1, 1]
/// mu_i = s_i + shift_i                                   s_i likewise, among the states
/// sigma_i = exp(log_width_i)
/// ```
///
/// The learned parameters are `shift` and `log_width`, `(heads, states)` each, both zero at first: every
/// state looks around its own place with width one, half of the range. The paper learns `mu` and `sigma`
/// themselves and draws the first ones at random or takes `mu_i = s_i`, without a difference in its
/// results; written as here, the start is the same in every run and a width never becomes negative.
/// Positions are relative, so that one layer serves any number of patterns.
///
/// ```
/// use candle_core::{DType, Device, Module, Tensor};
/// use candle_hopfield::{GaussianAveraging, GaussianConfig, SeededVars};
///
/// # fn main() -> candle_core::Result<()> {
/// let vars = SeededVars::new(3);
/// let vb = vars.builder(DType::F32, &Device::Cpu);
/// let averaging = GaussianAveraging::new(&GaussianConfig { heads: 2, states: 3 }, vb)?;
/// let patterns = Tensor::ones((1, 2, 10, 4), DType::F32, &Device::Cpu)?; // (batch, heads, n, d)
/// assert_eq!(averaging.forward(&patterns)?.dims(), [1, 2, 3, 4]); // (batch, heads, states, d)
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GaussianAveraging {
    shift: Tensor,
    log_width: Tensor,
}

impl GaussianAveraging {
    /// A layer with the parameters `shift` and `log_width` of `vb`.
    ///
    /// # Errors
    ///
    /// When there are no heads or no states, or `vb` holds these parameters in another shape.
    #[expect(clippy::needless_pass_by_value, reason = "constructors of candle-nn take it so")]
    pub fn new(config: &GaussianConfig, vb: VarBuilder) -> Result<Self> {
        if config.heads == 0 || config.states == 0 {
            bail!("{config:?}, expected at least one head and one state");
        }
        let shape = (config.heads, config.states);
        let shift = vb.get_with_hints(shape, "shift", Init::Const(0.0))?;
        let log_width = vb.get_with_hints(shape, "log_width", Init::Const(0.0))?;
        Ok(Self { shift, log_width })
    }

    /// The association with `n_patterns` positions, differentiable in the parameters.
    ///
    /// # Shapes
    ///
    /// `(heads, states, n_patterns)`, dimensionless; a row sums to one.
    ///
    /// # Errors
    ///
    /// When there are no patterns.
    pub fn association(&self, n_patterns: usize) -> Result<Tensor> {
        let (dtype, device) = (self.shift.dtype(), self.shift.device());
        let positions = supporting_points(n_patterns, dtype, device)?; // (n)
        let own = supporting_points(self.shift.dim(1)?, dtype, device)?; // (states)
        let centres = self.shift.broadcast_add(&own)?.unsqueeze(D::Minus1)?; // (heads, states, 1)
        let widths = self.log_width.exp()?.unsqueeze(D::Minus1)?; // (heads, states, 1)
        let distances = positions.broadcast_sub(&centres)?.sqr()?; // (heads, states, n)
        // Only differences count: without the least distance a narrow window cannot vanish as a whole. One
        // too narrow to tell is as narrow as can be.
        let least = distances.min_keepdim(D::Minus1)?.detach();
        let squares = widths.sqr()?.maximum(1e-30)?;
        let distances = distances.broadcast_sub(&least)?.broadcast_div(&squares)?;
        Association::Softmax.apply(&(distances * -0.5)?) // (heads, states, n)
    }
}

impl Module for GaussianAveraging {
    /// Averages the patterns of every head.
    ///
    /// # Shapes
    ///
    /// `patterns` `(batch, heads, n, d)`, result `(batch, heads, states, d)`, in the unit of a pattern.
    ///
    /// # Errors
    ///
    /// When the shape is another, the type is not that of the parameters, or there are no patterns.
    fn forward(&self, patterns: &Tensor) -> Result<Tensor> {
        let (heads, states) = self.shift.dims2()?;
        if patterns.rank() != 4 || patterns.dim(1)? != heads {
            bail!("patterns are {:?}, expected (batch, {heads}, n, d)", patterns.shape());
        }
        let (batch, _, n, _) = patterns.dims4()?;
        let association = self.association(n)?; // (heads, states, n)
        // Contiguous on both sides: candle multiplies strided, broadcast tensors wrongly.
        let association = association.broadcast_as((batch, heads, states, n))?.contiguous()?;
        association.matmul(&patterns.contiguous()?)
    }
}

/// `n` points of [-1, 1] at equal distances; the middle for a single one. `(n)`
fn supporting_points(n: usize, dtype: DType, device: &Device) -> Result<Tensor> {
    if n == 0 {
        bail!("no patterns to average, expected at least one");
    }
    let last = (n - 1).max(1) as f64;
    let centre = (n - 1) as f64;
    let points: Vec<f64> = (0..n).map(|j| (2.0 * j as f64 - centre) / last).collect();
    Tensor::from_vec(points, n, device)?.to_dtype(dtype)
}
