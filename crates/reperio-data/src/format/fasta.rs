//! FASTA of junctions or their nucleotides: a record is a sequence, without genes or count.

use std::io;

use super::collect::Collector;
use super::detect;
use super::error::ReadError;
use super::lines::Lines;
use super::opened::{Opened, Place, TextFile};
use super::reading::{self, Plan, Reading, Sample, Sequence};
use super::record::Record;
use super::{Format, ReadOptions, ReadRepertoire, repertoire_id};
use crate::compress::LongLine;
use crate::limits::MAX_LINE;

/// Reads all records, each as a row of one field. One without a name and a sequence is a row like any other: readers
/// for genomes take it for the end of the file.
///
/// As of a table, the first records decide how, and where all of them say otherwise they are read once more.
pub(super) fn read(
    source: TextFile,
    mut lines: Lines,
    options: &ReadOptions,
) -> Result<Vec<ReadRepertoire>, ReadError> {
    let sample = sample(&mut lines);
    let mut known = None;
    loop {
        let mut plan = plan(&source, &sample, known.as_deref())?;
        if let Some(read) = read_by(&mut plan, &source, &mut lines, options)? {
            return Ok(read);
        }
        known = Some(plan.sequences());
        match detect::open(&source.path, options)? {
            Opened::Fasta(_, again) => lines = again,
            Opened::Table(_) => return Err(ReadError::Empty { path: source.path }),
        }
    }
}

/// Reads all records as planned; nothing if the plan turns out to be wrong, and is another now.
fn read_by(
    plan: &mut Plan,
    source: &TextFile,
    lines: &mut Lines,
    options: &ReadOptions,
) -> Result<Option<Vec<ReadRepertoire>>, ReadError> {
    let (path, compression) = (source.path.clone(), source.compression);
    let names = [COLUMN.to_owned()];
    let mut collector = Collector::new(Format::Fasta, plan, names.len(), options);
    let mut push = |(line, sequence): (u64, Vec<u8>)| {
        let row = Record::of_one(&sequence);
        collector.push(&row, line).map_err(|fault| fault.at(path.clone(), line, &names))
    };
    let mut text = Vec::new();
    let mut record: Option<(u64, Vec<u8>)> = None;
    loop {
        let more = lines.read(&mut text);
        let line = lines.number;
        let more = more.map_err(|err| ReadError::from_io(err, &path, line, compression))?;
        if !more || begins(&text) {
            record.take().map_or(Ok(()), &mut push)?;
            if !more {
                break;
            }
            record = Some((line, Vec::new()));
        } else if std::str::from_utf8(&text).is_err() {
            return Err(ReadError::Encoding { path, line, column: COLUMN.to_owned() });
        } else if let Some((_, sequence)) = &mut record {
            sequence.extend(text.trim_ascii());
            if sequence.len() > MAX_LINE {
                return Err(ReadError::Io { path, line, source: io::Error::other(LongLine) });
            }
        }
    }
    let tallies = collector.tallies().to_vec();
    let read = collector.finish(&repertoire_id(&path), &plan.reading);
    let read = read.map_err(|(line, fault)| fault.at(path, line, &names))?;
    let before = plan.sequences();
    reading::judge(plan, &tallies, Place { path: &source.path, line: 1, names: &names })?;
    Ok((plan.sequences() == before).then_some(read))
}

/// Whether a line begins a record; as where the format is recognised, space before the mark does not matter.
fn begins(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b">")
}

/// How the sequences are going to be read.
pub(super) fn preview(
    source: &TextFile,
    mut lines: Lines,
) -> Result<(Reading, Vec<String>), ReadError> {
    Ok((plan(source, &sample(&mut lines), None)?.reading, Vec::new()))
}

/// What the sequences are called in messages.
const COLUMN: &str = "sequence";

/// What is looked at before anything is read.
const LINES_AHEAD: usize = 2_000;
const BYTES_AHEAD: usize = 1 << 16;

/// The first records.
fn sample(lines: &mut Lines) -> Sample {
    let mut records: Vec<Vec<u8>> = Vec::new();
    for line in lines.look_ahead(LINES_AHEAD, BYTES_AHEAD) {
        match records.last_mut() {
            _ if begins(line) => records.push(Vec::new()),
            Some(record) => record.extend(line.trim_ascii()),
            None => {}
        }
    }
    if records.len() > 1 {
        records.pop(); // It may be cut.
    }
    let rows = records.iter().map(|record| Record::of_one(record)).collect();
    Sample { rows, is_whole: false }
}

