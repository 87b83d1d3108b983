//! A file that has been opened: a table of a known format, read as far as its header, or FASTA.

use std::path::{Path, PathBuf};

use super::Format;
use super::columns::Places;
use super::header::Header;
use super::lines::Lines;
use crate::compress::Compression;

/// A file of text.
pub(super) struct TextFile {
    pub(super) path: PathBuf,
    pub(super) compression: Compression,
}

/// Columns of all formats that a person named.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    pub(super) repertoire: Option<usize>,
    pub(super) count: Option<usize>,
}

/// A table whose header has been read; its lines go on at the first row.
pub(super) struct OpenTable {
    pub(super) source: TextFile,
    pub(super) lines: Lines,
    pub(super) format: Format,
    pub(super) header: Header,
    pub(super) places: Places,
    pub(super) asked: Asked,
}

impl OpenTable {
    /// Where it is, for messages.
    pub(super) fn place(&self) -> Place<'_> {
        Place { path: &self.source.path, line: self.header.line, names: &self.header.names }
    }
}

/// What a file is.
pub(super) enum Opened {
    Table(Box<OpenTable>),
    Fasta(TextFile, Lines),
}

/// Where a table is, for messages.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) path: &'a Path,
    /// Line of the header.
    pub(super) line: u64,
    /// Names of the columns.
    pub(super) names: &'a [String],
}
