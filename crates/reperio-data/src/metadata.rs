//! Metadata: the table of labels and covariates, one row per repertoire.
//!
//! `metadata.tsv` or `.csv`, separated by tabs, commas or semicolons, in UTF-8 or UTF-16; comments (`#`) and the
//! line `sep=;` may come before its header. One column holds the ids
//! ([`ID_COLUMNS`]; without one, ids come from the names of files). Every other column can be a target or
//! a covariate, except the column of files ([`FILE_COLUMNS`]). Rows with only separators are
//! blank, and row names as R writes them are left out. The table is read with the `csv` crate, so that errors can
//! name the line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::format;
use crate::missing::is_missing;
use crate::table::{self, TableError, duplicates, plain, quoted};

/// Names of the id column, best first; letter case and `_`, `-`, `.`, space do not matter.
pub const ID_COLUMNS: [&str; 7] =
    ["repertoire_id", "sample_id", "id", "sample", "sample_name", "identifier", "run_id"];

/// Names of the column that says which file holds a repertoire, best first; letter case and `_`, `-`, `.`, `#`,
/// space do not matter.
pub const FILE_COLUMNS: [&str; 4] = ["filename", "file", "file_path", "path"];

/// Labels and covariates of repertoires, as text; a column with its name holds one value per row.
///
/// Invariants: ids are distinct, and so are the names of columns; each column has a value, or none, for each id; no
/// value is a word for "no value".
///
/// # Examples
///
/// ```
/// use reperio_data::metadata::Metadata;
///
/// let ids = vec!["a".to_owned(), "b".to_owned()];
/// let status = ("status".to_owned(), vec![Some("case".to_owned()), None]);
/// let metadata = Metadata::from_columns(ids, vec![status]).expect("one value an id");
/// assert_eq!(metadata.column("status").map(<[_]>::len), Some(metadata.len()));
/// assert_eq!(metadata.column("age"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    ids: Vec<String>,
    /// Columns other than the id; `None` is a missing value.
    columns: Vec<(String, Vec<Option<String>>)>,
}

/// The rows of a table, by id.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    table: &'a Metadata,
    places: BTreeMap<&'a str, usize>,
}

impl<'a> Rows<'a> {
    /// The row of repertoire `id`; an empty one if the table has none.
    pub fn of(&self, id: &str) -> Row<'a> {
        Row { found: self.places.get(id).map(|&row| (self.table, row)) }
    }
}

/// What a table says of one repertoire.
///
/// # Examples
///
/// ```
/// use reperio_data::metadata::Metadata;
///
/// let age = ("age".to_owned(), vec![Some("41".to_owned())]);
/// let metadata = Metadata::from_columns(vec!["a".to_owned()], vec![age]).expect("one value an id");
/// assert_eq!(metadata.rows().of("a").value("age"), Some("41"));
/// assert_eq!(metadata.rows().of("b").value("age"), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    found: Option<(&'a Metadata, usize)>,
}

impl<'a> Row<'a> {
    /// The value of `column`; none if it is missing, or there is no such column.
    pub fn value(&self, column: &str) -> Option<&'a str> {
        let (table, row) = self.found?;
        table.column(column)?[row].as_deref()
    }
}

/// Why a metadata table could not be used. Every message lists all faults of its kind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The table itself is broken.
    #[error(transparent)]
    Table(#[from] TableError),
    /// No column can be the id.
    #[error("{path}: no id column among {}, expected one of {}", quoted(found), ID_COLUMNS.join(", "))]
    NoIdColumn {
        /// File being read.
        path: PathBuf,
        /// Columns found.
        found: Vec<String>,
    },
    /// Rows without an id.
    #[error("{path}: no `{column}` in line {}", lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))]
    MissingIds {
        /// File being read.
        path: PathBuf,
        /// The id column.
        column: String,
        /// Lines without an id.
        lines: Vec<u64>,
    },
    /// Ids on more than one row.
    #[error("{path}: `{column}` {} on more than one row, expected distinct ids", quoted(ids))]
    DuplicateIds {
        /// File being read.
        path: PathBuf,
        /// The id column.
        column: String,
        /// Each id that occurs more than once.
        ids: Vec<String>,
    },
    /// No row.
    #[error("{path}: a header but no rows, expected one row per repertoire")]
    NoRows {
        /// File being read.
        path: PathBuf,
    },
}

impl Metadata {
    /// The table of these ids and columns, or `None` if ids or names repeat or a column does not have one value per id.
    /// Words that mean "no value" in a file (`NA`, `unknown`, ...) are missing values here, too.
    pub fn from_columns(
        ids: Vec<String>,
        mut columns: Vec<(String, Vec<Option<String>>)>,
    ) -> Option<Self> {
        let names = columns.iter().map(|(name, _)| name);
        let are_distinct = duplicates(&ids).is_empty() && duplicates(names).is_empty();
        let are_whole = columns.iter().all(|(_, values)| values.len() == ids.len());
        for value in columns.iter_mut().flat_map(|(_, values)| values) {
            value.take_if(|text| is_missing(text));
        }
        (are_distinct && are_whole).then_some(Self { ids, columns })
    }

