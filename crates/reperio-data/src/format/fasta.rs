//! FASTA of junctions or their nucleotides: a record is a sequence, without genes or count.

use std::io;

use super::collect::Collector;
use super::detect::Source;
use super::error::ReadError;
use super::lines::Lines;
use super::reading::{self, Place, Plan, Reading, Sample};
use super::record::Record;
use super::{Format, ReadOptions, ReadRepertoire, repertoire_id};
use crate::compress::LongLine;
use crate::limits::MAX_LINE;

/// Reads all records, each as a row of one field. One without a name and a sequence is a row like any other: readers
/// for genomes take it for the end of the file.
pub(super) fn read(
    source: Source,
    mut lines: Lines,
    options: &ReadOptions,
) -> Result<Vec<ReadRepertoire>, ReadError> {
    let plan = plan(&source, &mut lines)?;
    let Source { path, compression } = source;
    let names = [COLUMN.to_owned()];
    let mut collector = Collector::new(Format::Fasta, &plan, names.len(), options);
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
    let only = repertoire_id(&path);
    let read = collector.finish(&only, &plan.reading);
    read.map_err(|(line, fault)| fault.at(path, line, &names))
}

/// Whether a line begins a record; as where the format is recognised, space before the mark does not matter.
fn begins(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b">")
}

/// How the sequences are going to be read.
pub(super) fn preview(
    source: &Source,
    mut lines: Lines,
) -> Result<(Reading, Vec<String>), ReadError> {
    Ok((plan(source, &mut lines)?.reading, Vec::new()))
}

/// What the sequences are called in messages.
const COLUMN: &str = "sequence";

/// What is looked at before anything is read.
const LINES_AHEAD: usize = 2_000;
const BYTES_AHEAD: usize = 1 << 16;

/// Whether they are amino acids or nucleotides, and whether they have their anchors, by the first of them.
fn plan(source: &Source, lines: &mut Lines) -> Result<Plan, ReadError> {
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
    let place = Place { path: &source.path, line: 1, names: &[COLUMN.to_owned()] };
    reading::plan_of_one(Format::Fasta, &Sample { rows, is_whole: false }, place)
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
        assert_snapshot!(check_with(text, &ReadOptions::default()), @"case.tsv:4: column `sequence` is not UTF-8 (Latin-1, perhaps), expected UTF-8 text");
    }
}
