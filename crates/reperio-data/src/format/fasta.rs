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
    let mut collector = Collector::new(Format::Fasta, places, options);
    for record in Reader::from_bufread(reader).records() {
        let line = lines.get();
        let record = match record {
            Ok(record) => record,
            Err(err) if err.kind() == io::ErrorKind::InvalidData => {
                let column = "sequence".to_owned();
                return Err(ReadError::Encoding { path, line: line + 1, column });
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
            let passed = buffer[..amount].iter().filter(|&&byte| byte == b'\n').count();
            self.lines.set(self.lines.get() + passed as u64);
        }
        self.inner.consume(amount);
    }
}
