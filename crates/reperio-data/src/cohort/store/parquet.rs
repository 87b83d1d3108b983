//! Repertoires and cohort tables as Parquet, through polars.

use std::collections::HashMap;
use std::io::{self, Cursor, Write as _};
use std::panic;
use std::path::Path;

use foldhash::fast::RandomState;
use polars::prelude::{
    Column, DataFrame, ParallelStrategy, ParquetCompression, ParquetReader, ParquetWriter,
    PolarsError, PolarsResult, SerReader, StringChunked,
};

use crate::alphabet::{self, AMINO_ACIDS};
use crate::atomic::{self, WriteError};
use crate::limits::MAX_RATIO;
use crate::metadata::Metadata;
use crate::repertoire::{GeneVocabulary, Repertoire, RepertoireColumns};

use super::super::error::CohortError;
use super::checksum::sha256;

const SEQUENCE_COLUMNS: [&str; 4] = ["junction_aa", "v_call", "j_call", "duplicate_count"];

/// A frame as a Parquet file, zstd-compressed. Equal frames give equal bytes.
///
/// In memory, because polars turns a full disk into an error about the format.
fn bytes(frame: &mut DataFrame) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        .set_parallel(false) // Files are written in parallel, each by one thread.
        .finish(frame)
        .map_err(io_error)?;
    Ok(bytes)
}

/// Writes a frame as Parquet under a hidden name, which need not survive a power cut; returns its checksum.
pub(super) fn write(path: &Path, frame: &mut DataFrame) -> Result<String, WriteError> {
    let mut checksum = String::new();
    atomic::write_unflushed(path, |file| {
        let bytes = bytes(frame)?;
        checksum = sha256(&bytes);
        file.write_all(&bytes)
    })?;
    Ok(checksum)
}

/// The columns of a repertoire as AIRR names them.
pub(super) fn frame(repertoire: &Repertoire) -> DataFrame {
    let n = repertoire.len();
    let letters: Vec<u8> = repertoire
        .junctions()
        .residues()
        .iter()
        .map(|&code| AMINO_ACIDS[usize::from(code)])
        .collect();
    let letters = String::from_utf8(letters).expect("amino acids are ASCII letters");
    let offsets = repertoire.junctions().offsets();
    let junctions = offsets.windows(2).map(|o| &letters[o[0] as usize..o[1] as usize]);
    let strings = |name: &str, values: Vec<&str>| Column::new(name.into(), values);
    let [junction_aa, v_call, j_call, duplicate_count] = SEQUENCE_COLUMNS;
    let columns = vec![
        strings(junction_aa, junctions.collect()),
        strings(v_call, (0..n).map(|i| repertoire.v_call(i)).collect()),
        strings(j_call, (0..n).map(|i| repertoire.j_call(i)).collect()),
        Column::new(duplicate_count.into(), repertoire.counts()),
    ];
    DataFrame::new(n, columns).expect("four columns of one height")
}

/// Reads the Parquet file `bytes`, which came from `path`.
///
/// polars panics on damage in many places (a flag that is a number, a page longer than the file), and takes memory
/// for as many rows as a file states. A checksum says only that the bytes are those that somebody wrote.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<DataFrame, CohortError> {
    let frame = panic::catch_unwind(|| frame_of(bytes));
    let frame = frame.unwrap_or_else(|_| Err(PolarsError::ComputeError(DAMAGED.into())));
    frame.map_err(|err| unreadable(path, err))
}

fn unreadable(path: &Path, err: PolarsError) -> CohortError {
    CohortError::Parquet { path: path.to_owned(), source: err.into() }
}

/// What stopped polars, as an operating-system error; its kind is kept (disk full).
fn io_error(err: PolarsError) -> io::Error {
    match err {
        PolarsError::IO { error, .. } => io::Error::new(error.kind(), error),
        other => io::Error::other(other),
    }
}

/// The message if polars panics.
const DAMAGED: &str = "damaged Parquet data";

