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

/// Ridge regression on the standardised columns of some rows, ready for any labels.
///
/// ```text
/// minimise |y - X b|² + penalty |b|²       X standardised, sd at least `least_sd`
/// ```
///
/// The Cholesky factor of `XᵀX + penalty I`, or of `X Xᵀ + penalty I` where there are fewer rows than
/// columns, is computed once.
pub(crate) struct Ridge {
    x: Vec<Vec<f64>>,
    means: Vec<f64>,
    sds: Vec<f64>,
    factor: Vec<f64>,
    /// Whether `factor` is over the columns.
    primal: bool,
}

impl Ridge {
    /// Prepares the regression.
    pub(crate) fn new(rows: &[&[f64]], penalty: f64, least_sd: f64) -> Self {
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

    /// The solution for `labels`, one per row.
    pub(crate) fn fit(&self, labels: &[f64]) -> Linear {
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
        Linear { weights, means: self.means.clone(), intercept }
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

/// Slope and intercept of a logistic regression of `classes` on `scores`, by Newton's method.
///
/// The targets are Platt's, (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2) instead of 1 and 0: scores that
/// separate n repertoires do not make a model surer than n repertoires can, nor surer than labels that
/// are smoothed by `smoothing`. The slope is not negative.
///
/// # References
///
/// - Platt, *Probabilistic outputs for support vector machines*, 1999.
pub fn logistic_slope(scores: &[f64], classes: &[bool], smoothing: f64) -> (f64, f64) {
    let n = scores.len().max(1) as f64;
    let positive = classes.iter().filter(|&&class| class).count() as f64;
    let targets = [1.0 / (n - positive + 2.0), (positive + 1.0) / (positive + 2.0)]
        .map(|target: f64| target.clamp(smoothing / 2.0, 1.0 - smoothing / 2.0));
    let spread = (scores.iter().map(|score| score * score).sum::<f64>() / n).sqrt().max(1e-9);
    let (mut slope, mut intercept) = (0.0, 0.0);
    for _ in 0..50 {
        // A faint prior (standard deviation 30) keeps the steps finite.
        let (mut g0, mut g1) = (-intercept / 900.0, -slope / 900.0);
        let (mut h00, mut h01, mut h11) = (1.0 / 900.0, 0.0, 1.0 / 900.0);
        for (score, &class) in scores.iter().zip(classes) {
            let x = score / spread;
            let p = 1.0 / (1.0 + (-(slope * x + intercept)).exp());
            let (residual, weight) = (targets[usize::from(class)] - p, p * (1.0 - p));
            g0 += residual;
            g1 += residual * x;
            h00 += weight;
            h01 += weight * x;
            h11 += weight * x * x;
        }
        let determinant = h00 * h11 - h01 * h01;
        // Newton from 0 may overshoot where the scores separate: no step is longer than 1.
        let step = |change: f64| change.clamp(-1.0, 1.0);
        intercept += step((h11 * g0 - h01 * g1) / determinant);
        slope += step((h00 * g1 - h01 * g0) / determinant);
    }
    if slope < 0.0 {
        // Scores that say the opposite count for nothing: what remains are the classes' shares.
        let p = classes.iter().map(|&class| targets[usize::from(class)]).sum::<f64>() / n;
        return (0.0, (p / (1.0 - p)).ln());
    }
    (slope / spread, intercept)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let (slope, intercept) = logistic_slope(&scores, &classes, 0.0);
        assert!((slope - 3.0).abs() < 0.6, "{slope}");
        assert!(intercept.abs() < 0.3, "{intercept}");
        let alternating: Vec<bool> = (0..200).map(|i| i % 2 == 0).collect();
        assert!(logistic_slope(&scores, &alternating, 0.0).0.abs() < 0.2);
        let opposite: Vec<f64> = classes.iter().map(|&class| f64::from(u8::from(!class))).collect();
        let share = classes.iter().filter(|&&class| class).count() as f64 / 200.0;
        let (slope, intercept) = logistic_slope(&opposite, &classes, 0.0);
        assert!(slope.abs() < 1e-12, "{slope}");
        assert!((intercept - (share / (1.0 - share)).ln()).abs() < 0.02, "{intercept}");
    }
}
