//! A limit on the length of a line.

use std::io::{self, Read};

use crate::limits::MAX_LINE;

/// A line longer than any table has.
#[derive(Debug, thiserror::Error)]
#[error("a line of more than {MAX_LINE} bytes, expected shorter lines")]
pub(crate) struct LongLine;

/// Fails in a line of more than [`MAX_LINE`] bytes, before anything holds it in memory.
pub(crate) struct ShortLines<R> {
    reader: R,
    /// Bytes since the last end of a line.
    length: usize,
}

impl<R: Read> ShortLines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, length: 0 }
    }
}

impl<R: Read> Read for ShortLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        // Searched from the back: one line is looked at, not all bytes.
        let end = buffer[..n].iter().rposition(|&byte| byte == b'\n' || byte == b'\r');
        self.length = end.map_or(self.length + n, |end| n - end - 1);
        if self.length > MAX_LINE { Err(io::Error::other(LongLine)) } else { Ok(n) }
    }
}
