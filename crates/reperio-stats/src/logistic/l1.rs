//! The L1 penalty: proximal Newton steps by coordinate descent on a working set of columns.
//!
//! A weight of 0 is right where the slope `|Σ C (y_i - π_i) z_ij|` is at most 1. Columns that break this
//! join the working set, steepest first, until none does; all p columns are read once a round.

use super::answers::Answers;
use super::design::{Design, Linear};
use super::dot;
use super::loss::{derivatives, loss};

/// How far a slope may be from where the penalty holds it; the penalty's own slope is 1.
const TOLERANCE: f64 = 1e-8;
/// Rounds of growing the working set; of proximal steps on one; of passes over its columns in one.
const ROUNDS: usize = 200;
const STEPS: usize = 100;
const PASSES: usize = 1_000;
/// Columns that join in one round, at least.
const JOINING: usize = 32;

/// A column of the working set.
struct Column {
    place: usize,
    values: Vec<f64>,
    weight: f64,
}

struct Problem<'a> {
    labels: &'a [bool],
    c: f64,
    columns: Vec<Column>,
    /// Logit of each row.
    logits: Vec<f64>,
    intercept: f64,
}

/// See [`super::path`].
pub(super) fn path(design: &Design<'_>, answers: Answers<'_>, cs: &[f64]) -> Vec<Linear> {
    let (labels, intercept) = (answers.labels, answers.intercept());
    let logits = constant(answers, intercept);
    let mut problem = Problem { labels, c: 0.0, columns: Vec::new(), logits, intercept };
    let solve = |&c: &f64| {
        problem.c = c;
        problem.columns.retain(|column| column.weight != 0.0);
        problem.solve(design);
        let mut weights = vec![0.0; design.columns()];
        for column in &problem.columns {
            weights[column.place] = column.weight;
        }
        design.model(weights, problem.intercept)
    };
    cs.iter().map(solve).collect()
}

/// The logits of all rows where all weights are 0.
fn constant(answers: Answers<'_>, intercept: f64) -> Vec<f64> {
    let mut logits = vec![intercept; answers.len()];
    answers.add_offsets(&mut logits);
    logits
}

/// The largest slope of the mean logistic loss times the rows, where all weights are 0.
pub(super) fn steepest(design: &Design<'_>, answers: Answers<'_>) -> f64 {
    let logits = constant(answers, answers.intercept());
    let (slopes, _) = derivatives(&logits, answers.labels, 1.0);
    design.transposed_times(&slopes).iter().fold(0.0, |most, slope| slope.abs().max(most))
}

/// How far `slope` is from one that holds `weight` where it is.
fn violation(slope: f64, weight: f64) -> f64 {
    if weight == 0.0 { slope.abs() - 1.0 } else { (slope - weight.signum()).abs() }.max(0.0)
}

