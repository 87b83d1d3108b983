//! Tables that a run wrote.
//!
//! # Examples
//!
//! ```
//! use reperio_report::tsv::Table;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("table.tsv");
//! std::fs::write(&path, "id\tlogit\na\t0.5\nb\t\n")?;
//! let table = Table::read(&path, usize::MAX)?;
//! assert_eq!(table.text("id")?, ["a", "b"]);
//! assert_eq!(table.numbers("logit")?, [Some(0.5), None]);
//! # Ok(())
//! # }
//! ```

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::ReportError;
use crate::folder::{content, unreadable};

/// A table, column by column.
pub struct Table {
    path: PathBuf,
    names: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

impl Table {
    /// Reads the first `most` rows of a tab-separated file, gzipped if its name ends in `.gz`.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or rows differ in length.
    pub fn read(path: &Path, most: usize) -> Result<Self, ReportError> {
        let file = File::open(path).map_err(|source| unreadable(path, source))?;
        let gzip = path.extension().is_some_and(|extension| extension == "gz");
        let source: Box<dyn Read> =
            if gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').from_reader(source);
        let names = reader.headers().map_err(|err| content(path, &err))?;
        let names = names.iter().map(str::to_owned).collect();
        let rows = reader.records().take(most).collect::<Result<_, _>>();
        let rows = rows.map_err(|err| content(path, &err))?;
        Ok(Self { path: path.to_owned(), names, rows })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The error for a field that is not what it should be.
    pub fn wrong(&self, row: usize, name: &str, field: &str, expected: &str) -> ReportError {
        let problem = format!("line {}: `{name}` is {field:?}, expected {expected}", row + 2);
        content(&self.path, &problem)
    }

    /// A column of text, if the table has it.
    pub fn optional(&self, name: &str) -> Option<Vec<&str>> {
        let at = self.names.iter().position(|own| own == name)?;
        Some(self.rows.iter().map(|row| row.get(at).unwrap_or_default()).collect())
    }

    /// A column of text.
    ///
    /// # Errors
    ///
    /// If the table does not have it.
    pub fn text(&self, name: &str) -> Result<Vec<&str>, ReportError> {
        let missing = || content(&self.path, &format!("no column `{name}`"));
        self.optional(name).ok_or_else(missing)
    }

    /// A column of numbers; an empty field is none.
    ///
    /// # Errors
    ///
    /// If the table does not have it, or names the first field that is no finite number.
    pub fn numbers(&self, name: &str) -> Result<Vec<Option<f64>>, ReportError> {
        let number = |(row, field): (usize, &str)| {
            if field.is_empty() {
                return Ok(None);
            }
            let number = field.parse().ok().filter(|number: &f64| number.is_finite());
            number.map(Some).ok_or_else(|| self.wrong(row, name, field, "a number"))
        };
        self.text(name)?.into_iter().enumerate().map(number).collect()
    }
}

/// The text of a table with these names and rows.
pub(crate) fn text(names: &[&str], rows: &[Vec<String>]) -> String {
    let mut writer = csv::WriterBuilder::new().delimiter(b'\t').from_writer(Vec::new());
    let written = writer
        .write_record(names)
        .and_then(|()| rows.iter().try_for_each(|row| writer.write_record(row)));
    written.expect("every row has a field for each name");
    let bytes = writer.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).expect("made of text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_checked_and_what_is_wrong_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.tsv");
        std::fs::write(&path, "id\tvalue\nfirst\t1.5\n\"a\tb\"\t\nthird\tmany\n").unwrap();
        let table = Table::read(&path, 2).unwrap();
        assert_eq!(table.text("id").unwrap(), ["first", "a\tb"]);
        assert_eq!(table.numbers("value").unwrap(), [Some(1.5), None]);
        let table = Table::read(&path, usize::MAX).unwrap();
        let problem = table.numbers("value").unwrap_err().to_string();
        assert!(problem.ends_with("line 4: `value` is \"many\", expected a number"), "{problem}");
        assert!(table.numbers("other").unwrap_err().to_string().ends_with("no column `other`"));
    }
}
