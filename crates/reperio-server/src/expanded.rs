//! Compressed uploads that are larger than they look.
//!
//! The readers refuse what is implausible, a thousand bytes for each compressed one. A file of equal rows stays far below that
//! and would still fill the memory: so a file that could decompress to more than an upload may have is decompressed once
//! before a command reads it, into nothing.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use reperio_data::compress;
use reperio_data::limits::{FREE_BYTES, MAX_RATIO};
use reperio_data::progress::Observer;

use crate::engine::Failure;

/// Bytes that are decompressed at once.
const PART: usize = 1 << 16;

/// Refuses files that decompress to more than `most` bytes together.
///
/// # Errors
///
/// If they do, or if the observer asks to stop. Files that cannot be decompressed are left to the command, which says why.
pub(crate) fn check(files: &[PathBuf], most: u64, observer: &dyn Observer) -> Result<(), Failure> {
    if files.iter().map(|file| bound(file)).fold(0, u64::saturating_add) <= most {
        return Ok(());
    }
    let (mut left, mut part) = (most, vec![0; PART]);
    for file in files {
        let Ok((_, mut reader)) = compress::open(file, MAX_RATIO) else { continue };
        while let Ok(n @ 1..) = reader.read(&mut part) {
            if observer.cancelled() {
                return Err(Failure::Interrupted);
            }
            left = left.checked_sub(n as u64).ok_or_else(|| too_large(file, most))?;
        }
    }
    Ok(())
}

/// The most that can come out of a file.
fn bound(file: &Path) -> u64 {
    let bytes = file.metadata().map_or(0, |found| found.len());
    bytes.saturating_mul(MAX_RATIO).max(FREE_BYTES)
}

fn too_large(file: &Path, most: u64) -> Failure {
    let file = file.display();
    Failure::Refused(format!(
        "{file}: the upload decompresses to more than {most} bytes, the most that this server takes"
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
}
