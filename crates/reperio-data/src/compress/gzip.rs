//! Gzip of several members, with or without zeros behind them.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The content of all members, one after the other (RFC 1952, section 2.2). Zeros behind a member, with which
/// tapes and some archives fill up a block, are no data; anything else there has to be another member.
pub(super) struct Members<R> {
    /// The member that is read; none at the end.
    current: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(file: R) -> Self {
        Self { current: Some(GzDecoder::new(file)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.current {
            let n = member.read(buffer)?;
            if n > 0 || buffer.is_empty() {
                return Ok(n);
            }
            self.current =
                self.current.take().map(GzDecoder::into_inner).map(next).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The member behind zeros; none at the end of the file.
fn next<R: BufRead>(mut file: R) -> io::Result<Option<GzDecoder<R>>> {
    loop {
        let bytes = file.fill_buf()?;
        let (n, zeros) = (bytes.len(), bytes.iter().take_while(|&&byte| byte == 0).count());
        file.consume(zeros);
        if n == 0 {
            return Ok(None);
        }
        if zeros < n {
            return Ok(Some(GzDecoder::new(file)));
        }
    }
}
