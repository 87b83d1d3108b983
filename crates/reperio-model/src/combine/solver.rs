//! Non-negative weights by Newton's method, one coordinate after another.

use reperio_stats::metrics::{log_softmax, log_sum_exp, probability, soft_cross_entropy};

use super::{Combination, HeldOut};
use crate::labels::TargetKind;

/// Sweeps over all coordinates, at most.
const SWEEPS: usize = 200;
/// Largest change of a coordinate at which a solution is found.
const TOLERANCE: f64 = 1e-7;
/// Penalty of the biases: keeps them finite where a class has no repertoire.
const FAINT: f64 = 1e-4;

/// What is combined, in units of the terms' standard deviations.
pub(super) struct Problem<'a> {
    /// (n, outputs, terms); 0 for a term that is left out.
    x: Vec<f64>,
    answers: &'a [f64],
    outputs: usize,
    terms: usize,
    /// Standard deviation of each term; 0 for one that is left out.
    scales: Vec<f64>,
    loss: Loss,
    /// Share of each label that is spread evenly over the classes.
    smoothing: f64,
    /// What is known of each output beforehand; none where nothing is.
    offsets: &'a [Vec<f64>],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// One logit.
    Binary,
    /// One logit per class.
    Classes,
    /// Half the squared error.
    Squares,
}

/// How weights are found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Weighing {
    /// This share of the plain mean of the terms; only the biases are learned.
    Mean(f64),
    /// Weights are learned, drawn to the plain mean with this strength.
    Penalised(f64),
}

impl Weighing {
    /// No term at all: the class shares.
    pub(super) const SHARES: Self = Self::Mean(0.0);
}

/// Weights of the scaled terms and biases.
#[derive(Clone, Debug)]
pub(super) struct Point {
    weights: Vec<f64>,
    bias: Vec<f64>,
    /// The weights of the plain mean of the terms that help by themselves; 0 for those that do not, which get no
    /// weight at all.
    mean: Vec<f64>,
}

impl Point {
    /// The same for terms as they are.
    pub(super) fn combination(&self, scales: &[f64]) -> Combination {
        let weight =
            |(weight, scale): (&f64, &f64)| if *scale > 0.0 { weight / scale } else { 0.0 };
        let weights = self.weights.iter().zip(scales).map(weight).collect();
        Combination { weights, bias: self.bias.clone() }
    }
}

impl<'a> Problem<'a> {
    pub(super) fn new(own: &HeldOut<'a>, scales: &[f64]) -> Self {
        let HeldOut { kind, columns, answers, smoothing, offsets, .. } = *own;
        let outputs = columns.first().map_or(0, Vec::len);
        let mut x = Vec::with_capacity(answers.len() * outputs * columns.len());
        for i in 0..answers.len() {
            for o in 0..outputs {
                let scaled = |(column, scale): (&Vec<Vec<f64>>, &f64)| {
                    if *scale > 0.0 { column[o][i] / scale } else { 0.0 }
                };
                x.extend(columns.iter().zip(scales).map(scaled));
            }
        }
        let loss = match kind {
            TargetKind::Binary { .. } => Loss::Binary,
            TargetKind::Classes { .. } => Loss::Classes,
            TargetKind::Regression { .. } => Loss::Squares,
        };
        let (terms, scales) = (columns.len(), scales.to_vec());
        Self { x, answers, outputs, terms, scales, loss, smoothing, offsets }
    }

    /// The class shares of `rows`, and which terms help there: those whose outputs as they are have a lower loss.
    pub(super) fn start(&self, rows: &[usize]) -> Point {
        let nothing = vec![0.0; self.terms];
        let mut point =
            Point { weights: nothing.clone(), bias: vec![0.0; self.outputs], mean: nothing };
        self.descend(rows, Weighing::SHARES, &mut point);
        let total = |point: &Point| -> f64 {
            rows.iter().map(|&i| self.loss(&self.known(point, i), i, true)).sum()
        };
        let shares = total(&point);
        let helps = |t: &usize| {
            let mut alone = Point {
                weights: vec![0.0; self.terms],
                bias: vec![0.0; self.outputs],
                mean: vec![],
            };
            alone.weights[*t] = self.scales[*t];
            self.scales[*t] > 0.0 && total(&alone) < shares
        };
        let mut used: Vec<usize> = (0..self.terms).filter(helps).collect();
        if used.is_empty() {
            used = (0..self.terms).filter(|&t| self.scales[t] > 0.0).collect();
        }
        for &t in &used {
            point.mean[t] = self.scales[t] / used.len() as f64;
        }
        point
    }

