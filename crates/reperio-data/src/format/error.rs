//! Why a file could not be read. Every message says where to look and what was expected there.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::compress::{Compression, OpenError};
use crate::format::Format;

/// What a file is when it is known, but is no table of receptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A table of samples.
    Metadata,
    /// 10x `all_contig_annotations.json`.
    TenXJson,
    /// Another JSON file.
    Json,
    /// BD Rhapsody contigs.
    BdRhapsody,
    /// A Change-O table.
    ChangeO,
}

impl Refusal {
    /// What to use instead.
    fn instead(self) -> &'static str {
        match self {
            Self::Metadata => "a table of receptors (give this one as the metadata)",
            Self::TenXJson => "the `*_contig_annotations.csv` that Cell Ranger writes beside it",
            Self::Json => "a table of receptors",
            Self::BdRhapsody => {
                "the AIRR table (`*_VDJ_*_AIRR.tsv`) that the pipeline writes beside it"
            }
            Self::ChangeO => {
                "an AIRR table (Change-O 1.0 and later write one with `--format airr`)"
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => {
                "a metadata table: columns about samples, none with receptor sequences"
            }
            Self::TenXJson => "10x contig annotations in JSON",
            Self::Json => "JSON",
            Self::BdRhapsody => "a BD Rhapsody contig table",
            Self::ChangeO => "a Change-O table",
        })
    }
}

/// Why a repertoire file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be opened, or its zip archive is not one table.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Reading failed on the way.
    #[error("{}:{line}: cannot read on", path.display())]
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
    /// The file is known, but is no table of receptors.
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
    /// Bytes that are not UTF-8.
    #[error("{}:{line}: column `{column}` is not UTF-8, expected UTF-8 text", path.display())]
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

impl ReadError {
    /// Says of an error while reading whether the compressed data is cut or damaged.
    pub(super) fn from_io(
        source: io::Error,
        path: &Path,
        line: u64,
        compression: Compression,
    ) -> Self {
        let path = path.to_owned();
        match (compression, source.kind()) {
            (Compression::Plain, _) => Self::Io { path, line, source },
            (_, io::ErrorKind::UnexpectedEof) => Self::Truncated { path, line, compression },
            _ => Self::Damaged { path, line, compression, source },
        }
    }
}
