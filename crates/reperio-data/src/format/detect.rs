//! Finds the header of a file and the format it belongs to.

use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use super::columns::{Layout, Places};
use super::error::ReadError;
use super::header::Header;
use super::lines::Lines;
use super::opened::{Asked, OpenTable, Opened, Text, TextFile, text};
use super::refusal::Refusal;
use super::{
    Columns, Format, ReadOptions, airr, airr_ml, deeprc, imgt, immunarch, immuneml, immunoseq,
    mixcr, paired, refuse, shape, tcrdb, tenx, trust4, vdjtools,
};
use crate::limits::MAX_LINES_BEFORE_HEADER;
use crate::table;

/// Formats with a header, the more particular signatures first. Where a header is of several, the one
/// with names for most of what it has is taken, and of equal ones the first.
static LAYOUTS: [&Layout; 14] = [
    &tenx::LAYOUT,
    &immunoseq::LAYOUT,
    &mixcr::LAYOUT,
    &trust4::LAYOUT,
    &vdjtools::LAYOUT,
    &vdjtools::ALPHA,
    &immunarch::LAYOUT,
    &imgt::LAYOUT,
    &tcrdb::LAYOUT,
    &immuneml::LAYOUT,
    &deeprc::LAYOUT,
    &airr_ml::LAYOUT,
    &airr::LAYOUT,
    &paired::LAYOUT,
];

/// Opens a file, finds its format and reads as far as the header.
pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Opened, ReadError> {
    let Text { source, head, rest } = text(path, options)?;
    if let Some(position) = head.iter().position(|&byte| byte == 0) {
        return Err(ReadError::Binary { path: source.path, position });
    }
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace()).copied();
    let begin = head.clone();
    let reader = Box::new(BufReader::with_capacity(1 << 16, Cursor::new(head).chain(rest)));
    match first {
        None => Err(ReadError::Empty { path: source.path }),
        Some(b'[' | b'{') => {
            let found =
                if refuse::is_tenx_json(&begin) { Refusal::TenXJson } else { Refusal::Json };
            Err(ReadError::Refused { path: source.path, line: 1, found })
        }
        Some(b'>') if options.format == Some(Format::Fasta) || refuse::is_fasta(&begin) => {
            Ok(Opened::Fasta(source, Lines::new(reader, &begin)))
        }
        Some(_) => {
            let lines = Lines::new(reader, &begin);
            open_table(source, lines, options).map(|table| Opened::Table(Box::new(table)))
        }
    }
}

/// Whether a file that is not a known table holds receptors, as far as its first lines tell.
pub(super) fn holds_receptors(path: &Path, options: &ReadOptions) -> bool {
    text(path, options).is_ok_and(|text| refuse::holds_receptors(&text.head))
}

/// Reads lines until one is a header; comment lines (`#`) and the line `sep=;` may come before it. The header itself
/// may be written as a comment.
fn open_table(
    source: TextFile,
    mut lines: Lines,
    options: &ReadOptions,
) -> Result<OpenTable, ReadError> {
    let mut raw = Vec::new();
    loop {
        let more = lines.read(&mut raw);
        let line = lines.number;
        let failed = |err| ReadError::from_io(err, &source.path, line, source.compression);
        if line > MAX_LINES_BEFORE_HEADER {
            return Err(ReadError::NoHeader { path: source.path, line });
        }
        if !more.map_err(failed)? {
            return Err(ReadError::HeaderOnly { path: source.path, line: line - 1 });
        }
        if raw.trim_ascii().is_empty() {
            continue;
        }
        let mut header = Header::parse(&raw, line);
        let mut accepted = accept(&header, options, &source.path)?;
        if let Some((_, places)) = &accepted
            && let Some(mended) = shape::mended(&header, places, &mut lines)
                .map_err(|shape::Unnamed| ReadError::Unnamed { path: source.path.clone(), line })?
        {
            accepted = accept(&mended, options, &source.path)?;
            header = mended;
        }
        if let Some((format, places)) = accepted {
            let asked = asked(&header, options, &source.path)?;
            return Ok(OpenTable { source, lines, format, header, places, asked });
        }
        if let Some(rest) = raw.strip_prefix(b"#") {
            let header = Header::parse(rest, line);
            if let Some((format, places)) = accept(&header, options, &source.path)?
                && !is_before_header(&mut lines, options, &source.path)
            {
                let asked = asked(&header, options, &source.path)?;
                return Ok(OpenTable { source, lines, format, header, places, asked });
            }
        } else if table::stated_separator(&raw).is_none() {
            return Err(reject(source.path, header, options));
        }
    }
}

