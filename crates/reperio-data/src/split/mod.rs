//! Splits: which repertoires train and which are held out.
//!
//! Every split is stratified (each part gets its share of each stratum, usually a class), grouped
//! (the repertoires of one group, usually a subject, stay together) and seeded. The order of the
//! items does not matter.

use std::collections::{BTreeMap, BTreeSet};

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::table::{duplicates, quoted};

mod balance;
mod batches;
mod division;
mod saved;

pub use batches::{Batches, batches};
pub use division::{Division, DivisionError};
pub use saved::{Splits, SplitsError};

/// One repertoire to be assigned to a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// `repertoire_id`.
    pub id: String,
    /// The stratum, of which each part gets its share: the class, or a bin of a regression target.
    pub stratum: String,
    /// The group that is never split: the subject, or the id itself.
    pub group: String,
}

/// A fold and everything outside it, as indices of items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Items that are held out.
    pub held: Vec<usize>,
    /// Items for training.
    pub fitted: Vec<usize>,
}

impl Fold {
    /// Every fold in turn, given the fold of each item, or `None` for an item that is never held out.
    pub fn all<F: Copy + Into<Option<usize>>>(of: &[F]) -> Vec<Self> {
        let of: Vec<Option<usize>> = of.iter().map(|&own| own.into()).collect();
        let count = of.iter().flatten().max().map_or(0, |last| last + 1);
        let fold = |fold: usize| {
            let (held, fitted) = (0..of.len()).partition(|&i| of[i] == Some(fold));
            Self { held, fitted }
        };
        (0..count).map(fold).collect()
    }
}

/// Why items could not be split.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// Ids on more than one item.
    #[error("repertoire {} more than once, expected distinct ids", quoted(ids))]
    DuplicateIds {
        /// Each id that occurs more than once.
        ids: Vec<String>,
    },
    /// A fold would be empty.
    #[error(
        "{repertoires} repertoires in {groups} groups, expected at least {parts} groups: one for each fold or part"
    )]
    TooFewGroups {
        /// Items.
        repertoires: usize,
        /// Distinct groups.
        groups: usize,
        /// Folds or parts asked for.
        parts: usize,
    },
    /// Nothing would be held out.
    #[error("{folds} folds, expected at least 2")]
    TooFewFolds {
        /// Folds asked for.
        folds: usize,
    },
    /// There is nothing to leave out.
    #[error("{}, expected at least two{}", one_batch(*batches, names), if *batches > 1 { " that do not" } else { "" })]
    OneBatch {
        /// Batches, before those that share a group are joined.
        batches: usize,
        /// Their names.
        names: String,
    },
    /// A model of the other batches could learn nothing.
    #[error(
        "all repertoires outside batch {batch} have the same label: batch and label are confounded, and no evaluation can separate them"
    )]
    Confounded {
        /// Batches of the fold.
        batch: String,
    },
    /// Shares that are not valid.
    #[error("shares {fractions:?}, expected positive numbers that sum to 1")]
    InvalidFractions {
        /// Shares asked for.
        fractions: Vec<f64>,
    },
}

fn one_batch(batches: usize, names: &str) -> String {
    match batches {
        0 => "no repertoire has a batch".to_owned(),
        1 => format!("1 batch ({names})"),
        more => format!("{more} batches that share subjects ({names})"),
    }
}

/// The fold of each item, in 0..`k`; folds are of nearly equal size and none is empty.
///
/// # Examples
///
/// ```
/// use reperio_data::split::{Fold, Item, folds};
///
/// # fn main() -> Result<(), reperio_data::split::SplitError> {
/// let item = |i: usize| Item {
///     id: format!("r{i}"),
///     stratum: ["case", "control"][i % 2].to_owned(),
///     group: format!("subject{}", i / 2), // two samples of each
/// };
/// let of = folds(&(0..12).map(item).collect::<Vec<_>>(), 3, 7)?;
/// assert_eq!(of[0], of[1], "a subject is never divided");
/// assert_eq!(Fold::all(&of).len(), 3);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If `k` is below 2, there are fewer groups than folds, or ids repeat.
pub fn folds(items: &[Item], k: usize, seed: u64) -> Result<Vec<usize>, SplitError> {
    if k < 2 {
        return Err(SplitError::TooFewFolds { folds: k });
    }
    parts(items, &vec![1.0 / k as f64; k], seed)
}