fn frame_of(bytes: &[u8]) -> PolarsResult<DataFrame> {
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let metadata = reader.get_metadata()?;
    let groups = metadata.row_groups.iter();
    let most = (bytes.len() as u64).saturating_mul(MAX_RATIO);
    let stated = groups.fold((0_u64, 0_u64), |(rows, size), group| {
        let (more, bytes) = (group.num_rows() as u64, group.total_byte_size() as u64);
        (rows.saturating_add(more), size.saturating_add(bytes))
    });
    if stated.0.max(stated.1) > most {
        return Err(PolarsError::ComputeError(DAMAGED.into()));
    }
    let frame = reader.read_parallel(ParallelStrategy::None).finish()?;
    // A column of one value is spread over its rows only now, which not every type can be.
    if frame.materialized_column_iter().any(|series| series.len() != frame.height()) {
        return Err(PolarsError::ComputeError(DAMAGED.into()));
    }
    Ok(frame)
}

/// The repertoire that [`frame`] made.
pub(super) fn repertoire(
    path: &Path,
    id: &str,
    frame: &DataFrame,
) -> Result<Repertoire, CohortError> {
    let columns = columns(frame).map_err(|err| unreadable(path, err))?;
    let repertoire = columns.and_then(|columns| Repertoire::from_columns(id.to_owned(), columns));
    repertoire.ok_or_else(|| CohortError::Content {
        path: path.to_owned(),
        found: "rows that are not those of a repertoire".to_owned(),
        expected: "distinct clonotypes in order, without missing values",
    })
}

/// The columns of a repertoire; nothing if a value is missing or no junction.
fn columns(frame: &DataFrame) -> PolarsResult<Option<RepertoireColumns>> {
    let [junction_aa, v_call, j_call, duplicate_count] = SEQUENCE_COLUMNS;
    let genes = (genes(frame.column(v_call)?.str()?), genes(frame.column(j_call)?.str()?));
    let (Some((v_names, v)), Some((j_names, j))) = genes else { return Ok(None) };
    let counts = frame.column(duplicate_count)?.u64()?;
    let junctions = frame.column(junction_aa)?.str()?;
    let mut out = RepertoireColumns {
        residues: Vec::with_capacity(junctions.len() * 16),
        offsets: Vec::with_capacity(junctions.len() + 1),
        v,
        j,
        counts: counts.iter().flatten().collect(),
        genes: GeneVocabulary { v: v_names, j: j_names },
    };
    out.offsets.push(0);
    for junction in junctions.iter().flatten() {
        for &letter in junction.as_bytes() {
            // A letter that is no amino acid becomes a code that the later check refuses.
            out.residues.push(alphabet::code(letter).unwrap_or(u8::MAX));
        }
        let Ok(end) = u32::try_from(out.residues.len()) else { return Ok(None) };
        out.offsets.push(end);
    }
    Ok((out.counts.len() == frame.height()).then_some(out))
}

/// The sorted names of a gene column with the unknown one first, and the index of each value; nothing if there are
/// more names than indices.
fn genes(values: &StringChunked) -> Option<(Vec<String>, Vec<u16>)> {
    let mut index: HashMap<&str, u16, RandomState> = HashMap::default();
    let mut names = vec![""];
    index.insert("", 0);
    let mut found = Vec::with_capacity(values.len());
    for name in values.iter().flatten() {
        let next = u16::try_from(names.len()).ok()?;
        found.push(*index.entry(name).or_insert_with(|| {
            names.push(name);
            next
        }));
    }
    let mut sorted: Vec<&str> = names.clone();
    sorted.sort_unstable();
    let place = |name: &&str| sorted.binary_search(name).expect("name is in its own list") as u16;
    let places: Vec<u16> = names.iter().map(place).collect();
    let found = found.into_iter().map(|i| places[usize::from(i)]).collect();
    Some((sorted.into_iter().map(str::to_owned).collect(), found))
}

