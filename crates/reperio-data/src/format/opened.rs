//! A file that has been opened: its text, and what it is: a table of a known format, read as far as its header, or FASTA.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use super::columns::Places;
use super::error::ReadError;
use super::header::Header;
use super::lines::Lines;
use super::{Format, ReadOptions};
use crate::compress::{self, Compression, ShortLines};
use crate::decode::{self, Encoding, Utf16};

/// A file of text.
pub(crate) struct TextFile {
    pub(crate) path: PathBuf,
    pub(crate) compression: Compression,
}

/// Bytes looked at before anything is parsed.
const HEAD: u64 = 1 << 14;

/// The text of a file, and how it begins.
pub(crate) struct Text {
    pub(crate) source: TextFile,
    /// The first bytes, without a mark of the encoding.
    pub(crate) head: Vec<u8>,
    /// What follows them.
    pub(crate) rest: Box<dyn Read>,
}

/// Opens a file, undoes its compression and its encoding.
pub(crate) fn text(path: &Path, options: &ReadOptions) -> Result<Text, ReadError> {
    let (compression, reader) = compress::open(path, options.max_ratio)?;
    let mut reader = ShortLines::new(reader);
    let source = TextFile { path: path.to_owned(), compression };
    let mut head = head_of(&mut reader, &source)?;
    let rest: Box<dyn Read> = match decode::recognise(&head) {
        Encoding::Utf32 => {
            return Err(ReadError::Charset { path: source.path, encoding: "UTF-32" });
        }
        Encoding::Utf16(order) => {
            let mut text = Utf16::new(Cursor::new(head).chain(reader), order);
            head = head_of(&mut text, &source)?;
            Box::new(text)
        }
        Encoding::Bytes { mark } => {
            head.drain(..mark);
            Box::new(reader)
        }
    };
    Ok(Text { source, head, rest })
}

/// The first bytes of a text.
fn head_of(reader: &mut impl Read, source: &TextFile) -> Result<Vec<u8>, ReadError> {
    let mut head = Vec::new();
    let result = reader.take(HEAD).read_to_end(&mut head);
    result.map_err(|err| ReadError::from_io(err, &source.path, 1, source.compression))?;
    Ok(head)
}

/// Columns of all formats that a person named.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    pub(super) repertoire: Option<usize>,
    pub(super) count: Option<usize>,
}

/// A table whose header has been read; its lines continue at the first row.
pub(super) struct OpenTable {
    pub(crate) source: TextFile,
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
