//! Why a file could not be read. Every message says where to look and what was expected there.

use std::io;
use std::path::PathBuf;

use super::Format;
use super::refusal::Refusal;
use crate::compress::{Compression, OpenError};
use crate::gene::Species;
use crate::limits::MAX_LINES_BEFORE_HEADER;

/// Why a repertoire file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be opened, or its zip archive is not one table.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Reading failed on the way.
    #[error("{}:{line}: cannot read further", path.display())]
    Io {
        /// File being read.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// Operating-system reason.
        source: io::Error,
    },
    /// The compressed data ends too early.
    #[error("{}:{line}: the {compression} data ends here, expected more: the file is truncated", path.display())]
    Truncated {
        /// File being read.
        path: PathBuf,
        /// 1-based line that is cut.
        line: u64,
        /// How the file is compressed.
        compression: Compression,
    },
    /// The compressed data is damaged.
    #[error("{}:{line}: damaged {compression} data", path.display())]
    Damaged {
        /// File being read.
        path: PathBuf,
        /// 1-based line before which the damage is.
        line: u64,
        /// How the file is compressed.
        compression: Compression,
        /// What the decompressor says.
        source: io::Error,
    },
    /// There is nothing in the file.
    #[error("{}: empty file, expected a table with a header line", path.display())]
    Empty {
        /// File being read.
        path: PathBuf,
    },
    /// There is a header and nothing below it.
    #[error("{}:{line}: no rows below the header, expected at least one", path.display())]
    HeaderOnly {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
    },
    /// Nothing but comments and blank lines for too long.
    #[error(
        "{}:{line}: no header after {MAX_LINES_BEFORE_HEADER} comments and blank lines, expected a table",
        path.display()
    )]
    NoHeader {
        /// File being read.
        path: PathBuf,
        /// 1-based line where reading ended.
        line: u64,
    },
    /// The file is not text.
    #[error(
        "{}: binary data (a zero byte at position {position}), expected a text table, plain or compressed \
         with gzip, zstd, bzip2, xz or zip",
        path.display()
    )]
    Binary {
        /// File being read.
        path: PathBuf,
        /// 0-based position of the first zero byte.
        position: usize,
    },
    /// The file is known, but is not a table of receptors.
    #[error("{}:{line}: this is {found}, expected {}", path.display(), found.instead())]
    Refused {
        /// File being read.
        path: PathBuf,
        /// 1-based line that tells.
        line: u64,
        /// What it is.
        found: Refusal,
    },
    /// No format has such a header.
    #[error(
        "{}:{line}: columns {}, expected those of a known format ({}) or columns that you name",
        path.display(), name_list(columns), Format::names()
    )]
    UnknownFormat {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
        /// The header.
        columns: Vec<String>,
    },
    /// The header lacks a column.
    #[error("{}:{line}: columns {}, expected {expected}", path.display(), name_list(columns))]
    MissingColumn {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
        /// The header.
        columns: Vec<String>,
        /// The column that is needed, in words.
        expected: String,
    },
    /// A row has more or fewer fields than the header.
    #[error("{}:{line}: {found} fields, expected {expected}", path.display())]
    Ragged {
        /// File being read.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// Fields in this row.
        found: usize,
        /// Fields in the header.
        expected: usize,
    },
    /// Each row has one field more than the header.
    #[error(
        "{}:{line}: each row has one field more than the header has names, and it is neither a row name in front nor empty at the end, expected as many fields as names",
        path.display()
    )]
    Unnamed {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
    },
    /// A quotation mark that opens a field and closes none.
    #[error(
        "{}:{line}: column `{column}` begins with a quotation mark that is never closed, expected fields that end on their line",
        path.display()
    )]
    Quote {
        /// File being read.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// Column.
        column: String,
    },
    /// A column that is read and whose name another one has.
    #[error(
        "{}:{line}: column `{column}` appears more than once, expected one: it is unclear which to read",
        path.display()
    )]
    DuplicateColumn {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
        /// The name.
        column: String,
    },
    /// A column of sequences of which some have their anchors and others not.
    #[error(
        "{}:{line}: column `{column}` has {anchored} sequences of {rows} with both anchors and {bare} with none, expected junctions or CDR3s: say which with --column junction_aa=`{column}` or --column cdr3_aa=`{column}`",
        path.display()
    )]
    MixedAnchors {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
        /// Column.
        column: String,
        /// Sequences looked at.
        rows: u64,
        /// Those that begin with C and end in F or W.
        anchored: u64,
        /// Those that do neither.
        bare: u64,
    },
    /// A column of sequences of which many have one anchor and not the other.
    #[error(
        "{}:{line}: column `{column}` has {front} sequences of {rows} with only the leading C and {behind} with only the trailing F or W, expected both anchors (junctions) or none (CDR3s): say which with --column junction_aa=`{column}` or --column cdr3_aa=`{column}`",
        path.display()
    )]
    OneAnchor {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
        /// Column.
        column: String,
        /// Sequences looked at.
        rows: u64,
        /// Those that begin with C and do not end in F or W.
        front: u64,
        /// Those that end in F or W and do not begin with C.
        behind: u64,
    },
    /// A column of amino acids and of nucleotides.
    #[error(
        "{}:{line}: column `{column}` has nucleotides in some rows and amino acids in others ({found} of {rows}), expected the same in all: split the table",
        path.display()
    )]
    BothLetters {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
        /// Column.
        column: String,
        /// Sequences looked at.
        rows: u64,
        /// Those of other letters than most.
        found: u64,
    },
    /// The header once more among the rows.
    #[error(
        "{}:{line}: the column names appear again, expected one table: two files were joined, split them",
        path.display()
    )]
    HeaderAgain {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the second header.
        line: u64,
    },
    /// Counts that may be thousands or fractions.
    #[error(
        "{}:{line}: column `{column}` holds {found:?}, which can be read as thousands or as a fraction, expected counts without separators",
        path.display()
    )]
    Thousands {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
        /// Column.
        column: String,
        /// One of its values.
        found: String,
    },
    /// Nucleotides that are not a junction.
    #[error(
        "{}:{line}: column `{column}` holds nucleotides that do not translate to junctions, expected amino acids or the nucleotides from the codon of C104 to that of F118 or W118",
        path.display()
    )]
    Nucleotides {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
        /// Column.
        column: String,
    },
    /// No row has what a column that is not read looks like.
    #[error(
        "{}:{line}: no row has a {missing}, but columns {} look like one, expected {option} to say which",
        path.display(), name_list(columns)
    )]
    Overlooked {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
        /// What all rows lack.
        missing: &'static str,
        /// Columns that look like it.
        columns: Vec<String>,
        /// The option that names the column.
        option: String,
    },
    /// A column changes within what would be one repertoire.
    #[error(
        "{}:{line}: column `{column}` is {found:?} here and {before:?} before, expected one repertoire or the column that tells them apart: name it with --repertoire-column",
        path.display()
    )]
    SeveralSamples {
        /// File being read.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// Column.
        column: String,
        /// Its value there.
        found: String,
        /// Its value in the rows before.
        before: String,
    },
    /// The table is of another species than requested.
    #[error(
        "{}:{line}: these are genes of {found}: {because}, expected another --species or none",
        path.display()
    )]
    OtherSpecies {
        /// File being read.
        path: PathBuf,
        /// 1-based line of the header.
        line: u64,
        /// The species of the table.
        found: Species,
        /// How that is known.
        because: String,
    },
    /// The table of one chain is read in another way than that of another chain of the same sample.
    #[error(
        "{}: {found}, but {other} in the table of another chain of the same sample, expected the same: say how both are read with --count-column and --species",
        path.display()
    )]
    OtherChain {
        /// File being read.
        path: PathBuf,
        /// How it is read.
        found: String,
        /// How the other one is read.
        other: String,
    },
    /// The table of one chain names another sample than that of another chain of the same sample.
    #[error(
        "{}: column `{column}` is {found:?} in all rows, but {other:?} in the table of another chain, which has the same sample in its name, expected one sample: --repertoire-column {column} reads each as a repertoire of its own",
        path.display()
    )]
    OtherSample {
        /// File being read.
        path: PathBuf,
        /// Its column of samples.
        column: String,
        /// The sample it names.
        found: String,
        /// The sample that the other one names.
        other: String,
    },
    /// A text in an encoding that is not read.
    #[error("{}: a text in {encoding}, expected UTF-8 or UTF-16", path.display())]
    Charset {
        /// File being read.
        path: PathBuf,
        /// Its encoding.
        encoding: &'static str,
    },
    /// Bytes that are not UTF-8.
    #[error(
        "{}:{line}: column `{column}` is not UTF-8 (perhaps Latin-1), expected UTF-8 text",
        path.display()
    )]
    Encoding {
        /// File being read.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// Column.
        column: String,
    },
    /// A field that cannot be what its column says.
    #[error("{}:{line}: column `{column}` is {found:?}, expected {expected}", path.display())]
    Value {
        /// File being read.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// Column.
        column: String,
        /// The field, cut to 40 characters.
        found: String,
        /// What fits, in words.
        expected: &'static str,
    },
    /// A limit of the in-memory form.
    #[error("{}:{line}: more than {limit}, expected a repertoire within that limit", path.display())]
    TooLarge {
        /// File being read.
        path: PathBuf,
        /// 1-based line.
        line: u64,
        /// The limit, in words.
        limit: &'static str,
    },
}

/// At most 12 column names in backticks.
fn name_list(names: &[String]) -> String {
    let mut shown: Vec<_> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
    if names.len() > shown.len() {
        shown.push(format!("and {} more", names.len() - shown.len()));
    }
    shown.join(", ")
}
