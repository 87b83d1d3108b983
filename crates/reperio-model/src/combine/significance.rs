//! Whether held-out outputs have anything to do with the answers.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::HeldOut;
use crate::metrics::{auc, log_odds, mean, spearman};
use crate::target::TargetKind;

/// Permutations behind a P value.
const PERMUTATIONS: usize = 999;

/// How much wider than permutations of the answers say a figure of held-out outputs varies without a signal.
///
/// Outputs of folds that learned from each other's answers are not fixed while the answers vary. Of a linear
/// learner with kernel K the sum over the folds is `sum over pairs of y_i y_j K_ij`, once with i held out and once
/// with j: it varies with `2 sum K_ij^2` over ordered pairs, and with outputs taken as fixed only with `sum K_ij^2`. The
/// ratio of the standard deviations is the square root of two.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chance {
    /// The outputs are those of a model that never saw any of these answers.
    Tested,
    /// They are held out by folds of a cross-validation.
    CrossValidated,
    /// They are the best of several terms that chose features and were chosen themselves. Measured on cohorts without
    /// a signal: see `models/comparison.md`.
    Chosen,
}

impl Chance {
    fn widening(self) -> f64 {
        match self {
            Self::Tested => 1.0,
            Self::CrossValidated => std::f64::consts::SQRT_2,
            Self::Chosen => 1.65,
        }
    }

    /// P value of `skill` of the answers, which is 0 where there is none, under permutation: between groups where each has
    /// one answer, else between repertoires. Large values speak against chance.
    pub(crate) fn p_value(
        self,
        answers: &[f64],
        groups: &[&str],
        skill: impl Fn(&[f64]) -> Option<f64>,
    ) -> Option<f64> {
        let found = skill(answers)?;
        let mut names: Vec<&str> = groups.to_vec();
        names.sort_unstable();
        names.dedup();
        let place: Vec<usize> =
            groups.iter().map(|group| names.binary_search(group).expect("listed")).collect();
        let mut of_group: Vec<Option<f64>> = vec![None; names.len()];
        let mut constant = true;
        for (&place, &answer) in place.iter().zip(answers) {
            let first = *of_group[place].get_or_insert(answer);
            constant &= first.to_bits() == answer.to_bits();
        }
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut by_group: Vec<f64> = of_group.into_iter().flatten().collect();
        let mut permuted = answers.to_vec();
        let (mut as_large, mut drawn) = (1, 1);
        for _ in 0..PERMUTATIONS {
            if constant {
                by_group.shuffle(&mut rng);
                permuted.iter_mut().zip(&place).for_each(|(own, &place)| *own = by_group[place]);
            } else {
                permuted.shuffle(&mut rng);
            }
            if let Some(other) = skill(&permuted) {
                drawn += 1;
                as_large += usize::from(self.widening() * other >= found - 1e-12);
            }
        }
        Some(f64::from(as_large as u32) / f64::from(drawn))
    }
}

/// P value of the best term, which may be another one in every permutation.
pub(crate) fn of_terms(own: &HeldOut<'_>) -> Option<f64> {
    let terms: Vec<Scores> =
        own.columns.iter().map(|column| Scores::new(own.kind, column)).collect();
    let best =
        |answers: &[f64]| terms.iter().filter_map(|term| term.skill(answers)).reduce(f64::max);
    Chance::Chosen.p_value(own.answers, own.groups, best)
}

/// Outputs of one target, to be held against many orders of the answers.
pub(crate) enum Scores {
    /// Logits of the positive class.
    Binary(Vec<f64>),
    /// Log-odds of each class against the rest.
    Classes(Vec<Vec<f64>>),
    /// Numbers.
    Regression(Vec<f64>),
}

