//! Logits from scores of any scale.

use crate::metrics::probability;
use crate::moments::mean_and_sd;
use crate::selection;

/// Least slope in standard deviations of the score: where held-out scores say nothing, or the opposite, the
/// order of scores is still kept, and all logits are nearly the prior's.
const LEAST_SLOPE: f64 = 1e-6;

/// Platt scaling: `logit = slope * score + intercept`, fitted to held-out scores.
///
/// # Examples
///
/// ```
/// use reperio_stats::platt::Platt;
///
/// let scores = [12.0, 19.0, 14.0, 31.0, 28.0, 17.0];
/// let platt = Platt::fit(&scores, &[false, false, false, true, true, true]);
/// assert!(platt.logit(13.0) < 0.0 && platt.logit(30.0) > 0.0);
/// ```
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
        Self::beside(scores, labels, None)
    }

    /// The same for what the scores say beside `offsets`, logits that are known beforehand: one for each score, or none.
    ///
    /// ```
    /// use reperio_stats::platt::Platt;
    ///
    /// let (scores, labels) = ([0.0, 0.0, 1.0, 1.0], [false, false, true, true]);
    /// let explained = Platt::beside(&scores, &labels, Some(&[-4.0, -4.0, 4.0, 4.0]));
    /// assert!(explained.slope < 0.1 * Platt::fit(&scores, &labels).slope);
    /// ```
    pub fn beside(scores: &[f64], labels: &[bool], offsets: Option<&[f64]>) -> Self {
        let (mean, sd) = mean_and_sd(scores);
        // Standardised, because the fit's prior and the length of its steps are meant for scores about 0.
        // Scores that do not vary tell nothing about one that does.
        let sd = if sd > 1e-9 { sd } else { 1.0 };
        let standard: Vec<f64> = scores.iter().map(|score| (score - mean) / sd).collect();
        let (slope, intercept) = slope_beside(&standard, labels, offsets, 0.0);
        let slope = slope.max(LEAST_SLOPE);
        Self { slope: slope / sd, intercept: intercept - slope * mean / sd }
    }

    /// The logit of a score.
    pub fn logit(self, score: f64) -> f64 {
        self.slope * score + self.intercept
    }

    /// The best of some candidates, by [`selection::best`] on its scaled scores, and its scaling.
    /// `scores[c][i]` is candidate c's held-out score of row i.
    ///
    /// ```
    /// use reperio_stats::platt::Platt;
    ///
    /// let scores = [vec![3.0, 1.0, 2.0, 2.0], vec![0.0, 1.0, 4.0, 5.0]];
    /// assert_eq!(Platt::best(&scores, &[false, false, true, true]).0, 1);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no candidate.
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

/// Slope and intercept of a logistic regression of `classes` on `scores`, by Newton's method.
///
/// The targets are Platt's, (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2) instead of 1 and 0: scores that
/// separate n rows do not make a model surer than n rows can, nor surer than labels that are smoothed by `smoothing`.
/// The slope is not negative.
///
/// ```
/// use reperio_stats::platt::logistic_slope;
///
/// let (slope, intercept) = logistic_slope(&[-1.0, 1.0, -1.0, 1.0], &[false, true, true, false], 0.0);
/// assert!(slope.abs() < 1e-9 && intercept.abs() < 1e-9);
/// ```
///
/// # References
///
/// - Platt, *Probabilistic outputs for support vector machines*, 1999.
pub fn logistic_slope(scores: &[f64], classes: &[bool], smoothing: f64) -> (f64, f64) {
    slope_beside(scores, classes, None, smoothing)
}

/// [`logistic_slope`] of what the scores say beside `offsets`, logits that are known beforehand.
fn slope_beside(
    scores: &[f64],
    classes: &[bool],
    offsets: Option<&[f64]>,
    smoothing: f64,
) -> (f64, f64) {
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
        for (i, (score, &class)) in scores.iter().zip(classes).enumerate() {
            let x = score / spread;
            let known = offsets.map_or(0.0, |offsets| offsets[i]);
            let p = probability(slope * x + intercept + known);
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
        // Scores that say the opposite count for nothing: what remains are the classes' shares, or what is known
        // beforehand.
        if offsets.is_some() {
            return slope_beside(&vec![0.0; scores.len()], classes, offsets, smoothing);
        }
        let p = classes.iter().map(|&class| targets[usize::from(class)]).sum::<f64>() / n;
        return (0.0, (p / (1.0 - p)).ln());
    }
    (slope / spread, intercept)
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
