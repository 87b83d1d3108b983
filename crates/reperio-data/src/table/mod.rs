//! Small delimited text tables that users edit: metadata, splits.
//!
//! They are read with the `csv` crate and not with polars. The reader of polars fills short rows with nulls
//! and gives no line number, which a user needs to repair a table. `write_tsv` writes them.

mod write;

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::decode;
use crate::limits::FREE_BYTES;

pub(crate) use write::write_tsv;

/// Why a table could not be read. Every message says where to look.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file is missing or unreadable.
    #[error("cannot read {path}")]
    Io {
        /// File being read.
        path: PathBuf,
        /// Operating-system reason.
        source: io::Error,
    },
    /// More than a person edits, or a device that never ends.
    #[error("{path}: more than {FREE_BYTES} bytes, expected a table of labels or folds")]
    TooLarge {
        /// File being read.
        path: PathBuf,
    },
    /// A text in an encoding that is not read.
    #[error("{path}: a text in {encoding}, expected UTF-8 or UTF-16")]
    Charset {
        /// File being read.
        path: PathBuf,
        /// Its encoding.
        encoding: &'static str,
    },
    /// The bytes are not UTF-8: what other letters they mean cannot be known.
    #[error(
        "{path}:{line}: not UTF-8 (perhaps Latin-1 or Windows-1252), expected a text table in UTF-8 or UTF-16"
    )]
    Encoding {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the first such byte.
        line: usize,
    },
    /// The file has no header.
    #[error("{path}: empty, expected a header line")]
    Empty {
        /// File being read.
        path: PathBuf,
    },
    /// A row has more or fewer fields than the header.
    #[error("{path}:{line}: {found} fields, expected {expected}")]
    Ragged {
        /// File being read.
        path: PathBuf,
        /// 1-based line in the file, header included.
        line: u64,
        /// Fields in this row.
        found: usize,
        /// Fields in the header.
        expected: usize,
    },
    /// Columns that share a name.
    #[error("{path}:1: column {} more than once, expected distinct names", quoted(names))]
    DuplicateColumns {
        /// File being read.
        path: PathBuf,
        /// Each name that occurs more than once.
        names: Vec<String>,
    },
}

/// `"a", "b"`: lists of names in messages.
pub(crate) fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

/// The values that occur more than once, sorted.
pub(crate) fn duplicates<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut sorted: Vec<&String> = names.into_iter().collect();
    sorted.sort_unstable();
    let mut twice: Vec<String> =
        sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone()).collect();
    twice.dedup();
    twice
}

/// A table of text.
#[derive(Debug)]
pub(crate) struct Table {
    /// Distinct column names.
    pub(crate) columns: Vec<String>,
    /// 1-based line and fields of each row, as many as there are columns.
    pub(crate) rows: Vec<(u64, Vec<String>)>,
}

/// Reads a table separated by tabs, commas or semicolons, whichever its header has most of.
///
/// Fields are trimmed; quotes as in RFC 4180; lines that are empty but for separators are skipped, as are comments (`#`)
/// before the header. The header may begin with `#` too if it has one of the columns `known`. A separator that ends each
/// row is none; names of rows for which the header has no name are left out.
pub(crate) fn read(path: &Path, known: &[&str]) -> Result<Table, TableError> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map(|file| file.take(FREE_BYTES + 1));
    let read = file.and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|source| TableError::Io { path: path.to_owned(), source })?;
    if bytes.len() as u64 > FREE_BYTES {
        return Err(TableError::TooLarge { path: path.to_owned() });
    }
    let bytes = decode::whole(bytes)
        .map_err(|encoding| TableError::Charset { path: path.to_owned(), encoding })?;
    let text = std::str::from_utf8(&bytes).map_err(|err| {
        let line = bytes[..err.valid_up_to()].split(|&byte| byte == b'\n').count();
        TableError::Encoding { path: path.to_owned(), line }
    })?;
    parse(path, text, known)
}