/// A single split: whether each item is held out, about `fraction` of them in total.
///
/// # Examples
///
/// ```
/// use reperio_data::split::{Item, holdout};
///
/// # fn main() -> Result<(), reperio_data::split::SplitError> {
/// let item = |i: usize| Item {
///     id: format!("r{i}"),
///     stratum: ["case", "control"][i % 2].to_owned(),
///     group: format!("r{i}"),
/// };
/// let held = holdout(&(0..20).map(item).collect::<Vec<_>>(), 0.2, 7)?;
/// let n = held.iter().filter(|&&own| own).count();
/// assert!((3..=5).contains(&n), "{n} of 20");
/// # Ok(())
/// # }
/// ```
///
/// Each stratum that occurs in two or more groups is on both sides, unless that would split a group.
///
/// # Errors
///
/// If `fraction` is not between 0 and 1, there are fewer than 2 groups, or ids repeat.
pub fn holdout(items: &[Item], fraction: f64, seed: u64) -> Result<Vec<bool>, SplitError> {
    let parts = parts(items, &[1.0 - fraction, fraction], seed)?;
    Ok(parts.into_iter().map(|part| part == 1).collect())
}

/// The part of each item for shares `fractions`.
fn parts(items: &[Item], fractions: &[f64], seed: u64) -> Result<Vec<usize>, SplitError> {
    let sum: f64 = fractions.iter().sum();
    if (sum - 1.0).abs() > 1e-6 || fractions.iter().any(|&share| share <= 0.0) || sum.is_nan() {
        return Err(SplitError::InvalidFractions { fractions: fractions.to_vec() });
    }
    let ids = duplicates(items.iter().map(|item| &item.id));
    if !ids.is_empty() {
        return Err(SplitError::DuplicateIds { ids });
    }
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, item) in items.iter().enumerate() {
        groups.entry(&item.group).or_default().push(i);
    }
    if groups.len() < fractions.len() {
        let (repertoires, groups, parts) = (items.len(), groups.len(), fractions.len());
        return Err(SplitError::TooFewGroups { repertoires, groups, parts });
    }
    let strata: BTreeSet<&str> = items.iter().map(|item| item.stratum.as_str()).collect();
    let strata: Vec<&str> = strata.into_iter().collect();
    let mut members: Vec<Vec<usize>> = groups.into_values().collect();
    members.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let counts = members.iter().map(|members| {
        let of = |s: &&str| members.iter().filter(|&&i| items[i].stratum == **s).count();
        strata.iter().map(of).collect()
    });
    let assigned = balance::assign(&counts.collect::<Vec<_>>(), fractions);
    let mut out = vec![0; items.len()];
    for (members, part) in members.iter().zip(assigned) {
        for &i in members {
            out[i] = part;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn item(id: usize, stratum: &str, group: usize) -> Item {
        Item { id: format!("r{id:03}"), stratum: stratum.to_owned(), group: format!("g{group}") }
    }

    /// `n` repertoires of as many subjects, the first `positives` of them positive.
    fn singles(n: usize, positives: usize) -> Vec<Item> {
        (0..n).map(|i| item(i, if i < positives { "yes" } else { "no" }, i)).collect()
    }

    fn items() -> impl Strategy<Value = Vec<Item>> {
        prop::collection::vec(("[abc]", 0_usize..12), 1..60).prop_map(|rows| {
            rows.iter().enumerate().map(|(i, (stratum, group))| item(i, stratum, *group)).collect()
        })
    }

    fn count(items: &[Item], parts: &[usize], stratum: &str, part: usize) -> usize {
        items.iter().zip(parts).filter(|(item, p)| item.stratum == stratum && **p == part).count()
    }

    proptest! {
        #[test]
        fn a_subject_is_never_on_two_sides(items in items(), k in 2_usize..7, seed: u64) {
            let groups = items.iter().map(|item| &item.group).collect::<BTreeSet<_>>().len();
            let result = folds(&items, k, seed);
            if groups < k {
                let error = SplitError::TooFewGroups { repertoires: items.len(), groups, parts: k };
                prop_assert_eq!(result, Err(error));
                return Ok(());
            }
            let folds = result.unwrap();
            let mut of_group = BTreeMap::new();
            for (item, fold) in items.iter().zip(&folds) {
                prop_assert_eq!(of_group.entry(&item.group).or_insert(fold), &fold);
            }
            prop_assert_eq!(folds.into_iter().collect::<BTreeSet<_>>().len(), k, "no fold is empty");
        }

        #[test]
        fn the_order_of_items_does_not_matter(items in items(), seed: u64) {
            let Ok(before) = holdout(&items, 0.3, seed) else { return Ok(()) };
            let mut reversed = items.clone();
            reversed.reverse();
            let mut after = holdout(&reversed, 0.3, seed).unwrap();
            after.reverse();
            prop_assert_eq!(after, before);
        }

        #[test]
        fn single_repertoires_are_balanced_within_one(
            n in 7_usize..80, positives in 0_usize..40, k in 2_usize..8, seed: u64,
        ) {
            let items = singles(n, positives.min(n));
            let folds = folds(&items, k, seed).unwrap();
            for stratum in ["yes", "no"] {
                let counts: Vec<_> = (0..k).map(|fold| count(&items, &folds, stratum, fold)).collect();
                let (low, high) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
                prop_assert!(high - low <= 1, "{stratum}: {counts:?}");
            }
            let sizes: Vec<_> =
                (0..k).map(|fold| folds.iter().filter(|own| **own == fold).count()).collect();
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
        }

        #[test]
        fn a_holdout_has_both_strata_on_both_sides(
            n in 4_usize..60, positives in 2_usize..30, fraction in 0.02..0.98, seed: u64,
        ) {
            prop_assume!(positives + 2 <= n);
            let items = singles(n, positives);
            let held: Vec<usize> =
                holdout(&items, fraction, seed).unwrap().into_iter().map(usize::from).collect();
            for stratum in ["yes", "no"] {
                for side in 0..2 {
                    prop_assert!(count(&items, &held, stratum, side) > 0, "{stratum} {side}");
                }
            }
        }
    }

    #[test]
    fn one_split_has_the_share_asked_for() {
        let items = singles(1_500, 750);
        let held: Vec<usize> =
            holdout(&items, 0.2, 7).unwrap().into_iter().map(usize::from).collect();
        assert_eq!(["yes", "no"].map(|stratum| count(&items, &held, stratum, 1)), [150, 150]);
    }

    #[test]
    fn what_a_fold_does_not_hold_out_is_learned_from() {
        let fold = |held: &[usize], fitted: &[usize]| Fold {
            held: held.to_vec(),
            fitted: fitted.to_vec(),
        };
        assert_eq!(Fold::all(&[1_usize, 0, 1]), [fold(&[1], &[0, 2]), fold(&[0, 2], &[1])]);
        assert_eq!(Fold::all(&[None, Some(0_usize), None]), [fold(&[1], &[0, 2])]);
        assert!(Fold::all::<usize>(&[]).is_empty());
    }

    #[test]
    fn the_seed_decides() {
        let items = singles(40, 20);
        assert_eq!(folds(&items, 5, 1).unwrap(), folds(&items, 5, 1).unwrap());
        assert_ne!(folds(&items, 5, 1).unwrap(), folds(&items, 5, 2).unwrap());
    }

    #[test]
    fn what_cannot_be_split_is_an_error() {
        let check = |items: &[Item], k| folds(items, k, 0).unwrap_err().to_string();
        insta::assert_snapshot!(check(&singles(3, 1), 5), @"3 repertoires in 3 groups, expected at least 5 groups: one for each fold or part");
        insta::assert_snapshot!(check(&singles(3, 1), 1), @"1 folds, expected at least 2");
        insta::assert_snapshot!(check(&[item(1, "a", 1), item(1, "a", 2)], 2), @r#"repertoire "r001" more than once, expected distinct ids"#);
        let err = holdout(&singles(3, 1), 1.0, 0).unwrap_err();
        insta::assert_snapshot!(err, @"shares [0.0, 1.0], expected positive numbers that sum to 1");
    }
}
