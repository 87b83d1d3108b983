//! bgzip (BGZF): gzip in blocks, with an empty block as end marker. Without the marker a file was cut at the end of a
//! block, which gzip itself cannot see.
//!
//! The format is in the SAM specification, section 4.1. <https://samtools.github.io/hts-specs/SAMv1.pdf>

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The empty block at the end.
const END: [u8; 28] = [
    0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff, 0x06, 0, 0x42, 0x43, 0x02, 0, 0x1b, 0, 0x03, 0, 0,
    0, 0, 0, 0, 0, 0, 0,
];

/// Whether a gzip member whose first bytes are `head` is a block of bgzip: it has the extra field `BC`.
pub(super) fn is_block(head: &[u8]) -> bool {
    const EXTRA: u8 = 4;
    head.len() >= 18 && head[3] & EXTRA != 0 && head[12..16] == [b'B', b'C', 2, 0]
}

/// Whether a file ends with the end marker.
pub(super) fn is_whole(file: &mut File) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    let Some(start) = length.checked_sub(END.len() as u64) else { return Ok(false) };
    file.seek(SeekFrom::Start(start))?;
    let mut last = [0; END.len()];
    file.read_exact(&mut last)?;
    Ok(last == END)
}
