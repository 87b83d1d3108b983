//! Linear maps that belong to one column each, computed for all columns at once.

use candle_core::{Result, Tensor};

/// Lays the rows of a matrix (r, e), each of which belongs to one column, into (r, d e): a row stands in the
/// part of its column, the other parts are 0. `owner`: (r, d), 1 where a row belongs to a column.
///
/// One product with the wide matrix does what a product for each column would.
pub(crate) fn spread(rows: &Tensor, owner: &Tensor) -> Result<Tensor> {
    let ((count, width), columns) = (rows.dims2()?, owner.dim(1)?);
    let wide = rows.unsqueeze(1)?.broadcast_mul(&owner.unsqueeze(2)?)?; // (r, d, e)
    wide.reshape((count, columns * width))
}

/// The `owner` of [`spread`] where column j has `widths[j]` rows, in the type of `like`.
pub(crate) fn owner(widths: &[usize], like: &Tensor) -> Result<Tensor> {
    let columns = widths.len();
    let mut owner = Vec::with_capacity(widths.iter().sum::<usize>() * columns);
    for (column, width) in widths.iter().enumerate() {
        for _ in 0..*width {
            owner.extend((0..columns).map(|other| f64::from(u8::from(other == column))));
        }
    }
    Tensor::from_vec(owner, (widths.iter().sum::<usize>(), columns), like.device())?
        .to_dtype(like.dtype())
}

/// `x Phi(x)`, Phi the normal distribution function.
///
/// `Tensor::gelu_erf` has the same values, but its gradient has a constant of six digits.
pub(crate) fn gelu(x: &Tensor) -> Result<Tensor> {
    let share = ((x * std::f64::consts::FRAC_1_SQRT_2)?.erf()? + 1.0)?;
    (x * share)? * 0.5
}
