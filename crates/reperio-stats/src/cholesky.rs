//! Linear systems with a symmetric positive definite matrix.

/// Lower Cholesky factor of a symmetric positive definite matrix of which the lower triangle is read.
pub(crate) fn cholesky(mut a: Vec<f64>, n: usize) -> Vec<f64> {
    for i in 0..n {
        for j in 0..=i {
            let (above, row) = a.split_at(i * n);
            let other = if i == j { &row[..j] } else { &above[j * n..j * n + j] };
            let dot: f64 = row[..j].iter().zip(other).map(|(x, y)| x * y).sum();
            let rest = a[i * n + j] - dot;
            a[i * n + j] = if i == j { rest.max(1e-300).sqrt() } else { rest / a[j * n + j] };
        }
    }
    a
}

/// Solves `L Lᵀ x = b`.
pub(crate) fn solve(factor: &[f64], mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        let row = &factor[i * n..i * n + i];
        let dot: f64 = row.iter().zip(&b).map(|(l, x)| l * x).sum();
        b[i] = (b[i] - dot) / factor[i * n + i];
    }
    for i in (0..n).rev() {
        b[i] /= factor[i * n + i];
        let (known, last) = b.split_at_mut(i);
        for (x, l) in known.iter_mut().zip(&factor[i * n..i * n + i]) {
            *x -= l * last[0];
        }
    }
    b
}
