//! Splits in a file: `repertoire_id` and `fold`, one row per repertoire; an empty fold is never held out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Item;
use crate::atomic::WriteError;
use crate::table::{self, TableError, quoted};

/// The fold of each repertoire, `None` for one that is only trained on; folds are numbered 0, 1, .. without
/// a gap.
///
/// # Examples
///
/// ```
/// use reperio_data::split::{Item, Splits};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let item = |id: &str| Item { id: id.to_owned(), stratum: String::new(), group: id.to_owned() };
/// let items = [item("a"), item("b"), item("c")];
/// let splits = Splits::new(&items, &[Some(0), Some(1), None]);
/// let path = folder.path().join("folds.tsv");
/// splits.write(&path)?;
/// assert_eq!(Splits::read(&path)?.of(&items)?, [Some(0), Some(1), None]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splits {
    /// Fold by `repertoire_id`.
    pub folds: BTreeMap<String, Option<usize>>,
}

/// Why a table of splits could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SplitsError {
    /// The table itself is broken.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A column is missing.
    #[error("{path}:1: columns {}, expected `repertoire_id` and `fold`", quoted(found))]
    Columns {
        /// File being read.
        path: PathBuf,
        /// Columns found.
        found: Vec<String>,
    },
    /// A fold is not a number.
    #[error(
        "{path}:{line}: fold {found:?}, expected a whole number from 0, or nothing if the repertoire is only trained on"
    )]
    Fold {
        /// File being read.
        path: PathBuf,
        /// 1-based line in the file, header included.
        line: u64,
        /// Value found.
        found: String,
    },
    /// A repertoire with two rows.
    #[error("{path}:{line}: {id:?} appears again, expected one row per repertoire")]
    Twice {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the second row.
        line: u64,
        /// The repertoire.
        id: String,
    },
    /// Nothing is held out, or nothing is left to train on.
    #[error(
        "{path}: {folds} folds, expected at least 2, or 1 together with repertoires without a fold"
    )]
    TooFewFolds {
        /// File being read.
        path: PathBuf,
        /// Folds found.
        folds: usize,
    },
    /// The table does not fit the cohort.
    #[error("the splits do not fit the cohort: {}", mismatch(unknown, missing, divided))]
    Mismatch {
        /// Repertoires of the table that the cohort does not have.
        unknown: Vec<String>,
        /// Repertoires of the cohort that the table does not have.
        missing: Vec<String>,
        /// Groups with repertoires in more than one fold.
        divided: Vec<String>,
    },
}

fn mismatch(unknown: &[String], missing: &[String], divided: &[String]) -> String {
    let faults = [
        ("not in the cohort", unknown),
        ("without a fold", missing),
        ("groups in more than one fold", divided),
    ];
    let faults = faults.into_iter().filter(|(_, names)| !names.is_empty());
    faults
        .map(|(fault, names)| format!("{fault}: {}", quoted(names)))
        .collect::<Vec<_>>()
        .join("; ")
}

impl Splits {
    /// The splits that put each of `items` into the fold of the same place.
    ///
    /// # Panics
    ///
    /// If the slices differ in length.
    pub fn new(items: &[Item], folds: &[Option<usize>]) -> Self {
        assert_eq!(items.len(), folds.len(), "one fold an item");
        let rows = items.iter().zip(folds).map(|(item, &fold)| (item.id.clone(), fold));
        Self { folds: rows.collect() }
    }

    /// Reads a table of splits. Fold numbers with gaps are renumbered from 0 in their order.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, a column is missing, a fold is not a number, a repertoire occurs
    /// twice, or there are fewer than 2 folds.
    pub fn read(path: &Path) -> Result<Self, SplitsError> {
        let table = table::read(path, &["repertoire_id"])?;
        let place = |name: &str| table.columns.iter().position(|column| column == name);
        let (Some(id), Some(fold)) = (place("repertoire_id"), place("fold")) else {
            return Err(SplitsError::Columns { path: path.to_owned(), found: table.columns });
        };
        let mut numbers: BTreeMap<String, Option<usize>> = BTreeMap::new();
        for (line, row) in table.rows {
            let path = path.to_owned();
            let number = match row[fold].as_str() {
                "" => None,
                number => match number.parse() {
                    Ok(number) => Some(number),
                    Err(_) => {
                        return Err(SplitsError::Fold { path, line, found: row[fold].clone() });
                    }
                },
            };
            if numbers.insert(row[id].clone(), number).is_some() {
                return Err(SplitsError::Twice { path, line, id: row[id].clone() });
            }
        }
        let parts: BTreeSet<Option<usize>> = numbers.values().copied().collect();
        let distinct: BTreeSet<usize> = parts.iter().copied().flatten().collect();
        if parts.len() < 2 {
            return Err(SplitsError::TooFewFolds { path: path.to_owned(), folds: distinct.len() });
        }
        let rank = |number: usize| distinct.range(..number).count();
        let ranked = numbers.into_iter().map(|(id, number)| (id, number.map(rank)));
        Ok(Self { folds: ranked.collect() })
    }

