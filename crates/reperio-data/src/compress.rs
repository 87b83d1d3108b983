//! Plain, gzip, zstd, bzip2, xz or zip: told from a file's first bytes, never from its name.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

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
    /// A zip archive that cannot be taken apart.
    #[error("{}: damaged or encrypted zip archive, expected a zip archive of one table", path.display())]
    Zip {
        /// File being opened.
        path: PathBuf,
        /// What the archive reader says.
        source: zip::result::ZipError,
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

/// Opens `path` and undoes its compression.
///
/// # Errors
///
/// If the file cannot be read, or is a zip archive without exactly one table. Damaged data shows
/// only while reading: truncated data as [`io::ErrorKind::UnexpectedEof`].
pub fn open(path: &Path) -> Result<(Compression, Box<dyn Read + Send>), OpenError> {
    let fail = |source| OpenError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(fail)?;
    let mut head = Vec::new();
    (&mut file).take(8).read_to_end(&mut head).map_err(fail)?;
    file.rewind().map_err(fail)?;
    let compression = recognise(&head);
    let file = BufReader::with_capacity(1 << 16, file);
    let reader: Box<dyn Read + Send> = match compression {
        Compression::Plain => Box::new(file),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(file).map_err(fail)?),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(file)),
        Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(file)),
        Compression::Zip => Box::new(Cursor::new(only_entry(path, file)?)),
    };
    Ok((compression, reader))
}

/// Content of the one table of a zip archive; folders and macOS side files do not count.
fn only_entry(path: &Path, file: BufReader<File>) -> Result<Vec<u8>, OpenError> {
    let fail = |source| OpenError::Zip { path: path.to_owned(), source };
    let mut archive = zip::ZipArchive::new(file).map_err(fail)?;
    let names = archive.file_names().map(|name| Ok(name?.into_owned()));
    let mut names = names.collect::<Result<Vec<String>, _>>().map_err(fail)?;
    names.retain(|name| !name.ends_with('/') && !name.starts_with("__MACOSX/"));
    names.sort_unstable();
    let [name] = names.as_slice() else {
        return Err(OpenError::ZipEntries { path: path.to_owned(), names });
    };
    let mut content = Vec::new();
    let mut entry = archive.by_name(name).map_err(fail)?;
    entry.read_to_end(&mut content).map_err(|source| fail(source.into()))?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use std::io::Write;

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
        let (compression, mut reader) = open(&path)?;
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
    fn several_gzip_members_are_one_file() {
        let bytes = [gzip(&TABLE[..7]), gzip(&TABLE[7..])].concat();
        assert_eq!(read_back(&bytes).unwrap().1, TABLE);
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
}
