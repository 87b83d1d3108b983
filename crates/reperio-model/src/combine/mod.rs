//! Learns the weights of a model's terms from their predictions for held-out repertoires.
//!
//! ```text
//! z_c = b_c + sum over terms of w_t f_tc         w >= 0, one weight per term
//! minimise  mean loss(z, answer) + lambda / 2 sum of (s_t (w_t - 1/T))^2        s: standard deviation of f
//! ```
//!
//! Where the model is adjusted for covariates, the loss is that of `z` and what they say together.
//!
//! The loss is the cross-entropy of classes (for two classes of one logit), or half the squared error of a
//! standardised number. `f` are held-out outputs of the inner folds; the strength of the penalty is chosen by
//! leaving those folds out once more. A term that by itself is no better than the class shares gets no weight. The weights of
//! the other T terms are shrunk towards their plain mean, which is hard to beat on small cohorts. The
//! class shares (no term at all) are among the candidates. A term whose outputs hardly vary is left out before the scale
//! is set.
//!
//! # Chance
//!
//! Two folds that are held out learn from each other's labels, so that their errors go together: without any signal
//! the sum over all folds varies up to twice as much as the permutation of labels against fixed outputs says, and terms that
//! were lucky in nine folds are lucky in the tenth. So held-out figures of the chosen terms are too
//! good where there is nothing. The P value takes the best of all terms, in every permutation too, and widens what
//! permutations give. Unless it is below 0.05, and the loss below that of the class shares, the model counts as one without a
//! signal: it keeps a quarter of the plain mean, which orders repertoires and leaves probabilities near the shares.
//!
//! # References
//!
//! - Wolpert, *Stacked generalization*, Neural Networks 1992. <https://doi.org/10.1016/S0893-6080(05)80023-1>
//! - Breiman, *Stacked regressions*, Machine Learning 1996 (non-negative weights).
//!   <https://doi.org/10.1007/BF00117832>

mod conformal;
mod significance;
mod solver;

use reperio_stats::Groups;
use reperio_stats::selection::least;
use serde::{Deserialize, Serialize};

use crate::labels::TargetKind;
use solver::{Problem, Weighing};

pub use conformal::{Conformal, PredictionSet};
use significance::of_terms;
pub(crate) use significance::{Chance, Scores};

/// Penalties that are tried, from the strongest to the weakest.
const STRENGTHS: [f64; 7] = [3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003];
/// Share of the plain mean that is kept where nothing was found.
const FAINT: f64 = 0.25;
/// Places of candidates: the class shares, a share of the plain mean, all of it.
const SHARES_AT: usize = 0;
const FAINT_AT: usize = 1;
const MEAN_AT: usize = 2;
/// P value from which what was found counts as luck.
const LEVEL: f64 = 0.05;
/// Standard deviation of held-out outputs below which a term says nothing.
const LEAST_SD: f64 = 1e-4;

/// Weights of the terms of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Combination {
    /// Weight of each term, not negative.
    pub weights: Vec<f64>,
    /// Bias of each output.
    pub bias: Vec<f64>,
}

/// A combination as it was learned.
#[derive(Clone, Debug)]
pub(crate) struct Combined {
    pub(crate) combination: Combination,
    /// What the combination says of each repertoire when its fold is held out: one row per output.
    pub(crate) held_out: Vec<Vec<f64>>,
    /// Whether it beats the class shares, or the mean of a number.
    pub(crate) beats_shares: bool,
    /// Held-out loss of the combination and of the class shares, means over the repertoires.
    pub(crate) losses: [f64; 2],
    /// How often chance would give a term as good as the best one.
    pub(crate) p_value: Option<f64>,
}

/// Held-out outputs of the terms of one target: `[term][output][repertoire]`.
pub(crate) type Columns = Vec<Vec<Vec<f64>>>;

/// What weights are learned from.
pub(crate) struct HeldOut<'a> {
    /// Kind of the target.
    pub(crate) kind: &'a TargetKind,
    /// Held-out outputs of the terms.
    pub(crate) columns: &'a Columns,
    /// The index of the class, or the standardised number.
    pub(crate) answers: &'a [f64],
    /// Fold that held each repertoire out.
    pub(crate) fold: &'a [usize],
    /// Group of each repertoire.
    pub(crate) groups: &'a Groups,
    /// Share of each label that is spread over the classes: no separation, however clean, makes the model certain, since
    /// labels of patients are not all right.
    pub(crate) smoothing: f64,
    /// What is known of each output beforehand, which no weight has to explain: one row per output, or none. The outputs of
    /// the combination are without it.
    pub(crate) offsets: &'a [Vec<f64>],
}