fn parse(path: &Path, text: &str, known: &[&str]) -> Result<Table, TableError> {
    let (before, separator) = before_header(text, known);
    let (before, text) = text.split_at(before);
    let lines_before = before.bytes().filter(|&byte| byte == b'\n').count() as u64;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator.unwrap_or_else(|| delimiter(text)))
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.expect("flexible UTF-8 records from memory cannot fail");
        let line = record.position().map_or(0, |position| first_line(text, position));
        let line = lines_before + line;
        rows.push((line, record.iter().map(str::to_owned).collect::<Vec<_>>()));
    }
    if rows.is_empty() {
        return Err(TableError::Empty { path: path.to_owned() });
    }
    let (_, mut columns) = rows.remove(0);
    // Spreadsheet programs write rows of nothing but separators.
    rows.retain(|(_, row)| row.iter().any(|field| !field.is_empty()));
    mend(&mut columns, &mut rows, known);
    let names = duplicates(&columns);
    if !names.is_empty() {
        return Err(TableError::DuplicateColumns { path: path.to_owned(), names });
    }
    let expected = columns.len();
    if let Some((line, row)) = rows.iter().find(|(_, row)| row.len() != expected) {
        let (path, line, found) = (path.to_owned(), *line, row.len());
        return Err(TableError::Ragged { path, line, found, expected });
    }
    Ok(Table { columns, rows })
}

/// Takes away what is of no column: empty fields behind a separator that ends each row, and the names of rows, as R
/// writes them below a header that has no name for them.
fn mend(columns: &mut Vec<String>, rows: &mut [(u64, Vec<String>)], known: &[&str]) {
    let wider = columns.len() + 1;
    if !rows.is_empty() && rows.iter().all(|(_, row)| row.len() == wider) {
        let are_ended = rows.iter().all(|(_, row)| row[wider - 1].is_empty());
        if are_ended && !may_be_names(rows) {
            for (_, row) in &mut *rows {
                row.pop();
            }
        } else if !are_ended && are_names(columns, rows, known) {
            for (_, row) in &mut *rows {
                row.remove(0);
            }
        }
    }
    while columns.len() > 1
        && columns.last().is_some_and(String::is_empty)
        && rows
            .iter()
            .all(|(_, row)| row.len() == columns.len() && row.last().is_some_and(String::is_empty))
    {
        columns.pop();
        for (_, row) in &mut *rows {
            row.pop();
        }
    }
}

/// Whether the first fields of rows, which have at least two, number the rows or repeat what follows, as names of
/// rows do.
fn may_be_names(rows: &[(u64, Vec<String>)]) -> bool {
    rows.iter().all(|(_, row)| row[0].parse::<u64>().is_ok())
        || rows.iter().all(|(_, row)| row[0] == row[1])
}

/// Whether the first fields of rows that have one more than there are columns are their names: they are distinct, and
/// so are the values of a known column behind them.
fn are_names(columns: &[String], rows: &[(u64, Vec<String>)], known: &[&str]) -> bool {
    let are_distinct = |at: usize| {
        let values = || rows.iter().map(move |(_, row)| &row[at]);
        values().all(|value| !value.is_empty()) && duplicates(values()).is_empty()
    };
    let is_known = |name: &str| known.iter().any(|own| plain(own) == plain(name));
    let mut places = (0..columns.len()).filter(|&at| is_known(&columns[at]));
    are_distinct(0) && places.any(|at| are_distinct(at + 1))
}

/// A name in lower case and without separators, which people write in many ways.
pub fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', '-', '.', ' ', '#'], "")
}