    fn row(&self, i: usize, output: usize) -> &[f64] {
        &self.x[(i * self.outputs + output) * self.terms..][..self.terms]
    }

    /// Outputs of row `i`.
    pub(super) fn outputs(&self, point: &Point, i: usize) -> Vec<f64> {
        let of = |o: usize| {
            let terms = self.row(i, o).iter().zip(&point.weights);
            point.bias[o] + terms.map(|(x, w)| x * w).sum::<f64>()
        };
        (0..self.outputs).map(of).collect()
    }

    /// Outputs of row `i` and what is known of it beforehand.
    pub(super) fn known(&self, point: &Point, i: usize) -> Vec<f64> {
        let mut z = self.outputs(point, i);
        for (z, offsets) in z.iter_mut().zip(self.offsets) {
            *z += offsets[i];
        }
        z
    }

    /// Loss of row `i`; of its smoothed label where `smoothed`.
    pub(super) fn loss(&self, z: &[f64], i: usize, smoothed: bool) -> f64 {
        let answer = self.answers[i];
        let smoothing = if smoothed { self.smoothing } else { 0.0 };
        match self.loss {
            Loss::Binary => {
                let answer = answer * (1.0 - smoothing) + 0.5 * smoothing;
                soft_cross_entropy(z[0], answer)
            }
            Loss::Classes => {
                let mean = z.iter().sum::<f64>() / z.len() as f64;
                let own = (1.0 - smoothing) * z[answer as usize] + smoothing * mean;
                log_sum_exp(z.iter().copied()) - own
            }
            Loss::Squares => 0.5 * (z[0] - answer).powi(2),
        }
    }

    /// Gradient of the loss by output, and its curvatures (probabilities for classes).
    fn derivatives(&self, z: &[f64], i: usize) -> (Vec<f64>, Vec<f64>) {
        let answer = self.answers[i];
        match self.loss {
            Loss::Binary => {
                let p = probability(z[0]);
                let answer = answer * (1.0 - self.smoothing) + 0.5 * self.smoothing;
                (vec![p - answer], vec![p * (1.0 - p)])
            }
            Loss::Classes => {
                let p: Vec<f64> = log_softmax(z).iter().map(|log| log.exp()).collect();
                let spread = self.smoothing / z.len() as f64;
                let gradient = |(c, p): (usize, &f64)| {
                    p - spread - (1.0 - self.smoothing) * f64::from(u8::from(c == answer as usize))
                };
                (p.iter().enumerate().map(gradient).collect(), p)
            }
            Loss::Squares => (vec![z[0] - answer], vec![1.0]),
        }
    }

    /// Gradient and curvature of the summed loss along a direction, in which row i moves by `x(i, output)`.
    fn along(&self, rows: &[usize], z: &[Vec<f64>], x: impl Fn(usize, usize) -> f64) -> (f64, f64) {
        let (mut gradient, mut curvature) = (0.0, 0.0);
        for (&i, z) in rows.iter().zip(z) {
            let (g, h) = self.derivatives(z, i);
            let moved: Vec<f64> = (0..self.outputs).map(|o| x(i, o)).collect();
            gradient += g.iter().zip(&moved).map(|(g, x)| g * x).sum::<f64>();
            let squares: f64 = h.iter().zip(&moved).map(|(h, x)| h * x * x).sum();
            curvature += if self.loss == Loss::Classes {
                squares - h.iter().zip(&moved).map(|(h, x)| h * x).sum::<f64>().powi(2)
            } else {
                squares
            };
        }
        (gradient, curvature)
    }

