//! Gene usage: a ridge regression of the label on the shares of V and J genes.
//!
//! Real cohorts often differ in usage as a whole. The regression is linear in the shares, so it is
//! exactly what a uniformly attending head computes over one column of the gene embeddings: the
//! network starts there and goes on.

use rayon::prelude::*;
use reperio_data::encode::EncodedRepertoire;

use super::contrast::Contrast;
use crate::linear::{logistic_slope, ridge};

/// A linear score of V and J usage.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneUsage {
    /// Weight of each V gene's share; the training mean scores 0.
    pub v: Vec<f64>,
    /// Weight of each J gene's share; the training mean scores 0.
    pub j: Vec<f64>,
    /// Root mean square of the weights over the training sequences.
    pub scale: f64,
    /// Logit a unit of score, fitted to cross-validated scores (1 for a regression).
    pub slope: f64,
    /// Logit of a repertoire that scores 0 (0 for a regression).
    pub intercept: f64,
    /// Share of the label's variance that the score predicts under cross-validation.
    pub r_squared: f64,
    /// Ridge penalty over the number of repertoires.
    pub penalty: f64,
}

/// Penalties tried, over the number of repertoires, on standardised shares.
const PENALTIES: [f64; 8] = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0];

/// Below this cross-validated R² the usage is left alone.
const LEAST_R_SQUARED: f64 = 0.02;

/// Folds of the inner cross-validation.
const FOLDS: usize = 10;

/// A share's standard deviation is taken as at least this, so that a gene seen a few times in one
/// repertoire gets no huge weight.
const LEAST_SD: f64 = 5e-4;

/// Shares of V and J genes in each repertoire.
pub(super) struct Usage {
    n_v: usize,
    /// One row a repertoire: V shares, then J shares.
    rows: Vec<Vec<f64>>,
}

impl Usage {
    pub(super) fn of(bags: &[&EncodedRepertoire], (n_v, n_j): (usize, usize)) -> Self {
        let row = |bag: &&EncodedRepertoire| {
            let mut row = vec![0.0; n_v + n_j];
            let one = 1.0 / bag.len().max(1) as f64;
            for (&v, &j) in bag.v().iter().zip(bag.j()) {
                row[usize::from(v)] += one;
                row[n_v + usize::from(j)] += one;
            }
            row
        };
        Self { n_v, rows: bags.par_iter().map(row).collect() }
    }

    /// Fits the score of one contrast; `None` if it does not predict.
    pub(super) fn fit(&self, contrast: &Contrast, groups: &[usize]) -> Option<GeneUsage> {
        let known: Vec<usize> =
            (0..self.rows.len()).filter(|&i| contrast.values[i].is_some()).collect();
        let y: Vec<f64> = known.iter().map(|&i| contrast.values[i].expect("filtered")).collect();
        let folds = folds(&y, &known.iter().map(|&i| groups[i]).collect::<Vec<_>>())?;
        let mut best: Option<(f64, f64, Vec<f64>)> = None;
        let tried: Vec<(f64, Vec<f64>)> = PENALTIES
            .par_iter()
            .map(|&penalty| (penalty, self.cross_validated(&known, &y, &folds, penalty)))
            .collect();
        for (penalty, scores) in tried {
            let error: f64 = y.iter().zip(&scores).map(|(y, score)| (y - score).powi(2)).sum();
            let r_squared = 1.0 - error / contrast.sum_of_squares.max(f64::MIN_POSITIVE);
            if best.as_ref().is_none_or(|(most, ..)| r_squared > *most) {
                best = Some((r_squared, penalty, scores));
            }
        }
        let (r_squared, penalty, scores) = best?;
        if r_squared < LEAST_R_SQUARED {
            return None;
        }
        let (slope, intercept) = if contrast.is_class {
            let classes: Vec<bool> = y.iter().map(|&value| value > 0.0).collect();
            logistic_slope(&scores, &classes)
        } else {
            (1.0, 0.0)
        };
        let rows: Vec<&[f64]> = known.iter().map(|&i| &self.rows[i][..]).collect();
        let linear = ridge(&rows, &y, penalty * y.len() as f64, LEAST_SD);
        let (v, j) = linear.weights.split_at(self.n_v);
        let (mean_v, mean_j) = linear.means.split_at(self.n_v);
        let (v, j) = (centred(v, mean_v), centred(j, mean_j));
        let square = |weights: &[f64], shares: &[f64]| -> f64 {
            weights.iter().zip(shares).map(|(weight, share)| weight * weight * share).sum()
        };
        let scale = (square(&v, mean_v) + square(&j, mean_j)).sqrt().max(1e-6);
        Some(GeneUsage { v, j, scale, slope, intercept, r_squared, penalty })
    }

    /// The score of every repertoire from a fit without its fold.
    fn cross_validated(
        &self,
        known: &[usize],
        y: &[f64],
        folds: &[usize],
        penalty: f64,
    ) -> Vec<f64> {
        let mut scores = vec![0.0; known.len()];
        for fold in 0..FOLDS {
            let inside: Vec<usize> = (0..known.len()).filter(|&i| folds[i] != fold).collect();
            if inside.len() == known.len() {
                continue;
            }
            let rows: Vec<&[f64]> = inside.iter().map(|&i| &self.rows[known[i]][..]).collect();
            let labels: Vec<f64> = inside.iter().map(|&i| y[i]).collect();
            let linear = ridge(&rows, &labels, penalty * labels.len() as f64, LEAST_SD);
            for i in (0..known.len()).filter(|&i| folds[i] == fold) {
                scores[i] = linear.score(&self.rows[known[i]]);
            }
        }
        scores
    }
}

/// Shares sum to one, so a constant may move between weights and intercept: here the mean scores 0.
fn centred(weights: &[f64], shares: &[f64]) -> Vec<f64> {
    let mean: f64 = weights.iter().zip(shares).map(|(weight, share)| weight * share).sum();
    weights.iter().map(|weight| weight - mean).collect()
}

/// A fold a repertoire: groups stay together and are dealt out in the order of their mean label.
fn folds(y: &[f64], groups: &[usize]) -> Option<Vec<usize>> {
    let mut sums: Vec<(usize, f64, f64)> = Vec::new();
    for (&group, &value) in groups.iter().zip(y) {
        match sums.iter_mut().find(|sum| sum.0 == group) {
            Some(sum) => {
                sum.1 += value;
                sum.2 += 1.0;
            }
            None => sums.push((group, value, 1.0)),
        }
    }
    if sums.len() < 4 {
        return None;
    }
    sums.sort_by(|a, b| (a.1 / a.2).total_cmp(&(b.1 / b.2)).then(a.0.cmp(&b.0)));
    let place = |group: &usize| {
        sums.iter().position(|sum| sum.0 == *group).expect("every group was summed") % FOLDS
    };
    Some(groups.iter().map(place).collect())
}
