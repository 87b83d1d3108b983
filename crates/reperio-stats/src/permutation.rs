//! Permuted values, and tests whether a statistic depends on their order.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Permutations behind a P value.
const PERMUTATIONS: usize = 999;

/// One value per row, to be permuted: between units if each unit has one value, else between rows.
///
/// Samples of one person are alike. If all of them have the same value, only persons may exchange it.
///
/// # Examples
///
/// ```
/// use rand::SeedableRng;
/// use reperio_stats::{Groups, permutation::Permutable};
///
/// let people = Groups::of(&["adam", "adam", "eva"]);
/// let mut permuted = Permutable::new(&[1, 1, 0], people.members());
/// permuted.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(7));
/// let labels = permuted.by_row();
/// assert_eq!(labels[0], labels[1]);
/// ```
#[derive(Clone, Debug)]
pub struct Permutable<T> {
    /// What is permuted: one value per unit, or per row.
    values: Vec<T>,
    /// Place of each row's value.
    place: Vec<usize>,
    /// Places whose values may change places with each other.
    blocks: Vec<Vec<usize>>,
}

impl<T: Copy + PartialEq> Permutable<T> {
    /// The `values` of rows, which `units` hold once each.
    ///
    /// The order of the units decides what a seed gives: see [`Groups::members`](crate::Groups::members) and [`Groups::by_appearance`](crate::Groups::by_appearance).
    ///
    /// # Panics
    ///
    /// If a unit is empty or has a row without a value.
    pub fn new<U: AsRef<[usize]>>(values: &[T], units: &[U]) -> Self {
        let first = |unit: &U| values[unit.as_ref()[0]];
        let has_one = |unit: &U| unit.as_ref().iter().all(|&row| values[row] == first(unit));
        if !units.iter().all(has_one) {
            let all: Vec<usize> = (0..values.len()).collect();
            return Self { values: values.to_vec(), place: all.clone(), blocks: vec![all] };
        }
        let mut place = vec![0; values.len()];
        for (at, unit) in units.iter().enumerate() {
            for &row in unit.as_ref() {
                place[row] = at;
            }
        }
        Self {
            values: units.iter().map(first).collect(),
            place,
            blocks: vec![(0..units.len()).collect()],
        }
    }

    /// The same, but values only change places inside a stratum, such as a batch: `strata` has that of each row. A unit
    /// belongs to the stratum of its first row.
    ///
    /// # Panics
    ///
    /// If there is not one stratum per row.
    pub fn within(mut self, strata: &[usize]) -> Self {
        assert_eq!(strata.len(), self.place.len(), "one stratum a row");
        let mut of = vec![None; self.values.len()];
        for (&place, &stratum) in self.place.iter().zip(strata) {
            of[place].get_or_insert(stratum);
        }
        let mut blocks: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for (place, stratum) in of.into_iter().enumerate() {
            blocks.entry(stratum).or_default().push(place);
        }
        self.blocks = blocks.into_values().collect();
        self
    }

    /// Permutes the values once more.
    pub fn shuffle(&mut self, rng: &mut impl Rng) {
        for block in &self.blocks {
            let mut own: Vec<T> = block.iter().map(|&place| self.values[place]).collect();
            own.shuffle(rng);
            for (&place, value) in block.iter().zip(own) {
                self.values[place] = value;
            }
        }
    }

    /// The value that each row has now.
    pub fn by_row(&self) -> Vec<T> {
        self.place.iter().map(|&place| self.values[place]).collect()
    }
}

