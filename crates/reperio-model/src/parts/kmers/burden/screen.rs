//! One test per k-mer, in the whole training part and without each of its folds.

use rayon::prelude::*;
use reperio_stats::normal::upper_tail;

use super::{Value, Weighing};
use crate::features::kmer_counts::KmerCounts;
use crate::features::kmer_set::KmerSet;
use crate::parts::task::Task;

/// Expected number of k-mers beyond that limit where there is no signal.
const CHANCE: f64 = 0.1;
/// K-mers that one task tests.
const CHUNK: usize = 4_096;

/// One k-mer in one analysis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tested {
    pub(super) column: u32,
    association: f32,
    sd: f32,
    odds: f32,
    /// Windows that have it over clonotypes, in what is learned from.
    pub(super) rate: f32,
    /// Whether it counts among the few.
    pub(super) significant: bool,
}

impl Tested {
    pub(super) fn weight(self, weighing: Weighing) -> f64 {
        match weighing {
            Weighing::Spread => 1.0 / f64::from(self.sd),
            Weighing::Odds => f64::from(self.odds),
        }
    }
}

/// Tests of all k-mers in the whole part and without each of its folds; the last analysis leaves nothing out.
pub(super) struct Screen<'a> {
    counts: &'a KmerCounts,
    value: Value,
    /// Fold and class of each repertoire of the cohort that is a member, and what it counts.
    place: Vec<Option<(usize, usize, f64)>>,
    /// Members by fold and class, as they count; the last row has all.
    n: Vec<[f64; 2]>,
    /// Value of one occurrence, mean over the members.
    unit: f64,
    /// Clonotypes by fold; the last entry has all.
    clonotypes: Vec<f64>,
    /// Frequency of each k-mer among strangers; empty without a background.
    strangers: Vec<f64>,
}

impl<'a> Screen<'a> {
    pub(super) fn new(
        task: &Task<'_>,
        labels: &[bool],
        counts: &'a KmerCounts,
        value: Value,
    ) -> Self {
        let folds = task.folds();
        let mut place = vec![None; task.cache.repertoires().len()];
        let mut n = vec![[0.0; 2]; folds + 1];
        let weights = task.overlap_weights(labels);
        for (i, (&member, &label)) in task.members.iter().zip(labels).enumerate() {
            let (fold, class) = (task.fold[i], usize::from(label));
            let weight = weights.as_ref().map_or(1.0, |weights| weights[i]);
            place[member] = Some((fold, class, weight));
            n[fold][class] += weight;
            n[folds][class] += weight;
        }
        // What is tested: frequencies, where the excess over them counts.
        let value = if value == Value::Excess { Value::Frequency } else { value };
        let mut clonotypes = vec![0.0; folds + 1];
        for (&member, &fold) in task.members.iter().zip(task.fold) {
            for at in [fold, folds] {
                clonotypes[at] += counts.clonotypes(member as u32);
            }
        }
        let one = |&member: &usize| value.of(1, counts.clonotypes(member as u32));
        let unit = task.members.iter().map(one).sum::<f64>() / task.members.len().max(1) as f64;
        Self { counts, value, place, n, unit, clonotypes, strangers: vec![] }
    }

    /// The same, also against what strangers have of the k-mers of `set`, if it is known: of both tests the smaller association counts.
    pub(super) fn against_strangers(mut self, task: &Task<'_>, set: KmerSet) -> Self {
        let background = task.cache.background().filter(|_| self.value == Value::Frequency);
        let Some(background) = background else { return self };
        let of = |column: usize| self.counts.entries(column).iter();
        let frequency = |&(own, count): &(u32, u32)| f64::from(count) / self.counts.clonotypes(own);
        let total: f64 = (0..self.counts.len()).flat_map(of).map(frequency).sum();
        let mean = total / task.cache.repertoires().len().max(1) as f64;
        if let Some(strangers) = background.kmers().of_set(set, mean) {
            self.strangers =
                (0..self.counts.len()).map(|i| strangers(self.counts.kmer(i))).collect();
        }
        self
    }

    /// The `most` associated k-mers of each analysis, the best first; of equal ones the first.
    pub(super) fn most_associated(&self, most: usize) -> Vec<Vec<Tested>> {
        let analyses = self.n.len();
        let chunk = |chunk: usize| {
            let mut best = vec![Vec::new(); analyses];
            for column in chunk * CHUNK..((chunk + 1) * CHUNK).min(self.counts.len()) {
                for (best, tested) in best.iter_mut().zip(self.test(column)) {
                    if tested.association > 0.0 {
                        best.push(tested);
                    }
                }
            }
            best.into_iter().map(|own| keep(own, most)).collect::<Vec<_>>()
        };
        let chunks = self.counts.len().div_ceil(CHUNK);
        let parts: Vec<Vec<Vec<Tested>>> = (0..chunks).into_par_iter().map(chunk).collect();
        let join = |analysis: usize| {
            keep(parts.iter().flat_map(|part| part[analysis].iter().copied()).collect(), most)
        };
        (0..analyses).map(join).collect()
    }

