//! The lines of a text with any line ending: LF, CR LF, or the CR of an old Macintosh.

use std::collections::VecDeque;
use std::io::{self, BufRead};

/// Lines of a file, the first of which may be looked at before they are read.
pub(crate) struct Lines {
    reader: Box<dyn BufRead>,
    end: u8,
    /// 1-based number of the line that was read last.
    pub(crate) number: u64,
    ahead: VecDeque<Vec<u8>>,
    /// What stopped looking ahead.
    failed: Option<io::Error>,
}

impl Lines {
    /// `head` is how the text begins.
    pub(crate) fn new(reader: Box<dyn BufRead>, head: &[u8]) -> Self {
        let end = if head.contains(&b'\r') && !head.contains(&b'\n') { b'\r' } else { b'\n' };
        Self { reader, end, number: 0, ahead: VecDeque::new(), failed: None }
    }

    /// Puts the next line into `line`, without its line ending; false at the end of the text.
    pub(crate) fn read(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        self.number += 1;
        if let Some(first) = self.ahead.pop_front() {
            *line = first;
            return Ok(true);
        }
        if let Some(err) = self.failed.take() {
            return Err(err);
        }
        self.fetch(line)
    }

    fn fetch(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        line.clear();
        if self.reader.read_until(self.end, line)? == 0 {
            return Ok(false);
        }
        line.pop_if(|last| *last == self.end);
        line.pop_if(|last| *last == b'\r');
        Ok(true)
    }

    /// Lines that have not been read yet, up to `lines` of them and about `bytes` in all.
    pub(super) fn look_ahead(&mut self, lines: usize, bytes: usize) -> &VecDeque<Vec<u8>> {
        let mut seen: usize = self.ahead.iter().map(Vec::len).sum();
        while self.ahead.len() < lines && seen < bytes && self.failed.is_none() {
            let mut line = Vec::new();
            match self.fetch(&mut line) {
                Ok(true) => {
                    seen += line.len();
                    self.ahead.push_back(line);
                }
                Ok(false) => break,
                Err(err) => self.failed = Some(err),
            }
        }
        &self.ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};

    fn all(text: &'static [u8]) -> Vec<String> {
        let mut lines = Lines::new(Box::new(Cursor::new(text)), text);
        assert!(lines.look_ahead(2, 100).len() <= 2);
        let (mut found, mut line) = (Vec::new(), Vec::new());
        while lines.read(&mut line).unwrap() {
            found.push(format!("{} {}", lines.number, String::from_utf8_lossy(&line)));
        }
        found
    }

    #[test]
    fn every_end_of_a_line_is_one() {
        for text in [&b"a\nb\n\nc"[..], b"a\r\nb\r\n\r\nc\r\n", b"a\rb\r\rc\r"] {
            assert_eq!(all(text), ["1 a", "2 b", "3 ", "4 c"], "{text:?}");
        }
        assert!(all(b"").is_empty());
    }

    #[test]
    fn what_fails_ahead_fails_in_its_place() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
        let reader = io::BufReader::new(Cursor::new(b"a\n").chain(Broken));
        let mut lines = Lines::new(Box::new(reader), b"a\n");
        assert_eq!(lines.look_ahead(9, 100).len(), 1);
        let mut line = Vec::new();
        assert!(lines.read(&mut line).unwrap());
        assert!(lines.read(&mut line).is_err());
        assert_eq!(lines.number, 2);
    }
}