/// Learns the weights of the terms.
pub(crate) fn combine(own: &HeldOut<'_>) -> Combined {
    let HeldOut { kind, columns, answers, fold, .. } = *own;
    let outputs = match kind {
        TargetKind::Classes { classes } => classes.len(),
        TargetKind::Binary { .. } | TargetKind::Regression { .. } => 1,
    };
    let scales: Vec<f64> = columns.iter().map(scale).collect();
    let problem = Problem::new(own, &scales);
    let folds = fold.iter().max().map_or(0, |last| last + 1);
    let candidates: Vec<Weighing> = [Weighing::SHARES, Weighing::Mean(FAINT), Weighing::Mean(1.0)]
        .into_iter()
        .chain(STRENGTHS.map(Weighing::Penalised))
        .collect();
    let mut losses = vec![vec![0.0; answers.len()]; candidates.len()];
    let mut raw = losses.clone();
    let mut outputs_of = vec![vec![vec![0.0; answers.len()]; outputs]; candidates.len()];
    for own in 0..folds {
        let (rows, held): (Vec<usize>, Vec<usize>) = (0..fold.len()).partition(|&i| fold[i] != own);
        let mut point = problem.start(&rows);
        for (c, &weighing) in candidates.iter().enumerate() {
            problem.descend(&rows, weighing, &mut point);
            for &i in &held {
                let z = problem.known(&point, i);
                losses[c][i] = problem.loss(&z, i, true);
                raw[c][i] = problem.loss(&z, i, false);
                for (all, z) in outputs_of[c].iter_mut().zip(problem.outputs(&point, i)) {
                    all[i] = z;
                }
            }
        }
    }
    let without = |own: Option<usize>| -> Vec<usize> {
        (0..fold.len()).filter(|&i| Some(fold[i]) != own).collect()
    };
    let best = choose(&losses, &without(None));
    let p_value = of_terms(own);
    let beats_shares = best != SHARES_AT && p_value.is_none_or(|p| p < LEVEL);
    // Where the shares win, a mean of the terms stands for them: probabilities are about the shares, and
    // the order of the repertoires is not thrown away.
    let best = if beats_shares { best } else { FAINT_AT };
    let of_fold = |own| match choose(&losses, &without(Some(own))) {
        _ if !beats_shares => FAINT_AT,
        SHARES_AT => MEAN_AT,
        chosen => chosen,
    };
    let by_fold: Vec<usize> = (0..folds).map(of_fold).collect();
    let held_out: Vec<Vec<f64>> = (0..outputs)
        .map(|o| (0..fold.len()).map(|i| outputs_of[by_fold[fold[i]]][o][i]).collect())
        .collect();
    let n = answers.len().max(1) as f64;
    let own_loss: f64 = (0..fold.len()).map(|i| raw[by_fold[fold[i]]][i]).sum();
    let all: Vec<usize> = (0..answers.len()).collect();
    let mut point = problem.start(&all);
    for &weighing in &candidates[..=best] {
        problem.descend(&all, weighing, &mut point);
    }
    let combination = point.combination(&scales);
    let losses = [own_loss / n, raw[SHARES_AT].iter().sum::<f64>() / n];
    Combined { combination, held_out, beats_shares, losses, p_value }
}

/// The candidate with the lowest mean loss over `rows`; but the class shares, or else the plain mean of the terms,
/// if that is within a standard error of it. Among weights that are no better than luck, the simplest are taken. A share of
/// the mean does not compete.
fn choose(losses: &[Vec<f64>], rows: &[usize]) -> usize {
    let mean = |own: &Vec<f64>| rows.iter().map(|&i| own[i]).sum::<f64>();
    let means: Vec<f64> = losses.iter().map(mean).collect();
    let compete: Vec<usize> = (0..means.len()).filter(|&c| c != FAINT_AT).collect();
    let best = least(&compete.iter().map(|&c| means[c]).collect::<Vec<_>>());
    let best = best.map_or(SHARES_AT, |place| compete[place]);
    let within = |simple: &usize| {
        let differences: Vec<f64> =
            rows.iter().map(|&i| losses[*simple][i] - losses[best][i]).collect();
        let n = differences.len().max(2) as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let variance = differences.iter().map(|own| (own - mean).powi(2)).sum::<f64>() / (n - 1.0);
        mean <= (variance / n).sqrt()
    };
    [SHARES_AT, MEAN_AT].into_iter().filter(|&simple| simple < best).find(within).unwrap_or(best)
}

