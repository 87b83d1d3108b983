//! Throughput of reading one gzipped AIRR table of four columns, from file to clonotypes.

#![expect(missing_docs, reason = "criterion's macro makes an undocumented function")]

use std::hint::black_box;
use std::io::Write;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reperio_data::alphabet::AMINO_ACIDS;
use reperio_data::format::{ReadOptions, read_file};

/// Rows of the table; a bulk TRB sample holds 10⁴ to 10⁶.
const N_ROWS: u64 = 200_000;

/// Distinct V genes, as many as a human TRB sample shows.
const N_V: u64 = 48;

/// A table of made-up clonotypes, all different: six residues spell the row's number.
fn table() -> Vec<u8> {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut out = std::io::BufWriter::new(encoder);
    out.write_all(b"junction_aa\tv_call\tj_call\tduplicate_count\n").expect("memory is writable");
    for row in 0..N_ROWS {
        let mut number = row;
        let middle: String = (0..6)
            .map(|_| {
                let residue = AMINO_ACIDS[(number % 20) as usize];
                number /= 20;
                char::from(residue)
            })
            .collect();
        let (v, j, count) = (row % N_V, row % 7 + 1, row % 3 + 1);
        writeln!(
            out,
            "CASS{middle}EQYF\tTRBV{}-{}*01\tTRBJ2-{j}*01\t{count}",
            v / 6 + 3,
            v % 6 + 1
        )
        .expect("memory is writable");
    }
    let encoder = out.into_inner().expect("memory is writable");
    encoder.finish().expect("memory is writable")
}

fn read(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bench.tsv.gz");
    std::fs::write(&path, table()).expect("the temporary folder is writable");
    let options = ReadOptions::default();

    let mut group = c.benchmark_group("read");
    group.throughput(Throughput::Elements(N_ROWS));
    group.sample_size(20);
    group.bench_function("gzipped_airr", |b| {
        b.iter(|| {
            let read = read_file(black_box(&path), &options).expect("the table is well formed");
            // The time of a wrong answer is worthless.
            assert_eq!(read[0].counts.clonotypes, N_ROWS);
            assert_eq!(read[0].counts.templates, (0..N_ROWS).map(|row| row % 3 + 1).sum::<u64>());
            assert_eq!(read[0].counts.unknown_v, 0);
        });
    });
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
