//! Batches as folds: each is held out by a model of all others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, SplitError};

/// A fold for each batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batches {
    /// Fold in which each item is held out; `None` for an item of no batch, which is only trained on.
    pub folds: Vec<Option<usize>>,
    /// The batches of each fold, joined by `, `.
    pub names: Vec<String>,
}

/// One fold for each of the `values`, in their order. Batches that share a group are one fold, so that no group is
/// divided.
///
/// # Examples
///
/// ```
/// use reperio_data::split::{Item, batches};
///
/// # fn main() -> Result<(), reperio_data::split::SplitError> {
/// let item = |i: usize| Item {
///     id: format!("r{i}"),
///     stratum: ["case", "control"][i % 2].to_owned(),
///     group: format!("subject{i}"),
/// };
/// let items: Vec<Item> = (0..6).map(item).collect();
/// let lab = ["b", "b", "a", "a", "c", "c"].map(|lab| Some(lab.to_owned()));
/// let of = batches(&items, &lab)?;
/// assert_eq!(of.names, ["a", "b", "c"]);
/// assert_eq!(of.folds[..3], [Some(1), Some(1), Some(0)]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If fewer than two folds are left, or the items outside a fold have one stratum only.
///
/// # Panics
///
/// If there is not one value per item.
pub fn batches(items: &[Item], values: &[Option<String>]) -> Result<Batches, SplitError> {
    assert_eq!(items.len(), values.len(), "one batch an item");
    let known: BTreeSet<&str> = values.iter().flatten().map(String::as_str).collect();
    let known: Vec<&str> = known.into_iter().collect();
    let batch = |i: usize| values[i].as_deref().and_then(|own| known.binary_search(&own).ok());
    // The first batch that each one shares a group with, directly or through others.
    let mut first: Vec<usize> = (0..known.len()).collect();
    let mut of_group: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, item) in items.iter().enumerate() {
        let Some(own) = batch(i) else { continue };
        let other = *of_group.entry(&item.group).or_insert(own);
        let (low, high) = (first[own].min(first[other]), first[own].max(first[other]));
        first.iter_mut().filter(|at| **at == high).for_each(|at| *at = low);
    }
    let heads: BTreeSet<usize> = first.iter().copied().collect();
    let heads: Vec<usize> = heads.into_iter().collect();
    let joined = |head: &usize| -> String {
        let members = (0..known.len()).filter(|&at| first[at] == *head).map(|at| known[at]);
        members.collect::<Vec<_>>().join(", ")
    };
    let names: Vec<String> = heads.iter().map(joined).collect();
    if names.len() < 2 {
        return Err(SplitError::OneBatch { batches: known.len(), names: names.concat() });
    }
    let fold = |i: usize| batch(i).and_then(|own| heads.binary_search(&first[own]).ok());
    let folds: Vec<Option<usize>> = (0..items.len()).map(fold).collect();
    for (own, name) in names.iter().enumerate() {
        let outside = (0..items.len()).filter(|&i| folds[i] != Some(own));
        let strata: BTreeSet<&str> = outside.map(|i| items[i].stratum.as_str()).collect();
        if strata.len() < 2 {
            return Err(SplitError::Confounded { batch: name.clone() });
        }
    }
    Ok(Batches { folds, names })
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    /// Items as group, stratum and batch (`-`: none).
    fn of(rows: &[(&str, &str, &str)]) -> Result<Batches, SplitError> {
        let item = |(i, (group, stratum, _)): (usize, &(&str, &str, &str))| Item {
            id: format!("r{i}"),
            stratum: (*stratum).to_owned(),
            group: (*group).to_owned(),
        };
        let items: Vec<Item> = rows.iter().enumerate().map(item).collect();
        let value = |row: &(&str, &str, &str)| (row.2 != "-").then(|| row.2.to_owned());
        batches(&items, &rows.iter().map(value).collect::<Vec<_>>())
    }

    #[test]
    fn batches_that_share_a_subject_are_one_fold() {
        let rows = [
            ("ada", "1", "x"),
            ("bo", "0", "x"),
            ("bo", "0", "z"),
            ("cy", "1", "y"),
            ("dee", "0", "y"),
            ("eli", "1", "-"),
        ];
        let found = of(&rows).unwrap();
        assert_eq!(found.names, ["x, z", "y"]);
        let [first, second] = [Some(0), Some(1)];
        assert_eq!(found.folds, [first, first, first, second, second, None]);
        // Through a third one: w with x, x with z.
        let chain = [
            ("ada", "1", "z"),
            ("ada", "1", "x"),
            ("bo", "0", "w"),
            ("bo", "0", "x"),
            ("cy", "1", "y"),
            ("dee", "0", "y"),
        ];
        assert_eq!(of(&chain).unwrap().names, ["w, x, z", "y"]);
    }

    #[test]
    fn what_cannot_be_evaluated_is_an_error() {
        let one = [("a", "1", "x"), ("b", "0", "x")];
        assert_snapshot!(of(&one).unwrap_err(), @"1 batch (x), expected at least two");
        let shared = [("a", "1", "x"), ("a", "0", "y")];
        assert_snapshot!(of(&shared).unwrap_err(), @"2 batches that share subjects (x, y), expected at least two that do not");
        let confounded = [("a", "1", "x"), ("b", "1", "x"), ("c", "0", "y"), ("d", "0", "y")];
        assert_snapshot!(of(&confounded).unwrap_err(), @"all repertoires outside batch x have the same label: batch and label are confounded, and no evaluation can separate them");
    }
}
