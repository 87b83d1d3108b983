//! Tables that are written: tab-separated, all at once or not at all.

use std::fmt::{Display, Write as _};
use std::io::Write as _;
use std::path::Path;

use crate::atomic::{self, WriteError};

/// A field of a table.
pub(crate) enum Cell {
    /// No value: nothing at all.
    Missing,
    /// A whole number.
    Number(u64),
    /// A text; an empty one is written as two quotes, so that it is no missing value.
    Text(String),
}

impl Cell {
    /// The text of `value`.
    pub(crate) fn text(value: &(impl Display + ?Sized)) -> Self {
        Self::Text(value.to_string())
    }

    fn append(&self, line: &mut String) {
        match self {
            Self::Missing => {}
            Self::Number(number) => {
                let _ = write!(line, "{number}"); // A string takes any text.
            }
            Self::Text(text) if text.is_empty() || text.contains(['\t', '\n', '\r', '"']) => {
                let _ = write!(line, "\"{}\"", text.replace('"', "\"\""));
            }
            Self::Text(text) => line.push_str(text),
        }
    }
}

/// Writes the table of `columns` and `rows`, which have a cell for each of them.
pub(crate) fn write_tsv(
    path: &Path,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Result<(), WriteError> {
    let mut text = columns.join("\t");
    text.push('\n');
    for row in rows {
        for (i, cell) in row.iter().enumerate() {
            if i > 0 {
                text.push('\t');
            }
            cell.append(&mut text);
        }
        text.push('\n');
    }
    atomic::write(path, |file| file.write_all(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_row_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.tsv");
        let texts = ["a b", "a\tb", "a \"b\"", "a\nb", ""].map(Cell::text);
        let row: Vec<_> = texts.into_iter().chain([Cell::Missing, Cell::Number(7)]).collect();
        write_tsv(&path, &["p", "q", "r", "s", "t", "u", "v"], [row].into_iter()).unwrap();
        let expected = "p\tq\tr\ts\tt\tu\tv\na b\t\"a\tb\"\t\"a \"\"b\"\"\"\t\"a\nb\"\t\"\"\t\t7\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    }
}