/// The metadata in a cohort table: the ids and the columns called `names`.
pub(super) fn metadata(
    path: &Path,
    frame: &DataFrame,
    names: &[String],
) -> Result<Metadata, CohortError> {
    let column = |name: &str| -> Result<Vec<Option<String>>, CohortError> {
        let values = frame.column(name).and_then(|column| column.str());
        let values = values.map_err(|err| unreadable(path, err))?;
        Ok(values.iter().map(|value| value.map(str::to_owned)).collect())
    };
    let ids = column("repertoire_id")?.into_iter().flatten().collect();
    let labels = |name: &String| -> Result<_, CohortError> { Ok((name.clone(), column(name)?)) };
    let columns = names.iter().map(labels).collect::<Result<_, CohortError>>()?;
    // Stores of before hold words that mean "no value", which are none in `Metadata`.
    Metadata::from_columns(ids, columns).ok_or_else(|| CohortError::Content {
        path: path.to_owned(),
        found: "rows that are not those of a cohort".to_owned(),
        expected: "distinct ids",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junction::JunctionAa;
    use crate::repertoire::{Builder, Row};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            rows in prop::collection::vec(("C[A-IK-NP-TVWY]{3,20}F", "(V[0-9]{1,2}|)", "(J1|)", 1_u64..5), 0..40),
        ) {
            let mut builder = Builder::default();
            for (junction, v_call, j_call, duplicate_count) in &rows {
                let junction_aa: String = junction.chars().filter(|c| alphabet::code(*c as u8).is_some()).collect();
                builder.push(Row { junction_aa: JunctionAa::new(&junction_aa).unwrap(), v_call, j_call, duplicate_count: *duplicate_count });
            }
            let written = builder.finish("r".to_owned());
            let file = bytes(&mut frame(&written)).unwrap();
            prop_assert_eq!(&bytes(&mut frame(&written)).unwrap(), &file, "the same bytes every time");
            let path = Path::new("r.parquet");
            let read = repertoire(path, "r", &read(path, &file).unwrap()).unwrap();
            prop_assert_eq!(read, written);
        }
    }

    /// Damage to a byte of a file is an error or another repertoire, and never a panic.
    #[test]
    fn damage_is_an_error() {
        let mut builder = Builder::default();
        for junction_aa in ["CASSF", "CASSLF"] {
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call: "TRBV9",
                j_call: "",
                duplicate_count: 1,
            });
        }
        let file = bytes(&mut frame(&builder.finish("r".to_owned()))).unwrap();
        let path = Path::new("r.parquet");
        let mut refused = 0;
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0xff;
            let found = read(path, &damaged).and_then(|frame| repertoire(path, "r", &frame));
            refused += usize::from(found.is_err());
        }
        assert!(refused > file.len() / 2, "{refused} of {}", file.len());
    }

    fn check(junctions: [&str; 2], counts: [u64; 2]) -> Result<Repertoire, CohortError> {
        let columns = vec![
            Column::new("junction_aa".into(), junctions),
            Column::new("v_call".into(), ["", ""]),
            Column::new("j_call".into(), ["", ""]),
            Column::new("duplicate_count".into(), counts),
        ];
        repertoire(Path::new("r.parquet"), "r", &DataFrame::new(2, columns).unwrap())
    }

    #[test]
    fn rows_that_no_import_writes_are_refused() {
        check(["CAF", "CSF"], [1, 1]).unwrap();
        let err = check(["CSF", "CAF"], [1, 1]).unwrap_err();
        insta::assert_snapshot!(err, @"r.parquet: rows that are not those of a repertoire, expected distinct clonotypes in order, without missing values");
        let long = "A".repeat(256);
        let refused = [
            check(["", "CSF"], [1, 1]),
            check([&long, "CSF"], [1, 1]),
            check(["CAF", "CSF"], [0, 1]),
            check(["CAF", "CSF"], [u64::MAX, 1]),
            check(["CAF", "CSF"], [u64::MAX / 2, 1]),
        ];
        assert!(refused.iter().all(Result::is_err));
    }
}
