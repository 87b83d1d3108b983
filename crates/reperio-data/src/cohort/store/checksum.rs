//! Checksums: of what is in a store, and of the files that it was read from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::super::error::CohortError;
use super::super::sources::Source;

/// SHA-256 of bytes in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes).as_slice())
}

/// SHA-256 of a file in hexadecimal digits.
pub(super) fn sha256_of_file(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(hasher.finalize().as_slice())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

/// Bytes in hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("text grows as it must");
    }
    text
}

/// What an error of the operating system is about.
fn named(path: &Path, source: io::Error) -> CohortError {
    CohortError::Io { path: path.to_owned(), source }
}

/// Size and time of change of the files of a source: what is hashed and what is read must be the same.
pub(super) fn stamps(source: &Source) -> Result<Vec<(u64, SystemTime)>, CohortError> {
    source.paths().map(|path| stamp(path).map_err(|err| named(path, err))).collect()
}

/// The checksum of a source: that of its file, or of the checksums of its files, which are there by name.
pub(super) fn of_source(
    source: &Source,
) -> Result<(String, BTreeMap<String, String>), CohortError> {
    let of = |path: &PathBuf| sha256_of_file(path).map_err(|err| named(path, err));
    if source.more.is_empty() {
        return Ok((of(&source.path)?, BTreeMap::new()));
    }
    let table = |path: &PathBuf| Ok((file_name(path), of(path)?));
    let tables: BTreeMap<_, _> = source.paths().map(table).collect::<Result<_, CohortError>>()?;
    let together: String = tables.values().map(String::as_str).collect();
    Ok((sha256(together.as_bytes()), tables))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn stamp(path: &Path) -> io::Result<(u64, SystemTime)> {
    let found = fs::metadata(path)?;
    Ok((found.len(), found.modified()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_sha256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
    }
}
