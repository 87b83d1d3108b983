//! Finds the header of a file and the format it belongs to.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use super::columns::{Header, Layout, Places};
use super::error::{ReadError, Refusal};
use super::{
    Format, ReadOptions, airr, airr_ml, deeprc, imgt, immunarch, immuneml, immunoseq, mixcr, tcrdb,
    tenx, trust4, vdjtools,
};
use crate::compress::{self, Compression};

/// Formats with a header, the more particular signatures first.
static LAYOUTS: [&Layout; 12] = [
    &tenx::LAYOUT,
    &immunoseq::LAYOUT,
    &mixcr::LAYOUT,
    &trust4::LAYOUT,
    &vdjtools::LAYOUT,
    &immunarch::LAYOUT,
    &imgt::LAYOUT,
    &tcrdb::LAYOUT,
    &immuneml::LAYOUT,
    &deeprc::LAYOUT,
    &airr_ml::LAYOUT,
    &airr::LAYOUT,
];

/// Bytes looked at before anything is parsed.
const HEAD: u64 = 1 << 14;

/// Longest header line; a longer one means that this is no table.
const MAX_HEADER: u64 = 1 << 20;

/// An open file.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) compression: Compression,
    pub(super) reader: Box<dyn BufRead>,
}

/// A table whose header has been read; its reader stands at the first row.
pub(super) struct Table {
    pub(super) source: Source,
    pub(super) format: Format,
    pub(super) header: Header,
    pub(super) places: Places,
}

pub(super) enum Content {
    Table(Box<Table>),
    Fasta(Source),
}

