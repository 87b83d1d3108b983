//! Figures of the points of a learning curve, in the cohort and in resampled cohorts.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reperio_stats::Groups;
use reperio_stats::bootstrap::Bootstrap;
use reperio_stats::metrics::auc;
use reperio_stats::moments::mean;

use crate::evaluate::{Metrics, intervals};
use crate::labels::TargetKind;

/// Resampled cohorts.
pub(super) const DRAWS: usize = 1000;

/// The labels that outputs are compared with, without rows that have none.
pub(super) struct Judge<'a> {
    kind: &'a TargetKind,
    /// Rows with a label.
    known: Vec<usize>,
    answers: Vec<f64>,
    groups: Groups,
}

impl<'a> Judge<'a> {
    pub(super) fn new(kind: &'a TargetKind, values: &[Option<f64>], groups: &Groups) -> Self {
        let known: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
        let answers = known.iter().filter_map(|&i| values[i]).collect();
        Self { kind, answers, groups: groups.select(&known), known }
    }

    /// Outputs of the rows with a label.
    pub(super) fn known(&self, outputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
        self.known.iter().map(|&i| outputs[i].clone()).collect()
    }

    /// AUC, macro AUC or R2 of [`known`](Self::known) outputs in these rows.
    fn figure(&self, outputs: &[Vec<f64>], rows: &[usize]) -> Option<f64> {
        if let TargetKind::Binary { .. } = self.kind {
            let scores: Vec<f64> = rows.iter().map(|&row| outputs[row][0]).collect();
            let labels: Vec<bool> = rows.iter().map(|&row| self.answers[row] > 0.5).collect();
            return auc(&scores, &labels);
        }
        let own: Vec<Vec<f64>> = rows.iter().map(|&row| outputs[row].clone()).collect();
        let answers: Vec<Option<f64>> = rows.iter().map(|&row| Some(self.answers[row])).collect();
        let metrics = Metrics::of(self.kind, &own, &answers);
        metrics.auc().or(metrics.r2())
    }

    /// The mean figure of some repeats in all rows.
    pub(super) fn value(&self, repeats: &[Vec<Vec<f64>>]) -> Option<f64> {
        let rows: Vec<usize> = (0..self.answers.len()).collect();
        let all: Option<Vec<f64>> = repeats.iter().map(|own| self.figure(own, &rows)).collect();
        mean(all?.into_iter())
    }

    /// The figure of every point in every resampled cohort: (points, draws).
    ///
    /// A draw takes groups with replacement, and of each point as many of its repeats as it has, with replacement too:
    /// which repertoires are scored and which are learned from is both chance. All points see the same groups.
    pub(super) fn draws(&self, points: &[&[Vec<Vec<f64>>]]) -> Vec<Vec<Option<f64>>> {
        let bootstrap = Bootstrap { draws: DRAWS, ..Bootstrap::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(bootstrap.seed);
        rng.set_stream(1);
        let mut drawn = vec![Vec::with_capacity(DRAWS); points.len()];
        bootstrap.each(&self.groups, |rows| {
            for (repeats, drawn) in points.iter().zip(&mut drawn) {
                let each: Vec<_> = repeats.iter().map(|own| self.figure(own, rows)).collect();
                let picked = (0..each.len()).map(|_| each[rng.random_range(0..each.len())]);
                let picked: Option<Vec<f64>> = picked.collect();
                drawn.push(picked.and_then(|all| mean(all.into_iter())));
            }
        });
        drawn
    }
}

impl Judge<'_> {
    /// 95 % interval of the mean figure of some repeats, given its `draws`: what the evaluation would say of each repeat,
    /// the mean of their ends; for several repeats widened to the percentiles of the draws, in which repeats differ.
    pub(super) fn interval(
        &self,
        repeats: &[Vec<Vec<f64>>],
        draws: &[Option<f64>],
    ) -> Option<[f64; 2]> {
        let values: Vec<Option<f64>> = self.answers.iter().copied().map(Some).collect();
        let of = |own: &Vec<Vec<f64>>| match self.kind {
            TargetKind::Regression { .. } => {
                intervals::of(Metrics::r2, (self.kind, own, &values), &self.groups)
            }
            _ => intervals::of_auc(self.kind, own, &values, &self.groups),
        };
        let each = repeats.iter().map(of).collect::<Option<Vec<[f64; 2]>>>()?;
        let end = |at: usize| mean(each.iter().map(|ends| ends[at]));
        let own = [end(0)?, end(1)?];
        if repeats.len() < 2 {
            return Some(own);
        }
        let drawn = interval(draws)?;
        Some([own[0].min(drawn[0]), own[1].max(drawn[1])])
    }
}

/// Percentiles that hold 95 % of the values in all draws.
pub(super) fn interval(draws: &[Option<f64>]) -> Option<[f64; 2]> {
    Bootstrap { draws: DRAWS, ..Bootstrap::default() }.percentiles(draws)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the evaluation says of one repeat is the interval; repeats that differ widen it.
    #[test]
    fn intervals_are_those_of_an_evaluation_and_repeats_that_differ_widen_them() {
        let kind = TargetKind::Regression { mean: 0.0, sd: 1.0 };
        let values: Vec<Option<f64>> = (0..80).map(|i| Some(f64::from(i % 8))).collect();
        let all: Vec<Vec<f64>> =
            (0..80).map(|i| vec![f64::from(i % 8) + f64::from((i * 3) % 5 - 2)]).collect();
        let groups = Groups::each(80);
        let judge = Judge::new(&kind, &values, &groups);
        let of = |repeats: &[Vec<Vec<f64>>]| {
            let draws = &judge.draws(&[repeats])[0];
            (judge.interval(repeats, draws), interval(draws))
        };
        let one = [judge.known(&all)];
        let (own, drawn) = of(&one);
        let known = intervals::of(Metrics::r2, (&kind, &all, &values), &groups);
        assert_eq!((own, judge.value(&one)), (known, Metrics::of(&kind, &all, &values).r2()));
        let ([low, high], [drawn_low, drawn_high]) = (own.unwrap(), drawn.unwrap());
        assert!((low - drawn_low).abs() < 0.03 && (high - drawn_high).abs() < 0.03);
        let guess: Vec<Vec<f64>> = vec![vec![3.5]; 80];
        let [wide_low, wide_high] = of(&[one[0].clone(), guess]).0.unwrap();
        assert!(wide_high - wide_low > 2.0 * (high - low), "{wide_low} to {wide_high}");
    }

    /// Resampling perfect scores gives perfect scores; the interval of the evaluation knows better.
    #[test]
    fn perfect_scores_have_an_interval() {
        let kind = TargetKind::Binary { positive: "1".to_owned(), negative: "0".to_owned() };
        let values: Vec<Option<f64>> = (0..20).map(|i| Some(f64::from(i / 10))).collect();
        let scores: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i)]).collect();
        let judge = Judge::new(&kind, &values, &Groups::each(20));
        let repeats = vec![judge.known(&scores); 3];
        let draws = &judge.draws(&[&repeats])[0];
        assert_eq!(interval(draws), Some([1.0, 1.0]));
        let [low, high] = judge.interval(&repeats, draws).unwrap();
        assert!(0.6 < low && low < 0.95 && (high - 1.0).abs() < 1e-12, "{low} to {high}");
    }
}
