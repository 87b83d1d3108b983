//! Eigenvalues of a covariance.

use candle_core::{DType, Result, Tensor};

/// Eigenvalues of the covariance of the rows of `x` (n, d), in no order; those below 0 by rounding are 0.
pub(crate) fn spectrum(x: &Tensor) -> Result<Vec<f64>> {
    let x = x.to_dtype(DType::F64)?;
    let centred = x.broadcast_sub(&x.mean_keepdim(0)?)?;
    let covariance = (centred.t()?.contiguous()?.matmul(&centred)? / x.dim(0)? as f64)?;
    Ok(eigenvalues(covariance.to_vec2()?).into_iter().map(|value| value.max(0.0)).collect())
}

/// Of a symmetric matrix, by Jacobi's rotations: each sets one entry beside the diagonal to 0.
fn eigenvalues(mut a: Vec<Vec<f64>>) -> Vec<f64> {
    let d = a.len();
    for _ in 0..60 {
        let beside: f64 =
            (0..d).flat_map(|p| (0..p).map(move |q| (p, q))).map(|(p, q)| a[p][q].powi(2)).sum();
        if beside < 1e-24 {
            break;
        }
        for (p, q) in (0..d).flat_map(|p| (0..p).map(move |q| (p, q))) {
            rotate(&mut a, p, q);
        }
    }
    (0..d).map(|i| a[i][i]).collect()
}

fn rotate(a: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let angle = 0.5 * (2.0 * a[p][q]).atan2(a[q][q] - a[p][p]);
    let (sin, cos) = angle.sin_cos();
    for row in a.iter_mut() {
        (row[p], row[q]) = (cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]);
    }
    let (at_p, at_q) = (a[p].clone(), a[q].clone());
    a[p] = at_p.iter().zip(&at_q).map(|(x, y)| cos * x - sin * y).collect();
    a[q] = at_p.iter().zip(&at_q).map(|(x, y)| sin * x + cos * y).collect();
}
