//! Structural faults of a row, before it is known where the row stands.

use std::path::PathBuf;

use super::error::ReadError;

/// A structural fault in a row, before it is known which file and line it is in.
#[derive(Debug)]
pub(super) enum Fault {
    Value { at: usize, found: String, expected: &'static str },
    Ragged { found: usize, expected: usize },
    Encoding { at: usize },
    TooLarge(&'static str),
}

impl Fault {
    pub(super) fn value(at: usize, field: &[u8], expected: &'static str) -> Self {
        let found = String::from_utf8_lossy(field).chars().take(40).collect();
        Self::Value { at, found, expected }
    }

    pub(super) fn at(self, path: PathBuf, line: u64, names: &[String]) -> ReadError {
        match self {
            Self::Value { at, found, expected } => {
                ReadError::Value { path, line, column: names[at].clone(), found, expected }
            }
            Self::Ragged { found, expected } => ReadError::Ragged { path, line, found, expected },
            Self::Encoding { at } => ReadError::Encoding { path, line, column: names[at].clone() },
            Self::TooLarge(limit) => ReadError::TooLarge { path, line, limit },
        }
    }
}
