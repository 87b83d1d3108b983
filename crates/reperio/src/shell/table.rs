//! Tables out: tab-separated, compressed if the name ends in `.gz`.

use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use polars::prelude::{
    Column, CsvWriter, DataFrame, NamedFrom as _, PolarsError, SerWriter, Series,
};
use reperio_data::atomic::{self, WriteError};

/// A column of text in which "" is an empty field; polars would write it as two quotation marks.
pub(crate) fn text(name: &str, values: impl IntoIterator<Item = String>) -> Column {
    let known = values.into_iter().map(|value| (!value.is_empty()).then_some(value));
    Series::new(name.into(), known.collect::<Vec<Option<String>>>()).into()
}

/// Writes `table` to `path`, whole or not at all.
pub(crate) fn write(path: &Path, mut table: DataFrame) -> Result<()> {
    let gzip = is_gzip(path);
    atomic::write(path, |file| {
        if gzip {
            let mut encoder = GzEncoder::new(file, Compression::default());
            write_tsv(&mut encoder, &mut table)?;
            encoder.finish()?;
            Ok(())
        } else {
            write_tsv(file, &mut table)
        }
    })?;
    Ok(())
}

/// Copies the text of a table to `path`, whole or not at all.
pub(crate) fn copy(path: &Path, from: &mut dyn Read) -> Result<(), WriteError> {
    atomic::write(path, |file| {
        if is_gzip(path) {
            let mut encoder = GzEncoder::new(file, Compression::default());
            io::copy(from, &mut encoder)?;
            encoder.finish()?;
        } else {
            io::copy(from, file)?;
        }
        Ok(())
    })
}

fn is_gzip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz")
}

fn write_tsv(out: &mut impl Write, table: &mut DataFrame) -> io::Result<()> {
    let mut writer = CsvWriter::new(out).with_separator(b'\t');
    writer.finish(table).map_err(|err| match err {
        PolarsError::IO { error, .. } => io::Error::new(error.kind(), error),
        other => io::Error::other(other),
    })
}
