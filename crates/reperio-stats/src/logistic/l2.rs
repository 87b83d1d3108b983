//! The L2 penalty, solved among combinations of the rows.
//!
//! The best weights are `w = Zᵀ a` (representer theorem), so n numbers `a` stand for p weights and the
//! design is only needed as `K = Z Zᵀ`. Newton's method, its step by conjugate gradients in the
//! geometry of `w`, where the Hessian is the identity plus something of low rank: a product with K
//! each, whatever p is.

use super::answers::Answers;
use super::design::{Design, Dual, Linear};
use super::dot;
use super::gram::gram;
use super::loss::{derivatives, loss};

/// Newton steps of one `C`; five to ten are usual.
const STEPS: usize = 100;
/// Products with K of one Newton step.
const PRODUCTS: usize = 500;
/// Norm of the gradient, relative to that without weights, at which a solution is found.
const TOLERANCE: f64 = 1e-9;

/// `a` and `b`, and `K a`, which makes all else cheap.
#[derive(Clone)]
struct Point {
    a: Vec<f64>,
    ka: Vec<f64>,
    b: f64,
}

impl Point {
    fn zero(n: usize, b: f64) -> Self {
        Self { a: vec![0.0; n], ka: vec![0.0; n], b }
    }

    /// `K a + b`
    fn times(&self) -> Vec<f64> {
        self.ka.iter().map(|ka| ka + self.b).collect()
    }

    /// Adds `factor` times `other`.
    fn add(&mut self, factor: f64, other: &Self) {
        add(&mut self.a, factor, &other.a);
        add(&mut self.ka, factor, &other.ka);
        self.b += factor * other.b;
    }

    /// `w · w'` plus `m b b'`.
    fn dot(&self, other: &Self, m: f64) -> f64 {
        dot(&self.ka, &other.a) + m * self.b * other.b
    }
}

fn add(sum: &mut [f64], factor: f64, x: &[f64]) {
    for (sum, x) in sum.iter_mut().zip(x) {
        *sum += factor * x;
    }
}

/// One `C` of a path.
struct Problem<'a> {
    gram: &'a [f64],
    answers: Answers<'a>,
    c: f64,
}

/// See [`super::path`].
pub(super) fn path(design: &Design<'_>, answers: Answers<'_>, cs: &[f64]) -> Vec<Linear> {
    dual_path(&gram(design), answers, cs).iter().map(|dual| design.model_of(dual)).collect()
}

/// The solution of [`path`](super::path) with the L2 penalty for each of `cs`, from the products of the rows alone.
///
/// The products of all rows are made once; those among some of them are all that a fold needs.
///
/// ```
/// use reperio_stats::logistic::{Design, Penalty, Table, dual_path, gram, path};
///
/// let table = Table::new(1, vec![0.0, 2.0, 1.0, 3.0]);
/// let design = Design::standardised(&table, vec![0, 1, 2, 3]);
/// let labels = [false, false, true, true];
/// let dual = dual_path(&gram(&design), &labels, &[1.0]).remove(0);
/// assert_eq!(design.model_of(&dual), path(&design, &labels, Penalty::L2, &[1.0]).remove(0));
/// ```
///
/// # Shapes
///
/// - `gram`: `(n, n)`; `answers`: `(n,)`, both classes present
pub fn dual_path<'a>(gram: &[f64], answers: impl Into<Answers<'a>>, cs: &[f64]) -> Vec<Dual> {
    let answers = answers.into();
    let mut at = Point::zero(answers.len(), answers.intercept());
    let solve = |&c: &f64| {
        Problem { gram, answers, c }.descend(&mut at);
        Dual { a: at.a.clone(), b: at.b }
    };
    cs.iter().map(solve).collect()
}

