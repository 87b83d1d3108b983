//! The one table of a zip archive, decompressed while it is read.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::CrcReader;
use flate2::bufread::DeflateDecoder;
use zip::CompressionMethod;
use zip::result::ZipError;

use super::OpenError;

/// Opens the one file of an archive; folders and what the desktops of macOS and Windows put beside do not count.
pub(super) fn open(path: &Path, file: BufReader<File>) -> Result<Box<dyn Read + Send>, OpenError> {
    let fail = |source| OpenError::Zip { path: path.to_owned(), source };
    let mut archive = zip::ZipArchive::new(file).map_err(fail)?;
    let names = archive.file_names().map(|name| Ok(name?.into_owned()));
    let mut names = names.collect::<Result<Vec<String>, _>>().map_err(fail)?;
    names.retain(|name| !is_beside(name));
    names.sort_unstable();
    // Office Open XML and OpenDocument.
    let is_part = |name: &String| matches!(name.as_str(), "[Content_Types].xml" | "content.xml");
    if names.iter().any(is_part) && names.len() > 1 {
        return Err(OpenError::Workbook { path: path.to_owned() });
    }
    let [name] = names.as_slice() else {
        return Err(OpenError::ZipEntries { path: path.to_owned(), names });
    };
    let entry = archive.by_name(name).map_err(fail)?;
    let (start, packed, method) =
        (entry.data_start(), entry.compressed_size(), entry.compression());
    let (size, crc) = (entry.size(), entry.crc32());
    let start = start.ok_or_else(|| fail(ZipError::FileNotFound))?;
    drop(entry);
    let mut file = archive.into_inner();
    file.seek(SeekFrom::Start(start)).map_err(|err| fail(err.into()))?;
    let packed = file.take(packed);
    Ok(match method {
        CompressionMethod::Stored => Box::new(Checked::new(packed, size, crc)),
        CompressionMethod::Deflated => {
            Box::new(Checked::new(DeflateDecoder::new(packed), size, crc))
        }
        _ => return Err(fail(ZipError::UnsupportedArchive("a compression other than deflate"))),
    })
}

/// Whether an entry is a folder or a file that no person has put there.
fn is_beside(name: &str) -> bool {
    let mut parts = name.rsplit(['/', '\\']);
    let file = parts.next().unwrap_or_default();
    let by_desktop = ["Thumbs.db", "desktop.ini"].iter().any(|own| file.eq_ignore_ascii_case(own));
    file.is_empty()
        || file == ".DS_Store"
        || file.starts_with("._")
        || by_desktop
        || parts.any(|part| part == "__MACOSX")
}

/// Checks size and checksum at the end.
struct Checked<R> {
    reader: CrcReader<R>,
    size: u64,
    crc: u32,
}

impl<R: Read> Checked<R> {
    fn new(reader: R, size: u64, crc: u32) -> Self {
        Self { reader: CrcReader::new(reader), size, crc }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        // The checksum counts bytes in 32 bits; so does the comparison.
        let found = (self.reader.crc().amount(), self.reader.crc().sum());
        if n == 0 && !buffer.is_empty() && found != (self.size as u32, self.crc) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "size or checksum is not the one that the archive states",
            ));
        }
        Ok(n)
    }
}
