//! Plain, gzip, zstd, bzip2, xz or zip: recognised by a file's first bytes, never by its name.

mod bgzip;
mod bounded;
mod gzip;
mod lines;
mod zipped;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use crate::limits::FREE_BYTES;

pub use bounded::TooLarge;
pub(crate) use lines::{LongLine, ShortLines};

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip, any number of members.
    Gzip,
    /// Zstandard, any number of frames.
    Zstd,
    /// bzip2, any number of streams.
    Bzip2,
    /// xz, any number of streams.
    Xz,
    /// A zip archive that holds one file.
    Zip,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zip => "zip",
        })
    }
}

/// Why a file could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Missing or unreadable.
    #[error("{}: cannot read", path.display())]
    Io {
        /// File being opened.
        path: PathBuf,
        /// Operating-system reason.
        source: io::Error,
    },
    /// A pipe, a device or a folder: reading could wait for ever, and a table is read more than once.
    #[error("{}: not a regular file but {}, expected a file", path.display(), kind(path))]
    NotAFile {
        /// What was to be opened.
        path: PathBuf,
    },
    /// A bgzip file without its end marker.
    #[error("{}: the bgzip data has no end marker, expected one: the file is truncated", path.display())]
    NoEndMarker {
        /// File being opened.
        path: PathBuf,
    },
    /// A zip archive that cannot be taken apart.
    #[error("{}: damaged or encrypted zip archive, expected a zip archive of one table", path.display())]
    Zip {
        /// File being opened.
        path: PathBuf,
        /// What the archive reader says.
        source: zip::result::ZipError,
    },
    /// A workbook of a spreadsheet program, which is a zip archive.
    #[error("{}: a workbook of a spreadsheet program, expected a text table: save it as tab-separated text", path.display())]
    Workbook {
        /// File being opened.
        path: PathBuf,
    },
    /// A zip archive with no table or more than one.
    #[error("{}: {} files in the zip archive{}, expected one table", path.display(), names.len(), list(names))]
    ZipEntries {
        /// File being opened.
        path: PathBuf,
        /// Files in the archive.
        names: Vec<String>,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

/// What something is that is not a regular file.
fn kind(path: &Path) -> &'static str {
    if path.is_dir() { "a folder" } else { "a pipe or a device" }
}

/// The compression whose magic number starts `head`.
pub fn recognise(head: &[u8]) -> Compression {
    const MAGIC: [(&[u8], Compression); 5] = [
        (&[0x1f, 0x8b], Compression::Gzip),
        (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
        (b"BZh", Compression::Bzip2),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0x00], Compression::Xz),
        (b"PK\x03\x04", Compression::Zip),
    ];
    let found = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
    found.map_or(Compression::Plain, |&(_, compression)| compression)
}

