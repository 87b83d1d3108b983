//! Gene usage: a ridge regression of the label on the shares of V and J genes.
//!
//! Classes of real cohorts often differ in overall usage. The regression is linear in the shares, so it is
//! exactly what a uniformly attending head computes over one column of the gene embeddings. The
//! network starts from it.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reperio_data::encode::EncodedRepertoire;
use reperio_stats::Groups;
use reperio_stats::permutation::Permutable;
use reperio_stats::ridge::Ridge;

use super::contrast::Contrast;

/// A linear score of V and J usage.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneUsage {
    /// Weight of each V gene's share; the training mean scores 0.
    pub v: Vec<f64>,
    /// Weight of each J gene's share; the training mean scores 0.
    pub j: Vec<f64>,
    /// Root mean square of the weights over the training sequences.
    pub scale: f64,
    /// Logit per unit of score (1 for a regression).
    pub slope: f64,
    /// Logit of a repertoire that scores 0 (0 for a regression).
    pub intercept: f64,
    /// Share of the label's variance that the score predicts under cross-validation.
    pub r_squared: f64,
    /// Ridge penalty over the number of repertoires.
    pub penalty: f64,
}

/// Penalties tried, over the number of repertoires, on standardised shares.
const PENALTIES: [f64; 6] = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0];

/// Permutations of the labels that the cross-validated R² must all exceed: a chance of 1 in 40 where
/// usage has nothing to do with the labels.
const PERMUTATIONS: usize = 39;

/// Folds of the inner cross-validation.
const FOLDS: usize = 10;

/// A share's standard deviation is taken as at least this, so that a gene seen a few times in one
/// repertoire gets no huge weight.
const LEAST_SD: f64 = 2e-3;

/// Shares of V and J genes in each repertoire.
pub(super) struct Usage {
    n_v: usize,
    /// One row per repertoire: V shares, then J shares.
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

    /// Fits the score of one contrast; `None` if it does not predict better than on permuted labels.
    pub(super) fn fit(&self, contrast: &Contrast, groups: &Groups) -> Option<GeneUsage> {
        let known: Vec<usize> =
            (0..self.rows.len()).filter(|&i| contrast.values[i].is_some()).collect();
        let rows: Vec<&[f64]> = known.iter().map(|&i| &self.rows[i][..]).collect();
        let y: Vec<f64> = known.iter().filter_map(|&i| contrast.values[i]).collect();
        let groups = groups.select(&known);
        let folds = folds(&y, &groups)?;
        // The labels themselves first, then permutations of them.
        let labels = [vec![y.clone()], permutations(&y, &groups)].concat();
        let tried: Vec<Vec<Vec<f64>>> = PENALTIES
            .par_iter()
            .map(|&penalty| cross_validated(&rows, &labels, &folds, penalty))
            .collect();
        let best = |k: usize| {
            let r_squared = |scores: &Vec<Vec<f64>>| r_squared(&labels[k], &scores[k]);
            let all = tried.iter().map(r_squared).enumerate();
            all.max_by(|a, b| a.1.total_cmp(&b.1)).expect("penalties are listed")
        };
        let (chosen, r_squared) = best(0);
        if (1..labels.len()).any(|k| best(k).1 >= r_squared) || r_squared <= 0.0 {
            return None;
        }
        // The score is a difference of probability from the mean: its logit to first order.
        let p = contrast.mean;
        let (slope, intercept) = if contrast.is_class {
            (1.0 / (p * (1.0 - p)), (p / (1.0 - p)).ln())
        } else {
            (1.0, 0.0)
        };
        let penalty = PENALTIES[chosen];
        let linear = Ridge::new(&rows, penalty * y.len() as f64, LEAST_SD).fit(&y);
        let (v, j) = linear.weights.split_at(self.n_v);
        let (mean_v, mean_j) = linear.means.split_at(self.n_v);
        let (v, j) = (centred(v, mean_v), centred(j, mean_j));
        let square = |weights: &[f64], shares: &[f64]| -> f64 {
            weights.iter().zip(shares).map(|(weight, share)| weight * weight * share).sum()
        };
        let scale = (square(&v, mean_v) + square(&j, mean_j)).sqrt().max(1e-6);
        Some(GeneUsage { v, j, scale, slope, intercept, r_squared, penalty })
    }
}

/// For each of several labellings, the score of every repertoire from a fit without its fold.
fn cross_validated(
    rows: &[&[f64]],
    labels: &[Vec<f64>],
    folds: &[usize],
    penalty: f64,
) -> Vec<Vec<f64>> {
    let mut scores = vec![vec![0.0; rows.len()]; labels.len()];
    for fold in 0..FOLDS {
        let (held, inside): (Vec<usize>, Vec<usize>) =
            (0..rows.len()).partition(|&i| folds[i] == fold);
        if held.is_empty() {
            continue;
        }
        let fitted: Vec<&[f64]> = inside.iter().map(|&i| rows[i]).collect();
        let ridge = Ridge::new(&fitted, penalty * inside.len() as f64, LEAST_SD);
        for (labels, scores) in labels.iter().zip(&mut scores) {
            let linear = ridge.fit(&inside.iter().map(|&i| labels[i]).collect::<Vec<_>>());
            for &i in &held {
                scores[i] = linear.score(rows[i]);
            }
        }
    }
    scores
}

/// Share of the variance of `labels` that `scores` predict; negative if they are worse than the mean.
fn r_squared(labels: &[f64], scores: &[f64]) -> f64 {
    let error: f64 = labels.iter().zip(scores).map(|(y, score)| (y - score).powi(2)).sum();
    let total: f64 = labels.iter().map(|y| y * y).sum();
    1.0 - error / total.max(f64::MIN_POSITIVE)
}

/// Permuted labels. Where every group has one label, whole groups swap theirs, since repertoires of
/// one subject are alike; otherwise repertoires do.
fn permutations(y: &[f64], groups: &Groups) -> Vec<Vec<f64>> {
    let given = Permutable::new(y, &groups.by_appearance());
    let mut rng = ChaCha8Rng::seed_from_u64(PERMUTATIONS as u64);
    let mut permuted = Vec::with_capacity(PERMUTATIONS);
    for _ in 0..PERMUTATIONS {
        let mut own = given.clone();
        own.shuffle(&mut rng);
        let values = own.by_row();
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        permuted.push(values.iter().map(|value| value - mean).collect());
    }
    permuted
}

/// Shares sum to one, so a constant may move between weights and intercept: here the mean scores 0.
fn centred(weights: &[f64], shares: &[f64]) -> Vec<f64> {
    let mean: f64 = weights.iter().zip(shares).map(|(weight, share)| weight * share).sum();
    weights.iter().map(|weight| weight - mean).collect()
}

/// One fold per repertoire: groups stay together and are dealt out in the order of their mean label.
fn folds(y: &[f64], groups: &Groups) -> Option<Vec<usize>> {
    if groups.count() < 4 {
        return None;
    }
    let mean = |rows: &Vec<usize>| rows.iter().map(|&i| y[i]).sum::<f64>() / rows.len() as f64;
    let means: Vec<f64> = groups.members().iter().map(mean).collect();
    let mut order: Vec<usize> = (0..groups.count()).collect();
    order.sort_by(|&a, &b| means[a].total_cmp(&means[b]));
    let mut fold = vec![0; y.len()];
    for (place, &group) in order.iter().enumerate() {
        for &i in &groups.members()[group] {
            fold[i] = place % FOLDS;
        }
    }
    Some(fold)
}
