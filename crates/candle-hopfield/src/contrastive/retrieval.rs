//! Embeddings of unit length, and what they retrieve from a batch.

use candle_core::{D, DType, Result, Tensor, bail};

use super::Scale;
use crate::Association;

/// Divides every row by its length:
///
/// ```text
/// x_i / |x_i|
/// ```
///
/// Nothing is added to the length, so that the result is exact; a row without a direction is an error.
///
/// # Shapes
///
/// `x` `(n, d)`, the result likewise, differentiable.
///
/// # Errors
///
/// When `x` is not a matrix of `f32` or `f64`, or a row has the length 0 or one that is not finite.
pub fn unit_length(x: &Tensor) -> Result<Tensor> {
    matrix("x", x)?;
    normalised(x, "x")
}

/// What `asking` retrieves from `stored` by one update, divided by its length:
///
/// ```text
/// u_i = X^T softmax(beta X a_i),    u_i / |u_i|
/// ```
///
/// A large beta returns the stored row that resembles `a_i` most, a small one the mean of all.
///
/// # Shapes
///
/// `stored` `(n, d)`, `asking` `(m, d)`, the result `(m, d)`, differentiable in both and in beta.
///
/// # Errors
///
/// When the shapes or types do not fit, beta is not positive, or a retrieved state has no direction.
///
/// # References
///
/// <https://arxiv.org/abs/2110.11316>; the update is Eq. (3) of <https://arxiv.org/abs/2008.02217>.
pub fn retrieve(stored: &Tensor, asking: &Tensor, beta: &Scale) -> Result<Tensor> {
    let (_, width) = matrix("stored", stored)?;
    let (_, asked) = matrix("asking", asking)?;
    if width != asked || stored.dtype() != asking.dtype() {
        bail!(
            "`asking` is {:?} of {:?} and `stored` {:?} of {:?}: expected the same width and type",
            asking.dims(),
            asking.dtype(),
            stored.dims(),
            stored.dtype()
        );
    }
    let beta = beta.tensor("beta", stored.dtype(), stored.device())?;
    associated((stored, "stored"), (asking, "asking"), &beta)
}

/// What both sides retrieve from both, `(n, d)` each and of unit length.
#[derive(Clone, Debug)]
pub struct Retrieved {
    /// By x from x: anchors of side x.
    pub u_x: Tensor,
    /// By y from x: their candidates.
    pub u_y: Tensor,
    /// By x from y: candidates of side y.
    pub v_x: Tensor,
    /// By y from y: their anchors.
    pub v_y: Tensor,
}

impl Retrieved {
    /// Of embeddings that were checked before; beta `(1, 1)`.
    pub(super) fn of(x: &Tensor, y: &Tensor, beta: &Tensor) -> Result<Self> {
        Ok(Self {
            u_x: associated((x, "x"), (x, "x"), beta)?,
            u_y: associated((x, "x"), (y, "y"), beta)?,
            v_x: associated((y, "y"), (x, "x"), beta)?,
            v_y: associated((y, "y"), (y, "y"), beta)?,
        })
    }
}

fn associated(stored: (&Tensor, &str), asking: (&Tensor, &str), beta: &Tensor) -> Result<Tensor> {
    let (stored, from) = (stored.0.contiguous()?, stored.1);
    let scores = dots(asking.0, &stored)?.broadcast_mul(beta)?; // (m, n)
    let states = Association::Softmax.apply(&scores)?.matmul(&stored)?; // (m, d)
    normalised(&states, &format!("what `{}` retrieves from `{from}`", asking.1))
}

/// All dot products of rows, `(n, d)` and `(m, d)` to `(n, m)`.
pub(super) fn dots(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    a.contiguous()?.matmul(&b.t()?.contiguous()?)
}

/// Rows and columns of a matrix of numbers that the losses can be computed with.
pub(super) fn matrix(name: &str, x: &Tensor) -> Result<(usize, usize)> {
    if !matches!(x.dtype(), DType::F32 | DType::F64) {
        bail!("`{name}` is of {:?}: expected F32 or F64", x.dtype());
    }
    match x.dims() {
        [n, d] if n * d > 0 => Ok((*n, *d)),
        found => bail!("`{name}` has shape {found:?}: expected (n, d), neither of them 0"),
    }
}

fn normalised(x: &Tensor, name: &str) -> Result<Tensor> {
    x.broadcast_div(&lengths(x, name)?)
}

/// Lengths of the rows, `(n, 1)`.
pub(super) fn lengths(x: &Tensor, name: &str) -> Result<Tensor> {
    let lengths = x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?; // (n, 1)
    let values = lengths.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    match values.iter().position(|length| !(*length > 0.0 && length.is_finite())) {
        None => Ok(lengths),
        Some(row) => bail!(
            "row {row} of {name} has the length {}: expected a positive number, for a direction",
            values[row]
        ),
    }
}