/// P value of `skill` of the answers under 999 permutations of them. A skill is 0 where there is none, and large ones speak against chance. `None` if the skill of the answers is.
///
/// ```text
/// P = (1 + permutations with widening * skill at least that found) / (1 + permutations whose skill is defined)
/// ```
///
/// The skill compares the answers with outputs that stay as they are. With outputs of a model that never saw the
/// answers, every order of them is as likely as any other without a signal: the `widening` is 1. Held-out outputs of a
/// cross-validation are not fixed while the answers vary, since folds learn from each other's answers. Of a linear
/// learner with kernel K the sum over the folds is `sum over pairs of y_i y_j K_ij`, once with i held out and once
/// with j: its variance is `2 sum K_ij^2` over ordered pairs, and with outputs taken as fixed only `sum K_ij^2`. So their
/// widening is at least the square root of 2.
///
/// # Examples
///
/// ```
/// use reperio_stats::{Groups, permutation::{Permutable, p_value}};
///
/// let answers: Vec<f64> = (0..20).map(f64::from).collect();
/// let answers = Permutable::new(&answers, Groups::each(20).members());
/// let product = |answers: &[f64]| Some((0..20).map(|i| i as f64 * answers[i]).sum());
/// let p = p_value(answers, 1.0, product);
/// assert_eq!(p, Some(0.001));
/// ```
pub fn p_value(
    answers: Permutable<f64>,
    widening: f64,
    skill: impl Fn(&[f64]) -> Option<f64>,
) -> Option<f64> {
    let mut permuted = answers;
    let found = skill(&permuted.by_row())?;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut as_large, mut drawn) = (1, 1);
    for _ in 0..PERMUTATIONS {
        permuted.shuffle(&mut rng);
        if let Some(other) = skill(&permuted.by_row()) {
            drawn += 1;
            as_large += usize::from(widening * other >= found - 1e-12);
        }
    }
    Some(f64::from(as_large as u32) / f64::from(drawn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Groups;
    use proptest::prelude::*;

    #[test]
    fn a_perfect_order_is_rare_and_groups_are_moved_as_a_whole() {
        let answers: Vec<f64> = (0..20).map(|i| f64::from(u8::from(i >= 10))).collect();
        let statistic = |own: &[f64]| Some((0..20).map(|i| i as f64 * own[i]).sum());
        let between = |groups: &Groups| Permutable::new(&answers, groups.members());
        let p = p_value(between(&Groups::each(20)), 1.0, statistic).unwrap();
        assert!((p - 0.001).abs() < 1e-12, "{p}: no other order of a thousand is as good");
        // Two groups of ten: the other order is as good as every second one.
        let two: Vec<&str> = (0..20).map(|i| if i < 10 { "a" } else { "b" }).collect();
        let p = p_value(between(&Groups::of(&two)), 1.0, statistic).unwrap();
        assert!((p - 0.5).abs() < 0.06, "{p}");
    }

    /// Groups are numbered by name, so that their rows may come in any order.
    #[test]
    fn the_order_of_rows_changes_no_p_value_between_groups() {
        let names = ["c", "a", "b", "d", "a", "c", "e", "f", "g", "h"];
        let answers = names.map(|name| f64::from(u8::from("abce".contains(name))));
        let scores = [7.0, 3.0, 9.0, 2.0, 8.0, 1.0, 0.0, 4.0, 6.0, 5.0];
        let p = |rows: &[usize]| {
            let own = |all: &[f64]| -> Vec<f64> { rows.iter().map(|&row| all[row]).collect() };
            let scores = own(&scores);
            let sum = |answers: &[f64]| Some(scores.iter().zip(answers).map(|(s, a)| s * a).sum());
            let groups = Groups::of(&names).select(rows);
            p_value(Permutable::new(&own(&answers), groups.members()), 1.0, sum)
        };
        let (forward, backward): (Vec<usize>, Vec<usize>) =
            ((0..10).collect(), (0..10).rev().collect());
        assert!(p(&forward).is_some_and(|p| (0.02..0.5).contains(&p)), "{:?}", p(&forward));
        assert_eq!(p(&forward), p(&backward));
    }

    /// Two batches, one of them with all large answers: scores that only know the batch are as good in every order.
    #[test]
    fn values_stay_in_their_stratum() {
        let answers: Vec<f64> = (0..20).map(f64::from).collect();
        let strata: Vec<usize> = (0..20).map(|i| i / 10).collect();
        let mut permuted = Permutable::new(&answers, Groups::each(20).members()).within(&strata);
        let batch = |answers: &[f64]| {
            Some(answers[10..].iter().sum::<f64>() - answers[..10].iter().sum::<f64>())
        };
        assert_eq!(p_value(permuted.clone(), 1.0, batch), Some(1.0));
        let free = Permutable::new(&answers, Groups::each(20).members());
        assert_eq!(p_value(free, 1.0, batch), Some(0.001));
        permuted.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
        let moved = permuted.by_row();
        assert_ne!(moved, answers);
        assert!(moved[..10].iter().all(|&own| own < 10.0), "{moved:?}");
        // Units of two rows: those of a stratum change places as a whole.
        let pairs: Vec<String> = (0..20).map(|i| (i / 2).to_string()).collect();
        let answers: Vec<f64> = (0..20).map(|i| f64::from(i / 2)).collect();
        let mut permuted = Permutable::new(&answers, Groups::of(&pairs).members()).within(&strata);
        permuted.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
        let moved = permuted.by_row();
        assert!(moved.chunks(2).all(|pair| (pair[0] - pair[1]).abs() < 0.5), "{moved:?}");
        assert!(moved[..10].iter().all(|&own| own < 5.0), "{moved:?}");
    }

    proptest! {
        /// Between groups of one value each, or else between rows, no value is lost.
        #[test]
        fn a_permutation_keeps_the_values(
            rows in prop::collection::vec(("[a-d]", 0_u8..3), 1..20), by_group: bool, seed: u64,
        ) {
            let value = |(name, own): &(String, u8)| if by_group { name.as_bytes()[0] % 3 } else { *own };
            let values: Vec<u8> = rows.iter().map(value).collect();
            let groups = Groups::of(&rows.iter().map(|(name, _)| name).collect::<Vec<_>>());
            let same = |rows: &Vec<usize>| rows.iter().all(|&row| values[row] == values[rows[0]]);
            let moves_groups = groups.members().iter().all(same);
            let mut permuted = Permutable::new(&values, groups.members());
            permuted.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
            let sorted = |values: &[u8]| {
                let first = |rows: &Vec<usize>| values[rows[0]];
                let mut own: Vec<u8> =
                    if moves_groups { groups.members().iter().map(first).collect() } else { values.to_vec() };
                own.sort_unstable();
                own
            };
            prop_assert_eq!(sorted(&permuted.by_row()), sorted(&values));
        }
    }

    /// A group with two answers cannot swap them as a whole: rows do.
    #[test]
    fn rows_are_permuted_where_a_group_has_several_values() {
        let groups = Groups::of(&["a", "a", "b", "b"]);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut seen = std::collections::BTreeSet::new();
        let mut whole = Permutable::new(&[1, 1, 2, 2], groups.members());
        let mut split = Permutable::new(&[1, 2, 2, 2], groups.members());
        for _ in 0..100 {
            whole.shuffle(&mut rng);
            split.shuffle(&mut rng);
            assert!([[1, 1, 2, 2], [2, 2, 1, 1]].iter().any(|own| whole.by_row() == own));
            seen.insert(split.by_row());
        }
        assert_eq!(seen.len(), 4);
    }
}
