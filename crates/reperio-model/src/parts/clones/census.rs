//! Which clonotypes are associated, by threshold, in the whole part and without each of its inner folds.

use rayon::prelude::*;
use reperio_stats::beta_binomial::Count;
use reperio_stats::poisson::at_least;

use super::test::Test;
use crate::background::{Carriage, Strangers};
use crate::features::clonotype_index::{ClonotypeIndex, Identity};
use crate::parts::task::Task;

/// Keys from which on a threshold counts whatever chance lets expect: among many some may be real, and they are not
/// the same in all inner folds.
const MANY: usize = 30;
/// Probability below which so many keys are more than chance.
const CHANCE: f64 = 0.01;

/// Keys that one task looks at.
const CHUNK: usize = 4_096;

/// Of one key: how many thresholds it passes in each analysis, and its ln P in the whole part.
#[derive(Debug, PartialEq)]
pub(super) struct Tested {
    pub(super) key: usize,
    pub(super) levels: Vec<u8>,
    pub(super) ln_p: f64,
}

/// A task and its inner folds over an index. Analysis f < `folds` leaves fold f out, the last one nothing.
pub(super) struct Census<'a> {
    index: &'a ClonotypeIndex,
    task: Task<'a>,
    labels: &'a [bool],
    /// P-values below which a key is associated, decreasing.
    thresholds: &'a [f64],
    folds: usize,
    /// Of each repertoire of the cohort its place among the members, if it is one.
    place: Vec<Option<usize>>,
    test: Test,
    /// What strangers carry, and the test against them of each analysis; `None` without a background.
    strangers: Option<(&'a Carriage, Vec<Strangers>)>,
}

/// The keys that passed, and where more did than chance lets expect.
pub(super) struct Tests {
    /// In the index's order.
    pub(super) tested: Vec<Tested>,
    /// `[analysis][threshold]`: a threshold that few keys pass, and no more than by chance, says nothing. They
    /// would be the same in all inner folds, and look as good in them as in what they were chosen from.
    alive: Vec<Vec<bool>>,
}

impl Tests {
    /// Keys that are associated at a threshold in an analysis.
    pub(super) fn passing(
        &self,
        analysis: usize,
        threshold: usize,
    ) -> impl Iterator<Item = &Tested> {
        let alive = self.alive[analysis][threshold];
        let passes = move |own: &&Tested| alive && usize::from(own.levels[analysis]) > threshold;
        self.tested.iter().filter(passes)
    }
}

