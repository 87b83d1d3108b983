//! Small linear models: ridge regression and a one-variable logistic fit.

/// A fitted ridge regression.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    /// Weight of each raw (not standardised) column.
    pub(crate) weights: Vec<f64>,
    /// Mean of each column over the rows of the fit.
    pub(crate) means: Vec<f64>,
    /// Mean of the labels.
    intercept: f64,
}

impl Linear {
    /// Prediction for `row`.
    pub(crate) fn score(&self, row: &[f64]) -> f64 {
        let terms = row.iter().zip(&self.means).zip(&self.weights);
        self.intercept + terms.map(|((value, mean), weight)| (value - mean) * weight).sum::<f64>()
    }
}

/// Ridge regression of `labels` on the standardised columns of `rows`.
///
/// ```text
/// minimise |y - X b|² + penalty |b|²       X standardised, sd at least `least_sd`
/// ```
///
/// Solved by Cholesky decomposition, with n x n or p x p, whichever is smaller.
pub(crate) fn ridge(rows: &[&[f64]], labels: &[f64], penalty: f64, least_sd: f64) -> Linear {
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
    let intercept = labels.iter().sum::<f64>() / n.max(1) as f64;
    let y: Vec<f64> = labels.iter().map(|label| label - intercept).collect();
    let mut weights = if p <= n { primal(&x, &y, p, penalty) } else { dual(&x, &y, p, penalty) };
    for (weight, sd) in weights.iter_mut().zip(&sds) {
        *weight /= sd;
    }
    Linear { weights, means, intercept }
}

/// b = (XᵀX + penalty I)⁻¹ Xᵀ y
fn primal(x: &[Vec<f64>], y: &[f64], p: usize, penalty: f64) -> Vec<f64> {
    let mut gram = vec![0.0; p * p];
    let mut right = vec![0.0; p];
    for (row, label) in x.iter().zip(y) {
        for (i, &a) in row.iter().enumerate() {
            right[i] += a * label;
            for (entry, &b) in gram[i * p..=i * p + i].iter_mut().zip(row) {
                *entry += a * b;
            }
        }
    }
    for i in 0..p {
        gram[i * p + i] += penalty;
    }
    solve(gram, right)
}

/// b = Xᵀ (X Xᵀ + penalty I)⁻¹ y
fn dual(x: &[Vec<f64>], y: &[f64], p: usize, penalty: f64) -> Vec<f64> {
    let n = x.len();
    let mut gram = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            gram[i * n + j] = x[i].iter().zip(&x[j]).map(|(a, b)| a * b).sum();
        }
        gram[i * n + i] += penalty;
    }
    let mut weights = vec![0.0; p];
    for (alpha, row) in solve(gram, y.to_vec()).iter().zip(x) {
        for (weight, value) in weights.iter_mut().zip(row) {
            *weight += alpha * value;
        }
    }
    weights
}

/// Solves `a x = b` for a symmetric positive definite `a`, of which the lower triangle is read.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let rest = a[i * n + j] - dot;
            a[i * n + j] = if i == j { rest.max(1e-300).sqrt() } else { rest / a[j * n + j] };
        }
    }
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i * n + i];
    }
    b
}

/// Slope and intercept of a logistic regression of `classes` on `scores`, by Newton's method.
///
/// The slope is kept in [0, 30]; a little prior information (one half of a repertoire a side) keeps
/// it finite when the scores separate the classes.
pub(crate) fn logistic_slope(scores: &[f64], classes: &[bool]) -> (f64, f64) {
    let n = scores.len().max(1) as f64;
    let spread = (scores.iter().map(|score| score * score).sum::<f64>() / n).sqrt().max(1e-9);
    let (mut slope, mut intercept) = (0.0, 0.0);
    for _ in 0..50 {
        // Prior: slope times spread and intercept are normal with standard deviation 5.
        let (mut g0, mut g1) = (-intercept / 25.0, -slope / 25.0);
        let (mut h00, mut h01, mut h11) = (1.0 / 25.0, 0.0, 1.0 / 25.0);
        for (score, &class) in scores.iter().zip(classes) {
            let x = score / spread;
            let p = 1.0 / (1.0 + (-(slope * x + intercept)).exp());
            let (residual, weight) = (f64::from(u8::from(class)) - p, p * (1.0 - p));
            g0 += residual;
            g1 += residual * x;
            h00 += weight;
            h01 += weight * x;
            h11 += weight * x * x;
        }
        let determinant = h00 * h11 - h01 * h01;
        intercept += (h11 * g0 - h01 * g1) / determinant;
        slope += (h00 * g1 - h01 * g0) / determinant;
    }
    ((slope / spread).clamp(0.0, 30.0), intercept)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sklearn.linear_model.Ridge(alpha=2.0)` on standardised columns, scikit-learn 1.7: the same
    /// minimum, here checked by its first-order condition.
    #[test]
    fn the_gradient_vanishes_at_the_solution_in_both_forms() {
        let rows: Vec<Vec<f64>> = (0..12)
            .map(|i| (0..5).map(|j| f64::from((i * 7 + j * j * 3 + i * j) % 11)).collect())
            .collect();
        let y: Vec<f64> = (0..12).map(|i| f64::from(i % 3) - 1.0).collect();
        let primal = primal(&rows, &y, 5, 2.0);
        let dual = dual(&rows, &y, 5, 2.0);
        for (i, (a, b)) in primal.iter().zip(&dual).enumerate() {
            assert!((a - b).abs() < 1e-9, "{a} != {b}");
            let gradient: f64 = rows
                .iter()
                .zip(&y)
                .map(|(row, y)| {
                    let fit: f64 = row.iter().zip(&primal).map(|(x, w)| x * w).sum();
                    (fit - y) * row[i]
                })
                .sum();
            assert!((gradient + 2.0 * a).abs() < 1e-8, "{gradient}");
        }
    }

    #[test]
    fn a_slope_is_found_and_a_useless_score_gets_none() {
        let scores: Vec<f64> = (0..200).map(|i| f64::from(i) / 100.0 - 1.0).collect();
        let classes: Vec<bool> = scores
            .iter()
            .enumerate()
            .map(|(i, score)| {
                f64::from(i as u32 * 37 % 100) / 100.0 < 1.0 / (1.0 + (-3.0 * score).exp())
            })
            .collect();
        let (slope, intercept) = logistic_slope(&scores, &classes);
        assert!((slope - 3.0).abs() < 0.6, "{slope}");
        assert!(intercept.abs() < 0.3, "{intercept}");
        let alternating: Vec<bool> = (0..200).map(|i| i % 2 == 0).collect();
        assert!(logistic_slope(&scores, &alternating).0.abs() < 0.2);
    }
}
