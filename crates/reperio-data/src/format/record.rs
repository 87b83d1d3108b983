//! One row as fields.
//!
//! No field of a repertoire table spans lines, so a quotation mark never joins two lines. Tables
//! with tabs mostly do not quote at all, and `MiXCR`'s base qualities may begin with a quotation mark.
//! In such tables, a field is quoted only if it begins and ends with a quotation mark. With commas and
//! semicolons, quotes follow RFC 4180. If that does not give the right number of fields, the other way is tried.

use std::ops::RangeInclusive;

use memchr::{memchr, memchr_iter};

use super::fault::Fault;

/// A way to split a line at a delimiter.
type Way = fn(&mut Record, u8) -> Result<(), Fault>;

/// A line and where its fields are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// The line, followed by the fields that differ from their text in it.
    pub(crate) text: Vec<u8>,
    bounds: Vec<(usize, usize)>,
}

impl Record {
    /// A line that has not been split.
    pub(crate) fn of_line(text: Vec<u8>) -> Self {
        Self { text, bounds: Vec::new() }
    }

    /// A row of one field.
    pub(super) fn of_one(field: &[u8]) -> Self {
        Self { text: field.to_vec(), bounds: vec![(0, field.len())] }
    }

    pub(crate) fn len(&self) -> usize {
        self.bounds.len()
    }

    /// A field without surrounding space; one that is left off is empty.
    pub(crate) fn field(&self, at: usize) -> &[u8] {
        self.bounds.get(at).map_or(&[], |&(from, to)| self.text[from..to].trim_ascii())
    }

    /// Whether the line holds nothing but separators.
    pub(crate) fn is_blank(&self, delimiter: u8) -> bool {
        self.text.iter().all(|byte| matches!(byte, b' ' | b'\r') || *byte == delimiter)
    }

    /// Splits the line `text` into fields, of which there must be as many as `expected` says.
    pub(crate) fn split(
        &mut self,
        delimiter: u8,
        expected: &RangeInclusive<usize>,
    ) -> Result<(), Fault> {
        if memchr(b'"', &self.text).is_none() {
            self.split_plain(delimiter);
            return self.check(expected);
        }
        let line = self.text.len();
        let unquoting = |own: &mut Self, delimiter| {
            own.split_unquoting(delimiter);
            Ok(())
        };
        let mut ways: [Way; 2] = [unquoting, Self::split_quoted];
        if delimiter != b'\t' {
            ways.reverse();
        }
        let mut fault = None;
        for way in ways {
            self.text.truncate(line);
            match way(self, delimiter).and_then(|()| self.check(expected)) {
                Ok(()) => return Ok(()),
                // A quote that is never closed says more than a number of fields.
                Err(new @ Fault::Quote { .. }) => fault = Some(new),
                Err(new) => fault = fault.or(Some(new)),
            }
        }
        Err(fault.expect("both ways have failed"))
    }

    fn check(&self, expected: &RangeInclusive<usize>) -> Result<(), Fault> {
        let found = self.bounds.len();
        if expected.contains(&found) {
            return Ok(());
        }
        Err(Fault::Ragged { found, expected: *expected.end() })
    }

    fn split_plain(&mut self, delimiter: u8) {
        self.bounds.clear();
        let mut from = 0;
        for to in memchr_iter(delimiter, &self.text) {
            self.bounds.push((from, to));
            from = to + 1;
        }
        self.bounds.push((from, self.text.len()));
    }

    /// Splits at every delimiter, then takes away quotation marks around whole fields.
    fn split_unquoting(&mut self, delimiter: u8) {
        self.split_plain(delimiter);
        for at in 0..self.bounds.len() {
            let (from, to) = self.bounds[at];
            let field = &self.text[from..to];
            if field.len() >= 2 && field.starts_with(b"\"") && field.ends_with(b"\"") {
                self.bounds[at] = self.unescaped(from + 1, to - 1);
            }
        }
    }

    /// Splits at delimiters outside of quotation marks.
    fn split_quoted(&mut self, delimiter: u8) -> Result<(), Fault> {
        self.bounds.clear();
        let end = self.text.len();
        let mut from = 0;
        loop {
            if self.text[from..end].first() == Some(&b'"') {
                let at = self.bounds.len();
                let close = self.closing_quote(from + 1, end).ok_or(Fault::Quote { at })?;
                let after = close + 1;
                if after < end && self.text[after] != delimiter {
                    return Err(Fault::Quote { at });
                }
                let field = self.unescaped(from + 1, close);
                self.bounds.push(field);
                from = after + 1;
            } else {
                let to = memchr(delimiter, &self.text[from..end]).map_or(end, |at| from + at);
                self.bounds.push((from, to));
                from = to + 1;
            }
            if from > end {
                return Ok(());
            }
        }
    }

    /// The quotation mark that closes a field; two of them are one inside of it.
    fn closing_quote(&self, mut from: usize, end: usize) -> Option<usize> {
        loop {
            let at = from + memchr(b'"', &self.text[from..end])?;
            if at + 1 == end || self.text[at + 1] != b'"' {
                return Some(at);
            }
            from = at + 2;
        }
    }

    /// Where the content of a quoted field is. Two quotation marks in it are one.
    fn unescaped(&mut self, from: usize, to: usize) -> (usize, usize) {
        let content = &self.text[from..to];
        if memchr(b'"', content).is_none() {
            return (from, to);
        }
        let content = String::from_utf8_lossy(content).replace("\"\"", "\"");
        let start = self.text.len();
        self.text.extend(content.as_bytes());
        (start, self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str, delimiter: u8, fields: usize) -> String {
        let mut record = Record::of_line(line.as_bytes().to_vec());
        match record.split(delimiter, &(fields..=fields)) {
            Ok(()) => {
                let fields = (0..record.len()).map(|at| String::from_utf8_lossy(record.field(at)));
                fields.collect::<Vec<_>>().join("|")
            }
            Err(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn a_quality_that_begins_with_a_quotation_mark_is_a_field() {
        assert_eq!(split("90\t\"]]]\tTRBV9", b'\t', 3), "90|\"]]]|TRBV9");
        assert_eq!(split("\"\t]]\"\tTRBV9", b'\t', 3), "\"|]]\"|TRBV9");
        assert_eq!(split("90,\"]]],TRBV9", b',', 3), "90|\"]]]|TRBV9");
        assert_eq!(split("90,\"]]],TRBV9,\"]]", b',', 4), "90|\"]]]|TRBV9|\"]]");
    }

    #[test]
    fn quoted_fields_lose_their_quotation_marks() {
        assert_eq!(split("\"a\"\t\"TRBV9,TRBV7-2\"\tb", b'\t', 3), "a|TRBV9,TRBV7-2|b");
        assert_eq!(split("\"a\tb\"\tc", b'\t', 2), "a\tb|c");
        assert_eq!(split("\"a,b\",c,\"\"", b',', 3), "a,b|c|");
        assert_eq!(split("\"say \"\"no\"\"\";x;", b';', 3), "say \"no\"|x|");
        assert_eq!(split("a\"b,c", b',', 2), "a\"b|c");
    }

    #[test]
    fn a_quote_that_is_never_closed_names_its_column() {
        assert_eq!(split("a,\"b,c", b',', 2), "Quote { at: 1 }");
        assert_eq!(split("a,\"b\"c,d,e", b',', 3), "Quote { at: 1 }");
        assert_eq!(split("a,b", b',', 3), "Ragged { found: 2, expected: 3 }");
    }
}