/// Whether they are amino acids or nucleotides, and whether they have their anchors, by the first of them or as is `known`.
fn plan(
    source: &TextFile,
    sample: &Sample,
    known: Option<&[Vec<Sequence>]>,
) -> Result<Plan, ReadError> {
    let place = Place { path: &source.path, line: 1, names: &[COLUMN.to_owned()] };
    reading::plan_of_one(Format::Fasta, sample, place, known)
}

#[cfg(test)]
mod tests {
    use super::super::ReadOptions;
    use super::super::testing::{check, check_with};
    use insta::assert_snapshot;

    #[test]
    fn every_record_is_a_junction() {
        let text = ">one first\nCASSYE\nQYF\n>two\ncassyeqyf\n>three\nCASS*EQYF\n>four\n";
        assert_snapshot!(check(text), @r"
        fasta case: 2 of 4 rows
        CASSYEQYF ? ? 2
        dropped: stop codon 1
        dropped: missing junction 1
        noted: missing counts 2
        ");
    }

    #[test]
    fn nucleotides_are_translated() {
        let text = ">a\nTGTGCCAGCAGCTAT\nGAACAGTACTTC\n>b\nTGTGCCAGCAGCCTCGAACAGTACTTC\n";
        assert_snapshot!(check(text), @r"
        fasta case: 2 of 2 rows
        CASSLEQYF ? ? 1
        CASSYEQYF ? ? 1
        noted: missing counts 2
        noted: translated 2
        said: `sequence` holds nucleotides: translated
        ");
    }

    /// The first 65,536 bytes are looked at before anything is read.
    #[test]
    fn all_records_decide() {
        let records = |n: usize, sequence: &str| format!(">r\n{sequence}\n").repeat(n);
        let first = records(2_000, "CASSYEQYF");
        let bases = "TGTGCCAGCAGCTATGAACAGTACTTC";
        let text = check(&(first.clone() + &records(2_000, bases)));
        assert_snapshot!(text, @"case.tsv:1: column `sequence` has nucleotides in some rows and amino acids in others (2000 of 4000), expected the same in all: split the table");
        let text = check(&(first.clone() + &records(40_000, bases)));
        assert!(
            text.starts_with("fasta case: 40000 of 42000 rows\nCASSYEQYF ? ? 40000\n"),
            "{text}"
        );
        let text = check(&(first.clone() + &records(40_000, "ACGACGACGACG")));
        assert!(text.contains("holds nucleotides that do not translate to junctions"), "{text}");
        let text = check(&(records(1_100, "ASSYEQY") + &records(60_000, "CASSYEQYF")));
        assert!(text.contains("\nCASSYEQYF ? ? 60000\n"), "{text}");
        assert!(!text.contains("CCASS"), "{text}");
    }

    #[test]
    fn a_record_of_nothing_is_a_row_and_no_end() {
        assert_snapshot!(check(">\n>two\nCASSYEQYF\n>\n\n>\nCASSLEQYF\n>"), @r"
        fasta case: 2 of 5 rows
        CASSLEQYF ? ? 1
        CASSYEQYF ? ? 1
        dropped: missing junction 3
        noted: missing counts 2
        ");
        assert!(
            check(">").contains("expected those of a known format"),
            "a mark alone is no FASTA"
        );
    }

    #[test]
    fn lines_end_in_any_way() {
        let text = ">one\nCASSYE\nQYF\n>two\nCASSLEQYF\n";
        for end in ["\r\n", "\r"] {
            assert_eq!(check(&text.replace('\n', end)), check(text), "{end:?}");
        }
        assert_eq!(check(&format!("\n{text}")), check(text), "blank lines before the first record");
        assert_eq!(check(&text.replace('>', "\x0c >")), check(text), "blanks before the mark");
    }

    #[test]
    fn bytes_that_are_no_text_name_their_line() {
        let text = b">one\nCASSYEQYF\n>two\nCASS\xffF\n";
        assert_snapshot!(check_with(text, &ReadOptions::default()), @"case.tsv:4: column `sequence` is not UTF-8 (perhaps Latin-1), expected UTF-8 text");
    }
}
