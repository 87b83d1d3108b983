//! Tests whether held-out outputs are associated with the labels.

use reperio_stats::metrics::{auc, log_odds, spearman};
use reperio_stats::moments::mean;
use reperio_stats::permutation::{self, Permutable};

use super::HeldOut;
use crate::covariates::adjust::strata;
use crate::labels::TargetKind;

/// How much wider than permutations of the answers say a figure of held-out outputs varies without a signal.
/// [`permutation::p_value`] says why.
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

    /// P value of `skill` of the answers, which is 0 where there is none.
    pub(crate) fn p_value(
        self,
        answers: Permutable<f64>,
        skill: impl Fn(&[f64]) -> Option<f64>,
    ) -> Option<f64> {
        permutation::p_value(answers, self.widening(), skill)
    }
}

/// The output of which most is known beforehand.
fn widest(offsets: &[Vec<f64>]) -> Option<&Vec<f64>> {
    let spread = |own: &Vec<f64>| own.iter().map(|offset| offset * offset).sum::<f64>();
    offsets.iter().max_by(|a, b| spread(a).total_cmp(&spread(b)))
}

/// Outputs less their means over each stratum: what they say of repertoires of which the covariates say alike.
fn centred(column: &[Vec<f64>], strata: &[usize]) -> Vec<Vec<f64>> {
    let n = strata.iter().max().map_or(0, |last| last + 1);
    let own = |output: &Vec<f64>| {
        let mut sums = vec![(0.0, 0.0); n];
        for (value, &stratum) in output.iter().zip(strata) {
            sums[stratum].0 += value;
            sums[stratum].1 += 1.0;
        }
        let rest = |(value, &stratum): (&f64, &usize)| value - sums[stratum].0 / sums[stratum].1;
        output.iter().zip(strata).map(rest).collect()
    };
    column.iter().map(own).collect()
}

/// P value of the best term, which may be another one in every permutation. Of an adjusted model, answers change places only
/// where the covariates say alike.
pub(crate) fn of_terms(own: &HeldOut<'_>) -> Option<f64> {
    let strata = widest(own.offsets).map(|offsets| strata(offsets));
    let of = |column: &Vec<Vec<f64>>| match &strata {
        Some(strata) => Scores::new(own.kind, &centred(column, strata)),
        None => Scores::new(own.kind, column),
    };
    let terms: Vec<Scores> = own.columns.iter().map(of).collect();
    let best =
        |answers: &[f64]| terms.iter().filter_map(|term| term.skill(answers)).reduce(f64::max);
    let mut answers = Permutable::new(own.answers, own.groups.members());
    if let Some(strata) = &strata {
        answers = answers.within(strata);
    }
    Chance::Chosen.p_value(answers, best)
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
    /// From `outputs`, one row per output.
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
            Self::Classes(classes) => {
                let of = |(class, scores): (usize, &Vec<f64>)| against(scores, class);
                mean(classes.iter().enumerate().filter_map(of))
            }
            Self::Regression(numbers) => spearman(numbers, answers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use reperio_stats::Groups;

    fn normal(rng: &mut ChaCha8Rng) -> f64 {
        rand_distr::Distribution::sample(&rand_distr::StandardNormal, rng)
    }

    /// A nearest-mean classifier on noise, cross-validated: of its P values too many are small if its outputs count as
    /// those of a model that never saw the answers, and about as many as they say if not.
    #[test]
    fn held_out_noise_is_rarely_significant() {
        const N: usize = 40;
        let groups = Groups::each(N);
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
                let answers = Permutable::new(&answers, groups.members());
                let p = chance.p_value(answers, |own| scores.skill(own)).unwrap();
                *n += usize::from(p < 0.05);
            }
        }
        assert!(small[0] > 9, "{small:?} of 150, where 7.5 would be right");
        assert!((1..=8).contains(&small[1]), "{small:?} of 150");
    }
}
