//! Rows that belong together, as the samples of one person.

use std::collections::BTreeMap;

/// The group of each row, numbered once.
///
/// Groups have the numbers `0..count`, in the order of their names. So the numbering does not depend on the order of
/// the rows, and [`select`](Self::select) keeps the order of the groups. No group is empty.
///
/// # Examples
///
/// ```
/// use reperio_stats::Groups;
///
/// let people = Groups::of(&["eva", "adam", "eva"]);
/// assert_eq!((people.rows(), people.count()), (3, 2));
/// assert_eq!(people.numbers(), [1, 0, 1]);
/// assert_eq!(people.members(), [vec![1], vec![0, 2]]);
/// assert_eq!(people.select(&[2, 0]), Groups::of(&["eva", "eva"]));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// Name of each group, increasing.
    names: Vec<String>,
    /// Rows of each group, increasing.
    members: Vec<Vec<usize>>,
    /// Group of each row.
    numbers: Vec<usize>,
}

impl Groups {
    /// The groups of rows by the name of the group of each row.
    pub fn of<N: AsRef<str>>(names: &[N]) -> Self {
        let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (row, name) in names.iter().enumerate() {
            members.entry(name.as_ref()).or_default().push(row);
        }
        let (names, members) =
            members.into_iter().map(|(name, rows)| (name.to_owned(), rows)).unzip();
        Self::numbered(names, members)
    }

    /// So many rows, each a group of its own with the row's number as its name.
    pub fn each(rows: usize) -> Self {
        Self::of(&(0..rows).map(|row| row.to_string()).collect::<Vec<_>>())
    }

    fn numbered(names: Vec<String>, members: Vec<Vec<usize>>) -> Self {
        let mut numbers = vec![0; members.iter().map(Vec::len).sum()];
        for (number, rows) in members.iter().enumerate() {
            for &row in rows {
                numbers[row] = number;
            }
        }
        Self { names, members, numbers }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.numbers.len()
    }

    /// Number of groups.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// Whether each row is a group of its own.
    pub fn are_single(&self) -> bool {
        self.count() == self.rows()
    }

    /// Number of each row's group: (rows,)
    pub fn numbers(&self) -> &[usize] {
        &self.numbers
    }

    /// Name of the group of `row`.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn name(&self, row: usize) -> &str {
        &self.names[self.numbers[row]]
    }

    /// Rows of each group, in the order of the groups' names.
    pub fn members(&self) -> &[Vec<usize>] {
        &self.members
    }

    /// Rows of each group, in the order of the groups' first rows.
    pub fn by_appearance(&self) -> Vec<&[usize]> {
        let mut members: Vec<&[usize]> = self.members.iter().map(Vec::as_slice).collect();
        members.sort_unstable_by_key(|rows| rows.first().copied());
        members
    }

    /// The groups of some rows, which are rows 0, 1, .. of the result.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut members = vec![Vec::new(); self.count()];
        for (at, &row) in rows.iter().enumerate() {
            members[self.numbers[row]].push(at);
        }
        let own = self.names.iter().zip(members).filter(|(_, rows)| !rows.is_empty());
        let (names, members) = own.map(|(name, rows)| (name.clone(), rows)).unzip();
        Self::numbered(names, members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_has_no_group() {
        assert_eq!(Groups::of::<&str>(&[]), Groups::default());
        assert_eq!(Groups::each(0).count(), 0);
    }

    #[test]
    fn groups_appear_in_the_order_of_their_first_rows() {
        let groups = Groups::of(&["b", "c", "a", "c", "b"]);
        assert_eq!(groups.by_appearance(), [&[0, 4][..], &[1, 3], &[2]]);
        assert!(!groups.are_single() && Groups::each(12).are_single());
    }

    proptest! {
        /// Rows share a number if and only if they share a name, and numbers follow names.
        #[test]
        fn numbers_order_rows_as_names_do(names in prop::collection::vec("[a-d]{1,2}", 0..30)) {
            let groups = Groups::of(&names);
            for (i, own) in names.iter().enumerate() {
                prop_assert_eq!(groups.name(i), own);
                prop_assert!(groups.members()[groups.numbers()[i]].contains(&i));
                for (j, other) in names.iter().enumerate() {
                    prop_assert_eq!(groups.numbers()[i].cmp(&groups.numbers()[j]), own.cmp(other));
                }
            }
        }

        /// Selected rows have the groups that their names alone would give.
        #[test]
        fn selected_rows_are_numbered_anew(rows in prop::collection::vec(("[a-d]", any::<bool>()), 0..30)) {
            let names: Vec<&String> = rows.iter().map(|(name, _)| name).collect();
            let chosen: Vec<usize> = (0..rows.len()).rev().filter(|&row| rows[row].1).collect();
            let own: Vec<&String> = chosen.iter().map(|&row| names[row]).collect();
            prop_assert_eq!(Groups::of(&names).select(&chosen), Groups::of(&own));
        }
    }
}
