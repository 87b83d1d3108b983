//! The rows of a table whose quoted fields may hold line breaks, as curators write them.

use std::io::{BufReader, Cursor, Read as _};
use std::path::{Path, PathBuf};

use memchr::memchr;

use super::error::AntigenError;
use super::layout::needs_second;
use crate::format::fault::Fault;
use crate::format::header::Header;
use crate::format::lines::Lines;
use crate::format::opened::{self, Text, TextFile};
use crate::format::record::Record;
use crate::format::{ReadError, ReadOptions};

/// Lines that one row may have, and bytes that a row of several lines may have.
const MAX_LINES: usize = 200;
const MAX_BYTES: usize = 1 << 20;

/// A table whose header has been read.
pub(super) struct Rows {
    source: TextFile,
    lines: Lines,
    /// Names of the columns; those of two rows are joined.
    pub(super) names: Vec<String>,
    /// Line of the header.
    pub(super) header: u64,
    delimiter: u8,
    pub(super) record: Record,
}

impl Rows {
    /// Opens a table and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self, AntigenError> {
        let Text { source, head, rest } = opened::text(path, &ReadOptions::default())?;
        if let Some(position) = head.iter().position(|&byte| byte == 0) {
            return Err(ReadError::Binary { path: source.path, position }.into());
        }
        let begin = head.clone();
        let reader = Box::new(BufReader::with_capacity(1 << 16, Cursor::new(head).chain(rest)));
        let lines = Lines::new(reader, &begin);
        let record = Record::default();
        let (names, delimiter) = (Vec::new(), b'\t');
        let mut rows = Self { source, lines, names, header: 0, delimiter, record };
        let header = rows.header_line()?;
        (rows.names, rows.header, rows.delimiter) = (header.names, header.line, header.delimiter);
        if needs_second(&rows.names) {
            let second = rows.header_line()?;
            let names = second.names.into_iter().map(Some).chain(std::iter::repeat(None));
            let joined = rows.names.iter().zip(names);
            rows.names = joined.map(|(a, b)| format!("{a} {}", b.unwrap_or_default())).collect();
        }
        Ok(rows)
    }

    /// The next line that is not blank, as a header.
    fn header_line(&mut self) -> Result<Header, AntigenError> {
        while self.line()? {
            if !self.record.text.trim_ascii().is_empty() {
                return Ok(Header::parse(&self.record.text, self.lines.number));
            }
        }
        Err(ReadError::Empty { path: self.path() }.into())
    }

    pub(super) fn path(&self) -> PathBuf {
        self.source.path.clone()
    }

    /// Reads a line into the record; false at the end of the table.
    fn line(&mut self) -> Result<bool, AntigenError> {
        let more = self.lines.read(&mut self.record.text);
        let number = self.lines.number;
        let fault =
            |err| ReadError::from_io(err, &self.source.path, number, self.source.compression);
        Ok(more.map_err(fault)?)
    }

    /// Splits the next row into the fields of the record; false at the end of the table.
    pub(super) fn next(&mut self) -> Result<bool, AntigenError> {
        loop {
            if !self.line()? {
                return Ok(false);
            }
            if !self.record.is_blank(self.delimiter) {
                break;
            }
        }
        let (first, width) = (self.lines.number, self.names.len());
        let is_whole = self.join()?;
        let mut result = self.record.split(self.delimiter, &(width..=width));
        if !is_whole {
            result = result.and(Err(Fault::Quote { at: width - 1 }));
        }
        result.map_err(|fault| fault.at(self.path(), first, &self.names))?;
        Ok(true)
    }

    /// Adds lines to the record as long as it ends inside of a quoted field; false if that has no end.
    fn join(&mut self) -> Result<bool, AntigenError> {
        for _ in 0..MAX_LINES {
            if self.delimiter == b'\t' || !ends_inside_quotes(&self.record.text, self.delimiter) {
                return Ok(true);
            }
            let mut text = std::mem::take(&mut self.record.text);
            if text.len() > MAX_BYTES || !self.line()? {
                self.record.text = text;
                return Ok(false);
            }
            text.push(b'\n');
            text.append(&mut self.record.text);
            self.record.text = text;
        }
        Ok(false)
    }
}

/// Whether a field of `text` begins with a quotation mark that is not closed.
fn ends_inside_quotes(text: &[u8], delimiter: u8) -> bool {
    let mut rest = text;
    loop {
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            rest = quoted;
            // Two quotation marks are one inside of the field.
            loop {
                let Some(at) = memchr(b'"', rest) else { return true };
                rest = &rest[at + 1..];
                match rest.strip_prefix(b"\"") {
                    Some(more) => rest = more,
                    None => break,
                }
            }
        }
        let Some(at) = memchr(delimiter, rest) else { return false };
        rest = &rest[at + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_ends_behind_its_second_quotation_mark() {
        for closed in
            ["", "a,b", "\"a\",b", "\"a,\"\"b\"\"\",c", "a,5\" x", "\"\"", "\"\"\"\",b", "\"a\"b,c"]
        {
            assert!(!ends_inside_quotes(closed.as_bytes(), b','), "{closed}");
        }
        for open in ["\"", "a,\"b", "\"a,b", "\"a\"\"", "\"a\",\"b,c", "\"\"\""] {
            assert!(ends_inside_quotes(open.as_bytes(), b','), "{open}");
        }
    }
}