/// Opens `path` and decompresses it; at most `ratio` bytes come out per compressed byte, and always
/// [`FREE_BYTES`].
///
/// # Examples
///
/// ```
/// use std::io::Read;
///
/// use reperio_data::compress::{self, Compression};
/// use reperio_data::limits::MAX_RATIO;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("donor.tsv");
/// std::fs::write(&path, "junction_aa\nCASSF\n")?;
/// let (compression, mut reader) = compress::open(&path, MAX_RATIO)?;
/// let mut text = String::new();
/// reader.read_to_string(&mut text)?;
/// assert_eq!((compression, text.lines().count()), (Compression::Plain, 2));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If it is not a regular file or cannot be read, is a bgzip file without its end marker, or a zip archive
/// without exactly one table. Damaged data shows only while reading: truncated data as
/// [`io::ErrorKind::UnexpectedEof`], too much of it as [`TooLarge`].
pub fn open(path: &Path, ratio: u64) -> Result<(Compression, Box<dyn Read + Send>), OpenError> {
    let fail = |source| OpenError::Io { path: path.to_owned(), source };
    let found = fs::metadata(path).map_err(fail)?;
    if !found.is_file() {
        return Err(OpenError::NotAFile { path: path.to_owned() });
    }
    let mut file = File::open(path).map_err(fail)?;
    let mut head = Vec::new();
    (&mut file).take(18).read_to_end(&mut head).map_err(fail)?;
    let compression = recognise(&head);
    if compression == Compression::Gzip
        && bgzip::is_block(&head)
        && !bgzip::is_whole(&mut file).map_err(fail)?
    {
        return Err(OpenError::NoEndMarker { path: path.to_owned() });
    }
    file.rewind().map_err(fail)?;
    let file = BufReader::with_capacity(1 << 16, file);
    let reader: Box<dyn Read + Send> = match compression {
        Compression::Plain => return Ok((compression, Box::new(file))),
        Compression::Gzip => Box::new(gzip::Members::new(file)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(file).map_err(fail)?),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(file)),
        Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(file)),
        Compression::Zip => zipped::open(path, file)?,
    };
    let limit = found.len().saturating_mul(ratio).max(FREE_BYTES);
    Ok((compression, Box::new(bounded::Bounded::new(reader, limit, ratio))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_RATIO;
    use insta::assert_snapshot;
    use std::io::{Cursor, Write};

    const TABLE: &[u8] = b"junction_aa\nCASSF\n";

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn read_back(bytes: &[u8]) -> Result<(Compression, Vec<u8>), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        // The name promises something else each time: it must not matter.
        let path = folder.path().join("table.gz.txt.zip");
        std::fs::write(&path, bytes)?;
        let (compression, mut reader) = open(&path, MAX_RATIO)?;
        let mut content = Vec::new();
        reader.read_to_end(&mut content)?;
        Ok((compression, content))
    }

    #[test]
    fn every_compression_is_known_by_its_content() {
        let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bz.write_all(TABLE).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(TABLE).unwrap();
        let cases = [
            (Compression::Plain, TABLE.to_vec()),
            (Compression::Gzip, gzip(TABLE)),
            (Compression::Zstd, zstd::encode_all(TABLE, 1).unwrap()),
            (Compression::Bzip2, bz.finish().unwrap()),
            (Compression::Xz, xz.finish().unwrap()),
            (Compression::Zip, zip_of(&[("a/table.tsv", TABLE), ("__MACOSX/._table.tsv", b"x")])),
        ];
        for (expected, bytes) in cases {
            let (compression, content) = read_back(&bytes).unwrap();
            assert_eq!(compression, expected);
            assert_eq!(content, TABLE, "{expected}");
        }
    }

    #[test]
    fn what_desktops_put_into_a_zip_is_no_table() {
        for name in [
            ".DS_Store",
            "S1/.DS_Store",
            "S1/__MACOSX/._t.tsv",
            "._t.tsv",
            "Thumbs.db",
            "S1/",
            "S1\\",
        ] {
            let bytes = zip_of(&[(name, b""), ("S1/t.tsv", TABLE)]);
            assert_eq!(read_back(&bytes).unwrap().1, TABLE, "{name}");
        }
        assert!(read_back(&zip_of(&[(".hidden.tsv", TABLE), ("t.tsv", TABLE)])).is_err());
    }

    #[test]
    fn several_gzip_members_are_one_file() {
        let bytes = [gzip(&TABLE[..7]), gzip(&TABLE[7..])].concat();
        assert_eq!(read_back(&bytes).unwrap().1, TABLE);
    }

    #[test]
    fn zeros_behind_gzip_are_no_data_and_anything_else_is_an_error() {
        let padded = [gzip(TABLE), vec![0; 100_000]].concat();
        assert_eq!(read_back(&padded).unwrap().1, TABLE);
        let more = [&padded[..], &gzip(TABLE)].concat();
        assert_eq!(read_back(&more).unwrap().1, [TABLE, TABLE].concat());
        for rest in [&b"x"[..], b"\0\0junction", &[0x1f]] {
            assert!(read_back(&[&gzip(TABLE), rest].concat()).is_err(), "{rest:?}");
        }
    }

    #[test]
    fn a_workbook_is_no_zip_of_tables() {
        let parts: [(&str, &[u8]); 2] = [("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")];
        let err = read_back(&zip_of(&parts)).unwrap_err();
        assert!(err.to_string().contains("a workbook of a spreadsheet program"), "{err}");
    }

    #[test]
    fn a_zip_of_two_tables_is_an_error() {
        let err = read_back(&zip_of(&[("b.tsv", TABLE), ("a.tsv", TABLE)])).unwrap_err();
        let text = err.to_string();
        let message = text.rsplit('/').next().unwrap();
        assert_snapshot!(message, @"table.gz.txt.zip: 2 files in the zip archive (a.tsv, b.tsv), expected one table");
    }

    #[test]
    fn a_cut_gzip_ends_unexpectedly() {
        let bytes = gzip(TABLE);
        let err = read_back(&bytes[..bytes.len() - 10]).unwrap_err();
        let err = err.downcast_ref::<io::Error>().unwrap();
        assert_eq!(err.kind(), io::ErrorKind::UnexpectedEof);
    }

    /// A bgzip block: a gzip member with the extra field `BC`, which holds the block's size.
    fn block(content: &[u8]) -> Vec<u8> {
        let mut deflated =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        deflated.write_all(content).unwrap();
        let deflated = deflated.finish().unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let size = (18 + deflated.len() + 8 - 1) as u16;
        let mut block = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0];
        block.extend(size.to_le_bytes());
        block.extend(deflated);
        block.extend(crc.sum().to_le_bytes());
        block.extend((content.len() as u32).to_le_bytes());
        block
    }

    #[test]
    fn bgzip_cut_at_the_end_of_a_block_is_an_error() {
        let whole = [block(&TABLE[..7]), block(&TABLE[7..]), block(b"")].concat();
        assert_eq!(read_back(&whole).unwrap().1, TABLE);
        let cut = |at: usize| {
            let text = read_back(&whole[..at]).unwrap_err().to_string();
            text.rsplit('/').next().unwrap().to_owned()
        };
        let message = cut(whole.len() - block(b"").len());
        assert_snapshot!(message, @"table.gz.txt.zip: the bgzip data has no end marker, expected one: the file is truncated");
        assert_eq!(cut(block(&TABLE[..7]).len()), message);
    }

    #[test]
    fn a_damaged_zip_is_an_error() {
        let mut bytes = zip_of(&[("a.tsv", TABLE)]);
        let at = bytes.windows(4).position(|w| w == [0x50, 0x4b, 1, 2]).unwrap() + 16;
        bytes[at] ^= 1; // The checksum in the central directory.
        let err = read_back(&bytes).unwrap_err();
        assert_snapshot!(err, @"size or checksum is not the one that the archive states");
    }

    #[test]
    fn too_much_from_too_little_is_an_error_and_can_be_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.zst");
        let n = FREE_BYTES + (1 << 16);
        std::fs::write(&path, zstd::encode_all(io::repeat(b'A').take(n), 1).unwrap()).unwrap();
        let size = |ratio| io::copy(&mut open(&path, ratio).unwrap().1, &mut io::sink());
        assert_snapshot!(size(10).unwrap_err(), @"more than 268435456 decompressed bytes, over 10 per compressed byte, expected a table: --max-ratio allows more");
        assert_eq!(size(1_000_000).unwrap(), n);
    }

    #[test]
    fn a_line_without_end_is_an_error() {
        let copied = |length: usize| {
            let text = b"a\nb\n".chain(io::repeat(b'A').take(length as u64));
            io::copy(&mut ShortLines::new(text), &mut io::sink())
        };
        copied(crate::limits::MAX_LINE).unwrap();
        let err = copied(crate::limits::MAX_LINE + 1).unwrap_err();
        assert_snapshot!(err, @"a line of more than 16777216 bytes, expected shorter lines");
        let two = b"A\n".repeat(crate::limits::MAX_LINE);
        io::copy(&mut ShortLines::new(&two[..]), &mut io::sink()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_opened() {
        let err = open(Path::new("/dev/zero"), MAX_RATIO).err().unwrap();
        assert_snapshot!(err, @"/dev/zero: not a regular file but a pipe or a device, expected a file");
        let err = open(Path::new("/dev"), MAX_RATIO).err().unwrap();
        assert_snapshot!(err, @"/dev: not a regular file but a folder, expected a file");
    }
}
