//! The standardised columns of some rows of a table, never copied as a whole.

use std::ops::Range;

use rayon::prelude::*;

use super::table::Table;

/// Columns that one thread works on at a time: 16 KiB of sums.
const STRETCH: usize = 2_048;

/// Standard deviation, relative to the mean, below which a column counts as constant: rounding of `f32`.
const LEAST_SD: f64 = 1e-7;

/// Rows to learn from, as `z = (x - mean) / sd` by column.
///
/// Means and standard deviations (of the population, as scikit-learn's `StandardScaler`) are those of these
/// rows alone. A column that is constant here is 0 everywhere, so its weight stays 0.
pub struct Design<'a> {
    table: &'a Table,
    rows: Vec<usize>,
    means: Vec<f64>,
    /// 1 / sd, 0 for a constant column.
    scales: Vec<f64>,
}

impl<'a> Design<'a> {
    /// The standardised columns of `rows`.
    pub fn standardised(table: &'a Table, rows: Vec<usize>) -> Self {
        let moments = in_stretches(table.columns(), |range| moments(table, &rows, range));
        let (means, scales) = moments.into_iter().unzip();
        Self { table, rows, means, scales }
    }

    /// The columns of `rows` as they are.
    pub fn plain(table: &'a Table, rows: Vec<usize>) -> Self {
        let columns = table.columns();
        Self { table, rows, means: vec![0.0; columns], scales: vec![1.0; columns] }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Columns that are not constant.
    pub fn varying(&self) -> usize {
        self.scales.iter().filter(|&&scale| scale > 0.0).count()
    }

    pub(super) fn columns(&self) -> usize {
        self.table.columns()
    }

    /// Writes columns `range` of row `i` to `out`.
    pub(super) fn fill(&self, i: usize, range: Range<usize>, out: &mut [f64]) {
        let values = self.table.stretch(self.rows[i], range.clone());
        let scaling = self.means[range.clone()].iter().zip(&self.scales[range]);
        for ((out, x), (mean, scale)) in out.iter_mut().zip(values).zip(scaling) {
            *out = (f64::from(*x) - mean) * scale;
        }
    }

    /// Column `j`, one value per row.
    pub(super) fn column(&self, j: usize) -> Vec<f64> {
        let (mean, scale) = (self.means[j], self.scales[j]);
        self.rows.iter().map(|&i| (f64::from(self.table.row(i)[j]) - mean) * scale).collect()
    }

    /// `Zᵀ v`, one value per column.
    pub(super) fn transposed_times(&self, v: &[f64]) -> Vec<f64> {
        let total: f64 = v.iter().sum();
        in_stretches(self.columns(), |range| {
            let mut sums = vec![0.0; range.len()];
            for (&i, &factor) in self.rows.iter().zip(v) {
                for (sum, &x) in sums.iter_mut().zip(self.table.stretch(i, range.clone())) {
                    *sum += factor * f64::from(x);
                }
            }
            let scaling = self.means[range.clone()].iter().zip(&self.scales[range]);
            for (sum, (mean, scale)) in sums.iter_mut().zip(scaling) {
                *sum = (*sum - mean * total) * scale;
            }
            sums
        })
    }

    /// The model of the raw columns that a solution among the rows stands for.
    pub(crate) fn model_of(&self, dual: &Dual) -> Linear {
        self.model(self.transposed_times(&dual.a), dual.b)
    }

    /// The model of the raw columns that `weights` of the standardised ones and `intercept` make.
    pub(super) fn model(&self, mut weights: Vec<f64>, mut intercept: f64) -> Linear {
        for (weight, (mean, scale)) in weights.iter_mut().zip(self.means.iter().zip(&self.scales)) {
            *weight *= scale;
            intercept -= *weight * mean;
        }
        Linear { weights, intercept }
    }
}

/// A solution as a combination of rows: weights `Zᵀ a`, intercept `b`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dual {
    pub(crate) a: Vec<f64>,
    pub(crate) b: f64,
}

