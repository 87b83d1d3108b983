//! Logistic regression with an L1 or L2 penalty, for few rows and very many columns.
//!
//! ```text
//! L2:  minimise  ½ |w|² + C Σ ln(1 + exp(-s_i (o_i + w·z_i + b)))    s_i = ±1, the label of row i
//! L1:  minimise   |w|₁  + C Σ ln(1 + exp(-s_i (o_i + w·z_i + b)))    o_i: its offset, 0 unless told
//! ```
//!
//! `C` is that of scikit-learn's `LogisticRegression`; the intercept `b` is not penalised. Both are
//! solved for a whole path of `C`, each solution the start of the next, and agree with scikit-learn's
//! `lbfgs` and `saga` (`tests/fixtures/logistic.py`).
//!
//! Own solvers, because no crate has both penalties: linfa-logistic 0.8.1 (54 crates) and smartcore 0.7.0
//! (15) have L2 only and work on all p columns at each step; the binding liblinear 1.0.0 is of 2019,
//! compiles C++, penalises the intercept and draws from C's global `rand()`; argmin has no proximal step.
//!
//! # References
//!
//! - Friedman, Hastie, Tibshirani, *Regularization paths for generalized linear models via coordinate
//!   descent*, 2010. <https://doi.org/10.18637/jss.v033.i01>
//! - Yuan, Ho, Lin, *An improved GLMNET for L1-regularized logistic regression*, JMLR 2012.
//! - Kimeldorf, Wahba, *Some results on Tchebycheffian spline functions*, 1971 (representer theorem).

mod answers;
mod design;
mod gram;
mod l1;
mod l2;
mod loss;
mod table;
#[cfg(test)]
mod tests;

pub use answers::Answers;
pub use design::{Design, Dual, Linear};
pub use gram::gram;
pub use l2::dual_path;
pub use table::Table;

/// The penalty on the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Penalty {
    /// Sum of absolute weights: most are 0.
    L1,
    /// Half the sum of squared weights.
    L2,
}

/// The models of `answers` for each of `cs`, values of `C` that increase.
///
/// ```
/// use reperio_stats::logistic::{Design, Penalty, Table, path};
///
/// let table = Table::new(2, vec![0.0, 1.0, 1.0, 5.0, 2.0, 1.0, 3.0, 5.0]);
/// let design = Design::standardised(&table, vec![0, 1, 2, 3]);
/// let models = path(&design, &[false, false, true, true], Penalty::L1, &[0.5, 1.0]);
/// assert!(models[0].weights.iter().all(|weight| weight.abs() < 1e-9));
/// assert!(models[1].weights[0] > 0.1 && models[1].weights[1].abs() < 1e-9);
/// ```
///
/// # Shapes
///
/// - `design`: `(n, p)`; `answers`: `(n,)`, both classes present
/// - returns: one model of p weights per value of `C`
///
/// # Panics
///
/// If there is not one label per row.
pub fn path<'a>(
    design: &Design<'_>,
    answers: impl Into<Answers<'a>>,
    penalty: Penalty,
    cs: &[f64],
) -> Vec<Linear> {
    let answers = answers.into();
    assert_eq!(answers.len(), design.rows(), "one label a row");
    match penalty {
        Penalty::L1 => l1::path(design, answers, cs),
        Penalty::L2 => l2::path(design, answers, cs),
    }
}

/// The largest `C` at which the L1 penalty leaves all weights 0.
///
/// ```
/// use reperio_stats::logistic::{Design, Table, least_c};
///
/// let table = Table::new(1, vec![-1.0, 1.0]);
/// let design = Design::standardised(&table, vec![0, 1]);
/// assert_eq!(least_c(&design, &[false, true]), 1.0);
/// ```
pub fn least_c<'a>(design: &Design<'_>, answers: impl Into<Answers<'a>>) -> f64 {
    1.0 / l1::steepest(design, answers.into()).max(f64::MIN_POSITIVE)
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}
