//! How well a stored pattern is separated from the others.

use candle_core::{D, DType, Result, Tensor, bail};

use super::check_stored;

/// Entries of one block of the Gram matrix: keeps a large memory from needing its square.
const BLOCK_ENTRIES: usize = 1 << 22;

/// Separation of every stored pattern from the others.
///
/// ```text
/// Delta_i = min_(j != i) (x_i^T x_i - x_i^T x_j)
/// ```
///
/// On a sphere it is half the squared distance to the nearest other pattern. A pattern can be retrieved
/// where `beta Delta_i` is large, see [`Bounds`](super::Bounds); a negative separation says that another
/// pattern, a longer one, answers in its place. Differentiable.
///
/// # Shapes
///
/// `stored` `(n, d)`, result `(n)`, in the squared unit of a pattern.
///
/// # Errors
///
/// When `stored` is not a matrix of at least two patterns.
///
/// # References
///
/// Eq. (5) of <https://arxiv.org/abs/2008.02217>.
pub fn separations(stored: &Tensor) -> Result<Tensor> {
    check_stored(stored)?;
    let n = stored.dim(0)?;
    if n < 2 {
        bail!("one stored pattern has no separation, expected at least two");
    }
    let rows = (BLOCK_ENTRIES / n).max(1);
    let blocks: Result<Vec<_>> = (0..n)
        .step_by(rows)
        .map(|from| block_separations(stored, from, rows.min(n - from)))
        .collect();
    Tensor::cat(&blocks?, 0)
}

/// Separations of the patterns `from .. from + rows`. `(rows)`
fn block_separations(stored: &Tensor, from: usize, rows: usize) -> Result<Tensor> {
    let (n, device) = (stored.dim(0)?, stored.device());
    let block = stored.narrow(0, from, rows)?; // (rows, d)
    let products = block.matmul(&stored.t()?)?; // (rows, n)
    let row_ids = Tensor::arange(from as u32, (from + rows) as u32, device)?.unsqueeze(1)?;
    let column_ids = Tensor::arange(0u32, n as u32, device)?.unsqueeze(0)?;
    let itself = row_ids.broadcast_eq(&column_ids)?; // (rows, n)
    let never = Tensor::new(f64::NEG_INFINITY, device)?.to_dtype(products.dtype())?;
    let others = itself.where_cond(&never.broadcast_as(products.shape())?, &products)?;
    // Gathered at the argmax, because the gradient of `max` counts ties twice.
    let nearest = others.argmax_keepdim(D::Minus1)?.to_dtype(DType::U32)?; // (rows, 1)
    let rival = products.gather(&nearest, 1)?.squeeze(1)?; // (rows)
    block.sqr()?.sum(D::Minus1)? - rival
}