/// Where the header begins, and the separator that a line before it states.
fn before_header(text: &str, known: &[&str]) -> (usize, Option<u8>) {
    let (mut at, mut separator) = (0, None);
    let mut comments: Vec<(usize, &str)> = Vec::new();
    let names = |line: &str| -> Vec<String> {
        let delimiter = char::from(separator_of(line));
        line.split(delimiter).map(|name| plain(name.trim().trim_matches('"'))).collect()
    };
    let is_known =
        |line: &str| names(line).iter().any(|own| known.iter().any(|k| plain(k) == *own));
    for line in text.split_inclusive(['\n', '\r']) {
        if let Some(stated) = stated_separator(line.as_bytes()).filter(|_| separator.is_none()) {
            separator = Some(stated);
        } else if line.trim_start().starts_with('#') {
            comments.push((at, line));
        } else if !line.trim().is_empty() {
            let width = names(line).len();
            let is_header = |own: &&(usize, &str)| width > 1 && names(own.1).len() == width;
            let named = comments.iter().rev().find(|own| is_known(own.1));
            let named = named.or(comments.last().filter(is_header));
            return (named.filter(|_| !is_known(line)).map_or(at, |own| own.0), separator);
        }
        at += line.len();
    }
    (comments.first().map_or(0, |own| own.0), separator)
}

/// The separator that the line `sep=;` states, which spreadsheet programs write before a header.
pub(crate) fn stated_separator(line: &[u8]) -> Option<u8> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let inner = line.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    match inner.unwrap_or(line) {
        [b'S' | b's', b'E' | b'e', b'P' | b'p', b'=', separator @ (b'\t' | b',' | b';')] => {
            Some(*separator)
        }
        _ => None,
    }
}

/// The line that a record starts on: the reader counts empty lines before it as its own.
fn first_line(text: &str, position: &csv::Position) -> u64 {
    let rest = text.as_bytes()[position.byte() as usize..].iter();
    let empty = rest.take_while(|byte| b"\r\n".contains(byte)).filter(|&&byte| byte == b'\n');
    position.line() + empty.count() as u64
}

fn delimiter(text: &str) -> u8 {
    separator_of(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default())
}

