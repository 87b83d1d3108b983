//! The C-SVM of a precomputed kernel, by sequential minimal optimisation.

/// Largest violation of the optimality conditions that is left, in units of the decision value.
const TOLERANCE: f64 = 1e-5;
/// Steps after which the solution is taken as it is.
const MAX_STEPS: usize = 2_000_000;
/// Curvature where two repertoires are equal.
const LEAST_CURVATURE: f64 = 1e-12;

/// A trained machine.
///
/// ```text
/// f(x) = sum_i b_i K(x_i, x) + intercept
/// ```
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Machine {
    /// `y_i alpha_i`, 0 for rows that are not support vectors: (m,)
    pub(super) coefficients: Vec<f64>,
    pub(super) intercept: f64,
}

impl Machine {
    /// Decision value of what has the kernel `similarities` with the repertoires of the fit.
    pub(super) fn decision(&self, similarities: impl Iterator<Item = f32>) -> f64 {
        let terms = self.coefficients.iter().zip(similarities).filter(|(b, _)| **b != 0.0);
        terms.map(|(b, k)| b * f64::from(k)).sum::<f64>() + self.intercept
    }
}

/// Solves the dual problem for `kernel` (m, m), symmetric.
///
/// ```text
/// maximise  sum_i y_i b_i - 1/2 sum_ij b_i b_j K_ij
/// subject to  sum_i b_i = 0,  0 <= y_i b_i <= C
/// ```
///
/// Each step changes two coefficients: the one that violates its condition most, and with it the one that
/// gains most to second order. Every sum has a fixed order.
///
/// # References
///
/// - Fan, Chen, Lin, *Working set selection using second order information for training support vector
///   machines*, JMLR 2005.
pub(super) fn solve(kernel: &[f32], labels: &[bool], c: f64) -> Machine {
    let m = labels.len();
    let row = |i: usize| &kernel[i * m..][..m];
    let bounds: Vec<[f64; 2]> =
        labels.iter().map(|&label| if label { [0.0, c] } else { [-c, 0.0] }).collect();
    let mut b = vec![0.0; m];
    // y_i - sum_j b_j K_ij; at the optimum equal for all i between their bounds.
    let mut gradient: Vec<f64> =
        labels.iter().map(|&label| if label { 1.0 } else { -1.0 }).collect();
    for _ in 0..MAX_STEPS {
        let Some((i, j, step)) = working_set(kernel, &gradient, &b, &bounds) else { break };
        let room = [bounds[i][1] - b[i], b[j] - bounds[j][0]];
        let step = step.min(room[0]).min(room[1]);
        // To the bound exactly, so that no residue of rounding keeps a coefficient between its bounds.
        b[i] = if step < room[0] { b[i] + step } else { bounds[i][1] };
        b[j] = if step < room[1] { b[j] - step } else { bounds[j][0] };
        for ((g, &ki), &kj) in gradient.iter_mut().zip(row(i)).zip(row(j)) {
            *g -= step * (f64::from(ki) - f64::from(kj));
        }
    }
    let intercept = intercept(&gradient, &b, &bounds);
    Machine { coefficients: b, intercept }
}

/// The coefficient to raise, the one to lower, and the unbounded step; `None` at the optimum.
fn working_set(
    kernel: &[f32],
    gradient: &[f64],
    b: &[f64],
    bounds: &[[f64; 2]],
) -> Option<(usize, usize, f64)> {
    let m = b.len();
    let mut i = None;
    let mut highest = f64::NEG_INFINITY;
    for t in 0..m {
        if b[t] < bounds[t][1] && gradient[t] > highest {
            (i, highest) = (Some(t), gradient[t]);
        }
    }
    let i = i?;
    let row = &kernel[i * m..][..m];
    let (mut best, mut most_gain, mut lowest) = (None, 0.0, f64::INFINITY);
    for t in 0..m {
        let violation = highest - gradient[t];
        if b[t] > bounds[t][0] {
            lowest = gradient[t].min(lowest);
            let curvature =
                f64::from(row[i]) + f64::from(kernel[t * m + t]) - 2.0 * f64::from(row[t]);
            let curvature = curvature.max(LEAST_CURVATURE);
            let gain = violation * violation / curvature;
            if violation > 0.0 && gain > most_gain {
                (best, most_gain) = (Some((i, t, violation / curvature)), gain);
            }
        }
    }
    best.filter(|_| highest - lowest >= TOLERANCE)
}

/// The mean gradient of coefficients between their bounds, or the middle of what the others allow.
fn intercept(gradient: &[f64], b: &[f64], bounds: &[[f64; 2]]) -> f64 {
    let (mut sum, mut n) = (0.0, 0_usize);
    let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
    for ((&g, &b), &[low, high]) in gradient.iter().zip(b).zip(bounds) {
        if low < b && b < high {
            (sum, n) = (sum + g, n + 1);
        }
        if b < high {
            least = g.max(least);
        }
        if b > low {
            most = g.min(most);
        }
    }
    match (n, least.is_finite(), most.is_finite()) {
        (0, true, true) => f64::midpoint(least, most),
        (0, true, false) => least, // One class only.
        (0, false, true) => most,
        (0, false, false) => 0.0,
        _ => sum / n as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::fixture::{self, Fixture};

    #[test]
    fn decision_values_equal_those_of_scikit_learn() {
        let Fixture { n, fitted: m, kernel, labels, machines, .. } = Fixture::read();
        let row = |i: usize| kernel[i * n..][..m].iter().copied();
        let gram: Vec<f32> = (0..m).flat_map(row).collect();
        assert!(machines.len() >= 5);
        for fixture::Machine { c, decisions, intercept } in machines {
            let machine = solve(&gram, &labels[..m], c);
            assert!((machine.intercept - intercept).abs() < 1e-3, "C = {c}: {}", machine.intercept);
            for (i, expected) in decisions.iter().enumerate() {
                let found = machine.decision(row(i));
                assert!((found - expected).abs() < 1e-3, "C = {c}, {i}: {found} != {expected}");
            }
        }
    }

    #[test]
    fn one_class_has_its_own_side() {
        assert!((solve(&[1.0, 0.5, 0.5, 1.0], &[true; 2], 1.0).intercept - 1.0).abs() < 1e-12);
        assert!((solve(&[1.0, 0.5, 0.5, 1.0], &[false; 2], 1.0).intercept + 1.0).abs() < 1e-12);
    }
}
