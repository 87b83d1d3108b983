//! The column names of a table.

use std::collections::HashMap;

use super::record::Record;

/// The column names of a file.
#[derive(Debug)]
pub(crate) struct Header {
    /// As written, without surrounding space.
    pub(crate) names: Vec<String>,
    index: HashMap<String, usize>,
    pub(crate) line: u64,
    pub(crate) delimiter: u8,
    /// Whether it is not UTF-8 and was read as Latin-1.
    pub(super) latin: bool,
}

impl Header {
    fn new(names: Vec<String>, line: u64, delimiter: u8, latin: bool) -> Self {
        let mut index = HashMap::new();
        for (at, name) in names.iter().enumerate() {
            index.entry(name.to_ascii_lowercase()).or_insert(at);
        }
        Self { names, index, line, delimiter, latin }
    }

    /// Splits a header line at the separator it uses most plausibly: tab, else comma, else semicolon.
    ///
    /// The names that formats have are ASCII. So a header that is not UTF-8 is read as Latin-1: whatever the
    /// other bytes mean, they are in columns that no format reads.
    pub(crate) fn parse(raw: &[u8], line: u64) -> Self {
        let utf8 = std::str::from_utf8(raw).ok().map(str::to_owned);
        let latin = utf8.is_none();
        let text = utf8.unwrap_or_else(|| raw.iter().map(|&byte| char::from(byte)).collect());
        let delimiter = [b'\t', b',', b';'].into_iter().find(|byte| text.as_bytes().contains(byte));
        let delimiter = delimiter.unwrap_or(b'\t');
        let mut record = Record::of_line(text.into_bytes());
        let names = match record.split(delimiter, &(0..=usize::MAX)) {
            Ok(()) => (0..record.len()).map(|at| record.field(at)).map(own_text).collect(),
            Err(_) => Vec::new(),
        };
        Self::new(names, line, delimiter, latin)
    }

    /// The same header with other names.
    pub(super) fn with_names(&self, names: Vec<String>) -> Self {
        Self::new(names, self.line, self.delimiter, self.latin)
    }

    /// Position of a column, by its name in lower case.
    pub(super) fn find(&self, lower_case: &str) -> Option<usize> {
        self.index.get(lower_case).copied()
    }

    /// Position of a column that a person named, exactly or else but for its case.
    pub(super) fn find_named(&self, name: &str) -> Option<usize> {
        let exact = self.names.iter().position(|candidate| candidate == name);
        exact.or_else(|| self.find(&name.to_ascii_lowercase()))
    }

    /// Positions of those of `names` that are there.
    pub(super) fn all(&self, names: &[&str]) -> Vec<usize> {
        names.iter().filter_map(|name| self.find(name)).collect()
    }

    /// Whether another column has the name of column `at`.
    pub(super) fn repeats(&self, at: usize) -> bool {
        let name = &self.names[at];
        self.names.iter().filter(|other| other.eq_ignore_ascii_case(name)).count() > 1
    }
}

fn own_text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}
