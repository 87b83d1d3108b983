//! The same clonotypes exported by different tools are the same repertoire.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write;

use proptest::prelude::*;
use reperio_data::cohort::{self, Cohort, ImportRequest};
use reperio_data::format::{Format, ReadOptions, ReadRepertoire, read_file};
use reperio_data::progress::Silent;

/// A V gene or family as IMGT and as Adaptive write it.
const V: [[&str; 2]; 7] = [
    ["TRBV6-2", "TCRBV06-02*01"],
    ["TRBV28", "TCRBV28-01*01"],
    ["TRBV20-1", "TCRBV20-01*01"],
    ["TRBV12-3", "TCRBV12-03*01"],
    ["TRBV9", "TCRBV09-01*02"],
    ["TRBV6", "TCRBV06"],
    ["", "unresolved"],
];

/// A J gene or family as IMGT and as Adaptive write it.
const J: [[&str; 2]; 4] = [
    ["TRBJ2-7", "TCRBJ02-07*01"],
    ["TRBJ1-1", "TCRBJ01-01*01"],
    ["TRBJ2", "TCRBJ02"],
    ["", "unresolved"],
];

/// One made-up row: a junction that may be unusable, indices into [`V`] and [`J`], copies.
#[derive(Clone, Debug)]
struct Made {
    junction_aa: String,
    v: usize,
    j: usize,
    copies: u64,
}

fn rows() -> impl Strategy<Value = Vec<Made>> {
    let row = ("C[ASGQ]{3,5}EQ[YF]F", 0..V.len(), 0..J.len(), 1_u64..2000);
    prop::collection::vec(row, 1..40).prop_map(|rows| {
        rows.into_iter()
            .map(|(junction_aa, v, j, copies)| Made { junction_aa, v, j, copies })
            .collect()
    })
}

/// The allele of an IMGT gene, or nothing.
fn allele(gene: &str, suffix: &str) -> String {
    if gene.is_empty() { String::new() } else { format!("{gene}{suffix}") }
}

fn airr(rows: &[Made]) -> String {
    let mut out =
        "sequence_id\tproductive\tv_call\tj_call\tjunction_aa\tduplicate_count\n".to_owned();
    for (n, row) in rows.iter().enumerate() {
        let (v, j) = (allele(V[row.v][0], "*01"), allele(J[row.j][0], "*01"));
        writeln!(out, "s{n}\tT\t{v}\t{j}\t{}\t{}", row.junction_aa, row.copies).unwrap();
    }
    out
}

fn immunoseq_old(rows: &[Made]) -> String {
    let mut out =
        "nucleotide\taminoAcid\tcount (templates/reads)\tvMaxResolved\tvGeneName\tjMaxResolved\tsequenceStatus\n"
            .to_owned();
    for row in rows {
        let (v, j) = (V[row.v][1], J[row.j][1]);
        let gene = v.split('*').next().unwrap();
        writeln!(out, "ACGT\t{}\t{}\t{v}\t{gene}\t{j}\tIn", row.junction_aa, row.copies).unwrap();
    }
    out
}

fn immunoseq_new(rows: &[Made]) -> String {
    let mut out =
        "rearrangement\tamino_acid\tframe_type\ttemplates\treads\tv_resolved\tj_resolved\n"
            .to_owned();
    for row in rows {
        let (v, j) = (V[row.v][1], J[row.j][1]);
        writeln!(out, "ACGT\t{}\tIn\t{}\t9\t{v}\t{j}", row.junction_aa, row.copies).unwrap();
    }
    out
}

fn mixcr(rows: &[Made]) -> String {
    let mut out =
        "cloneId\tcloneCount\tallVHitsWithScore\tallJHitsWithScore\taaSeqCDR3\n".to_owned();
    for (n, row) in rows.iter().enumerate() {
        let v = allele(V[row.v][0], "*00(401.5),TRBV30*00(77)");
        let (j, copies) = (allele(J[row.j][0], "*00(120)"), row.copies);
        writeln!(out, "{n}\t{copies}.0\t{v}\t{j}\t{}", row.junction_aa).unwrap();
    }
    out
}

fn vdjtools(rows: &[Made]) -> String {
    let mut out = "count\tfreq\tcdr3nt\tcdr3aa\tv\td\tj\n".to_owned();
    for row in rows {
        let [v, j] =
            [V[row.v][0], J[row.j][0]].map(|gene| if gene.is_empty() { "." } else { gene });
        writeln!(out, "{}\t0.1\tTGT\t{}\t{v}\t.\t{j}", row.copies, row.junction_aa).unwrap();
    }
    out
}

