//! Rows a second from gzipped exports and from a cohort store to clonotypes in memory.
//!
//! The files stay in the target folder's `tmp`, where `read.py` times polars and pandas on them.

#![expect(missing_docs, reason = "criterion's macro makes an undocumented function")]

mod tables;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reperio_data::cohort::{self, ImportRequest};
use reperio_data::compress;
use reperio_data::format::{ReadOptions, read_file};
use reperio_data::limits::MAX_RATIO;
use reperio_data::progress::Silent;
use reperio_data::repertoire::Repertoire;

use tables::{TABLES, Table};

/// Repertoires of the store.
const STORED: usize = 8;

fn file(table: &Table) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("read");
    std::fs::create_dir_all(&folder).expect("the target folder is writable");
    let path = folder.join(format!("{}.tsv.gz", table.name));
    std::fs::write(&path, table.gzipped()).expect("the target folder is writable");
    path
}

/// On one thread: a file is read by one.
fn files(c: &mut Criterion) {
    let options = ReadOptions::default();
    let mut group = c.benchmark_group("read");
    group.sample_size(10);
    for table in &TABLES {
        let path = file(table);
        group.throughput(Throughput::Elements(table.rows));
        group.bench_function(table.name, |b| {
            b.iter(|| {
                let read = read_file(black_box(&path), &options).expect("a well-formed table");
                // The time of a wrong answer is worthless.
                assert_eq!(read[0].counts.clonotypes, table.rows);
                assert_eq!(read[0].counts.templates, table.templates());
                assert_eq!(read[0].counts.unknown_v + read[0].counts.unknown_j, 0);
            });
        });
        group.bench_function(format!("{}, decompressing alone", table.name), |b| {
            b.iter(|| {
                let (_, mut file) =
                    compress::open(black_box(&path), MAX_RATIO).expect("a whole file");
                let bytes = std::io::copy(&mut file, &mut std::io::sink()).expect("a whole file");
                assert!(bytes > table.rows * 20);
            });
        });
    }
    group.finish();
}

/// On all threads.
fn store(c: &mut Criterion) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("read-store");
    let _ = std::fs::remove_dir_all(&folder);
    let (input, out) = (folder.join("in"), folder.join("cohort"));
    std::fs::create_dir_all(&input).expect("the target folder is writable");
    let table = &TABLES[0];
    let bytes = table.gzipped();
    for n in 0..STORED {
        std::fs::write(input.join(format!("r{n}.tsv.gz")), &bytes).expect("writable");
    }
    let options = ReadOptions::default();
    let request = ImportRequest { inputs: vec![input], metadata: None, out: out.clone(), options };
    let clonotypes = table.rows * STORED as u64;
    let mut group = c.benchmark_group("store");
    group.throughput(Throughput::Elements(clonotypes)).sample_size(10);
    group.bench_function("import", |b| {
        b.iter(|| {
            std::fs::remove_dir_all(&out).or_else(absent).expect("the folder goes");
            let made = cohort::import(&request, &Silent).expect("well-formed tables");
            assert_eq!(made.totals().clonotypes, clonotypes);
        });
    });
    group.bench_function("load", |b| {
        b.iter(|| {
            let inputs = std::slice::from_ref(&out);
            let read = cohort::load(inputs, None, &ReadOptions::default(), &Silent);
            let read = read.expect("a whole store");
            let kept: usize = read.repertoires().iter().map(Repertoire::len).sum();
            assert_eq!(kept as u64, clonotypes);
        });
    });
    group.finish();
}

fn absent(err: std::io::Error) -> std::io::Result<()> {
    if err.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(err) }
}

criterion_group!(benches, files, store);
criterion_main!(benches);