    /// Goes from `point` to the minimum over `rows`.
    pub(super) fn descend(&self, rows: &[usize], weighing: Weighing, point: &mut Point) {
        let n = rows.len().max(1) as f64;
        let strength = match weighing {
            Weighing::Mean(share) => {
                point.weights = point.mean.iter().map(|weight| share * weight).collect();
                None
            }
            Weighing::Penalised(strength) => Some(strength),
        };
        let mut z: Vec<Vec<f64>> = rows.iter().map(|&i| self.known(point, i)).collect();
        for _ in 0..SWEEPS {
            let mut largest = 0.0_f64;
            for o in 0..self.outputs {
                let (gradient, curvature) =
                    self.along(rows, &z, |_, other| f64::from(u8::from(o == other)));
                let step = -(gradient + FAINT * n * point.bias[o]) / (curvature + FAINT * n);
                let step = step.clamp(-1.0, 1.0);
                point.bias[o] += step;
                for z in &mut z {
                    z[o] += step;
                }
                largest = largest.max(step.abs());
            }
            for t in 0..self.terms {
                let Some(strength) = strength.filter(|_| point.mean[t] > 0.0) else { continue };
                let penalty = strength * n;
                let (gradient, curvature) = self.along(rows, &z, |i, o| self.row(i, o)[t]);
                let before = point.weights[t];
                let pull = penalty * (before - point.mean[t]);
                let step = -(gradient + pull) / (curvature + penalty).max(1e-12);
                let after = (before + step.clamp(-1.0, 1.0)).max(0.0);
                if after.to_bits() != before.to_bits() {
                    point.weights[t] = after;
                    for (z, &i) in z.iter_mut().zip(rows) {
                        for (o, z) in z.iter_mut().enumerate() {
                            *z += (after - before) * self.row(i, o)[t];
                        }
                    }
                }
                largest = largest.max((after - before).abs());
            }
            if largest < TOLERANCE {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::Columns;
    use reperio_stats::Groups;

    /// At the minimum the gradient is 0 for every weight above 0 and not negative for one at 0.
    #[test]
    fn the_solution_is_a_minimum_among_non_negative_weights() {
        let value = |a: usize, i: usize| ((i * 37 + a * 101 + i * i * 7) % 97) as f64 / 48.0 - 1.0;
        let n = 60;
        let columns: Columns = (0..4)
            .map(|t| (0..3).map(|o| (0..n).map(|i| value(t * 3 + o, i)).collect()).collect())
            .collect();
        let answers: Vec<f64> = (0..n).map(|i| ((i * 5 + i / 7) % 3) as f64).collect();
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let kind = TargetKind::Classes { classes };
        let own = HeldOut {
            kind: &kind,
            columns: &columns,
            answers: &answers,
            fold: &[],
            groups: &Groups::each(n),
            smoothing: 0.1,
            offsets: &[],
        };
        let problem = Problem::new(&own, &[1.0; 4]);
        let rows: Vec<usize> = (0..n).collect();
        let mut point = problem.start(&rows);
        point.mean = vec![0.25; 4];
        problem.descend(&rows, Weighing::Penalised(0.01), &mut point);
        let objective = |point: &Point| {
            let losses = rows.iter().map(|&i| problem.loss(&problem.outputs(point, i), i, true));
            let squares: f64 =
                point.weights.iter().zip(&point.mean).map(|(w, m)| (w - m).powi(2)).sum();
            losses.sum::<f64>() / n as f64 + 0.005 * squares
        };
        let here = objective(&point);
        for t in 0..4 {
            for by in [1e-3, -1e-3] {
                let mut other = point.clone();
                other.weights[t] = (other.weights[t] + by).max(0.0);
                assert!(objective(&other) >= here - 1e-9, "{t} {by} {point:?}");
            }
        }
        for o in 0..3 {
            for by in [1e-3, -1e-3] {
                let mut other = point.clone();
                other.bias[o] += by;
                assert!(objective(&other) >= here - 1e-6, "bias {o} {by}");
            }
        }
    }
}
