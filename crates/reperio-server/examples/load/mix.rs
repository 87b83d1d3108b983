//! The files that are sent, and the command line's time for them.

#![expect(clippy::format_push_string, reason = "a text that is written once")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// Clonotypes of a file, and how many in a hundred have so many.
const SIZES: [(usize, u32); 4] = [(100, 60), (1_000, 25), (10_000, 12), (100_000, 3)];

/// A repertoire, gzipped.
pub(crate) struct File {
    pub(crate) clonotypes: usize,
    pub(crate) share: u32,
    pub(crate) bytes: Vec<u8>,
}

/// One of each size.
pub(crate) fn files() -> Vec<File> {
    SIZES
        .iter()
        .map(|&(clonotypes, share)| File { clonotypes, share, bytes: repertoire(clonotypes) })
        .collect()
}

/// A file of the mix, by a number below 100.
pub(crate) fn choose(files: &[File], mut number: u32) -> &File {
    for file in files {
        if number < file.share {
            return file;
        }
        number -= file.share;
    }
    &files[0]
}

fn repertoire(clonotypes: usize) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(clonotypes as u64);
    let mut text = "junction_aa\tv_call\tj_call\tduplicate_count\n".to_owned();
    for _ in 0..clonotypes {
        let middle: String = (0..random.random_range(6..12))
            .map(|_| char::from(b"ADEFGHIKLNPQRSTVWY"[random.random_range(0..18)]))
            .collect();
        let count = random.random_range(1..50);
        text += &format!("CAS{middle}EQYF\tTRBV7-9\tTRBJ2-7\t{count}\n");
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).and_then(|()| gzip.finish()).expect("memory takes it")
}

/// Seconds that the command takes for each size, and for the mean request of the mix.
pub(crate) fn by_command_line(
    program: &Path,
    model: &Path,
    files: &[File],
) -> Result<String, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let (mut text, mut mean, mut clonotypes) =
        ("command line, one after the other:\n".to_owned(), 0.0, 0.0);
    for file in files {
        let input = folder.path().join(format!("s{}.tsv.gz", file.clonotypes));
        fs::write(&input, &file.bytes)?;
        let mut best = f64::INFINITY;
        for _ in 0..3 {
            let begun = Instant::now();
            let out = folder.path().join("scores.tsv");
            let mut command = Command::new(program);
            command
                .arg("score")
                .arg("--overwrite")
                .arg("--model")
                .arg(model)
                .arg("--out")
                .arg(out)
                .arg(&input);
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            if !status.success() {
                return Err(format!("{command:?} failed").into());
            }
            best = best.min(begun.elapsed().as_secs_f64());
        }
        text += &format!("  {:>7} clonotypes: {:.0} ms\n", file.clonotypes, best * 1e3);
        mean += best * f64::from(file.share) / 100.0;
        clonotypes += file.clonotypes as f64 * f64::from(file.share) / 100.0;
    }
    Ok(text
        + &format!(
            "  the mix: {:.1} requests/s, {:.0} clonotypes/s",
            1.0 / mean,
            clonotypes / mean
        ))
}
