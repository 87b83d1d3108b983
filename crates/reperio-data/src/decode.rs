//! UTF-16, which spreadsheet programs call "Unicode text", as UTF-8.

use std::io::{self, Read};

/// Order of the two bytes of UTF-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// How a text is written, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// One byte or more a character; the bytes of a mark before the text.
    Bytes {
        mark: usize,
    },
    Utf16(Order),
    Utf32,
}

/// The encoding of a text that begins with `head`: by its byte-order mark, else by where the zeros are
/// that every other byte of a Latin text in UTF-16 is.
pub(crate) fn recognise(head: &[u8]) -> Encoding {
    if head.starts_with(b"\xef\xbb\xbf") {
        return Encoding::Bytes { mark: 3 };
    }
    if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        return Encoding::Utf32;
    }
    if head.starts_with(b"\xff\xfe") {
        return Encoding::Utf16(Order::Little);
    }
    if head.starts_with(b"\xfe\xff") {
        return Encoding::Utf16(Order::Big);
    }
    let zeros = |from| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), head.len() / 2);
    match (even, odd) {
        _ if pairs < 4 => Encoding::Bytes { mark: 0 },
        (0, odd) if 10 * odd >= 9 * pairs => Encoding::Utf16(Order::Little),
        (even, 0) if 10 * even >= 9 * pairs => Encoding::Utf16(Order::Big),
        _ => Encoding::Bytes { mark: 0 },
    }
}

/// A whole text without its byte-order mark, from UTF-16 if it is written so; the name of an encoding that is not
/// read is the error.
pub(crate) fn whole(bytes: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    let order = match recognise(&bytes[..bytes.len().min(HEAD)]) {
        Encoding::Bytes { mark: 0 } => return Ok(bytes),
        Encoding::Bytes { mark } => return Ok(bytes[mark..].to_vec()),
        Encoding::Utf32 => return Err("UTF-32"),
        Encoding::Utf16(order) => order,
    };
    let mut text = Vec::new();
    let read = Utf16::new(&bytes[..], order).read_to_end(&mut text);
    read.map(|_| text).map_err(|_| "UTF-16 that is cut or damaged")
}

/// Bytes by which the encoding of a whole text is told.
const HEAD: usize = 1 << 14;

/// Reads UTF-16 as UTF-8, without its byte-order mark.
pub(crate) struct Utf16<R> {
    inner: R,
    order: Order,
    /// The first half of a character.
    high: Option<u16>,
    /// UTF-8 that has not been handed out.
    ready: Vec<u8>,
    taken: usize,
    raw: Vec<u8>,
    begun: bool,
}

impl<R: Read> Utf16<R> {
    pub(crate) fn new(inner: R, order: Order) -> Self {
        let (ready, raw) = (Vec::new(), Vec::new());
        Self { inner, order, high: None, ready, taken: 0, raw, begun: false }
    }

    /// Decodes some more; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.raw.clear();
        if self.inner.by_ref().take(1 << 14).read_to_end(&mut self.raw)? == 0 {
            return if self.high.is_none() { Ok(false) } else { Err(invalid()) };
        }
        self.ready.clear();
        self.taken = 0;
        let (pairs, rest) = self.raw.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(invalid());
        }
        let units = pairs.iter().map(|&pair| match self.order {
            Order::Little => u16::from_le_bytes(pair),
            Order::Big => u16::from_be_bytes(pair),
        });
        let mut units: Vec<u16> = self.high.take().into_iter().chain(units).collect();
        if !self.begun && units.first() == Some(&0xfeff) {
            units.remove(0);
        }
        self.begun = true;
        self.high = units.pop_if(|last| (0xd800..0xdc00).contains(last));
        let mut buffer = [0; 4];
        for c in char::decode_utf16(units) {
            let c = c.map_err(|_| invalid())?;
            self.ready.extend(c.encode_utf8(&mut buffer).as_bytes());
        }
        Ok(true)
    }
}

/// The text is not UTF-16, however it was compressed.
#[derive(Debug, thiserror::Error)]
#[error("not valid UTF-16, expected UTF-8 or UTF-16 text")]
pub(crate) struct NotUtf16;

fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, NotUtf16)
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.ready.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let n = buffer.len().min(self.ready.len() - self.taken);
        buffer[..n].copy_from_slice(&self.ready[self.taken..self.taken + n]);
        self.taken += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, order: Order) -> Vec<u8> {
        let bytes = |unit: u16| match order {
            Order::Little => unit.to_le_bytes(),
            Order::Big => unit.to_be_bytes(),
        };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf16_is_known_with_and_without_its_mark() {
        let text = "junction_aa\tM\u{fc}ller \u{1f9ec}\n".repeat(2000);
        for order in [Order::Little, Order::Big] {
            for mark in ["", "\u{feff}"] {
                let bytes = utf16(&format!("{mark}{text}"), order);
                assert_eq!(recognise(&bytes[..40]), Encoding::Utf16(order));
                let mut decoded = String::new();
                Utf16::new(&bytes[..], order).read_to_string(&mut decoded).unwrap();
                assert!(decoded == text);
                let cut = &bytes[..bytes.len() - 1];
                assert!(Utf16::new(cut, order).read_to_string(&mut decoded).is_err());
            }
        }
    }

    #[test]
    fn a_whole_text_loses_its_mark() {
        let expected = Ok("a\tM\u{fc}ller\n".repeat(9).into_bytes());
        let text = "\u{feff}".to_owned() + &"a\tM\u{fc}ller\n".repeat(9);
        assert_eq!(whole(text.clone().into_bytes()), expected);
        let bytes = utf16(&text, Order::Little);
        assert_eq!(whole(bytes[..bytes.len() - 1].to_vec()), Err("UTF-16 that is cut or damaged"));
        assert_eq!(whole(bytes), expected);
        assert_eq!(whole(b"\xff\xfe\0\0a\0\0\0".to_vec()), Err("UTF-32"));
        assert_eq!(whole(Vec::new()), Ok(Vec::new()));
    }

    #[test]
    fn other_texts_are_bytes() {
        assert_eq!(recognise(b"junction_aa\tv_call"), Encoding::Bytes { mark: 0 });
        assert_eq!(recognise(b"\xef\xbb\xbfjunction_aa"), Encoding::Bytes { mark: 3 });
        assert_eq!(recognise(b"\xff\xfe\0\0j\0\0\0"), Encoding::Utf32);
        assert_eq!(recognise(b"MZ\0\x01\0\0"), Encoding::Bytes { mark: 0 });
        assert_eq!(recognise(b""), Encoding::Bytes { mark: 0 });
    }
}
