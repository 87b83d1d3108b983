//! How far two tensors are apart.

use candle_core::{DType, Error, Result, Tensor};

/// Largest absolute difference.
pub(crate) fn distance(a: &Tensor, b: &Tensor) -> Result<f64> {
    if a.dims() != b.dims() {
        return Err(Error::Msg(format!("shapes {:?} and {:?}", a.dims(), b.dims())));
    }
    let (a, b) = (a.to_dtype(DType::F64)?, b.to_dtype(DType::F64)?);
    let differences: Vec<f64> = (a - b)?.abs()?.flatten_all()?.to_vec1()?;
    // A maximum would skip what is no number.
    match differences.iter().find(|one| one.is_nan()) {
        Some(_) => Err(Error::Msg("no number among the results".to_owned())),
        None => Ok(differences.into_iter().fold(0.0, f64::max)),
    }
}
