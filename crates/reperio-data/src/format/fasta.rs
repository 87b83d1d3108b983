//! FASTA of junctions or their nucleotides: a record is a sequence, without genes or count.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use bio::io::fasta::Reader;

use super::collect::Collector;
use super::detect::Source;
use super::error::ReadError;
use super::reading::{self, Place, Plan, Reading, Sample};
use super::record::Record;
use super::{Format, ReadOptions, ReadRepertoire, repertoire_id};

/// Reads all records, each as a row of one field.
pub(super) fn read(
    source: Source,
    mut reader: Box<dyn BufRead>,
    options: &ReadOptions,
) -> Result<Vec<ReadRepertoire>, ReadError> {
    let plan = plan(&source, &mut reader)?;
    let Source { path, compression } = source;
    let lines = Rc::new(Cell::new(0));
    let reader = CountLines { inner: reader, lines: Rc::clone(&lines) };
    let names = [COLUMN.to_owned()];
    let mut collector = Collector::new(Format::Fasta, &plan, names.len(), options);
    for record in Reader::from_bufread(reader).records() {
        let line = lines.get();
        let record = match record {
            Ok(record) => record,
            Err(err) if err.kind() == io::ErrorKind::InvalidData => {
                let column = COLUMN.to_owned();
                return Err(ReadError::Encoding { path, line, column });
            }
            Err(err) => return Err(ReadError::from_io(err, &path, line + 1, compression)),
        };
        let row = Record::of_one(record.seq());
        collector.push(&row, line).map_err(|fault| fault.at(path.clone(), line, &names))?;
    }
    let only = repertoire_id(&path);
    let read = collector.finish(&only, &plan.reading);
    read.map_err(|(line, fault)| fault.at(path, line, &names))
}

/// How the sequences are going to be read.
pub(super) fn preview(
    source: &Source,
    mut reader: Box<dyn BufRead>,
) -> Result<(Reading, Vec<String>), ReadError> {
    Ok((plan(source, &mut reader)?.reading, Vec::new()))
}

/// What the sequences are called in messages.
const COLUMN: &str = "sequence";

/// Whether they are amino acids or nucleotides, and whether they have their anchors, by the first of them.
fn plan(source: &Source, reader: &mut Box<dyn BufRead>) -> Result<Plan, ReadError> {
    let failed = |err| ReadError::from_io(err, &source.path, 1, source.compression);
    let head = reader.fill_buf().map_err(failed)?;
    let mut records: Vec<Vec<u8>> = Vec::new();
    for line in head.split(|&byte| byte == b'\n') {
        match records.last_mut() {
            _ if line.starts_with(b">") => records.push(Vec::new()),
            Some(record) => record.extend(line.trim_ascii()),
            None => {}
        }
    }
    if records.len() > 1 {
        records.pop(); // It may be cut.
    }
    let rows = records.iter().map(|record| Record::of_one(record)).collect();
    let place = Place { path: &source.path, line: 1, names: &[COLUMN.to_owned()] };
    reading::plan_of_one(Format::Fasta, &Sample { rows }, place)
}

/// Counts the lines that pass.
struct CountLines {
    inner: Box<dyn BufRead>,
    lines: Rc<Cell<u64>>,
}

impl Read for CountLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl BufRead for CountLines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(buffer) = self.inner.fill_buf() {
            let lines = buffer[..amount].split(|&byte| byte == b'\n').count();
            self.lines.set(self.lines.get() + lines as u64 - 1);
        }
        self.inner.consume(amount);
    }
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
    fn bytes_that_are_no_text_name_their_line() {
        let text = b">one\nCASSYEQYF\n>two\nCASS\xffF\n";
        assert_snapshot!(check_with(text, &ReadOptions::default()), @"case.tsv:4: column `sequence` is not UTF-8 (Latin-1, perhaps), expected UTF-8 text");
    }
}