    /// Reads a metadata table; rows stay in the order of the file.
    ///
    /// # Examples
    ///
    /// ```
    /// use reperio_data::metadata::Metadata;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("metadata.csv");
    /// std::fs::write(&path, "sample,status,age\na,case,NA\n")?;
    /// let metadata = Metadata::read(&path)?;
    /// assert_eq!(metadata.ids(), ["a"]);
    /// assert_eq!(metadata.column("age"), Some(&[None][..]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not a table, a row has a wrong number of fields, column names or
    /// ids repeat, or there is no id column, no id in a row, or no row at all.
    pub fn read(path: &Path) -> Result<Self, MetadataError> {
        let table = table::read(path, &[&ID_COLUMNS[..], &FILE_COLUMNS].concat())?;
        let Some(id) = id_column(&table.columns) else {
            return Err(MetadataError::NoIdColumn { path: path.to_owned(), found: table.columns });
        };
        let column = table.columns[id].clone();
        let path = || path.to_owned();
        let missing = |row: &&(u64, Vec<String>)| is_missing(&row.1[id]);
        let lines: Vec<u64> = table.rows.iter().filter(missing).map(|(line, _)| *line).collect();
        if !lines.is_empty() {
            return Err(MetadataError::MissingIds { path: path(), column, lines });
        }
        let mut ids: Vec<String> = table.rows.iter().map(|(_, row)| row[id].clone()).collect();
        let by_file = file_column(&table.columns) == Some(id);
        if by_file {
            ids =
                ids.iter().map(|name| format::repertoire_id(Path::new(file_name(name)))).collect();
        }
        if ids.is_empty() {
            return Err(MetadataError::NoRows { path: path() });
        }
        let twice = duplicates(&ids);
        if !twice.is_empty() {
            return Err(MetadataError::DuplicateIds { path: path(), column, ids: twice });
        }
        let mut columns = Vec::new();
        for (c, name) in table.columns.iter().enumerate() {
            // An unnamed column is a row number, as R writes it.
            if !name.is_empty() && (c != id || by_file) {
                columns.push((
                    name.clone(),
                    table.rows.iter().map(|(_, row)| value(&row[c])).collect(),
                ));
            }
        }
        Ok(Self { ids, columns })
    }

    /// Repertoire ids, one per row.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The columns other than the id, each with its name; `None` is a missing value.
    pub fn columns(&self) -> &[(String, Vec<Option<String>>)] {
        &self.columns
    }

    /// Gives row `row` the id that its repertoire has.
    pub(crate) fn rename(&mut self, row: usize, id: &str) {
        id.clone_into(&mut self.ids[row]);
    }

    /// The rows, to be found by their ids.
    pub fn rows(&self) -> Rows<'_> {
        let places = self.ids.iter().enumerate().map(|(row, id)| (id.as_str(), row));
        Rows { table: self, places: places.collect() }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Values of the column `name`, in the order of [`Self::ids`].
    pub fn column(&self, name: &str) -> Option<&[Option<String>]> {
        self.columns.iter().find(|(own, _)| own == name).map(|(_, values)| values.as_slice())
    }

    /// The name and the values of the column that says which file holds a repertoire.
    pub(crate) fn files(&self) -> Option<(&str, &[Option<String>])> {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let (name, values) = &self.columns[file_column(&names)?];
        Some((name, values))
    }

    /// One row for each of `ids`: that of `newer` where it has one, else the own one, else an empty one.
    ///
    /// Own columns that `newer` lacks stay, behind its columns, where a row still has a value.
    pub(crate) fn updated(&self, newer: &Self, ids: &[String]) -> Self {
        let places = |table: &Self| -> BTreeMap<String, usize> {
            table.ids.iter().enumerate().map(|(row, id)| (id.clone(), row)).collect()
        };
        let (old_rows, new_rows) = (places(self), places(newer));
        let values = |name: &str| -> Vec<Option<String>> {
            let (old, new) = (self.column(name), newer.column(name));
            let value = |id: &String| match new_rows.get(id) {
                Some(&row) => new.and_then(|column| column[row].clone()),
                None => old.zip(old_rows.get(id)).and_then(|(column, &row)| column[row].clone()),
            };
            ids.iter().map(value).collect()
        };
        let mut columns: Vec<_> =
            newer.columns.iter().map(|(name, _)| (name.clone(), values(name))).collect();
        for (name, _) in &self.columns {
            let values = values(name);
            if newer.column(name).is_none() && values.iter().any(Option::is_some) {
                columns.push((name.clone(), values));
            }
        }
        Self { ids: ids.to_vec(), columns }
    }

    /// The rows at `rows`, in that order.
    ///
    /// # Panics
    ///
    /// If a row is out of range.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let columns = self.columns.iter().map(|(name, values)| {
            (name.clone(), rows.iter().map(|&row| values[row].clone()).collect())
        });
        Self {
            ids: rows.iter().map(|&row| self.ids[row].clone()).collect(),
            columns: columns.collect(),
        }
    }
}

