//! Compressed streams.

use std::io::{Cursor, Read, Write};

use reperio_data::compress::{self, Compression};
use reperio_data::format::ReadOptions;
use reperio_data::limits::MAX_RATIO;

use crate::{chain, names_its_file, scratch, tables};

/// More than this is not decompressed here: a small file that becomes a large one is another test.
const ENOUGH: u64 = 1 << 24;

/// Damaged data is an error, and whole data reads as what it holds.
pub(crate) fn as_they_are(bytes: &[u8]) {
    let path = scratch::file("table", bytes);
    let opened = compress::open(&path, MAX_RATIO);
    let (compression, reader) = match opened {
        Ok(opened) => opened,
        Err(err) => {
            names_its_file(&err, &path);
            let read = tables::checked(&path, &ReadOptions::default());
            assert!(read.is_err(), "read, although {}", chain(&err));
            return;
        }
    };
    if compression == Compression::Plain {
        return;
    }
    let mut content = Vec::new();
    match reader.take(ENOUGH).read_to_end(&mut content) {
        Ok(_) if content.len() as u64 == ENOUGH => {}
        Ok(_) => same(bytes, &content),
        Err(err) => {
            let read = tables::checked(&path, &ReadOptions::default());
            assert!(read.is_err(), "read, although {}", chain(&err));
        }
    }
}

/// A table reads as it does when it is compressed; the first byte says how.
pub(crate) fn again(bytes: &[u8]) {
    let Some((&how, content)) = bytes.split_first() else { return };
    let Some(compressed) = compress_by(how, content) else { return };
    same(&compressed, content);
}

/// `content` compressed by the method that `how` names; none if there is no such method.
pub(crate) fn compress_by(how: u8, content: &[u8]) -> Option<Vec<u8>> {
    let (one, two) = content.split_at(content.len() / 2);
    Some(match how {
        b'g' => gzip(content),
        // Members and frames one after another are one file.
        b'G' => [gzip(one), gzip(two)].concat(),
        b'b' => [bgzip_block(one), bgzip_block(two), bgzip_block(b"")].concat(),
        b'z' => zstd::encode_all(content, 1).expect("memory takes all"),
        b'Z' => [compress_by(b'z', one)?, compress_by(b'z', two)?].concat(),
        b'x' => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
            encoder.write_all(content).expect("memory takes all");
            encoder.finish().expect("memory takes all")
        }
        b'2' => {
            let level = bzip2::Compression::fast();
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
            encoder.write_all(content).expect("memory takes all");
            encoder.finish().expect("memory takes all")
        }
        b'p' => {
            let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file("table.tsv", options).expect("a name");
            writer.write_all(content).expect("memory takes all");
            writer.finish().expect("memory takes all").into_inner()
        }
        _ => return None,
    })
}

/// All ways that [`compress_by`] knows, with their names.
pub(crate) const WAYS: [(u8, &str); 8] = [
    (b'g', "gzip"),
    (b'G', "gzip-members"),
    (b'b', "bgzip"),
    (b'z', "zstd"),
    (b'Z', "zstd-frames"),
    (b'x', "xz"),
    (b'2', "bzip2"),
    (b'p', "zip"),
];

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// A gzip member with the extra field `BC`, which holds its size.
fn bgzip_block(content: &[u8]) -> Vec<u8> {
    // gzip's own header has 10 bytes and no extra field; the end is deflated data, checksum and size.
    let plain = gzip(content);
    let size = (plain.len() + 8 - 1) as u16;
    let mut block = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0];
    block.extend(size.to_le_bytes());
    block.extend(&plain[10..]);
    block
}

/// A compressed file and its content read alike: the same repertoires, or the same fault.
fn same(compressed: &[u8], content: &[u8]) {
    if compress::recognise(content) != Compression::Plain {
        return;
    }
    let options = ReadOptions::default();
    let path = scratch::file("table", compressed);
    let from_compressed = tables::checked(&path, &options);
    scratch::write(&path, content);
    let from_content = tables::checked(&path, &options);
    match (from_compressed, from_content) {
        (Ok(a), Ok(b)) => assert_eq!(a, b),
        (Err(a), Err(b)) => assert_eq!(chain(&a), chain(&b)),
        (a, b) => panic!("compressed {:?}, decompressed {:?}", a.err(), b.err()),
    }
}