/// A fitted linear model of raw, not standardised columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Weight of each column.
    pub weights: Vec<f64>,
    /// Logit where all columns are 0.
    pub intercept: f64,
}

impl Linear {
    /// Logit of each of `rows`.
    pub fn logits(&self, table: &Table, rows: &[usize]) -> Vec<f64> {
        let logit = |&i: &usize| {
            let terms = self.weights.iter().zip(table.row(i));
            self.intercept + terms.map(|(weight, &x)| weight * f64::from(x)).sum::<f64>()
        };
        rows.par_iter().map(logit).collect()
    }
}

/// `work` on stretches of `0..columns` in parallel, its results in order: the same for any thread count.
fn in_stretches<T: Send>(columns: usize, work: impl Fn(Range<usize>) -> Vec<T> + Sync) -> Vec<T> {
    let stretch = |s| work(s * STRETCH..columns.min((s + 1) * STRETCH));
    let parts: Vec<Vec<T>> = (0..columns.div_ceil(STRETCH)).into_par_iter().map(stretch).collect();
    parts.into_iter().flatten().collect()
}

/// Mean and 1 / sd of each column of `range`, over `rows`.
fn moments(table: &Table, rows: &[usize], range: Range<usize>) -> Vec<(f64, f64)> {
    let n = rows.len().max(1) as f64;
    let mut means = vec![0.0; range.len()];
    for &i in rows {
        for (mean, &x) in means.iter_mut().zip(table.stretch(i, range.clone())) {
            *mean += f64::from(x);
        }
    }
    for mean in &mut means {
        *mean /= n;
    }
    let mut squares = vec![0.0; range.len()];
    for &i in rows {
        let values = means.iter().zip(table.stretch(i, range.clone()));
        for (square, (mean, &x)) in squares.iter_mut().zip(values) {
            *square += (f64::from(x) - mean).powi(2);
        }
    }
    let scale = |mean: f64, square: f64| {
        let sd = (square / n).sqrt();
        if sd > LEAST_SD * mean.abs() { 1.0 / sd } else { 0.0 }
    };
    means.into_iter().zip(squares).map(|(mean, square)| (mean, scale(mean, square))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_mean_0_and_variance_1_over_the_rows_learned_from() {
        let table =
            Table::new(3, vec![1.0, 7.0, 0.1, 2.0, 7.0, 0.1, 6.0, 7.0, 0.1, 100.0, 8.0, 5.0]);
        let design = Design::standardised(&table, vec![0, 1, 2]);
        let first = design.column(0);
        assert!(first.iter().sum::<f64>().abs() < 1e-12);
        assert!((first.iter().map(|z| z * z).sum::<f64>() / 3.0 - 1.0).abs() < 1e-12);
        // Constant among these rows, not in the table.
        assert_eq!((design.column(1), design.column(2)), (vec![0.0; 3], vec![0.0; 3]));
        assert_eq!(design.varying(), 1);
    }

    /// The model of raw columns says what the weights of the standardised ones say.
    #[test]
    fn a_model_of_raw_columns_has_the_same_logits() {
        let table = Table::new(2, vec![1.0, 7.0, 2.0, 5.0, 6.0, 0.5, 3.0, 3.0]);
        let design = Design::standardised(&table, vec![0, 1, 2, 3]);
        let (weights, intercept) = (vec![0.3, -2.0], 0.7);
        let linear = design.model(weights.clone(), intercept);
        for (i, logit) in linear.logits(&table, &[0, 1, 2, 3]).into_iter().enumerate() {
            let by_hand =
                intercept + weights[0] * design.column(0)[i] + weights[1] * design.column(1)[i];
            assert!((logit - by_hand).abs() < 1e-12, "row {i}: {logit} != {by_hand}");
        }
        let product = design.transposed_times(&[1.0, -2.0, 0.5, 3.0]);
        for (j, product) in product.into_iter().enumerate() {
            let column = design.column(j);
            let by_hand = column[0] - 2.0 * column[1] + 0.5 * column[2] + 3.0 * column[3];
            assert!((product - by_hand).abs() < 1e-12, "column {j}");
        }
    }
}
