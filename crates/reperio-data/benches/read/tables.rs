//! Made-up exports, gzipped. All clonotypes differ: six residues spell the row's number.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use reperio_data::alphabet::AMINO_ACIDS;

/// Distinct V genes, as many as a human TRB sample shows.
const N_V: u64 = 48;

/// An export of `rows` clonotypes.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) rows: u64,
    header: &'static str,
    row: fn(u64, &mut String),
}

/// The four columns that matter, all columns of an aligner, and what a provider delivers.
pub(crate) const TABLES: [Table; 3] = [
    Table {
        name: "airr-four-columns",
        rows: 200_000,
        header: "junction_aa\tv_call\tj_call\tduplicate_count",
        row: |n, out| {
            let (junction, v, j) = (junction(n), v(n), j(n));
            let _ = write!(out, "{junction}\t{v}\t{j}\t{}", copies(n));
        },
    },
    Table {
        name: "airr-full",
        rows: 50_000,
        header: "sequence_id\tsequence\trev_comp\tproductive\tv_call\td_call\tj_call\tsequence_alignment\tgermline_alignment\tjunction\tjunction_aa\tv_cigar\td_cigar\tj_cigar\tduplicate_count",
        row: |n, out| {
            let read: String = (0..330).map(|i| nucleotide(n, i)).collect();
            let germline: String = (0..310).map(|i| nucleotide(n / 64, i)).collect();
            let (junction, v, j) = (junction(n), v(n), j(n));
            let (aligned, copies) = (&read[10..320], copies(n));
            let _ = write!(
                out,
                "read{n}\t{read}\tF\tT\t{v}\tTRBD1*01\t{j}\t{aligned}\t{germline}\t{}\t{junction}\t10S290M30S\t8M\t45M\t{copies}",
                &read[250..295]
            );
        },
    },
    Table {
        name: "immunoseq",
        rows: 200_000,
        header: "rearrangement\tamino_acid\tframe_type\ttemplates\treads\tv_resolved\tj_resolved",
        row: |n, out| {
            let read: String = (0..87).map(|i| nucleotide(n, i)).collect();
            let (v, j, copies) = (n % N_V, n % 7 + 1, copies(n));
            let _ = write!(
                out,
                "{read}\t{}\tIn\t{copies}\t{}\tTCRBV{:02}-{:02}*01\tTCRBJ02-{j:02}*01",
                junction(n),
                9 * copies,
                v / 6 + 3,
                v % 6 + 1
            );
        },
    },
];

impl Table {
    /// The file's bytes.
    pub(crate) fn gzipped(&self) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let mut line = self.header.to_owned();
        for n in 0..self.rows {
            line.push('\n');
            encoder.write_all(line.as_bytes()).expect("memory is writable");
            line.clear();
            (self.row)(n, &mut line);
        }
        line.push('\n');
        encoder.write_all(line.as_bytes()).expect("memory is writable");
        encoder.finish().expect("memory is writable")
    }

    /// Copies of all clonotypes.
    pub(crate) fn templates(&self) -> u64 {
        (0..self.rows).map(copies).sum()
    }
}

fn copies(n: u64) -> u64 {
    n % 3 + 1
}

fn junction(n: u64) -> String {
    let residue = |place: u32| char::from(AMINO_ACIDS[(n / 20_u64.pow(place) % 20) as usize]);
    format!("CASS{}EQYF", (0..6).map(residue).collect::<String>())
}

fn v(n: u64) -> String {
    format!("TRBV{}-{}*01", n % N_V / 6 + 3, n % 6 + 1)
}

fn j(n: u64) -> String {
    format!("TRBJ2-{}*01", n % 7 + 1)
}

/// A base that hardly compresses.
fn nucleotide(n: u64, i: u64) -> char {
    let mixed = (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ i.wrapping_mul(0xD1B5_4A32_D192_ED03))
        .wrapping_mul(0x2545_F491_4F6C_DD1D);
    char::from(b"ACGT"[(mixed >> 61) as usize % 4])
}
