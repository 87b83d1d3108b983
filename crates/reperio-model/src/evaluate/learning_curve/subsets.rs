//! Nested subsets of a training part.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use reperio_stats::Groups;

/// Groups of rows in the order in which they enter a growing subset.
///
/// Groups with the same strata enter in random order. The next group is always of the strata that are furthest below
/// their share, so that a class never has more than one group above its share.
pub(super) struct Nested {
    groups: Vec<Vec<usize>>,
}

impl Nested {
    /// The order of the groups of all rows, given the stratum of each row.
    pub(super) fn new(strata: &[String], groups: &Groups, mut rng: ChaCha8Rng) -> Self {
        let mut kinds: BTreeMap<Vec<&str>, Vec<&Vec<usize>>> = BTreeMap::new();
        for rows in groups.members() {
            let mut own: Vec<&str> = rows.iter().map(|&row| strata[row].as_str()).collect();
            own.sort_unstable();
            own.dedup();
            kinds.entry(own).or_default().push(rows);
        }
        let mut waiting: Vec<Vec<&Vec<usize>>> = kinds.into_values().collect();
        for own in &mut waiting {
            own.shuffle(&mut rng);
        }
        waiting.shuffle(&mut rng); // Who is first where several are equally far below their share.
        let rows = |own: &[&Vec<usize>]| own.iter().map(|rows| rows.len()).sum::<usize>() as f64;
        let sizes: Vec<f64> = waiting.iter().map(|own| rows(own)).collect();
        let all = strata.len() as f64;
        let mut order = Vec::with_capacity(groups.count());
        for _ in 0..groups.count() {
            let left: f64 = waiting.iter().map(|own| rows(own)).sum();
            let below = |k: usize| {
                let taken = sizes[k] - rows(&waiting[k]);
                sizes[k] * (all - left + 1.0) / all - taken
            };
            let mut next: Option<(f64, usize)> = None;
            for k in (0..waiting.len()).filter(|&k| !waiting[k].is_empty()) {
                if next.is_none_or(|(most, _)| below(k) > most) {
                    next = Some((below(k), k));
                }
            }
            order.extend(next.and_then(|(_, k)| waiting[k].pop()).cloned());
        }
        Self { groups: order }
    }

    /// The first groups that have at least so many rows together: their rows, increasing.
    pub(super) fn first(&self, rows: usize) -> Vec<usize> {
        let mut taken: Vec<usize> = Vec::new();
        for group in &self.groups {
            if taken.len() >= rows {
                break;
            }
            taken.extend(group);
        }
        taken.sort_unstable();
        taken
    }
}

/// The random numbers of a fold and a repeat.
pub(super) fn stream(seed: u64, fold: usize, repeat: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((fold as u64) << 32) + repeat as u64 + 1);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nested(rows: &[(String, String)], seed: u64) -> (Nested, Groups) {
        let (strata, groups): (Vec<String>, Vec<String>) = rows.iter().cloned().unzip();
        let groups = Groups::of(&groups);
        (Nested::new(&strata, &groups, stream(seed, 0, 0)), groups)
    }

    proptest! {
        /// A smaller subset is part of a larger one, and each holds whole groups only, no more than it needs.
        #[test]
        fn subsets_are_nested_and_keep_groups_whole(
            rows in prop::collection::vec(("[ab]", "[a-h]"), 1..40), seed: u64,
        ) {
            let (own, groups) = nested(&rows, seed);
            let mut before: Vec<usize> = Vec::new();
            for n in 0..=rows.len() {
                let now = own.first(n);
                prop_assert!(before.iter().all(|row| now.contains(row)));
                for row in 0..rows.len() {
                    let whole = &groups.members()[groups.numbers()[row]];
                    let inside = whole.iter().filter(|row| now.contains(row)).count();
                    prop_assert!(inside == 0 || inside == whole.len());
                }
                let largest = groups.members().iter().map(Vec::len).max().unwrap_or(0);
                prop_assert!(n <= now.len() && now.len() < n + largest);
                before = now;
            }
            prop_assert_eq!(before, (0..rows.len()).collect::<Vec<_>>());
        }

        /// Where each repertoire is of its own subject, each of two classes has its share but for one.
        #[test]
        fn classes_have_their_shares(positives in 1_usize..30, negatives in 1_usize..30, seed: u64) {
            let n = positives + negatives;
            let row = |i: usize| ((i < positives).to_string(), i.to_string());
            let (own, _) = nested(&(0..n).map(row).collect::<Vec<_>>(), seed);
            for size in 0..=n {
                let found = own.first(size).iter().filter(|&&i| i < positives).count() as f64;
                let share = (size * positives) as f64 / n as f64;
                prop_assert!((found - share).abs() < 1.0, "{found} of {share} with {size}");
            }
        }
    }

    #[test]
    fn repeats_and_folds_draw_others() {
        let rows: Vec<_> = (0..30).map(|i| ((i % 2).to_string(), i.to_string())).collect();
        let (strata, groups): (Vec<String>, Vec<String>) = rows.into_iter().unzip();
        let groups = Groups::of(&groups);
        let drawn = |fold, repeat| Nested::new(&strata, &groups, stream(7, fold, repeat)).first(8);
        assert_eq!(drawn(0, 0), drawn(0, 0));
        assert_ne!(drawn(0, 0), drawn(0, 1));
        assert_ne!(drawn(0, 1), drawn(1, 0));
    }
}
