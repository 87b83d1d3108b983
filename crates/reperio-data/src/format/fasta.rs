//! FASTA of amino-acid junctions, anchors included: a record is a sequence, without genes or count.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use bio::io::fasta::Reader;
use csv::ByteRecord;

use super::collect::Collector;
use super::columns::Places;
use super::detect::Source;
use super::error::ReadError;
use super::{Format, ReadOptions, ReadRepertoire, repertoire_id};

/// Reads all records, each as a row of one field.
pub(super) fn read(
    source: Source,
    options: &ReadOptions,
) -> Result<Vec<ReadRepertoire>, ReadError> {
    let Source { path, compression, reader } = source;
    let lines = Rc::new(Cell::new(0));
    let reader = CountLines { inner: reader, lines: Rc::clone(&lines) };
    let places = Places { junction_aa: vec![0], ..Places::default() };
    let names = ["sequence".to_owned()];
    let mut collector = Collector::new(Format::Fasta, places, names.len(), options);
    for record in Reader::from_bufread(reader).records() {
        let line = lines.get();
        let record = match record {
            Ok(record) => record,
            Err(err) if err.kind() == io::ErrorKind::InvalidData => {
                let column = "sequence".to_owned();
                return Err(ReadError::Encoding { path, line, column });
            }
            Err(err) => return Err(ReadError::from_io(err, &path, line + 1, compression)),
        };
        let row = ByteRecord::from(vec![record.seq()]);
        collector.push(&row, line).map_err(|fault| fault.at(path.clone(), line, &names))?;
    }
    let only = repertoire_id(&path);
    collector.finish(&only).map_err(|(line, fault)| fault.at(path, line, &names))
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
    fn bytes_that_are_no_text_name_their_line() {
        let text = b">one\nCASSYEQYF\n>two\nCASS\xffF\n";
        assert_snapshot!(check_with(text, &ReadOptions::default()), @"case.tsv:4: column `sequence` is not UTF-8, expected UTF-8 text");
    }
}