impl Problem<'_> {
    /// `K v`
    fn times(&self, v: &[f64]) -> Vec<f64> {
        self.gram.chunks_exact(v.len()).map(|row| dot(row, v)).collect()
    }

    fn logits(&self, at: &Point) -> Vec<f64> {
        let mut logits = at.times();
        self.answers.add_offsets(&mut logits);
        logits
    }

    fn objective(&self, at: &Point) -> f64 {
        0.5 * dot(&at.a, &at.ka) + loss(&self.logits(at), self.answers.labels, self.c)
    }

    /// The negative gradient, `b` in units of its own curvature; and the curvatures of the logits.
    fn descent(&self, at: &Point) -> (Point, Vec<f64>) {
        let (mut a, curvatures) = derivatives(&self.logits(at), self.answers.labels, self.c);
        let b = a.iter().sum::<f64>() / curvatures.iter().sum::<f64>();
        add(&mut a, -1.0, &at.a);
        let ka = self.times(&a);
        (Point { a, ka, b }, curvatures)
    }

    /// Newton's method from `at`, warm or not.
    fn descend(&self, at: &mut Point) {
        let norm = |(residual, curvatures): &(Point, Vec<f64>)| {
            residual.dot(residual, curvatures.iter().sum()).max(0.0).sqrt()
        };
        let start = Point::zero(self.answers.len(), self.answers.intercept());
        let goal = TOLERANCE * norm(&self.descent(&start));
        let mut value = self.objective(at);
        for _ in 0..STEPS {
            let gradient = self.descent(at);
            let size = norm(&gradient);
            if size <= goal {
                break;
            }
            // Loose far from the solution, tight enough for a quadratic end.
            let within = (size * (size / (size + goal / TOLERANCE)).min(0.1)).max(0.1 * goal);
            let (residual, curvatures) = gradient;
            let slope_of = residual.clone();
            let step = self.newton_step(residual, &curvatures, within);
            let slope = slope_of.dot(&step, curvatures.iter().sum());
            let Some(next) = self.shorten(at, &step, value, slope) else { break };
            (*at, value) = next;
        }
    }

    /// The first of the step, half of it and so on that lowers the objective enough; `None` at the limit
    /// of what `f64` can tell apart.
    fn shorten(&self, at: &Point, step: &Point, value: f64, slope: f64) -> Option<(Point, f64)> {
        let lengths = std::iter::successors(Some(1.0), |length| Some(length * 0.5)).take(30);
        let tried = lengths.map(|length| {
            let mut next = at.clone();
            next.add(length, step);
            let lower = self.objective(&next);
            (length, next, lower)
        });
        let slack = 1e-13 * value.abs();
        let mut enough =
            tried.filter(|(length, _, lower)| *lower <= value - 1e-4 * length * slope + slack);
        enough.next().map(|(_, next, lower)| (next, lower))
    }

    /// Solves `Hessian · step = residual` until what is left is at most `within` long.
    fn newton_step(&self, mut residual: Point, curvatures: &[f64], within: f64) -> Point {
        let total: f64 = curvatures.iter().sum();
        let mut step = Point::zero(curvatures.len(), 0.0);
        let mut direction = residual.clone();
        let mut left = residual.dot(&residual, total);
        for _ in 0..PRODUCTS {
            if left <= within * within {
                break;
            }
            // Hessian · direction = Zᵀ (a + D (K a + b)) for w, Σ D (K a + b) for b.
            let bent: Vec<f64> =
                direction.times().iter().zip(curvatures).map(|(f, d)| f * d).collect();
            let b = bent.iter().sum::<f64>() / total;
            let mut a = bent;
            add(&mut a, 1.0, &direction.a);
            let ka = self.times(&a);
            let product = Point { a, ka, b };
            let length = left / direction.dot(&product, total);
            step.add(length, &direction);
            residual.add(-length, &product);
            let before = std::mem::replace(&mut left, residual.dot(&residual, total));
            let mut next = residual.clone();
            next.add(left / before, &direction);
            direction = next;
        }
        step
    }
}