/// Whether the next line is a header, and what names columns before it a comment.
fn is_before_header(lines: &mut Lines, options: &ReadOptions, path: &Path) -> bool {
    let next = lines.look_ahead(1, 1).front().map(|line| Header::parse(line, 0));
    let next = next.and_then(|header| accept(&header, options, path).ok());
    next.is_some_and(|found| found.is_some())
}

/// The format of a header and where its columns are; nothing if this is not the header.
fn accept(
    header: &Header,
    options: &ReadOptions,
    path: &Path,
) -> Result<Option<(Format, Places)>, ReadError> {
    if let Some(columns) = options.columns.as_ref().filter(|columns| columns.name_sequence()) {
        return match Places::named(columns, header) {
            Ok(places) => Ok(Some((Format::Custom, places))),
            Err(_) => Ok(None),
        };
    }
    let Some((format, mut places)) = recognised(header, options.format, path)? else {
        return Ok(None);
    };
    if let Some(columns) = &options.columns
        && places.overrule(columns, header).is_err()
    {
        return Ok(None);
    }
    Ok(places.has_sequence().then_some((format, places)))
}

/// The format that was requested or that fits best, and its columns.
fn recognised(
    header: &Header,
    asked: Option<Format>,
    path: &Path,
) -> Result<Option<(Format, Places)>, ReadError> {
    let chains = paired::chains(header);
    let is_paired = chains.len() > 1 && asked.is_none_or(|format| format == Format::Paired);
    if is_paired {
        let places = Places { chains, ..Places::of(&paired::LAYOUT, header) };
        return Ok(Some((Format::Paired, places)));
    }
    if let Some(format) = asked {
        let own = LAYOUTS.iter().filter(|layout| layout.format == format);
        let mut places = own.map(|layout| Places::of(layout, header));
        return Ok(places.find(Places::has_sequence).map(|places| (format, places)));
    }
    if let Some(found) = refuse::refusal(header) {
        return Err(ReadError::Refused { path: path.to_owned(), line: header.line, found });
    }
    // Of equal ones `max_by_key` keeps the last.
    let fits = LAYOUTS.iter().rev().filter_map(|layout| Some((layout.matches(header)?, layout)));
    let best = fits.max_by_key(|(has, _)| *has);
    Ok(best.map(|(_, layout)| (layout.format, Places::of(layout, header))))
}

/// Why a header belongs to no format.
fn reject(path: PathBuf, header: Header, options: &ReadOptions) -> ReadError {
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
    if refuse::is_metadata(&header) {
        return ReadError::Refused { path, line, found: Refusal::Metadata };
    }
    ReadError::UnknownFormat { path, line, columns: header.names }
}

fn sequence_columns(layout: &Layout) -> String {
    let names = [layout.junction_aa, layout.junction, layout.cdr3_aa].concat();
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return format!("the sequence columns of two chains, as format {} has", layout.format);
    }
    format!("a sequence column of format {}: {}", layout.format, names.join(" or "))
}