/// Columns of several tools in one table: nucleotides as `MiXCR` calls them, genes and counts as others do.
fn of_no_tool(rows: &[Made]) -> String {
    let mut out = "nSeqCDR3\tCDR3\tTRBV_gene\tTRBJ_gene\tcount\n".to_owned();
    for row in rows {
        let codon = |residue| match residue {
            'C' => "TGT",
            'A' => "GCC",
            'S' => "AGC",
            'G' => "GGA",
            'Q' => "CAG",
            'E' => "GAA",
            'Y' => "TAC",
            'F' => "TTC",
            other => panic!("{other} has no codon here"),
        };
        let nucleotides: String = row.junction_aa.chars().map(codon).collect();
        let (v, j) = (V[row.v][0], J[row.j][0]);
        writeln!(out, "{nucleotides}\t{}\t{v}\t{j}\t{}", row.junction_aa, row.copies).unwrap();
    }
    out
}

/// One row per cell.
fn tenx(rows: &[Made]) -> String {
    let mut out =
        "barcode,is_cell,contig_id,high_confidence,chain,v_gene,d_gene,j_gene,c_gene,full_length,productive,cdr3,cdr3_nt,reads,umis\n"
            .to_owned();
    let cells = rows.iter().flat_map(|row| (0..row.copies).map(move |_| row));
    for (n, row) in cells.enumerate() {
        // Letters alone, as barcodes are.
        let code = (0..16).map(|place| char::from(b"ACGT"[n >> (2 * place) & 3]));
        let barcode: String = code.collect();
        let (v, j) = (V[row.v][0], J[row.j][0]);
        writeln!(
            out,
            "{barcode}-1,true,{barcode}-1_contig_1,true,TRB,{v},,{j},TRBC2,true,true,{},,900,{}",
            row.junction_aa,
            2 + n % 5
        )
        .unwrap();
    }
    out
}

fn read(table: &str) -> ReadRepertoire {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("donor.tsv");
    std::fs::write(&path, table).unwrap();
    let mut repertoires = read_file(&path, &ReadOptions::default()).unwrap();
    assert_eq!(repertoires.len(), 1);
    repertoires.remove(0)
}

proptest! {
    #[test]
    fn exports_of_different_tools_are_one_repertoire(rows in rows(), stop in any::<bool>()) {
        let mut rows = rows;
        if stop {
            rows[0].junction_aa = "CASS*EQYF".to_owned();
        }
        let expected = read(&airr(&rows));
        prop_assert_eq!(expected.format, Format::Airr);
        let templates: u64 = rows.iter().skip(usize::from(stop)).map(|row| row.copies).sum();
        prop_assert_eq!(expected.repertoire.templates(), templates);
        let others = [
            (Format::Immunoseq, immunoseq_old(&rows)),
            (Format::Immunoseq, immunoseq_new(&rows)),
            (Format::Mixcr, mixcr(&rows)),
            (Format::Vdjtools, vdjtools(&rows)),
        ];
        for (format, table) in others {
            let other = read(&table);
            prop_assert_eq!(other.format, format);
            prop_assert_eq!(&other.repertoire, &expected.repertoire, "{}", table);
            prop_assert_eq!(&other.counts, &expected.counts);
        }
    }
}

/// The bytes of a store's tables after importing `table` as the only file.
fn store(table: &str) -> (Cohort, [Vec<u8>; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("donor.tsv"), folder.path().join("cohort"));
    std::fs::write(&file, table).unwrap();
    let request = ImportRequest {
        inputs: vec![file],
        metadata: None,
        out: out.clone(),
        options: ReadOptions::default(),
    };
    cohort::import(&request, &Silent).unwrap();
    let cohort =
        cohort::load(std::slice::from_ref(&out), None, &ReadOptions::default(), &Silent).unwrap();
    let bytes = |name: &str| std::fs::read(out.join(name)).unwrap();
    (cohort, [bytes("cohort.parquet"), bytes("repertoires/donor.parquet")])
}