impl Scores {
    /// From `outputs`, a row an output.
    pub(crate) fn new(kind: &TargetKind, outputs: &[Vec<f64>]) -> Self {
        match kind {
            TargetKind::Binary { .. } => Self::Binary(outputs[0].clone()),
            TargetKind::Regression { .. } => Self::Regression(outputs[0].clone()),
            TargetKind::Classes { classes } => {
                let n = outputs.first().map_or(0, Vec::len);
                let row = |i: usize| outputs.iter().map(|own| own[i]).collect();
                let rows: Vec<Vec<f64>> = (0..n).map(row).collect();
                Self::Classes((0..classes.len()).map(|class| log_odds(&rows, class)).collect())
            }
        }
    }

    /// How far they are from no skill: AUC less 0.5 (the mean over classes), or the rank correlation.
    pub(crate) fn skill(&self, answers: &[f64]) -> Option<f64> {
        let against = |scores: &[f64], class: usize| {
            let labels: Vec<bool> = answers.iter().map(|&own| own as usize == class).collect();
            auc(scores, &labels).map(|auc| auc - 0.5)
        };
        match self {
            Self::Binary(logits) => against(logits, 1),
            Self::Classes(classes) => mean(
                classes.iter().enumerate().filter_map(|(class, scores)| against(scores, class)),
            ),
            Self::Regression(numbers) => spearman(numbers, answers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_order_is_rare_and_groups_are_moved_as_a_whole() {
        let answers: Vec<f64> = (0..20).map(|i| f64::from(u8::from(i >= 10))).collect();
        let statistic = |own: &[f64]| Some((0..20).map(|i| i as f64 * own[i]).sum());
        let ids: Vec<String> = (0..20).map(|i| i.to_string()).collect();
        let single: Vec<&str> = ids.iter().map(String::as_str).collect();
        let p = Chance::Tested.p_value(&answers, &single, statistic).unwrap();
        assert!(p < 0.005, "{p}");
        // Two groups of ten: the other order is as good as every second one.
        let two: Vec<&str> = (0..20).map(|i| if i < 10 { "a" } else { "b" }).collect();
        let p = Chance::Tested.p_value(&answers, &two, statistic).unwrap();
        assert!((p - 0.5).abs() < 0.06, "{p}");
    }

    fn normal(rng: &mut ChaCha8Rng) -> f64 {
        rand_distr::Distribution::sample(&rand_distr::StandardNormal, rng)
    }

    /// A nearest-mean classifier on noise, cross-validated: of its P values too many are small if its outputs count as
    /// those of a model that never saw the answers, and about as many as they say if not.
    #[test]
    fn held_out_noise_is_rarely_significant() {
        const N: usize = 40;
        let ids: Vec<String> = (0..N).map(|i| i.to_string()).collect();
        let groups: Vec<&str> = ids.iter().map(String::as_str).collect();
        let answers: Vec<f64> = (0..N).map(|i| (i % 2) as f64).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut small = [0; 2];
        for _ in 0..150 {
            let x: Vec<Vec<f64>> =
                (0..N).map(|_| (0..60).map(|_| normal(&mut rng)).collect()).collect();
            let score = |i: usize| -> f64 {
                let others = (0..N).filter(|j| j / 2 % 5 != i / 2 % 5);
                let sign = |j: usize| 2.0 * answers[j] - 1.0;
                let dot = |j: usize| x[i].iter().zip(&x[j]).map(|(a, b)| a * b).sum::<f64>();
                others.map(|j| sign(j) * dot(j)).sum()
            };
            let outputs = vec![(0..N).map(score).collect()];
            let kind = TargetKind::Binary { positive: "1".to_owned(), negative: "0".to_owned() };
            let scores = Scores::new(&kind, &outputs);
            for (n, chance) in small.iter_mut().zip([Chance::Tested, Chance::CrossValidated]) {
                let p = chance.p_value(&answers, &groups, |own| scores.skill(own)).unwrap();
                *n += usize::from(p < 0.05);
            }
        }
        assert!(small[0] >= 12, "{small:?} of 150");
        assert!((1..=12).contains(&small[1]), "{small:?} of 150");
    }
}
