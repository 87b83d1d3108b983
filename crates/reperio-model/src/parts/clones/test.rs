//! Whether so many positive carriers are more than chance lets expect, in the whole part and without each of its folds.

use reperio_stats::fisher::Fisher;
use reperio_stats::poisson_binomial::ln_tails;

use crate::parts::task::Task;

/// A one-sided test of carriers.
pub(super) enum Test {
    /// All repertoires are alike.
    Fisher {
        /// Of each analysis; the last one leaves nothing out.
        fisher: Vec<Fisher>,
        /// P by chance of passing each threshold with so many carriers: `[analysis][threshold][carriers]`.
        reach: Vec<Vec<Vec<f64>>>,
    },
    /// Each is positive with a probability of its own, by the covariates that are adjusted for.
    Expected {
        /// The probability of each member.
        p: Vec<f64>,
        folds: usize,
    },
}

impl Test {
    /// The test of the members of `task`.
    pub(super) fn new(task: &Task<'_>, labels: &[bool], thresholds: &[f64]) -> Self {
        let folds = task.folds();
        if let Some(p) = task.expected(labels) {
            return Self::Expected { p, folds };
        }
        let class = |analysis: usize, class: bool| {
            let fold = task.fold;
            (0..fold.len()).filter(|&i| fold[i] != analysis && labels[i] == class).count()
        };
        let fisher = (0..=folds).map(|f| Fisher::new([class(f, true), class(f, false)]));
        let fisher: Vec<Fisher> = fisher.collect();
        let of = |fisher: &Fisher, threshold: &f64| -> Vec<f64> {
            (0..=task.members.len()).map(|m| fisher.reaches(m, threshold.ln())).collect()
        };
        let reach =
            fisher.iter().map(|own| thresholds.iter().map(|t| of(own, t)).collect()).collect();
        Self::Fisher { fisher, reach }
    }

    /// The fewest carriers of which any reach `ln_p` in any analysis.
    pub(super) fn fewest_carriers(&self, ln_p: f64) -> usize {
        match self {
            Self::Fisher { fisher, .. } => {
                fisher.iter().map(|own| own.fewest_carriers(ln_p)).min().unwrap_or(0)
            }
            Self::Expected { p, .. } => {
                // All of those that are least likely to be positive are.
                let mut least = p.clone();
                least.sort_by(f64::total_cmp);
                let mut sum = 0.0;
                let reaches = |p: &f64| {
                    sum += p.max(f64::MIN_POSITIVE).ln();
                    sum <= ln_p
                };
                least.iter().position(reaches).map_or(p.len() + 1, |place| place + 1)
            }
        }
    }

    /// ln P of the `carriers`, places among the members with these labels and folds, in each analysis. To `expected`, by
    /// analysis and threshold, is added how likely so many carriers pass by chance.
    pub(super) fn of(
        &self,
        carriers: &[usize],
        (labels, fold): (&[bool], &[usize]),
        thresholds: &[f64],
        expected: &mut [Vec<f64>],
    ) -> Vec<f64> {
        let mut found = Vec::with_capacity(expected.len());
        for (analysis, expected) in expected.iter_mut().enumerate() {
            let inside = || carriers.iter().filter(|&&i| fold[i] != analysis);
            let m = inside().count();
            let positive = inside().filter(|&&i| labels[i]).count();
            match self {
                Self::Fisher { fisher, reach } => {
                    for (expected, reach) in expected.iter_mut().zip(&reach[analysis]) {
                        *expected += reach[m];
                    }
                    found.push(fisher[analysis].ln_p(positive, m - positive));
                }
                Self::Expected { p, folds } => {
                    debug_assert!(analysis <= *folds);
                    let tails = ln_tails(&inside().map(|&i| p[i]).collect::<Vec<_>>());
                    for (expected, threshold) in expected.iter_mut().zip(thresholds) {
                        // Tails decrease: the first that is small enough is the largest.
                        let reached = tails.iter().find(|tail| **tail <= threshold.ln());
                        *expected += reached.map_or(0.0, |tail| tail.exp());
                    }
                    found.push(tails[positive]);
                }
            }
        }
        found
    }
}