#[test]
fn imported_exports_of_different_tools_are_one_cohort() {
    let row = |n: usize| Made {
        junction_aa: format!("CASS{}EQYF", ["AG", "GQ", "*S", "SA"][n % 4]),
        v: n % V.len(),
        j: n / 4 % J.len(),
        copies: 1 + n as u64 * 7 % 50,
    };
    let rows: Vec<Made> = (0..60).map(row).collect();
    let expected = store(&airr(&rows));
    let counts = &expected.0.counts()[0];
    assert_eq!(counts.dropped(), 15);
    // A family is not unknown.
    let kept = |keep: &dyn Fn(&Made) -> bool| {
        let usable = rows.iter().filter(|row| !row.junction_aa.contains('*'));
        usable.filter(|row| keep(row)).count() as u64
    };
    let [family_v, family_j] =
        [kept(&|row| V[row.v][0] == "TRBV6"), kept(&|row| J[row.j][0] == "TRBJ2")];
    assert!(family_v > 0 && family_j > 0);
    assert_eq!([counts.family_v, counts.family_j], [family_v, family_j]);
    let unknown = [kept(&|row| V[row.v][0].is_empty()), kept(&|row| J[row.j][0].is_empty())];
    assert_eq!([counts.unknown_v, counts.unknown_j], unknown);
    for table in [immunoseq_old(&rows), immunoseq_new(&rows), mixcr(&rows)] {
        assert!(store(&table) == expected, "{table}");
    }
}

/// Writes rows as a tool does.
type Writer = fn(&[Made]) -> String;

fn few(donor: usize) -> Vec<Made> {
    let row = |n: usize| Made {
        junction_aa: format!("CASS{}EQYF", ["AG", "GQ", "QS", "SA"][(n + donor) % 4]),
        v: (n + donor) % 5,
        j: n % 2,
        copies: 1 + (n * 7 + donor) as u64 % 5,
    };
    (0..20).map(row).collect()
}

/// Imports a folder of these tables without any option.
fn import(tables: &[(String, String)]) -> (cohort::ImportSummary, Cohort) {
    let folder = tempfile::tempdir().unwrap();
    let (files, out) = (folder.path().join("files"), folder.path().join("cohort"));
    std::fs::create_dir(&files).unwrap();
    for (name, table) in tables {
        std::fs::write(files.join(name), table).unwrap();
    }
    let options = ReadOptions::default();
    let request = ImportRequest {
        inputs: vec![files],
        metadata: None,
        out: out.clone(),
        options: options.clone(),
    };
    let summary = cohort::import(&request, &Silent).unwrap();
    (summary, cohort::load(&[out], None, &options, &Silent).unwrap())
}

#[test]
fn tables_of_no_tool_are_read_whole_without_options() {
    let tables = |write: fn(&[Made]) -> String| -> Vec<_> {
        (0..6).map(|donor| (format!("d{donor}.tsv"), write(&few(donor)))).collect()
    };
    let (_, expected) = import(&tables(airr));
    let (summary, cohort) = import(&tables(of_no_tool));
    assert_eq!(cohort.repertoires(), expected.repertoires());
    assert!(cohort.repertoires().iter().all(|own| own.templates() > own.len() as u64), "counts");
    assert!(summary.repertoires.iter().all(|row| row.counts.unknown_v == 0), "genes");
}

#[test]
fn a_mixed_folder_is_read_each_in_its_own_way() {
    let rows = few(0);
    let writers: [(&str, Writer); 6] = [
        ("airr.tsv", airr),
        ("new.tsv", immunoseq_new),
        ("old.tsv", immunoseq_old),
        ("mixcr.tsv", mixcr),
        ("tenx.csv", tenx),
        ("vdjtools.txt", vdjtools),
    ];
    let tables = writers.map(|(name, write)| (name.to_owned(), write(&rows)));
    let (summary, cohort) = import(&tables);
    assert_eq!(summary.copies.len(), 1, "all are copies of one sample: {:?}", summary.copies);
    for own in cohort.repertoires() {
        let first = &cohort.repertoires()[0];
        assert_eq!(own.fingerprints(), first.fingerprints(), "{} and {}", own.id, first.id);
    }
    let units: Vec<String> = summary
        .repertoires
        .iter()
        .map(|row| format!("{}: {}", row.id, row.reading.count_unit))
        .collect();
    insta::assert_snapshot!(units.join("\n"), @r"
    airr: reads
    mixcr: reads
    new: molecules
    old: molecules
    tenx: cells
    vdjtools: copies, as the file counts them
    ");
}
