//! The rows that decide how a whole table is read: mostly the first ones.

use super::super::columns::is_missing;
use super::super::header::Header;
use super::super::lines::Lines;
use super::super::record::Record;

/// Different texts of a column looked at.
pub(super) const TEXTS: usize = 100;

/// The rows of a table by which is decided how all are read; none whose structure is broken.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    pub(in super::super) rows: Vec<Record>,
    /// Whether they are from all of the table, and not only the first.
    pub(in super::super) is_whole: bool,
}

impl Sample {
    /// Rows looked at.
    pub(in super::super) const ROWS: usize = 500;

    /// Bytes looked at, about; a row may hold whole reads and their alignments.
    pub(in super::super) const BYTES: usize = 1 << 20;

    /// The first rows.
    pub(in super::super) fn of(lines: &mut Lines, header: &Header) -> Self {
        let expected = 1..=header.names.len();
        let mut rows = Vec::new();
        let ahead = lines.look_ahead(Self::ROWS, Self::BYTES);
        let bytes: usize = ahead.iter().map(Vec::len).sum();
        let is_whole = ahead.len() < Self::ROWS && bytes < Self::BYTES;
        for line in ahead {
            let mut record = Record::of_line(line.clone());
            if !record.is_blank(header.delimiter)
                && record.split(header.delimiter, &expected).is_ok()
            {
                rows.push(record);
            }
        }
        Self { rows, is_whole }
    }

    /// The values of a column, without words for "no value".
    pub(super) fn values(&self, at: usize) -> impl Iterator<Item = &[u8]> {
        self.rows.iter().map(move |row| row.field(at)).filter(|value| !is_missing(value))
    }

    /// Whether a column has a value in any row.
    pub(super) fn has_values(&self, at: usize) -> bool {
        self.values(at).next().is_some()
    }

    /// The different values of a column as text, the first of them.
    pub(super) fn texts(&self, at: usize) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for value in self.values(at) {
            if texts.len() == TEXTS {
                break;
            }
            if !texts.iter().any(|known| known.as_bytes() == value) {
                texts.push(String::from_utf8_lossy(value).into_owned());
            }
        }
        texts
    }
}
