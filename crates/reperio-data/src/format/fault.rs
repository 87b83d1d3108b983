//! Faults before their position or their file is known: those of a row, and of what is being decompressed.

use std::io;
use std::path::{Path, PathBuf};

use super::error::ReadError;
use crate::compress::{Compression, LongLine, TooLarge};
use crate::decode::NotUtf16;

/// A structural fault in a row, before it is known which file and line it is in.
#[derive(Debug)]
pub(crate) enum Fault {
    Value { at: usize, found: String, expected: &'static str },
    Ragged { found: usize, expected: usize },
    Encoding { at: usize },
    Quote { at: usize },
    Changes { at: usize, found: String, before: String },
    HeaderAgain,
    TooLarge(&'static str),
}

impl Fault {
    pub(super) fn value(at: usize, field: &[u8], expected: &'static str) -> Self {
        Self::Value { at, found: shown(field), expected }
    }

    pub(crate) fn at(self, path: PathBuf, line: u64, names: &[String]) -> ReadError {
        match self {
            Self::Value { at, found, expected } => {
                ReadError::Value { path, line, column: names[at].clone(), found, expected }
            }
            Self::Ragged { found, expected } => ReadError::Ragged { path, line, found, expected },
            Self::Encoding { at } => ReadError::Encoding { path, line, column: names[at].clone() },
            Self::Quote { at } => {
                let column = names.get(at).or(names.last()).cloned().unwrap_or_default();
                ReadError::Quote { path, line, column }
            }
            Self::Changes { at, found, before } => {
                let column = names[at].clone();
                ReadError::SeveralSamples { path, line, column, found, before }
            }
            Self::HeaderAgain => ReadError::HeaderAgain { path, line },
            Self::TooLarge(limit) => ReadError::TooLarge { path, line, limit },
        }
    }
}

/// The first 40 characters of a field.
pub(super) fn shown(field: &[u8]) -> String {
    String::from_utf8_lossy(field).chars().take(40).collect()
}

impl ReadError {
    /// Says of an error while reading whether the compressed data is cut or damaged.
    pub(crate) fn from_io(
        source: io::Error,
        path: &Path,
        line: u64,
        compression: Compression,
    ) -> Self {
        let path = path.to_owned();
        // What is wrong with the text is not the compression's fault.
        let of_text = source.get_ref().is_some_and(|own| {
            own.is::<LongLine>() || own.is::<TooLarge>() || own.is::<NotUtf16>()
        });
        match (compression, source.kind()) {
            (Compression::Plain, _) => Self::Io { path, line, source },
            _ if of_text => Self::Io { path, line, source },
            (_, io::ErrorKind::UnexpectedEof) => Self::Truncated { path, line, compression },
            _ => Self::Damaged { path, line, compression, source },
        }
    }
}