/// Opens a file, finds its format and reads as far as the header.
pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Content, ReadError> {
    let (compression, mut reader) = compress::open(path)?;
    let mut head = Vec::new();
    let result = reader.by_ref().take(HEAD).read_to_end(&mut head);
    let path = path.to_owned();
    if let Err(source) = result {
        return Err(ReadError::from_io(source, &path, 1, compression));
    }
    if let Some(position) = head.iter().position(|&byte| byte == 0) {
        return Err(ReadError::Binary { path, position });
    }
    if head.starts_with(b"\xef\xbb\xbf") {
        head.drain(..3); // The byte-order mark of a spreadsheet program.
    }
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace()).copied();
    let is_10x = contains(&head, b"contig") || contains(&head, b"\"aa_sequence\"");
    let reader = Box::new(BufReader::with_capacity(1 << 16, Cursor::new(head).chain(reader)));
    let source = Source { path, compression, reader };
    match first {
        None => Err(ReadError::Empty { path: source.path }),
        Some(b'[' | b'{') => {
            let found = if is_10x { Refusal::TenXJson } else { Refusal::Json };
            Err(ReadError::Refused { path: source.path, line: 1, found })
        }
        Some(b'>') => Ok(Content::Fasta(source)),
        Some(_) => open_table(source, options).map(|table| Content::Table(Box::new(table))),
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

/// Reads lines until one is a header; comment lines (`#`) may stand before it.
fn open_table(mut source: Source, options: &ReadOptions) -> Result<Table, ReadError> {
    let mut line = 0;
    let mut raw = Vec::new();
    loop {
        line += 1;
        raw.clear();
        let result = source.reader.by_ref().take(MAX_HEADER).read_until(b'\n', &mut raw);
        let n = result
            .map_err(|err| ReadError::from_io(err, &source.path, line, source.compression))?;
        if n == 0 {
            return Err(ReadError::HeaderOnly { path: source.path, line: line - 1 });
        }
        let Ok(text) = std::str::from_utf8(&raw) else {
            let column = "header".to_owned();
            return Err(ReadError::Encoding { path: source.path, line, column });
        };
        let text = text.trim_end_matches(['\n', '\r']); // A tab at the end is an unnamed column.
        if text.trim().is_empty() {
            continue;
        }
        let header = parse_header(text, line);
        if let Some((format, places)) = accept(&header, options, &source.path)? {
            return with_repertoire_column(Table { source, format, header, places }, options);
        }
        if !text.starts_with('#') {
            return Err(reject(source.path, header, options));
        }
    }
}

/// Splits a header line at the separator it uses most plausibly: tab, else comma, else semicolon.
fn parse_header(text: &str, line: u64) -> Header {
    let delimiter = [b'\t', b',', b';'].into_iter().find(|&byte| text.as_bytes().contains(&byte));
    let delimiter = delimiter.unwrap_or(b'\t');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let record = reader.records().next();
    let names = match record {
        Some(Ok(record)) => record.iter().map(|name| name.trim().to_owned()).collect(),
        _ => Vec::new(),
    };
    Header::new(names, line, delimiter)
}

/// The format of a header and where its columns are; nothing if this is not the header.
fn accept(
    header: &Header,
    options: &ReadOptions,
    path: &Path,
) -> Result<Option<(Format, Places)>, ReadError> {
    if let Some(columns) = &options.columns {
        return match Places::named(columns, header) {
            Ok(places) => Ok(places.has_sequence().then_some((Format::Custom, places))),
            Err(_) => Ok(None),
        };
    }
    let layout = if let Some(format) = options.format {
        LAYOUTS.iter().find(|layout| layout.format == format)
    } else {
        refuse(header, path)?;
        LAYOUTS.iter().find(|layout| layout.matches(header))
    };
    let Some(layout) = layout else { return Ok(None) };
    let mut places = Places::of(layout, header);
    if layout.format == Format::Immuneml {
        places.region = immuneml::REGION.iter().find_map(|name| header.find(name));
    }
    Ok(places.has_sequence().then_some((layout.format, places)))
}

/// Known tables that only look like repertoires.
fn refuse(header: &Header, path: &Path) -> Result<(), ReadError> {
    let has = |name: &str| header.names.iter().any(|candidate| candidate == name);
    let found = if has("SEQUENCE_ID") && has("V_CALL") {
        Refusal::ChangeO
    } else if has("Cell_Index") && has("CDR3_Translation") {
        Refusal::BdRhapsody
    } else {
        return Ok(());
    };
    Err(ReadError::Refused { path: path.to_owned(), line: header.line, found })
}

/// Why a header belongs to no format.
fn reject(path: PathBuf, header: Header, options: &ReadOptions) -> ReadError {
    const OF_SAMPLES: [&str; 14] = [
        "repertoire_id",
        "sample_id",
        "sampleid",
        "sample",
        "sample_name",
        "id",
        "file",
        "filename",
        "file_name",
        "file.name",
        "subject_id",
        "subject",
        "patient",
        "donor",
    ];
    let line = header.line;
    if let Some(columns) = &options.columns {
        let expected = match Places::named(columns, &header) {
            Err(name) => format!("the column `{name}` that you named"),
            Ok(_) => "that you name the column of the junction, of its nucleotides or of the CDR3"
                .to_owned(),
        };
        return ReadError::MissingColumn { path, line, columns: header.names, expected };
    }
    if let Some(format) = options.format {
        let expected = match LAYOUTS.iter().find(|layout| layout.format == format) {
            Some(layout) => sequence_columns(layout),
            None => {
                format!("what format {format} needs: the names of its columns, or a FASTA file")
            }
        };
        return ReadError::MissingColumn { path, line, columns: header.names, expected };
    }
    if OF_SAMPLES.iter().any(|name| header.find(name).is_some()) {
        return ReadError::Refused { path, line, found: Refusal::Metadata };
    }
    ReadError::UnknownFormat { path, line, columns: header.names }
}

fn sequence_columns(layout: &Layout) -> String {
    let names = [layout.junction_aa, layout.junction, layout.cdr3_aa].concat();
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("a sequence column of format {}: {}", layout.format, names.join(" or "))
}

/// Puts the column that a person named in place of the format's own.
fn with_repertoire_column(mut table: Table, options: &ReadOptions) -> Result<Table, ReadError> {
    let Some(name) = &options.repertoire_column else { return Ok(table) };
    let Some(at) = table.header.find_named(name) else {
        return Err(ReadError::MissingColumn {
            path: table.source.path,
            line: table.header.line,
            columns: table.header.names,
            expected: format!("the repertoire column `{name}`"),
        });
    };
    table.places.repertoire_id = vec![at];
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_with};
    use super::*;
    use crate::gene::Locus;
    use insta::assert_snapshot;

    #[test]
    fn files_that_are_no_tables_say_what_they_are() {
        assert_snapshot!(check(""), @"case.tsv: empty file, expected a table with a header line");
        assert_snapshot!(check(" \n\n"), @"case.tsv: empty file, expected a table with a header line");
        assert_snapshot!(check("MZ\0\u{1}"), @"case.tsv: binary data (a zero byte at position 2), expected a text table, plain or compressed with gzip, zstd, bzip2, xz or zip");
        assert_snapshot!(check(r#"[{"barcode": "A-1", "contig_name": "A-1_contig_1"}]"#), @"case.tsv:1: this is 10x contig annotations in JSON, expected the `*_contig_annotations.csv` that Cell Ranger writes beside it");
        assert_snapshot!(check(r#"{"a": 1}"#), @"case.tsv:1: this is JSON, expected a table of receptors");
    }

    #[test]
    fn tables_of_something_else_are_refused() {
        assert_snapshot!(check("filename,subject_id,label\na.tsv,s1,1\n"), @"case.tsv:1: this is a metadata table: columns about samples, none with receptor sequences, expected a table of receptors (give this one as the metadata)");
        assert_snapshot!(check("SEQUENCE_ID\tV_CALL\tJUNCTION\n"), @"case.tsv:1: this is a Change-O table, expected an AIRR table (Change-O 1.0 and later write one with `--format airr`)");
        assert_snapshot!(check("## BD Rhapsody\nCell_Index,V_gene,CDR3_Translation\n"), @"case.tsv:2: this is a BD Rhapsody contig table, expected the AIRR table (`*_VDJ_*_AIRR.tsv`) that the pipeline writes beside it");
        assert_snapshot!(check("x\ty\n1\t2\n"), @"case.tsv:1: columns `x`, `y`, expected those of a known format (airr, immunoseq, mixcr, vdjtools, immunarch, 10x, trust4, imgt, deeprc, immuneml, tcrdb, airr-ml-25, custom, fasta) or columns that you name");
        let wide: Vec<_> = (0..40).map(|n| format!("c{n}")).collect();
        let text = check(&format!("{}\n", wide.join(",")));
        assert!(text.contains("`c11`, and 28 more, expected"), "{text}");
    }

    #[test]
    fn a_format_that_was_asked_for_overrules_the_header() {
        let table = "amino_acid\ttemplates\tframe_type\nCASSYEQYF\t3\tOut\n";
        assert_snapshot!(check(table), @r"
        immunoseq case: 0 of 1 rows
        dropped: out of frame 1
        ");
        let options = |format| ReadOptions { format: Some(format), ..ReadOptions::default() };
        assert_snapshot!(check_with(table.as_bytes(), &options(Format::Deeprc)), @r"
        deeprc case: 1 of 1 rows
        CASSYEQYF ? ? 3
        ");
        assert_snapshot!(check_with(table.as_bytes(), &options(Format::Airr)), @"case.tsv:1: columns `amino_acid`, `templates`, `frame_type`, expected a sequence column of format airr: `junction_aa` or `junction` or `cdr3_aa`");
        assert_snapshot!(check_with(table.as_bytes(), &options(Format::Custom)), @"case.tsv:1: columns `amino_acid`, `templates`, `frame_type`, expected what format custom needs: the names of its columns, or a FASTA file");
    }

    #[test]
    fn byte_order_marks_comments_and_crlf_are_no_obstacle() {
        let table = "\u{feff}# made up\r\n\r\njunction_aa,duplicate_count\r\nCASSYEQYF,2\r\n\r\n\"CASSLGYEQYF\",\"3\"\r\n";
        assert_snapshot!(check(table), @r"
        airr case: 2 of 2 rows
        CASSLGYEQYF ? ? 3
        CASSYEQYF ? ? 2
        ");
    }

    #[test]
    fn an_unnamed_last_column_counts() {
        let table = "junction_aa\tduplicate_count\tsequence\t\nCASSYEQYF\t2\tA\t\n";
        assert_snapshot!(check(table), @r"
        airr case: 1 of 1 rows
        CASSYEQYF ? ? 2
        ");
    }

    #[test]
    fn loci_and_lengths_can_be_limited() {
        let table = "junction_aa\tv_call\tj_call\tlocus\tduplicate_count\n\
            CASSYEQYF\tTRBV9\tTRBJ2-7\t\t1\n\
            CAVMDSNYQLIW\tTRAV1-2\tTRAJ33\t\t1\n\
            CARDYFDYW\t\t\tIGH\t1\n\
            CAWF\tTRBV9\tTRBJ2-7\t\t1\n\
            CASSYEQYEQYEQYF\tTRBV9\tTRBJ2-7\t\t1\n\
            CASSYEQFF\t\t\t\t0\n\
            CASSFEQFF\t\t\t\t2\n";
        let options =
            ReadOptions { loci: vec![Locus::Trb], max_length: 12, ..ReadOptions::default() };
        assert_snapshot!(check_with(table.as_bytes(), &options), @r"
        airr case: 2 of 7 rows
        CASSFEQFF ? ? 2
        CASSYEQYF TRBV9 TRBJ2-7 1
        dropped: other locus 2
        dropped: too short 1
        dropped: too long 1
        dropped: count of zero 1
        ");
    }
}