impl Problem<'_> {
    fn solve(&mut self, design: &Design<'_>) {
        for _ in 0..ROUNDS {
            self.descend();
            let (slopes, _) = derivatives(&self.logits, self.labels, self.c);
            let slopes = design.transposed_times(&slopes);
            let known: Vec<usize> = self.columns.iter().map(|column| column.place).collect();
            let mut joining: Vec<usize> =
                (0..slopes.len()).filter(|&j| slopes[j].abs() > 1.0 + TOLERANCE).collect();
            joining.retain(|j| !known.contains(j));
            if joining.is_empty() {
                return;
            }
            joining.sort_by(|&a, &b| slopes[b].abs().total_cmp(&slopes[a].abs()).then(a.cmp(&b)));
            joining.truncate(known.len().max(JOINING));
            let column = |place| Column { place, values: design.column(place), weight: 0.0 };
            self.columns.extend(joining.into_iter().map(column));
        }
    }

    /// Minimises over the working set.
    fn descend(&mut self) {
        for _ in 0..STEPS {
            let (slopes, curvatures) = derivatives(&self.logits, self.labels, self.c);
            let violations =
                self.columns.iter().map(|own| violation(dot(&own.values, &slopes), own.weight));
            let worst = violations.fold(slopes.iter().sum::<f64>().abs(), f64::max);
            if worst <= TOLERANCE {
                return;
            }
            let step = self.step(&slopes, &curvatures, (0.1 * worst).max(0.1 * TOLERANCE));
            if !self.shorten(&step, &slopes) {
                return;
            }
        }
    }

    /// Coordinate descent on the quadratic model of the loss around the present weights.
    fn step(&self, slopes: &[f64], curvatures: &[f64], within: f64) -> Step {
        let bend = |column: &Column| {
            let terms = column.values.iter().zip(curvatures);
            terms.map(|(z, d)| z * z * d).sum::<f64>().max(f64::MIN_POSITIVE)
        };
        let bends: Vec<f64> = self.columns.iter().map(bend).collect();
        let mut step = Step {
            weights: self.columns.iter().map(|column| column.weight).collect(),
            intercept: 0.0,
            logits: vec![0.0; slopes.len()],
            residuals: slopes.to_vec(),
        };
        // All weights, then those that are not 0 until they rest, then all once more.
        let mut all = true;
        for _ in 0..PASSES {
            let mut most = step.move_intercept(curvatures);
            for (j, column) in self.columns.iter().enumerate() {
                if all || step.weights[j] != 0.0 {
                    most = most.max(step.move_weight(j, &column.values, bends[j], curvatures));
                }
            }
            if most > within {
                all = false;
            } else if all {
                break;
            } else {
                all = true;
            }
        }
        step
    }

    /// Goes as far along `step` as lowers the objective enough; whether it did.
    fn shorten(&mut self, step: &Step, slopes: &[f64]) -> bool {
        let norm = |weights: &mut dyn Iterator<Item = f64>| weights.map(f64::abs).sum::<f64>();
        let old: Vec<f64> = self.columns.iter().map(|column| column.weight).collect();
        let norm_old = norm(&mut old.iter().copied());
        let value = loss(&self.logits, self.labels, self.c) + norm_old;
        let expected =
            norm(&mut step.weights.iter().copied()) - norm_old - dot(slopes, &step.logits);
        for halvings in 0..30 {
            let length = 0.5_f64.powi(halvings);
            let blend = |(old, new): (&f64, &f64)| {
                if length < 1.0 { old + length * (new - old) } else { *new }
            };
            let weights: Vec<f64> = old.iter().zip(&step.weights).map(blend).collect();
            let logits: Vec<f64> = self
                .logits
                .iter()
                .zip(&step.logits)
                .map(|(f, change)| f + length * change)
                .collect();
            let lower = loss(&logits, self.labels, self.c) + norm(&mut weights.iter().copied());
            if lower <= value + 0.01 * length * expected + 1e-13 * value.abs() {
                self.logits = logits;
                self.intercept += length * step.intercept;
                for (column, weight) in self.columns.iter_mut().zip(weights) {
                    column.weight = weight;
                }
                return true;
            }
        }
        false
    }
}

/// Where a proximal step leads.
struct Step {
    weights: Vec<f64>,
    /// Change of the intercept.
    intercept: f64,
    /// Change of the logits.
    logits: Vec<f64>,
    /// Slopes of the model by logit: those at the start less what the change bends.
    residuals: Vec<f64>,
}

impl Step {
    /// Moves one weight to its best place; by how much that changed its slope.
    fn move_weight(&mut self, j: usize, values: &[f64], bend: f64, curvatures: &[f64]) -> f64 {
        let goal = self.weights[j] * bend + dot(values, &self.residuals);
        let next = goal.signum() * (goal.abs() - 1.0).max(0.0) / bend;
        let change = next - self.weights[j];
        if change == 0.0 {
            return 0.0;
        }
        self.weights[j] = next;
        let own = self.logits.iter_mut().zip(&mut self.residuals);
        for ((logit, residual), (z, d)) in own.zip(values.iter().zip(curvatures)) {
            *logit += change * z;
            *residual -= change * z * d;
        }
        change.abs() * bend
    }

    /// As [`Self::move_weight`], of the intercept.
    fn move_intercept(&mut self, curvatures: &[f64]) -> f64 {
        let slope: f64 = self.residuals.iter().sum();
        let change = slope / curvatures.iter().sum::<f64>();
        self.intercept += change;
        for ((logit, residual), d) in
            self.logits.iter_mut().zip(&mut self.residuals).zip(curvatures)
        {
            *logit += change;
            *residual -= change * d;
        }
        slope.abs()
    }
}
