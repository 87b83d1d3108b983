//! The one loop over rows that all tabular formats share.

use csv::ByteRecord;

use super::collect::Collector;
use super::detect::{Source, Table};
use super::error::ReadError;
use super::{ReadOptions, ReadRepertoire, repertoire_id};

/// Reads all rows of a table.
pub(super) fn read(table: Table, options: &ReadOptions) -> Result<Vec<ReadRepertoire>, ReadError> {
    let Table { source: Source { path, compression, reader }, format, header, places } = table;
    // The newline added at the end makes the line of a row the same function of the reader's
    // position everywhere; blank lines are skipped.
    let reader = std::io::Read::chain(reader, &b"\n"[..]);
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(header.delimiter)
        .terminator(csv::Terminator::Any(b'\n'))
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 16)
        .from_reader(reader);
    let width = header.names.len();
    let least = if places.short_rows { places.width() } else { width };
    let mut record = ByteRecord::new();
    let mut collector = Collector::new(format, places, options);
    loop {
        let more = rows.read_byte_record(&mut record);
        let line = header.line + rows.position().line() - 1;
        match more {
            Ok(true) => {}
            Ok(false) => break,
            Err(err) => {
                let source = match err.into_kind() {
                    csv::ErrorKind::Io(source) => source,
                    other => std::io::Error::other(format!("{other:?}")),
                };
                return Err(ReadError::from_io(source, &path, line, compression));
            }
        }
        let found = record.len();
        if found == 1 && width > 1 && record[0].trim_ascii().is_empty() {
            continue; // A blank line that ends in CR LF.
        }
        if found > width || found < least {
            return Err(ReadError::Ragged { path, line, found, expected: width });
        }
        if std::str::from_utf8(record.as_slice()).is_err() {
            let bad = |field: &[u8]| std::str::from_utf8(field).is_err();
            let column = record.iter().position(bad).map_or("", |at| &header.names[at]).to_owned();
            return Err(ReadError::Encoding { path, line, column });
        }
        if let Err(fault) = collector.push(&record, line) {
            return Err(fault.at(path, line, &header.names));
        }
    }
    if collector.is_empty() {
        return Err(ReadError::HeaderOnly { path, line: header.line });
    }
    let only = repertoire_id(&path);
    collector.finish(&only).map_err(|(line, fault)| fault.at(path, line, &header.names))
}
