//! Ridge regression: least squares with a penalty on the squares of the weights.

use crate::cholesky::{cholesky, solve};
use crate::logistic::Dual;

/// A fitted ridge regression.
#[derive(Clone, Debug)]
pub struct RidgeModel {
    /// Weight of each raw (not standardised) column.
    pub weights: Vec<f64>,
    /// Mean of each column over the rows of the fit.
    pub means: Vec<f64>,
    /// Mean of the labels.
    intercept: f64,
}

impl RidgeModel {
    /// Prediction for `row`.
    pub fn score(&self, row: &[f64]) -> f64 {
        let terms = row.iter().zip(&self.means).zip(&self.weights);
        self.intercept + terms.map(|((value, mean), weight)| (value - mean) * weight).sum::<f64>()
    }
}

/// Ridge regression on the standardised columns of some rows, ready for any labels.
///
/// ```text
/// minimise |y - X b|² + penalty |b|²       X standardised, sd at least `least_sd`
/// ```
///
/// The Cholesky factor of `XᵀX + penalty I`, or of `X Xᵀ + penalty I` where there are fewer rows than
/// columns, is computed once.
///
/// # Examples
///
/// ```
/// use reperio_stats::ridge::Ridge;
///
/// let rows: [&[f64]; 3] = [&[1.0], &[2.0], &[3.0]];
/// let model = Ridge::new(&rows, 1e-6, 1e-9).fit(&[10.0, 20.0, 30.0]);
/// assert!((model.score(&[4.0]) - 40.0).abs() < 1e-4);
/// ```
pub struct Ridge {
    x: Vec<Vec<f64>>,
    means: Vec<f64>,
    sds: Vec<f64>,
    factor: Vec<f64>,
    /// Whether `factor` is over the columns.
    primal: bool,
}

impl Ridge {
    /// Prepares the regression of `rows`, all of the same length.
    pub fn new(rows: &[&[f64]], penalty: f64, least_sd: f64) -> Self {
        let n = rows.len();
        let p = rows.first().map_or(0, |row| row.len());
        let mut means = vec![0.0; p];
        let mut sds = vec![0.0; p];
        for row in rows {
            for (mean, value) in means.iter_mut().zip(*row) {
                *mean += value / n as f64;
            }
        }
        for row in rows {
            for ((sd, mean), value) in sds.iter_mut().zip(&means).zip(*row) {
                *sd += (value - mean).powi(2) / n as f64;
            }
        }
        for sd in &mut sds {
            *sd = sd.sqrt().max(least_sd);
        }
        let standardise = |row: &&[f64]| -> Vec<f64> {
            row.iter().zip(&means).zip(&sds).map(|((x, mean), sd)| (x - mean) / sd).collect()
        };
        let x: Vec<Vec<f64>> = rows.iter().map(standardise).collect();
        let primal = p <= n;
        let mut gram = if primal { columns_gram(&x, p) } else { rows_gram(&x) };
        let size = if primal { p } else { n };
        for i in 0..size {
            gram[i * size + i] += penalty;
        }
        Self { x, means, sds, factor: cholesky(gram, size), primal }
    }

    /// The solution for `labels`, one per row: numbers, or 0 and 1 for classes.
    pub fn fit(&self, labels: &[f64]) -> RidgeModel {
        let intercept = labels.iter().sum::<f64>() / labels.len().max(1) as f64;
        let y: Vec<f64> = labels.iter().map(|label| label - intercept).collect();
        let mut weights = if self.primal {
            solve(&self.factor, transposed_times(&self.x, &y, self.means.len()))
        } else {
            transposed_times(&self.x, &solve(&self.factor, y), self.means.len())
        };
        for (weight, sd) in weights.iter_mut().zip(&self.sds) {
            *weight /= sd;
        }
        RidgeModel { weights, means: self.means.clone(), intercept }
    }
}

/// Lower triangle of `XᵀX`.
fn columns_gram(x: &[Vec<f64>], p: usize) -> Vec<f64> {
    let mut gram = vec![0.0; p * p];
    for row in x {
        for (i, &a) in row.iter().enumerate() {
            for (entry, &b) in gram[i * p..=i * p + i].iter_mut().zip(row) {
                *entry += a * b;
            }
        }
    }
    gram
}

