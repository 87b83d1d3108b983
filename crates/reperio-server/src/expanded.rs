//! Compressed uploads that are larger than they look.
//!
//! The readers refuse a thousand decompressed bytes for each compressed one. A file of equal rows stays below that and would
//! still fill the memory. So each is decompressed once, into nothing, before a command reads it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use reperio_data::compress;
use reperio_data::limits::MAX_RATIO;
use reperio_data::progress::Observer;

use crate::engine::Failure;

/// Bytes that are decompressed at once.
const PART: usize = 1 << 16;

/// Decompressed bytes that any file may have.
const FREE: u64 = 1 << 26;

/// Decompressed bytes for each byte of a larger one. Tables of sequences have 5 to 20.
const PLAUSIBLE: u64 = 200;

/// Refuses files that decompress to more than `most` bytes together, or to far more than a table does.
///
/// # Errors
///
/// If they do, or if the observer asks to stop. Files that cannot be decompressed are left to the command, which says why.
pub(crate) fn check(files: &[PathBuf], most: u64, observer: &dyn Observer) -> Result<(), Failure> {
    let (mut left, mut part) = (most, vec![0; PART]);
    for file in files {
        let sent = file.metadata().map_or(0, |found| found.len());
        let Ok((_, mut reader)) = compress::open(file, MAX_RATIO) else { continue };
        let mut plausible = sent.saturating_mul(PLAUSIBLE).max(FREE);
        while let Ok(n @ 1..) = reader.read(&mut part) {
            if observer.cancelled() {
                return Err(Failure::Interrupted);
            }
            left = left.checked_sub(n as u64).ok_or_else(|| too_large(file, most))?;
            plausible = plausible.checked_sub(n as u64).ok_or_else(|| implausible(file))?;
        }
    }
    Ok(())
}

fn too_large(file: &Path, most: u64) -> Failure {
    let file = file.display();
    Failure::Refused(format!(
        "{file}: the upload decompresses to more than {most} bytes, the most that this server takes"
    ))
}

fn implausible(file: &Path) -> Failure {
    let file = file.display();
    Failure::Refused(format!(
        "{file}: more than {PLAUSIBLE} decompressed bytes for each that was sent, expected a table"
    ))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use reperio_data::progress::Progress;

    struct Nobody(bool);

    impl Observer for Nobody {
        fn progress(&self, _: Progress<'_>) {}

        fn scalar(&self, _: &str, _: u64, _: f64) {}

        fn cancelled(&self) -> bool {
            self.0
        }
    }

    #[test]
    fn what_decompresses_to_too_much_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let bomb = dir.path().join("a.tsv.gz");
        let mut gzip = GzEncoder::new(File::create(&bomb).unwrap(), Compression::fast());
        io::copy(&mut io::repeat(b'A').take(3_000_000), &mut gzip).unwrap();
        gzip.finish().unwrap();
        let broken = dir.path().join("b.tsv.gz");
        fs::write(&broken, &fs::read(&bomb).unwrap()[..100]).unwrap();
        let files = [broken, bomb];
        let text = format!(
            "{}: the upload decompresses to more than 2999999 bytes, the most that this server takes",
            files[1].display()
        );
        assert_eq!(check(&files[1..], 2_999_999, &Nobody(false)), Err(Failure::Refused(text)));
        assert_eq!(check(&files[1..], 3_000_000, &Nobody(false)), Ok(()));
        assert!(
            check(&files, 3_100_000, &Nobody(false)).is_ok(),
            "what is broken is for the command to say"
        );
        assert_eq!(check(&files, 3_000_000, &Nobody(true)), Err(Failure::Interrupted));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let bomb = dir.path().join("a.tsv.gz");
        let mut gzip = GzEncoder::new(File::create(&bomb).unwrap(), Compression::best());
        io::copy(&mut io::repeat(b'A').take(FREE), &mut gzip).unwrap();
        assert_eq!(check(std::slice::from_ref(&bomb), u64::MAX, &Nobody(false)), Ok(()));
        io::copy(&mut io::repeat(b'A').take(PART as u64), &mut gzip).unwrap();
        gzip.finish().unwrap();
        let refused = check(&[bomb], u64::MAX, &Nobody(false)).unwrap_err().to_string();
        assert!(refused.contains("more than 200 decompressed bytes"), "{refused}");
    }
}