/// Standard deviation of what a term says, over repertoires and outputs; 0 if it hardly varies.
fn scale(column: &Vec<Vec<f64>>) -> f64 {
    let mut squares = 0.0;
    let mut n = 0.0;
    for output in column {
        let mean = output.iter().sum::<f64>() / output.len().max(1) as f64;
        squares += output.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        n += output.len() as f64;
    }
    let sd = (squares / f64::max(n, 1.0)).sqrt();
    if sd > LEAST_SD { sd } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn binary() -> TargetKind {
        TargetKind::Binary { positive: "1".to_owned(), negative: "0".to_owned() }
    }

    /// [`super::combine`] of repertoires that are groups of their own.
    fn combine_singles(
        kind: &TargetKind,
        columns: &Columns,
        answers: &[f64],
        fold: &[usize],
    ) -> Combined {
        let groups = Groups::each(answers.len());
        let (smoothing, offsets) = (0.0, &[][..]);
        combine(&HeldOut { kind, columns, answers, fold, groups: &groups, smoothing, offsets })
    }

    fn noise(seed: usize, i: usize) -> f64 {
        let hash = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15 ^ (seed as u64) << 17);
        (hash >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    }

    struct Case {
        answers: Vec<f64>,
        fold: Vec<usize>,
    }

    fn case(n: usize) -> Case {
        Case {
            answers: (0..n).map(|i| (i % 2) as f64).collect(),
            fold: (0..n).map(|i| i / 2 % 10).collect(),
        }
    }

    #[test]
    fn a_term_that_knows_gets_the_weight_and_one_that_misleads_gets_none() {
        let Case { answers, fold } = case(200);
        let knows: Vec<f64> =
            (0..200).map(|i| 2.0 * answers[i] - 1.0 + 3.0 * noise(1, i)).collect();
        let misleads: Vec<f64> = knows.iter().map(|value| -value).collect();
        let constant: Vec<f64> = (0..200).map(|i| 1.0 + 1e-6 * noise(3, i)).collect();
        let columns = vec![vec![knows], vec![misleads], vec![constant]];
        let combined = combine_singles(&binary(), &columns, &answers, &fold);
        assert!(combined.beats_shares);
        let weights = &combined.combination.weights;
        assert!(weights[0] > 0.5, "{weights:?}");
        assert_eq!(weights[1..], [0.0, 0.0]);
        assert!(combined.losses[0] < combined.losses[1] - 0.05, "{:?}", combined.losses);
    }

    #[test]
    fn noise_does_not_beat_the_class_shares_and_moves_probabilities_little() {
        let mut wins = 0;
        for seed in 0..20 {
            let Case { answers, fold } = case(120);
            let columns: Columns =
                (0..6).map(|t| vec![(0..120).map(|i| noise(10 * seed + t, i)).collect()]).collect();
            let combined = combine_singles(&binary(), &columns, &answers, &fold);
            wins += usize::from(combined.beats_shares);
            assert!(combined.losses[0] < combined.losses[1] + 0.01, "{:?}", combined.losses);
        }
        assert!(wins <= 2, "noise beats the shares in {wins} of 20");
    }

    /// A term that says what is known beforehand gets no weight, and one that says the rest gets its own.
    #[test]
    fn what_is_known_beforehand_needs_no_weight() {
        let n = 400;
        let Case { fold, .. } = case(n);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut drawn = || -> Vec<f64> { (0..n).map(|_| rng.random_range(-3.0..3.0)).collect() };
        let (known, rest, chance) = (drawn(), drawn(), drawn());
        let p = |i: usize| 1.0 / (1.0 + (-known[i] - rest[i]).exp());
        let answers: Vec<f64> =
            (0..n).map(|i| f64::from(u8::from(chance[i] / 6.0 + 0.5 < p(i)))).collect();
        let columns = vec![vec![known.clone()], vec![rest]];
        let kind = binary();
        let groups = Groups::each(n);
        let weights = |offsets: &[Vec<f64>]| {
            let own = HeldOut {
                kind: &kind,
                columns: &columns,
                answers: &answers,
                fold: &fold,
                groups: &groups,
                smoothing: 0.0,
                offsets,
            };
            combine(&own).combination.weights
        };
        let [alone, beside] = [weights(&[]), weights(std::slice::from_ref(&known))];
        assert!(alone[0] > 0.5 && alone[1] > 0.5, "{alone:?}");
        assert!(beside[0] < 0.1 && beside[1] > 0.7, "{beside:?}");
    }

    /// Three classes and a number: what knows is found there too.
    #[test]
    fn classes_and_numbers_are_combined_in_the_same_way() {
        let n = 150;
        let fold: Vec<usize> = (0..n).map(|i| i / 3 % 10).collect();
        let answers: Vec<f64> = (0..n).map(|i| (i % 3) as f64).collect();
        let say = |class: usize| -> Vec<f64> {
            let own = |i: usize| f64::from(u8::from(i % 3 == class)) + noise(class, i);
            (0..n).map(own).collect()
        };
        let noises = |class: usize| -> Vec<f64> { (0..n).map(|i| noise(9 + class, i)).collect() };
        let columns = vec![(0..3).map(say).collect(), (0..3).map(noises).collect()];
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let combined = combine_singles(&TargetKind::Classes { classes }, &columns, &answers, &fold);
        assert!(combined.beats_shares && combined.combination.weights[0] > 1.0);
        assert!(combined.combination.weights[1] < 0.5 * combined.combination.weights[0]);
        let numbers: Vec<f64> = (0..n).map(|i| 2.0 * noise(20, i)).collect();
        let near: Vec<f64> = (0..n).map(|i| 0.5 * numbers[i] + 0.1 * noise(21, i)).collect();
        let columns = vec![vec![near]];
        let kind = TargetKind::Regression { mean: 0.0, sd: 1.0 };
        let combined = combine_singles(&kind, &columns, &numbers, &fold);
        let weight = combined.combination.weights[0];
        // Twice, but for what the plain mean pulls.
        assert!((1.7..2.05).contains(&weight), "{weight}");
    }
}