/// The separator that a line has most of.
fn separator_of(header: &str) -> u8 {
    let count = |delimiter: u8| header.bytes().filter(|&byte| byte == delimiter).count();
    // `max_by_key` keeps the last of equals: the tab, also in a header of one column.
    [b';', b',', b'\t'].into_iter().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn check(text: &str) -> String {
        match parse(Path::new("m.tsv"), text, &["sample_id"]) {
            Ok(table) => format!("{:?} {:?}", table.columns, table.rows),
            Err(err) => err.to_string(),
        }
    }

    #[test]
    fn the_delimiter_is_that_of_the_header() {
        assert_snapshot!(check("a\tb\n1,5\t\"x\ty\"\n\n2\t z \n"), @r#"["a", "b"] [(2, ["1,5", "x\ty"]), (4, ["2", "z"])]"#);
        assert_snapshot!(check("a,b\r\n1,\r\n"), @r#"["a", "b"] [(2, ["1", ""])]"#);
        assert_snapshot!(check("a;b\n1,5;2\n"), @r#"["a", "b"] [(2, ["1,5", "2"])]"#);
        assert_snapshot!(check("a\n1\n"), @r#"["a"] [(2, ["1"])]"#);
    }

    #[test]
    fn comments_and_a_stated_separator_stand_before_the_header() {
        let table = "sample\tage\na\t5\n";
        let expected = r#"["sample", "age"] [(3, ["a", "5"])]"#;
        assert_eq!(check(&format!("# made by me\n{table}")), expected);
        assert_eq!(check(&format!("sep=\t\n{table}")), expected);
        assert_eq!(check("\"SEP=;\"\r\nsample;age\r\na;5\r\n"), expected);
        assert_eq!(check("sep=,\nsample,a;b;c\na,5\n"), r#"["sample", "a;b;c"] [(3, ["a", "5"])]"#);
        // A comment may have as many separators as the header.
        let commas = "# by me, in May\nSample.ID,age\n#a,5\n";
        assert_eq!(check(commas), r##"["Sample.ID", "age"] [(3, ["#a", "5"])]"##);
        assert_eq!(check("#name\tage\na\t5\n"), r##"["#name", "age"] [(2, ["a", "5"])]"##);
        let both = "# by me\n# sample id\tage\tsex\na\t5\n";
        assert_eq!(check(both), "m.tsv:3: 2 fields, expected 3");
        assert_eq!(check("#a\n"), r##"["#a"] []"##);
    }

    #[test]
    fn rows_of_separators_are_blank() {
        let table = "sample_id,age\na,5\n,\nb,6\n , \n,,,\n";
        assert_eq!(check(table), r#"["sample_id", "age"] [(2, ["a", "5"]), (4, ["b", "6"])]"#);
    }

    #[test]
    fn a_separator_at_the_end_is_no_column() {
        let expected = r#"["sample_id", "age"] [(2, ["a", "5"]), (3, ["b", ""])]"#;
        assert_eq!(check("sample_id,age\na,5,\nb,,\n"), expected);
        assert_eq!(check("sample_id,age,,\na,5,,\nb,,,\n"), expected);
        // A column with a name or a value stays.
        let named = r#"["sample_id", "age"] [(2, ["a", ""])]"#;
        assert_eq!(check("sample_id,age\na,\n"), named);
        assert_eq!(check("age,\n5,x\n"), r#"["age", ""] [(2, ["5", "x"])]"#);
        assert_eq!(check("sample_id,age\na,5,\nb,6\n"), "m.tsv:2: 3 fields, expected 2");
        // Names of rows and an empty column, perhaps.
        assert_eq!(check("sample_id,age\n1,a,\n2,b,\n"), "m.tsv:2: 3 fields, expected 2");
        assert_eq!(check("sample_id,age\na,a,\nb,b,\n"), "m.tsv:2: 3 fields, expected 2");
    }

    #[test]
    fn names_of_rows_are_left_out() {
        let table = "\"sample_id\"\t\"age\"\n\"1\"\t\"a\"\t5\n\"2\"\t\"b\"\t5\n";
        let expected = r#"["sample_id", "age"] [(2, ["a", "5"]), (3, ["b", "5"])]"#;
        assert_eq!(check(table), expected);
        // A value too many behind the age; names that repeat; no known column.
        assert_eq!(check("sample_id,age\na,5,x\nb,5,y\n"), "m.tsv:2: 3 fields, expected 2");
        assert_eq!(check("sample_id,age\n1,a,5\n1,b,5\n"), "m.tsv:2: 3 fields, expected 2");
        assert_eq!(check("x,age\n1,a,5\n2,b,6\n"), "m.tsv:2: 3 fields, expected 2");
    }

    #[test]
    fn utf16_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.tsv");
        let text = "\u{feff}a\tb\nj\u{e4}\t2\n";
        fs::write(&path, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
            .unwrap();
        assert_eq!(
            read(&path, &[]).unwrap().rows,
            [(2, vec!["j\u{e4}".to_owned(), "2".to_owned()])]
        );
    }

    #[test]
    fn faults_name_their_place() {
        assert_snapshot!(check(""), @"m.tsv: empty, expected a header line");
        assert_snapshot!(check("a\tb\n1\t2\n3\n"), @"m.tsv:3: 1 fields, expected 2");
        assert_snapshot!(check("a\tb\ta\tc\tc\n"), @r#"m.tsv:1: column "a", "c" more than once, expected distinct names"#);
    }

    #[test]
    fn bytes_that_are_no_text_name_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.tsv");
        fs::write(&path, b"a\tb\n1\t\xff\n").unwrap();
        let text = read(&path, &[]).unwrap_err().to_string();
        assert!(text.contains("m.tsv:2: not UTF-8 (perhaps Latin-1 or Windows-1252)"), "{text}");
    }
}
