//! Which clonotypes are associated, by threshold, in the whole part and without each of its inner folds.

use rayon::prelude::*;

use super::beta_binomial::Count;
use super::fisher::Fisher;
use crate::clonotype_index::ClonotypeIndex;
use crate::method::Part;

/// P-values below which a clonotype is associated: the candidates, from the largest to the smallest.
pub(super) const THRESHOLDS: [f64; 9] = [1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 1e-6, 1e-8];

/// Keys that one task looks at.
const CHUNK: usize = 4_096;

/// Of one key: how many thresholds it passes in each analysis, and its ln P in the whole part.
#[derive(Debug, PartialEq)]
pub(super) struct Tested {
    pub(super) key: usize,
    pub(super) levels: Vec<u8>,
    pub(super) ln_p: f64,
}

/// A part and its inner folds over an index. Analysis f < `folds` leaves fold f out, the last one nothing.
pub(super) struct Census<'a> {
    index: &'a ClonotypeIndex,
    part: Part<'a>,
    /// Inner fold of each member.
    fold: Vec<usize>,
    folds: usize,
    /// Of each repertoire of the cohort its place among the members, if it is one.
    place: Vec<Option<usize>>,
    fisher: Vec<Fisher>,
}

impl<'a> Census<'a> {
    pub(super) fn new(index: &'a ClonotypeIndex, part: Part<'a>, fold: Vec<usize>) -> Self {
        let folds = fold.iter().max().map_or(0, |last| last + 1);
        let mut place = vec![None; part.material.repertoires().len()];
        for (i, &member) in part.members.iter().enumerate() {
            place[member] = Some(i);
        }
        let class = |analysis: usize, class: bool| {
            (0..fold.len()).filter(|&i| fold[i] != analysis && part.labels[i] == class).count()
        };
        let fisher = (0..=folds).map(|f| Fisher::new([class(f, true), class(f, false)])).collect();
        Self { index, part, fold, folds, place, fisher }
    }

    /// Every key that passes the first threshold in some analysis, in the index's order.
    pub(super) fn test(&self) -> Vec<Tested> {
        let first = THRESHOLDS[0].ln();
        let fewest =
            self.fisher.iter().map(|fisher| fisher.fewest_carriers(first)).min().unwrap_or(0);
        let chunk = |chunk: usize| {
            let mut seen = vec![usize::MAX; self.place.len()];
            let keys = chunk * CHUNK..((chunk + 1) * CHUNK).min(self.index.len());
            keys.filter_map(|key| self.test_one(key, fewest, &mut seen)).collect::<Vec<_>>()
        };
        let chunks = self.index.len().div_ceil(CHUNK);
        (0..chunks).into_par_iter().flat_map_iter(chunk).collect()
    }

    /// `seen[r]` is the last key for which repertoire r was counted.
    fn test_one(&self, key: usize, fewest: usize, seen: &mut [usize]) -> Option<Tested> {
        let members = || self.index.members(key);
        if members().map(|item| self.index.carriers(item).len()).sum::<usize>() < fewest {
            return None;
        }
        let mut carriers = vec![[0_usize; 2]; self.folds + 1];
        for &repertoire in members().flat_map(|item| self.index.carriers(item)) {
            let repertoire = repertoire as usize;
            if let Some(i) = self.place[repertoire].filter(|_| seen[repertoire] != key) {
                seen[repertoire] = key;
                let class = usize::from(!self.part.labels[i]);
                carriers[self.fold[i]][class] += 1;
                carriers[self.folds][class] += 1;
            }
        }
        let all = carriers[self.folds];
        let ln_p = |f: usize| {
            let held = if f < self.folds { carriers[f] } else { [0, 0] };
            self.fisher[f].ln_p(all[0] - held[0], all[1] - held[1])
        };
        let level = |f: usize| {
            let ln_p = ln_p(f);
            THRESHOLDS.iter().take_while(|threshold| ln_p <= threshold.ln()).count() as u8
        };
        let levels: Vec<u8> = (0..=self.folds).map(level).collect();
        let any = levels.iter().any(|&level| level > 0);
        any.then(|| Tested { key, levels, ln_p: ln_p(self.folds) })
    }

    /// `[analysis][threshold][member]`: distinct clonotypes, and those that are associated.
    pub(super) fn counts(&self, tested: &[Tested]) -> Vec<Vec<Vec<Count>>> {
        let all = |&member: &usize| u64::from(self.index.distinct()[member]);
        let empty = |member| Count { associated: 0, all: all(member) };
        let row: Vec<Count> = self.part.members.iter().map(empty).collect();
        let mut counts = vec![vec![row; THRESHOLDS.len()]; self.folds + 1];
        for (item, levels) in self.items(tested) {
            let places = self.index.carriers(item).iter();
            for i in places.filter_map(|&repertoire| self.place[repertoire as usize]) {
                for (analysis, &level) in counts.iter_mut().zip(&levels) {
                    for threshold in &mut analysis[..usize::from(level)] {
                        threshold[i].associated += 1;
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