/// Lower triangle of `X Xᵀ`.
fn rows_gram(x: &[Vec<f64>]) -> Vec<f64> {
    let n = x.len();
    let mut gram = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            gram[i * n + j] = x[i].iter().zip(&x[j]).map(|(a, b)| a * b).sum();
        }
    }
    gram
}

/// Xᵀ y
fn transposed_times(x: &[Vec<f64>], y: &[f64], p: usize) -> Vec<f64> {
    let mut product = vec![0.0; p];
    for (row, label) in x.iter().zip(y) {
        for (entry, value) in product.iter_mut().zip(row) {
            *entry += label * value;
        }
    }
    product
}

/// Ridge regression from the products of the rows alone: `(K + penalty I) a = y - b` with `sum of a = 0`, at which the
/// intercept is best.
///
/// # Shapes
///
/// - `gram`: `(n, n)`, as of [`gram`](crate::logistic::gram()); `y`: `(n,)`
///
/// # Examples
///
/// ```
/// use reperio_stats::{logistic::{Design, Table, gram}, ridge};
///
/// let table = Table::new(1, vec![1.0, 2.0, 3.0]);
/// let design = Design::standardised(&table, vec![0, 1, 2]);
/// let dual = ridge::of_products(&gram(&design), &[10.0, 20.0, 30.0], 1e-6);
/// let model = design.model_of(&dual);
/// assert!((model.weights[0] - 10.0).abs() < 1e-4 && model.intercept.abs() < 1e-4);
/// ```
pub fn of_products(gram: &[f64], y: &[f64], penalty: f64) -> Dual {
    let n = y.len();
    let mut shifted = gram.to_vec();
    for i in 0..n {
        shifted[i * n + i] += penalty;
    }
    let factor = cholesky(shifted, n);
    let of_y = solve(&factor, y.to_vec());
    let of_one = solve(&factor, vec![1.0; n]);
    let b = of_y.iter().sum::<f64>() / of_one.iter().sum::<f64>();
    Dual { a: of_y.iter().zip(&of_one).map(|(y, one)| y - b * one).collect(), b }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logistic::{Design, Table, gram};

    /// At the minimum of |y - X b|² + penalty |b|² the gradient Xᵀ(X b - y) + penalty b vanishes, with
    /// more rows than columns and with fewer.
    #[test]
    fn the_gradient_vanishes_at_the_solution() {
        for n in [4, 12] {
            let rows: Vec<Vec<f64>> = (0..n)
                .map(|i| (0..5).map(|j| f64::from((i * 7 + j * j * 3 + i * j) % 11)).collect())
                .collect();
            let y: Vec<f64> = (0..n).map(|i| f64::from(i % 3)).collect();
            let views: Vec<&[f64]> = rows.iter().map(|row| &row[..]).collect();
            let ridge = Ridge::new(&views, 2.0, 1e-9);
            let linear = ridge.fit(&y);
            for (c, sd) in ridge.sds.iter().enumerate() {
                let error = |(row, y): (&Vec<f64>, &f64)| {
                    (linear.score(row) - y) * (row[c] - ridge.means[c]) / sd
                };
                let gradient: f64 = rows.iter().zip(&y).map(error).sum();
                let penalty = 2.0 * linear.weights[c] * sd;
                assert!((gradient + penalty).abs() < 1e-9, "n={n} column {c}: {gradient}");
            }
        }
    }

    /// The gradient of the penalised squares vanishes at the solution, weights and intercept.
    #[test]
    fn products_alone_lead_to_the_minimum() {
        let value = |at: usize| ((at * 7_919 + at * at % 101) % 1_000) as f32 / 250.0;
        let table = Table::new(5, (0..30 * 5).map(value).collect());
        let numbers: Vec<f64> =
            (0..30).map(|i| f64::from(table.row(i)[1]) - 0.3 * (i % 4) as f64).collect();
        let design = Design::standardised(&table, (0..30).collect());
        let solved = of_products(&gram(&design), &numbers, 0.7);
        let model = design.model_of(&solved);
        let rows: Vec<usize> = (0..30).collect();
        let errors: Vec<f64> =
            model.logits(&table, &rows).iter().zip(&numbers).map(|(f, y)| f - y).collect();
        assert!(errors.iter().sum::<f64>().abs() < 1e-9);
        // errors = -penalty a, so that the weights are Z^T a.
        for (error, a) in errors.iter().zip(&solved.a) {
            assert!((error + 0.7 * a).abs() < 1e-9, "{error} {a}");
        }
    }
}
