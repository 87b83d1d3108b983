//! Every real example file is read, or refused for the right reason, and no row is lost.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use reperio_data::format::{Format, ReadError, ReadOptions, Refusal, read_file};
use reperio_data::import_counts::ImportCounts;

use crate::shared;

/// All files below `folder`, sorted, but for the notes about them.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.ends_with("ABOUT.md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What a file must be, told by its place and name, which the readers do not look at.
fn expected_format(path: &Path) -> Format {
    let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
    match folder {
        "airr_rearrangement" => Format::Airr,
        "immunarch" => Format::Immunarch,
        "other" => Format::Tcrdb,
        "trust4" => Format::Trust4,
        "vdjtools" => Format::Vdjtools,
        _ if folder.starts_with("adaptive") => Format::Immunoseq,
        _ if folder.starts_with("tenx") => Format::TenX,
        _ => panic!("no expectation for {}", path.display()),
    }
}

/// The files that are no repertoires, and how to tell that each was refused for its own reason.
fn is_right_refusal(path: &Path, err: &ReadError) -> bool {
    let refused = |what| matches!(err, ReadError::Refused { found, .. } if *found == what);
    match path.file_name().unwrap().to_str().unwrap() {
        "immundata__metadata.tsv" | "immunarch__metadata.txt" => refused(Refusal::Metadata),
        "scirpy__all_contig_annotations.json" => refused(Refusal::TenXJson),
        "scirpy__test_unfiltered_contigs.csv" => refused(Refusal::BdRhapsody),
        "scirpy__changeodb.tab" => refused(Refusal::ChangeO),
        _ => false,
    }
}

#[test]
fn every_file_is_read_or_refused_for_the_right_reason() {
    let folder = shared("formats");
    println!("file\tformat\trows\tkept\tdropped\tclonotypes\trefused because");
    let (mut read_files, mut refused) = (0, 0);
    for path in files(&folder) {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        match read_file(&path, &ReadOptions::default()) {
            Ok(repertoires) => {
                read_files += 1;
                let mut total = ImportCounts::default();
                for read in &repertoires {
                    assert_eq!(read.format, expected_format(&path), "{name}");
                    assert_eq!(
                        read.counts.rows,
                        read.counts.kept + read.counts.dropped(),
                        "{name}"
                    );
                    assert_eq!(read.counts.clonotypes, read.repertoire.len() as u64, "{name}");
                    total.add(&read.counts);
                }
                assert!(total.rows > 0, "{name}");
                let ImportCounts { rows, kept, clonotypes, .. } = total;
                let dropped = total.dropped();
                println!(
                    "{name}\t{}\t{rows}\t{kept}\t{dropped}\t{clonotypes}\t",
                    repertoires[0].format
                );
                println!("\t{:?}", ImportCounts { loci: total.loci.clone(), ..total });
            }
            Err(err) => {
                refused += 1;
                assert!(is_right_refusal(&path, &err), "{err}");
                println!("{name}\t\t\t\t\t\t{}", err.to_string().rsplit('/').next().unwrap());
            }
        }
    }
    assert_eq!((read_files, refused), (26, 5));
}

/// Rows of the tables and runs they hold, counted with another program.
#[test]
fn every_background_table_is_read_whole() {
    let folder = shared("data/tcrdb_background");
    let expected = [
        ("PRJNA393071.tsv.gz", 198_691),
        ("PRJNA477518.tsv.gz", 186_732),
        ("PRJNA577794.tsv.gz", 385_527),
        ("PRJNA579190.tsv.gz", 598_063),
        ("PRJNA79707.tsv.gz", 417_698),
    ];
    let mut runs = 0;
    for (name, rows) in expected {
        let repertoires = read_file(&folder.join(name), &ReadOptions::default()).unwrap();
        runs += repertoires.len();
        let mut total = ImportCounts::default();
        for read in &repertoires {
            total.add(&read.counts);
        }
        println!("{name}: {} runs, {total:?}", repertoires.len());
        assert_eq!((total.rows, total.kept + total.dropped()), (rows, rows), "{name}");
    }
    assert_eq!(runs, 216);
}