    /// Writes the table as TSV, sorted by id, all at once or not at all.
    ///
    /// # Errors
    ///
    /// Names the file if it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let fold = |fold: Option<usize>| fold.map_or_else(String::new, |fold| fold.to_string());
        let rows = self.folds.iter().map(|(id, own)| vec![id.clone(), fold(*own)]);
        table::write_tsv(path, &["repertoire_id", "fold"], rows)
    }

    /// Number of folds.
    pub fn len(&self) -> usize {
        self.folds.values().flatten().max().map_or(0, |last| last + 1)
    }

    /// Whether there is no fold.
    pub fn is_empty(&self) -> bool {
        self.folds.is_empty()
    }

    /// The fold of each item, `None` for one that is only trained on.
    ///
    /// # Errors
    ///
    /// Lists every repertoire that is only in the table or only in the cohort, and every group that the folds split.
    pub fn of(&self, items: &[Item]) -> Result<Vec<Option<usize>>, SplitsError> {
        let known: BTreeSet<&String> = items.iter().map(|item| &item.id).collect();
        let unknown = self.folds.keys().filter(|id| !known.contains(id)).cloned().collect();
        let missing: Vec<String> =
            known.into_iter().filter(|id| !self.folds.contains_key(*id)).cloned().collect();
        let mut of_group: BTreeMap<&String, BTreeSet<Option<usize>>> = BTreeMap::new();
        for item in items {
            of_group.entry(&item.group).or_default().extend(self.folds.get(&item.id));
        }
        let divided = of_group.into_iter().filter(|(_, folds)| folds.len() > 1);
        let error = SplitsError::Mismatch {
            unknown,
            missing,
            divided: divided.map(|(group, _)| group.clone()).collect(),
        };
        match &error {
            SplitsError::Mismatch { unknown, missing, divided }
                if unknown.is_empty() && missing.is_empty() && divided.is_empty() => {}
            _ => return Err(error),
        }
        Ok(items.iter().map(|item| self.folds[&item.id]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn items() -> Vec<Item> {
        let item = |id: &str, group: &str| Item {
            id: id.to_owned(),
            stratum: String::new(),
            group: group.to_owned(),
        };
        vec![item("b", "y"), item("a", "x"), item("c", "y")]
    }

    fn check(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("splits.tsv");
        std::fs::write(&path, text).unwrap();
        match Splits::read(&path).and_then(|splits| splits.of(&items())) {
            Ok(folds) => {
                let name = |fold: &Option<usize>| fold.map_or("-".to_owned(), |f| f.to_string());
                folds.iter().map(name).collect::<Vec<_>>().join(" ")
            }
            Err(err) => err.to_string().replace(&format!("{}/", folder.path().display()), ""),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("splits.tsv");
        let splits = Splits::new(&items(), &[Some(0), None, Some(0)]);
        splits.write(&path).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "repertoire_id\tfold\na\t\nb\t0\nc\t0\n"
        );
        let read = Splits::read(&path).unwrap();
        assert_eq!(read, splits);
        assert_eq!(read.len(), 1);
        assert_eq!(read.of(&items()).unwrap(), [Some(0), None, Some(0)]);
    }

    #[test]
    fn tables_that_do_not_fit_are_refused() {
        assert_snapshot!(check("repertoire_id\tfold\na\t1\nb\t5\nc\t5\n"), @"1 0 1");
        assert_snapshot!(check("repertoire_id\tfold\na\t\nb\t5\nc\t5\n"), @"0 - 0");
        assert_snapshot!(check("repertoire_id\tfold\na\t1\nb\t2\nd\t3\ne\t3\n"), @r#"the splits do not fit the cohort: not in the cohort: "d", "e"; without a fold: "c""#);
        assert_snapshot!(check("repertoire_id\tfold\na\t0\nb\t1\nc\t0\n"), @r#"the splits do not fit the cohort: groups in more than one fold: "y""#);
        assert_snapshot!(check("id\tfold\na\t0\n"), @r#"splits.tsv:1: columns "id", "fold", expected `repertoire_id` and `fold`"#);
        assert_snapshot!(check("repertoire_id\tfold\na\t0\nb\ttest\n"), @r#"splits.tsv:3: fold "test", expected a whole number from 0, or nothing if the repertoire is only trained on"#);
        assert_snapshot!(check("repertoire_id\tfold\na\t0\na\t1\n"), @r#"splits.tsv:3: "a" appears again, expected one row per repertoire"#);
        assert_snapshot!(check("repertoire_id\tfold\na\t0\nb\t0\nc\t0\n"), @"splits.tsv: 1 folds, expected at least 2, or 1 together with repertoires without a fold");
    }
}