    /// One k-mer in every analysis.
    fn test(&self, column: usize) -> Vec<Tested> {
        let folds = self.n.len() - 1;
        let mut sums = vec![[[0.0; 2]; 2]; folds + 1]; // [fold][sum or squares][class]
        let mut windows = vec![0.0; folds + 1];
        for &(repertoire, count) in self.counts.entries(column) {
            if let Some((fold, class, weight)) = self.place[repertoire as usize] {
                let value = self.value.of(count, self.counts.clonotypes(repertoire));
                for at in [fold, folds] {
                    windows[at] += f64::from(count);
                    sums[at][0][class] += weight * value;
                    sums[at][1][class] += weight * (value * value);
                }
            }
        }
        let all = sums[folds];
        let analysis = |a: usize| {
            let without = |kind: usize, class: usize| {
                let held = if a < folds { sums[a][kind][class] } else { 0.0 };
                all[kind][class] - held
            };
            let n = [0, 1].map(|class| {
                let held = if a < folds { self.n[a][class] } else { 0.0 };
                self.n[folds][class] - held
            });
            let means = [0, 1].map(|class| without(0, class) / n[class].max(1.0));
            let within = |class: usize| without(1, class) - n[class] * means[class].powi(2);
            let total = n[0] + n[1];
            let variance = (within(0) + within(1)) / (total - 2.0).max(1.0);
            let mean_square = (without(1, 0) + without(1, 1)) / total.max(1.0);
            // A k-mer whose values hardly vary within the classes is not infinitely sure.
            let sd = variance.max(1e-3 * mean_square).max(1e-24).sqrt();
            let strangers = self.strangers.get(column).copied().unwrap_or(means[0]);
            let association = (means[1] - means[0].max(strangers)) / sd;
            // Half a count, in units of one count of an average repertoire.
            let half = [0, 1].map(|class| 0.5 * self.unit / n[class].max(1.0));
            let odds = ((means[1] + half[1]) / (means[0] + half[0])).ln().max(0.0);
            let held = if a < folds { [windows[a], self.clonotypes[a]] } else { [0.0; 2] };
            let rate = (windows[folds] - held[0]) / (self.clonotypes[folds] - held[1]).max(1.0);
            let z = association * (n[0] * n[1] / total.max(1.0)).sqrt();
            let significant = upper_tail(z) * (self.counts.len() as f64) < CHANCE;
            let (association, sd, odds) = (association as f32, sd as f32, odds as f32);
            Tested { column: column as u32, association, sd, odds, rate: rate as f32, significant }
        };
        (0..=folds).map(analysis).collect()
    }
}

/// The `most` with the largest association; of equal ones the first columns.
fn keep(mut tested: Vec<Tested>, most: usize) -> Vec<Tested> {
    tested.sort_by(|a, b| b.association.total_cmp(&a.association).then(a.column.cmp(&b.column)));
    tested.truncate(most);
    tested
}

#[cfg(test)]
mod tests {
    use super::super::tests::cohort;
    use super::*;
    use crate::features::FeatureCache;
    use crate::features::kmer_set::KmerSet;
    use crate::parts::task::Answers;
    use reperio_data::repertoire::Repertoire;
    use reperio_stats::Groups;

    /// Every analysis equals the two-sample figures of its members, computed from their definitions.
    #[test]
    fn tests_equal_their_definitions_in_every_fold() {
        let cohort = cohort();
        let views: Vec<&Repertoire> = cohort.iter().collect();
        let groups = Groups::of(&[""; 12]);
        let cache = FeatureCache::new(&views, &groups);
        let members: Vec<usize> = (0..12).filter(|i| *i != 5).collect();
        let labels: Vec<bool> = members.iter().map(|i| i % 2 == 0).collect();
        let fold: Vec<usize> = members.iter().map(|i| i / 2 % 3).collect();
        let task = Task {
            cache: &cache,
            members: &members,
            answers: Answers::Classes(&labels),
            fold: &fold,
            offsets: None,
        };
        let counts =
            KmerCounts::of(&cache, KmerSet { k: 3, gaps: 1, anchors: true, regions: false });
        for value in [Value::Frequency, Value::RootFrequency, Value::Presence] {
            let screen = Screen::new(&task, &labels, &counts, value);
            for column in 0..counts.len() {
                for (analysis, tested) in screen.test(column).into_iter().enumerate() {
                    let (association, sd) =
                        by_hand(&task, &labels, &counts, value, column, analysis);
                    let close =
                        |a: f64, b: f32| (a - f64::from(b)).abs() < 1e-4 * a.abs().max(1e-6);
                    assert!(close(sd, tested.sd), "{value:?} {column} {analysis}: {sd} {tested:?}");
                    assert!(
                        (association - f64::from(tested.association)).abs()
                            < 1e-3 * association.abs().max(1.0),
                        "{value:?} {column} {analysis}: {association} {tested:?}"
                    );
                }
            }
        }
    }

    fn by_hand(
        task: &Task<'_>,
        labels: &[bool],
        counts: &KmerCounts,
        value: Value,
        column: usize,
        analysis: usize,
    ) -> (f64, f64) {
        let of = |class: bool| -> Vec<f64> {
            let inside =
                (0..labels.len()).filter(|&i| task.fold[i] != analysis && labels[i] == class);
            let value = |i: usize| {
                let member = task.members[i] as u32;
                let entry = counts.entries(column).iter().find(|(r, _)| *r == member);
                entry.map_or(0.0, |&(r, count)| value.of(count, counts.clonotypes(r)))
            };
            inside.map(value).collect()
        };
        let [negative, positive] = [of(false), of(true)];
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let within =
            |values: &[f64]| -> f64 { values.iter().map(|x| (x - mean(values)).powi(2)).sum() };
        let n = (negative.len() + positive.len()) as f64;
        let squares: f64 = negative.iter().chain(&positive).map(|x| x * x).sum();
        let variance = (within(&negative) + within(&positive)) / (n - 2.0);
        let sd = variance.max(1e-3 * squares / n).max(1e-24).sqrt();
        ((mean(&positive) - mean(&negative)) / sd, sd)
    }
}