impl<'a> Census<'a> {
    pub(super) fn new(
        (index, identity): (&'a ClonotypeIndex, Identity),
        task: Task<'a>,
        labels: &'a [bool],
        thresholds: &'a [f64],
    ) -> Self {
        let folds = task.folds();
        let mut place = vec![None; task.cache.repertoires().len()];
        for (i, &member) in task.members.iter().enumerate() {
            place[member] = Some(i);
        }
        let test = Test::new(&task, labels, thresholds);
        let positive = |analysis: usize| {
            let fold = task.fold;
            (0..fold.len()).filter(|&i| fold[i] != analysis && labels[i]).count()
        };
        let strangers = task.cache.background().map(|background| {
            let carriage = background.carriage(identity);
            (carriage, (0..=folds).map(|analysis| carriage.strangers(positive(analysis))).collect())
        });
        Self { index, task, labels, thresholds, folds, place, test, strangers }
    }

    /// Every key that passes the first threshold in some analysis, in the index's order.
    pub(super) fn test(&self) -> Tests {
        let fewest = self.test.fewest_carriers(self.thresholds[0].ln());
        let chunk = |chunk: usize| {
            let mut seen = vec![usize::MAX; self.place.len()];
            let mut expected = vec![vec![0.0; self.thresholds.len()]; self.folds + 1];
            let keys = chunk * CHUNK..((chunk + 1) * CHUNK).min(self.index.len());
            let one = |key| self.test_one(key, fewest, &mut seen, &mut expected);
            let tested: Vec<Tested> = keys.filter_map(one).collect();
            (tested, expected)
        };
        let chunks = self.index.len().div_ceil(CHUNK);
        let parts: Vec<_> = (0..chunks).into_par_iter().map(chunk).collect();
        let mut tests = Tests { tested: Vec::new(), alive: Vec::new() };
        let mut all = vec![vec![0.0; self.thresholds.len()]; self.folds + 1];
        for (tested, expected) in parts {
            tests.tested.extend(tested);
            for (all, own) in all.iter_mut().flatten().zip(expected.iter().flatten()) {
                *all += own;
            }
        }
        for (analysis, expected) in all.iter().enumerate() {
            let alive = |(threshold, expected): (usize, &f64)| {
                let level = |own: &&Tested| usize::from(own.levels[analysis]) > threshold;
                let passed = tests.tested.iter().filter(level).count();
                passed >= MANY || at_least(passed, *expected) < CHANCE
            };
            let alive = expected.iter().enumerate().map(alive).collect();
            tests.alive.push(alive);
        }
        tests
    }

    /// `seen[r]` is the last key for which repertoire r was counted.
    fn test_one(
        &self,
        key: usize,
        fewest: usize,
        seen: &mut [usize],
        expected: &mut [Vec<f64>],
    ) -> Option<Tested> {
        let members = || self.index.members(key);
        if members().map(|item| self.index.carriers(item).len()).sum::<usize>() < fewest {
            return None;
        }
        let mut carriers = Vec::new();
        for &repertoire in members().flat_map(|item| self.index.carriers(item)) {
            let repertoire = repertoire as usize;
            if let Some(i) = self.place[repertoire].filter(|_| seen[repertoire] != key) {
                seen[repertoire] = key;
                carriers.push(i);
            }
        }
        let mut ln_ps =
            self.test.of(&carriers, (self.labels, self.task.fold), self.thresholds, expected);
        let first = self.thresholds[0].ln();
        if ln_ps.iter().all(|own| *own > first) {
            return None;
        }
        let positive = |f: usize| {
            let counts = |i: &&usize| self.labels[**i] && self.task.fold[**i] != f;
            carriers.iter().filter(counts).count()
        };
        self.against_strangers(key, positive, &mut ln_ps);
        let level = |ln_p: &f64| {
            self.thresholds.iter().take_while(|threshold| *ln_p <= threshold.ln()).count() as u8
        };
        let levels: Vec<u8> = ln_ps.iter().map(level).collect();
        let any = levels.iter().any(|&level| level > 0);
        any.then(|| Tested { key, levels, ln_p: ln_ps[self.folds] })
    }

    /// Raises the P values of a key, which `positive` members carry in an analysis, to those of the test against strangers.
    fn against_strangers(&self, key: usize, positive: impl Fn(usize) -> usize, ln_ps: &mut [f64]) {
        let Some((carriage, tests)) = &self.strangers else { return };
        let share = |item: usize| {
            let (repertoire, row) = self.index.first(item);
            carriage.share(self.task.cache.repertoires()[repertoire], row)
        };
        let shares: Vec<f64> = self.index.members(key).map(share).collect();
        for (f, (ln_p, test)) in ln_ps.iter_mut().zip(tests).enumerate() {
            *ln_p = ln_p.max(test.ln_p(positive(f), shares.iter().copied()));
        }
    }

    /// Positive and negative members that carry a key.
    pub(super) fn carriers(&self, key: usize) -> [usize; 2] {
        let items = self.index.members(key);
        let mut places: Vec<usize> = items
            .flat_map(|item| self.index.carriers(item))
            .filter_map(|&repertoire| self.place[repertoire as usize])
            .collect();
        places.sort_unstable();
        places.dedup();
        let positive = places.iter().filter(|&&i| self.labels[i]).count();
        [positive, places.len() - positive]
    }

    /// `[analysis][threshold][member]`: distinct clonotypes, and those that are associated.
    pub(super) fn counts(&self, tests: &Tests) -> Vec<Vec<Vec<Count>>> {
        let all = |&member: &usize| u64::from(self.index.distinct()[member]);
        let empty = |member| Count { hits: 0, all: all(member) };
        let row: Vec<Count> = self.task.members.iter().map(empty).collect();
        let mut counts = vec![vec![row; self.thresholds.len()]; self.folds + 1];
        for (item, levels) in self.items(&tests.tested) {
            let places = self.index.carriers(item).iter();
            for i in places.filter_map(|&repertoire| self.place[repertoire as usize]) {
                for ((analysis, &level), alive) in counts.iter_mut().zip(&levels).zip(&tests.alive)
                {
                    let passed = analysis[..usize::from(level)].iter_mut().zip(alive);
                    for (threshold, _) in passed.filter(|(_, alive)| **alive) {
                        threshold[i].hits += 1;
                    }
                }
            }
        }
        counts
    }

    /// Each item of some tested key with the most thresholds that its keys pass.
    fn items(&self, tested: &[Tested]) -> Vec<(usize, Vec<u8>)> {
        let mut items: Vec<(usize, usize)> = Vec::new();
        for (at, tested) in tested.iter().enumerate() {
            items.extend(self.index.members(tested.key).map(|item| (item, at)));
        }
        items.sort_unstable();
        let most = |keys: &[(usize, usize)]| {
            let mut levels = vec![0; self.folds + 1];
            for &(_, at) in keys {
                for (level, &other) in levels.iter_mut().zip(&tested[at].levels) {
                    *level = other.max(*level);
                }
            }
            (keys[0].0, levels)
        };
        items.chunk_by(|a, b| a.0 == b.0).map(most).collect()
    }
}