/// The last part of a path, also of one written as on Windows.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The text of a field, `None` where it means "no value".
fn value(field: &str) -> Option<String> {
    (!is_missing(field)).then(|| field.to_owned())
}

/// The first of `wanted` among `columns`.
fn place(columns: &[String], wanted: &[&str]) -> Option<usize> {
    let of = |wanted: &&str| columns.iter().position(|name| plain(name) == plain(wanted));
    wanted.iter().find_map(of)
}

fn file_column(columns: &[String]) -> Option<usize> {
    place(columns, &FILE_COLUMNS)
}

fn id_column(columns: &[String]) -> Option<usize> {
    place(columns, &ID_COLUMNS).or_else(|| file_column(columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn check(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metadata.tsv");
        std::fs::write(&path, text).unwrap();
        match Metadata::read(&path) {
            Ok(metadata) => format!("{:?} {:?}", metadata.ids, metadata.columns),
            Err(err) => err.to_string().replace(&format!("{}/", folder.path().display()), ""),
        }
    }

    #[test]
    fn every_way_to_write_nothing_is_a_missing_label() {
        assert_snapshot!(
            check("ID\tstatus\na\t\nb\tNA\nc\tna\nd\tNaN\ne\tnull\nf\tNone\ng\tno\nh\tUnknown\ni\tN/a\nj\tnone\nk\t-\n"),
            @r#"["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"] [("status", [None, None, None, None, None, None, Some("no"), None, None, Some("none"), Some("-")])]"#
        );
    }

    #[test]
    fn words_for_no_value_are_missing_in_memory_too() {
        let values = ["NA", "", " unknown ", "none", "case"].map(|text| Some(text.to_owned()));
        let ids = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        let columns = vec![("status".to_owned(), values.into())];
        let metadata = Metadata::from_columns(ids, columns).unwrap();
        let expected = [None, None, None, Some("none".to_owned()), Some("case".to_owned())];
        assert_eq!(metadata.column("status"), Some(&expected[..]));
    }

    #[test]
    fn the_id_column_has_many_names() {
        assert_snapshot!(check("sample,repertoire_id\nx,a\n"), @r#"["a"] [("sample", [Some("x")])]"#);
        assert_snapshot!(check("age,Sample ID\n5,a\n"), @r#"["a"] [("age", [Some("5")])]"#);
        assert_snapshot!(check("\"\",\"Sample\"\n\"1\",\"a\"\n"), @r#"["a"] []"#);
        assert_snapshot!(check("filename,sex\ndata\\a.tsv,F\n"), @r#"["a"] [("filename", [Some("data\\a.tsv")]), ("sex", [Some("F")])]"#);
        assert_snapshot!(check("# made by me\nSample_Name,sex\na,F\n"), @r#"["a"] [("sex", [Some("F")])]"#);
        assert_snapshot!(check("#file.name\tsample.id\tage\nx.tsv\ta\t5\n"), @r##"["a"] [("#file.name", [Some("x.tsv")]), ("age", [Some("5")])]"##);
        assert_snapshot!(check("filename\tsex\nd/a.b.tsv.gz\tF\n"), @r#"["a.b"] [("filename", [Some("d/a.b.tsv.gz")]), ("sex", [Some("F")])]"#);
    }

    #[test]
    fn newer_rows_replace_older_ones_whole() {
        let table = |ids: &[&str], columns: &[(&str, &[&str])]| Metadata {
            ids: ids.iter().map(ToString::to_string).collect(),
            columns: columns
                .iter()
                .map(|(name, values)| (name.to_string(), values.iter().map(|v| value(v)).collect()))
                .collect(),
        };
        let old = table(&["a", "b"], &[("x", &["1", "2"]), ("y", &["3", ""])]);
        let new = table(&["c", "a"], &[("z", &["5", "6"]), ("x", &["7", ""])]);
        let ids = ["a", "b", "c", "d"].map(str::to_owned);
        let expected =
            table(&["a", "b", "c", "d"], &[("z", &["6", "", "5", ""]), ("x", &["", "2", "7", ""])]);
        assert_eq!(old.updated(&new, &ids), expected);
        assert_eq!(expected.updated(&new, &ids), expected, "a second time changes nothing");
    }

    #[test]
    fn faults_are_listed_at_once() {
        assert_snapshot!(check("age\tsex\n1\tF\n"), @r#"metadata.tsv: no id column among "age", "sex", expected one of repertoire_id, sample_id, id, sample, sample_name, identifier, run_id"#);
        assert_snapshot!(check("id\ta\nx\t1\n\t2\nNA\t3\n"), @"metadata.tsv: no `id` in line 3, 4");
        assert_snapshot!(check("id\nx\ny\nx\nz\ny\nx\n"), @r#"metadata.tsv: `id` "x", "y" on more than one row, expected distinct ids"#);
        assert_snapshot!(check("id\tlabel\n"), @"metadata.tsv: a header but no rows, expected one row per repertoire");
    }
}
