//! A limit on what comes out of a compressed file.

use std::io::{self, Read};

/// More came out of a compressed file than its size makes plausible.
#[derive(Debug, thiserror::Error)]
#[error(
    "more than {limit} decompressed bytes, over {ratio} per compressed byte, expected a table: \
     --max-ratio allows more"
)]
pub struct TooLarge {
    /// Bytes that are allowed.
    limit: u64,
    /// Decompressed bytes for each compressed one.
    ratio: u64,
}

/// Fails behind a number of bytes.
pub(super) struct Bounded<R> {
    reader: R,
    limit: u64,
    ratio: u64,
    left: u64,
}

impl<R: Read> Bounded<R> {
    /// At most `limit` bytes, which follow from `ratio`.
    pub(super) fn new(reader: R, limit: u64, ratio: u64) -> Self {
        Self { reader, limit, ratio, left: limit }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        let Some(left) = self.left.checked_sub(n as u64) else {
            let (limit, ratio) = (self.limit, self.ratio);
            return Err(io::Error::other(TooLarge { limit, ratio }));
        };
        self.left = left;
        Ok(n)
    }
}
