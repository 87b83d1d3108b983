//! Repertoire tables: by their format, by their header alone, and with what a person may ask for.

use std::path::Path;

use reperio_data::format::{self, Columns, Format, ReadError, ReadOptions, ReadRepertoire};
use reperio_data::gene::{self, Locus};

use crate::{chain, names_its_file, scratch};

/// Reads a table as `format`, and as its header says.
pub(crate) fn read_as(format: Format, bytes: &[u8]) {
    let path = scratch::file("table", bytes);
    let columns = (format == Format::Custom).then(named);
    let asked =
        checked(&path, &ReadOptions { format: Some(format), columns, ..ReadOptions::default() });
    let free = checked(&path, &ReadOptions::default());
    if let Ok(free) = free {
        every_row_is_counted(&free, bytes);
        if free[0].format == format {
            assert_eq!(
                asked.ok().as_ref(),
                Some(&free),
                "asked for, a format reads as it is recognised"
            );
        }
    }
}

/// The columns of the target `custom`.
fn named() -> Columns {
    let name = |name: &str| Some(name.to_owned());
    Columns {
        junction_aa: name("sequence"),
        v_call: name("v"),
        j_call: name("j"),
        duplicate_count: name("n"),
        locus: name("locus"),
        productive: name("productive"),
        ..Columns::default()
    }
}

/// Reads a table by what its first line asks for, as `format=airr` or `v_call=gene`, one word after another.
pub(crate) fn options(bytes: &[u8]) {
    let at = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let words = String::from_utf8_lossy(&bytes[..at]);
    let path = scratch::file("table", bytes.get(at + 1..).unwrap_or_default());
    let options = asked(&words);
    let read = checked(&path, &options);
    let recognised = format::recognise(&path, &options);
    let preview = format::preview(&path, &options);
    if let Ok(read) = read {
        let recognised = recognised.unwrap_or_else(|err| panic!("read, but {}", chain(&err)));
        assert_eq!(recognised, read[0].format, "a file is read by the format that is recognised");
        let (reading, _) = preview.unwrap_or_else(|err| panic!("read, but {}", chain(&err)));
        assert_eq!(reading.format, read[0].reading.format);
        // Of a longer table a column may be empty in the first rows, which are all that the preview sees.
        if bytes.iter().filter(|byte| b"\r\n".contains(byte)).count() < 500 {
            assert_eq!(reading.columns.len(), read[0].reading.columns.len());
        }
    }
}

/// The options that `words` ask for; other words ask for nothing.
fn asked(words: &str) -> ReadOptions {
    let mut options = ReadOptions::default();
    let mut columns = Columns::default();
    for (key, value) in words.split('\t').filter_map(|word| word.split_once('=')) {
        let owned = Some(value.to_owned());
        match key {
            "format" => options.format = value.parse().ok(),
            "species" => options.species = value.parse().ok(),
            "locus" => options.loci.extend(value.parse::<Locus>().ok()),
            "min" => options.min_length = value.parse().unwrap_or(options.min_length),
            "max" => options.max_length = value.parse().unwrap_or(options.max_length),
            "repertoire" => options.repertoire_column = owned,
            "count" => options.count_column = owned,
            "junction_aa" => columns.junction_aa = owned,
            "cdr3_aa" => columns.cdr3_aa = owned,
            "junction" => columns.junction = owned,
            "v_call" => columns.v_call = owned,
            "j_call" => columns.j_call = owned,
            "duplicate_count" => columns.duplicate_count = owned,
            "locus_column" => columns.locus = owned,
            "productive" => columns.productive = owned,
            _ => {}
        }
    }
    options.columns = (columns != Columns::default()).then_some(columns);
    options
}

/// Reads a file and holds what comes of it to what is promised for every format.
pub(crate) fn checked(
    path: &Path,
    options: &ReadOptions,
) -> Result<Vec<ReadRepertoire>, ReadError> {
    let read = format::read_file(path, options);
    match &read {
        Ok(read) => {
            assert!(!read.is_empty(), "a file that was read holds a repertoire");
            assert!(
                read.is_sorted_by(|a, b| a.repertoire.id < b.repertoire.id),
                "ids are distinct"
            );
            for own in read {
                check(own, options);
            }
        }
        Err(err) => names_its_file(err, path),
    }
    read
}

/// What holds for every repertoire that was read.
fn check(read: &ReadRepertoire, options: &ReadOptions) {
    let ReadRepertoire { repertoire, counts, reading, .. } = read;
    assert_eq!(counts.rows, counts.kept + counts.dropped(), "kept, or dropped for one reason");
    assert_eq!(counts.clonotypes, repertoire.len() as u64);
    assert!(counts.clonotypes <= counts.kept, "every clonotype has a row");
    let copies = repertoire.counts().iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
    assert_eq!(copies, Some(counts.templates), "no copy is lost");
    let known: u64 = counts.loci.values().sum();
    assert_eq!(known + counts.unknown_locus, counts.kept, "each row kept has one locus or none");
    let of_kept = [
        counts.missing_counts,
        counts.rounded_counts,
        counts.unknown_v + counts.family_v,
        counts.unknown_j + counts.family_j,
        counts.anchors_restored + counts.without_anchors,
        counts.translated,
    ];
    assert!(of_kept.iter().all(|&rows| rows <= counts.kept), "{counts:?}");
    for length in repertoire.junctions().lengths() {
        assert!((options.min_length..=options.max_length).contains(&length), "{length} residues");
    }
    for i in 0..repertoire.len().min(8) {
        for name in [repertoire.v_call(i), repertoire.j_call(i)] {
            let again = gene::normalise(name, reading.species).gene;
            assert_eq!(again, name, "a name that was read is its own name");
        }
    }
}

/// Every line below the header is a row, where it is plain which lines there are.
fn every_row_is_counted(read: &[ReadRepertoire], bytes: &[u8]) {
    let plain = bytes.iter().all(|&byte| byte.is_ascii_graphic() || b" \t\n".contains(&byte));
    let lines = bytes.split(|&byte| byte == b'\n');
    let mut lines = lines.skip_while(|line| line.trim_ascii().is_empty());
    let header = lines.next().unwrap_or_default();
    let delimiter = [b'\t', b',', b';'].into_iter().find(|byte| header.contains(byte));
    let delimiter = delimiter.unwrap_or(b'\t');
    let first = header.trim_ascii().first().copied().unwrap_or_default();
    let divides = matches!(read[0].format, Format::Paired | Format::Fasta);
    let states_separator = header.to_ascii_lowercase().starts_with(b"sep=");
    if !plain || b"#>".contains(&first) || bytes.contains(&b'"') || divides || states_separator {
        return;
    }
    let rows: u64 = read.iter().map(|own| own.counts.rows).sum();
    let holds = |line: &&[u8]| line.iter().any(|&byte| byte != b' ' && byte != delimiter);
    let expected = lines.filter(holds).count() as u64;
    assert_eq!(rows, expected, "every line below the header is a row");
}