/// The columns that a person named for any format.
fn asked(header: &Header, options: &ReadOptions, path: &Path) -> Result<Asked, ReadError> {
    let find = |name: &Option<String>, what: &str| {
        let Some(name) = name else { return Ok(None) };
        header.find_named(name).map(Some).ok_or_else(|| ReadError::MissingColumn {
            path: path.to_owned(),
            line: header.line,
            columns: header.names.clone(),
            expected: format!("the {what} column `{name}`"),
        })
    };
    let count = find(&options.count_column, "count")?;
    let own = |columns: &Columns| columns.duplicate_count.clone();
    let named = find(&options.columns.as_ref().and_then(own), "count")?;
    let repertoire = find(&options.repertoire_column, "repertoire")?;
    Ok(Asked { repertoire, count: count.or(named) })
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
    fn an_unknown_header_is_shown() {
        assert_snapshot!(check("x\ty\n1\t2\n"), @"case.tsv:1: columns `x`, `y`, expected those of a known format (airr, immunoseq, mixcr, vdjtools, immunarch, 10x, trust4, imgt, deeprc, immuneml, tcrdb, airr-ml-25, paired, custom, fasta) or columns that you name");
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
        deeprc case: 0 of 1 rows
        dropped: out of frame 1
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
    fn a_header_may_be_written_as_a_comment() {
        let table = "junction_aa\tv_call\tduplicate_count\nCASSYEQYF\tTRBV9\t2\n";
        let expected = check(table);
        assert!(expected.starts_with("airr case: 1 of 1 rows\n"), "{expected}");
        for before in
            ["#", "# ", "## by me\n# ", "# junction_aa, v_call\n", "# by me\n", "sep=\t\n"]
        {
            assert_eq!(check(&format!("{before}{table}")), expected, "{before:?}");
        }
        let semicolons = "sep=;\n".to_owned() + &table.replace('\t', ";");
        assert_eq!(check(&semicolons), expected);
    }

    #[test]
    fn what_spreadsheet_programs_save_is_read() {
        let table = "junction_aa\tv_call\tduplicate_count\nCASSYEQYF\tTRBV9\t2\n";
        let read = |bytes: &[u8]| check_with(bytes, &ReadOptions::default());
        let expected = check(table);
        assert_snapshot!(expected, @r"
        airr case: 1 of 1 rows
        CASSYEQYF TRBV9 ? 2
        ");
        let utf16: Vec<u8> = table.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16), expected);
        assert_eq!(read(&[&b"\xff\xfe"[..], &utf16].concat()), expected);
        assert_eq!(read(table.replace('\n', "\r").as_bytes()), expected);
        let utf32: Vec<u8> =
            "\u{feff}junction_aa".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        assert_snapshot!(read(&utf32), @"case.tsv: a text in UTF-32, expected UTF-8 or UTF-16");
        assert_snapshot!(read(&utf16[..utf16.len() - 1]), @"case.tsv:1: cannot read further: not valid UTF-16, expected UTF-8 or UTF-16 text");
    }

    #[test]
    fn bytes_beyond_ascii_are_no_obstacle_where_they_are_not_read() {
        let table = b"junction_aa\tduplicate_count\tGr\xf6\xdfe\nCASSYEQYF\t2\tM\xfcller\n";
        assert_snapshot!(check_with(table, &ReadOptions::default()), @r"
        airr case: 1 of 1 rows
        CASSYEQYF ? ? 2
        said: the header is not UTF-8: letters beyond ASCII are read as Latin-1
        ");
    }

    #[test]
    fn a_name_that_two_columns_have_is_an_error_if_it_is_read() {
        let table = "junction_aa\tduplicate_count\tduplicate_count\nCASSYEQYF\t2\t900\n";
        assert_snapshot!(check(table), @"case.tsv:1: column `duplicate_count` appears more than once, expected one: it is unclear which to read");
        let unread = "junction_aa\tduplicate_count\tx\tx\nCASSYEQYF\t2\t3\t4\n";
        assert!(check(unread).starts_with("airr case: 1 of 1 rows"));
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
