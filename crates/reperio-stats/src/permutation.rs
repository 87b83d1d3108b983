//! Values dealt out anew, and whether a statistic has anything to do with them.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Groups;

/// Permutations behind a P value.
const PERMUTATIONS: usize = 999;

/// One value per row, to be dealt out anew: between units where each unit has one value, else between rows.
///
/// Samples of one person are alike. Where all of them have the person's value, only persons may swap it.
///
/// # Examples
///
/// ```
/// use rand::SeedableRng;
/// use reperio_stats::{Groups, permutation::Deal};
///
/// let people = Groups::of(&["adam", "adam", "eva"]);
/// let mut deal = Deal::new(&[1, 1, 0], people.members());
/// deal.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(7));
/// let dealt = deal.by_row();
/// assert_eq!(dealt[0], dealt[1]);
/// ```
#[derive(Clone, Debug)]
pub struct Deal<T> {
    /// What changes places: one value per unit, or per row.
    values: Vec<T>,
    /// Place of each row's value.
    place: Vec<usize>,
}

impl<T: Copy + PartialEq> Deal<T> {
    /// The `values` of rows, which `units` hold once each.
    ///
    /// The order of the units decides what a seed gives: see [`Groups::members`] and [`Groups::by_appearance`].
    ///
    /// # Panics
    ///
    /// If a unit is empty or has a row without a value.
    pub fn new<U: AsRef<[usize]>>(values: &[T], units: &[U]) -> Self {
        let first = |unit: &U| values[unit.as_ref()[0]];
        let has_one = |unit: &U| unit.as_ref().iter().all(|&row| values[row] == first(unit));
        if !units.iter().all(has_one) {
            return Self { values: values.to_vec(), place: (0..values.len()).collect() };
        }
        let mut place = vec![0; values.len()];
        for (at, unit) in units.iter().enumerate() {
            for &row in unit.as_ref() {
                place[row] = at;
            }
        }
        Self { values: units.iter().map(first).collect(), place }
    }

    /// Deals them out once more.
    pub fn shuffle(&mut self, rng: &mut impl Rng) {
        self.values.shuffle(rng);
    }

    /// The value that each row has now.
    pub fn by_row(&self) -> Vec<T> {
        self.place.iter().map(|&place| self.values[place]).collect()
    }
}

/// P value of `statistic` of the answers under 999 permutations: between groups where each has one answer, else
/// between rows. Large statistics speak against chance. `None` if the statistic of the answers is.
///
/// ```text
/// P = (1 + permutations whose statistic is as large) / (1 + permutations whose statistic is defined)
/// ```
///
/// The statistic compares the answers with outputs that stay as they are. These must be made for rows that took no
/// part in learning, so that without a signal every order of the answers is as likely as any other.
///
/// # Examples
///
/// ```
/// use reperio_stats::{Groups, permutation::p_value};
///
/// let answers: Vec<f64> = (0..20).map(f64::from).collect();
/// let product = |answers: &[f64]| Some((0..20).map(|i| i as f64 * answers[i]).sum());
/// let p = p_value(&answers, &Groups::each(20), product);
/// assert_eq!(p, Some(0.001));
/// ```
///
/// # Panics
///
/// If there is not one group an answer.
pub fn p_value(
    answers: &[f64],
    groups: &Groups,
    statistic: impl Fn(&[f64]) -> Option<f64>,
) -> Option<f64> {
    assert_eq!(answers.len(), groups.rows(), "one group an answer");
    let found = statistic(answers)?;
    let mut deal = Deal::new(answers, groups.members());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut as_large, mut drawn) = (1, 1);
    for _ in 0..PERMUTATIONS {
        deal.shuffle(&mut rng);
        if let Some(other) = statistic(&deal.by_row()) {
            drawn += 1;
            as_large += usize::from(other >= found - 1e-12);
        }
    }
    Some(f64::from(as_large as u32) / f64::from(drawn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_order_is_rare_and_groups_are_moved_as_a_whole() {
        let answers: Vec<f64> = (0..20).map(|i| f64::from(u8::from(i >= 10))).collect();
        let statistic = |own: &[f64]| Some((0..20).map(|i| i as f64 * own[i]).sum());
        let p = p_value(&answers, &Groups::each(20), statistic).unwrap();
        assert!(p < 0.005, "{p}");
        // Two groups of ten: the other order is as good as every second one.
        let two: Vec<&str> = (0..20).map(|i| if i < 10 { "a" } else { "b" }).collect();
        let p = p_value(&answers, &Groups::of(&two), statistic).unwrap();
        assert!((p - 0.5).abs() < 0.06, "{p}");
    }

    /// A group with two answers cannot swap them as a whole: rows do.
    #[test]
    fn rows_are_dealt_out_where_a_group_has_several_values() {
        let groups = Groups::of(&["a", "a", "b", "b"]);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut seen = std::collections::BTreeSet::new();
        let mut whole = Deal::new(&[1, 1, 2, 2], groups.members());
        let mut split = Deal::new(&[1, 2, 2, 2], groups.members());
        for _ in 0..100 {
            whole.shuffle(&mut rng);
            split.shuffle(&mut rng);
            assert!([[1, 1, 2, 2], [2, 2, 1, 1]].iter().any(|own| whole.by_row() == own));
            seen.insert(split.by_row());
        }
        assert_eq!(seen.len(), 4);
    }
}
