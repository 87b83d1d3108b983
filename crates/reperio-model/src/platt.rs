//! Logits from scores of any scale.

use crate::linear::logistic_slope;
use crate::selection;

/// Least slope in standard deviations of the score: where held-out scores say nothing, or the opposite, the
/// order of scores is still kept, and all logits are nearly the prior's.
const LEAST_SLOPE: f64 = 1e-6;

/// Platt scaling: `logit = slope * score + intercept`, fitted to held-out scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Platt {
    /// Not negative.
    pub slope: f64,
    /// Logit of a score of 0.
    pub intercept: f64,
}

impl Platt {
    /// Fits the scaling to `scores` of `labels`.
    pub fn fit(scores: &[f64], labels: &[bool]) -> Self {
        let n = scores.len().max(1) as f64;
        let mean = scores.iter().sum::<f64>() / n;
        let sd = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / n).sqrt();
        // Standardised, because the fit's prior and the length of its steps are meant for scores about 0.
        // Scores that do not vary tell nothing about one that does.
        let sd = if sd > 1e-9 { sd } else { 1.0 };
        let standard: Vec<f64> = scores.iter().map(|score| (score - mean) / sd).collect();
        let (slope, intercept) = logistic_slope(&standard, labels, 0.0);
        let slope = slope.max(LEAST_SLOPE);
        Self { slope: slope / sd, intercept: intercept - slope * mean / sd }
    }

    /// The logit of a score.
    pub fn logit(self, score: f64) -> f64 {
        self.slope * score + self.intercept
    }

    /// The best of some candidates, by [`selection::best`] on its scaled scores, and its scaling.
    /// `scores[c][i]` is candidate c's held-out score of the part's member i.
    pub fn best(scores: &[Vec<f64>], labels: &[bool]) -> (usize, Self) {
        let scalings: Vec<Self> = scores.iter().map(|own| Self::fit(own, labels)).collect();
        let scaled = |(own, scaling): (&Vec<f64>, &Self)| {
            own.iter().map(|&score| scaling.logit(score)).collect()
        };
        let logits: Vec<Vec<f64>> = scores.iter().zip(&scalings).map(scaled).collect();
        let best = selection::best(&logits, labels);
        (best, scalings[best])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_candidate_that_separates_is_best_and_order_is_kept_where_none_does() {
        let labels: Vec<bool> = (0..20).map(|i| i >= 10).collect();
        let separating: Vec<f64> = (0..20).map(f64::from).collect();
        let useless: Vec<f64> = (0..20).map(|i| f64::from(i * 7 % 20)).collect();
        let (best, platt) = Platt::best(&[useless, separating.clone()], &labels);
        assert_eq!(best, 1);
        assert!(platt.logit(2.0) < -0.5 && platt.logit(17.0) > 0.5, "{platt:?}");
        let opposite: Vec<f64> = separating.iter().map(|score| -score).collect();
        let platt = Platt::fit(&opposite, &labels);
        assert!(
            platt.logit(-2.0) > platt.logit(-3.0) && platt.logit(-3.0).abs() < 0.01,
            "{platt:?}"
        );
        // Far from 0 and close together.
        let narrow: Vec<f64> = separating.iter().map(|score| 1e3 + 1e-3 * score).collect();
        let moved = Platt::fit(&narrow, &labels).logit(1e3 + 1e-3 * 4.0);
        assert!((moved - Platt::fit(&separating, &labels).logit(4.0)).abs() < 1e-3, "{moved}");
    }
}
