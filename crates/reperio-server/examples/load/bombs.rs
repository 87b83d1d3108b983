//! Small files that decompress to 10 GB.

use std::io::{self, Write};
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::client::Client;
use crate::table::largest_memory;

const BYTES: usize = 10_000_000_000;

/// Sends them one after the other.
pub(crate) fn send_all(address: &str, pid: Option<u32>) -> Result<(), Box<dyn std::error::Error>> {
    let rows = "CASSLGQGNTEAFF\tTRBV7-9\tTRBJ2-7\t1\n".repeat(30_000);
    let head = b"junction_aa\tv_call\tj_call\tduplicate_count\n";
    let long = vec![b'A'; 1 << 20];
    let zeros = vec![0; 1 << 20];
    let bombs = [
        ("zeros.tsv.gz", gzip(b"", &zeros)?),
        ("rows.tsv.gz", gzip(head, rows.as_bytes())?),
        ("line.tsv.gz", gzip(head, &long)?),
        ("zeros.tsv.zst", zstd(b"", &zeros)?),
        ("rows.tsv.zst", zstd(head, rows.as_bytes())?),
    ];
    println!(
        "| bomb | sent bytes | status | s | largest memory MB | text |\n|---|---|---|---|---|---|"
    );
    for (name, bytes) in bombs {
        let begun = Instant::now();
        let (status, body) = Client::new(address)?.score(name, &bytes)?;
        let memory = pid.map(largest_memory).transpose()?.unwrap_or(0) / 1000;
        let text = String::from_utf8_lossy(&body);
        let text: String = text.chars().take(300).collect();
        println!(
            "| {name} | {} | {status} | {:.1} | {memory} | {text} |",
            bytes.len(),
            begun.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

fn fill(out: &mut dyn Write, head: &[u8], part: &[u8]) -> io::Result<()> {
    out.write_all(head)?;
    for _ in 0..BYTES / part.len() {
        out.write_all(part)?;
    }
    Ok(())
}

fn gzip(head: &[u8], part: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    fill(&mut out, head, part)?;
    out.finish()
}

fn zstd(head: &[u8], part: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = zstd::Encoder::new(Vec::new(), 1)?;
    fill(&mut out, head, part)?;
    out.finish()
}
