//! The one loop over rows that all tabular formats share.

use super::again::Again;
use super::collect::Collector;
use super::error::ReadError;
use super::fault::Fault;
use super::opened::{OpenTable, Opened};
use super::reading::{self, LooksLike, Plan, Sample, Thinned};
use super::record::Record;
use super::{ReadOptions, ReadRepertoire, Reading, detect, repertoire_id};
use crate::import_counts::ImportCounts;

/// Reads all rows of a table.
///
/// Its first rows decide how. Where the whole table then says otherwise of its sequences (the first rows
/// of a sorted column may be unlike the others), or of columns that are empty there, it is read once more.
pub(super) fn read(
    mut table: OpenTable,
    options: &ReadOptions,
) -> Result<Vec<ReadRepertoire>, ReadError> {
    let mut sample = Sample::of(&mut table.lines, &table.header);
    let mut known = None;
    loop {
        let mut plan = reading::plan(&table, &sample, options, known.as_deref())?;
        let mut thinned = Thinned::new(&sample, table.header.names.len());
        if let Some(read) = read_by(&mut plan, &mut table, &mut thinned, options)? {
            return Ok(read);
        }
        sample = thinned.sample().unwrap_or(sample);
        known = Some(plan.sequences());
        let path = table.source.path;
        match detect::open(&path, options)? {
            Opened::Table(again) => table = *again,
            Opened::Fasta(..) => return Err(ReadError::Empty { path }),
        }
    }
}

/// How a table is read and which columns are not.
pub(super) fn preview(
    mut table: OpenTable,
    options: &ReadOptions,
) -> Result<(Reading, Vec<String>), ReadError> {
    let sample = Sample::of(&mut table.lines, &table.header);
    let plan = reading::plan(&table, &sample, options, None)?;
    let Reading { columns, .. } = &plan.reading;
    let is_read = |name: &&String| columns.iter().any(|own| own.column == **name);
    let others = table.header.names.iter().filter(|name| !is_read(name)).cloned().collect();
    Ok((plan.reading, others))
}

/// Reads all rows as planned; nothing if the plan turns out to be wrong: the sequences are planned otherwise
/// now, or the rows that were thinned lead to another plan.
fn read_by(
    plan: &mut Plan,
    table: &mut OpenTable,
    thinned: &mut Thinned,
    options: &ReadOptions,
) -> Result<Option<Vec<ReadRepertoire>>, ReadError> {
    let (path, compression) = (table.source.path.clone(), table.source.compression);
    let names = &table.header.names;
    let columns = plan.columns();
    let width = names.len();
    let least = if plan.short_rows { columns.last().map_or(1, |last| last + 1) } else { width };
    let (expected, again) = (least..=width, Again::of(names));
    let mut record = Record::default();
    let mut collector = Collector::new(table.format, plan, width, options);
    loop {
        let more = table.lines.read(&mut record.text);
        let line = table.lines.number;
        match more {
            Ok(true) if record.is_blank(table.header.delimiter) => continue,
            Ok(true) => {}
            Ok(false) => break,
            Err(err) => return Err(ReadError::from_io(err, &path, line, compression)),
        }
        let result = record
            .split(table.header.delimiter, &expected)
            .and_then(|()| again.check(&record))
            .and_then(|()| check_text(&record, &columns))
            .and_then(|()| collector.push(&record, line));
        thinned.push(&record);
        if let Err(fault) = result {
            return Err(fault.at(path, line, names));
        }
    }
    if collector.is_empty() {
        return Err(ReadError::HeaderOnly { path, line: table.header.line });
    }
    if let (Some(at), Some(found)) = (plan.count, collector.thousands()) {
        let (line, column, found) = (table.header.line, names[at].clone(), found.to_owned());
        return Err(ReadError::Thousands { path, line, column, found });
    }
    let mut reading = plan.reading.clone();
    if let Some(sample) = thinned.sample() {
        let again = reading::plan(table, &sample, options, Some(&plan.sequences()))?;
        if again.differs(plan) {
            return Ok(None);
        }
        reading = again.reading;
    }
    if let Some(error) = overlooked(&reading, &collector.totals(), table) {
        return Err(error);
    }
    let tallies = collector.tallies().to_vec();
    let read = collector.finish(&repertoire_id(&path), &reading);
    let read = read.map_err(|(line, fault)| fault.at(path, line, names))?;
    let before = plan.sequences();
    reading::judge(plan, &tallies, table.place())?;
    Ok((plan.sequences() == before).then_some(read))
}

/// Checks that the fields that are read are text.
fn check_text(record: &Record, columns: &[usize]) -> Result<(), Fault> {
    if std::str::from_utf8(&record.text).is_ok() {
        return Ok(());
    }
    let bad = columns.iter().find(|&&at| std::str::from_utf8(record.field(at)).is_err());
    bad.map_or(Ok(()), |&at| Err(Fault::Encoding { at }))
}

/// An error where no row has a gene or a count and a column that is not read looks as if it had.
fn overlooked(reading: &Reading, counts: &ImportCounts, table: &OpenTable) -> Option<ReadError> {
    let lost = [
        (LooksLike::VCall, counts.unknown_v),
        (LooksLike::JCall, counts.unknown_j),
        (LooksLike::Count, counts.missing_counts),
    ];
    for (looks_like, rows) in lost {
        let columns = reading.unread.iter().filter(|own| own.looks_like == looks_like);
        let columns: Vec<String> = columns.map(|own| own.column.clone()).collect();
        let named = table.format == super::Format::Custom;
        if !named && !columns.is_empty() && counts.kept > 0 && rows == counts.kept {
            return Some(ReadError::Overlooked {
                path: table.source.path.clone(),
                line: table.header.line,
                missing: looks_like.noun(),
                columns,
                option: looks_like.option("COLUMN"),
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_with, read_bytes};
    use super::super::{Format, ReadOptions};
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use std::io::Write;

    const HEADER: &str = "v_call\tj_call\tjunction_aa\tduplicate_count\n";

    fn below_header(rows: &str) -> String {
        check(&format!("{HEADER}{rows}"))
    }

    #[test]
    fn a_ragged_row_names_its_line() {
        assert_snapshot!(
            below_header("TRBV9\tTRBJ2-3\tCASSLGTDTQYF\t3\nTRBV9\tTRBJ2-3\tCASSLGF\n"),
            @"case.tsv:3: 3 fields, expected 4"
        );
        assert_snapshot!(
            below_header("\r\n\nTRBV9\tTRBJ2-3\tCASSLGTDTQYF\t3\r\n\nTRBV9\tTRBJ2-3\tCASSLGF\t1\t\r\n"),
            @"case.tsv:6: 5 fields, expected 4"
        );
        assert_snapshot!(below_header("TRBV9\tTRBJ2-3\tCASSLGF"), @"case.tsv:2: 3 fields, expected 4");
        assert_snapshot!(below_header("\"TRBV9\nTRBV9\tTRBJ2-3\tCASSLGF\t1\n"), @"case.tsv:2: column `v_call` begins with a quotation mark that is never closed, expected fields that end on their line");
    }

    #[test]
    fn a_header_alone_is_an_error() {
        assert_snapshot!(below_header(""), @"case.tsv:1: no rows below the header, expected at least one");
        assert_snapshot!(below_header("\n\r\n"), @"case.tsv:1: no rows below the header, expected at least one");
    }

    #[test]
    fn a_count_that_is_no_number_names_its_column() {
        assert_snapshot!(
            below_header("TRBV9\tTRBJ2-3\tCASSLGF\t1e3\nTRBV9\tTRBJ2-3\tCASS*GF\tmany\n"),
            @r#"case.tsv:3: column `duplicate_count` is "many", expected a number from 0 to 1e12"#
        );
    }

    #[test]
    fn a_truth_value_that_is_none_names_its_column() {
        assert_snapshot!(
            check("junction_aa\tproductive\nCASSLGF\tmaybe\n"),
            @r#"case.tsv:2: column `productive` is "maybe", expected productive, unproductive, in-frame, out-of-frame, stop, a truth value or nothing"#
        );
    }

    #[test]
    fn bytes_that_are_no_text_name_line_and_column() {
        let bytes =
            [HEADER.as_bytes(), b"TRBV9\tTRBJ2-3\tCASSLGF\t1\nTRBV9\tTRBJ\xe92-3\tCASSLGF\t1\n"]
                .concat();
        assert_snapshot!(check_with(&bytes, &ReadOptions::default()), @"case.tsv:3: column `j_call` is not UTF-8 (perhaps Latin-1), expected UTF-8 text");
    }

    #[test]
    fn a_cut_or_damaged_gzip_is_an_error() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        let rows = "TRBV9\tTRBJ2-3\tCASSLGF\t1\n".repeat(2000);
        encoder.write_all(HEADER.as_bytes()).unwrap();
        encoder.write_all(rows.as_bytes()).unwrap();
        let bytes = encoder.finish().unwrap();
        let options = ReadOptions::default();
        let cut = check_with(&bytes[..bytes.len() - 30], &options);
        assert_snapshot!(cut, @"case.tsv:2001: the gzip data ends here, expected more: the file is truncated");
        // Cut inside the checksum, behind the last row.
        let cut = check_with(&bytes[..bytes.len() - 2], &options);
        assert_snapshot!(cut, @"case.tsv:2002: the gzip data ends here, expected more: the file is truncated");
        let mut damaged = bytes.clone();
        let last = damaged.len() - 6;
        damaged[last] ^= 1;
        let text = check_with(&damaged, &options);
        assert!(text.starts_with("case.tsv:2002: damaged gzip data"), "{text}");
    }

    #[test]
    fn too_many_genes_are_an_error() {
        let rows: Vec<_> = (0..60_010).map(|n| format!("\tTRBJ1-{n}\tCASSLGF\t1\n")).collect();
        assert_snapshot!(below_header(&rows.concat()), @"case.tsv:60001: more than 60,000 different genes, expected a repertoire within that limit");
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let err =
            super::super::read_file("no/case.tsv".as_ref(), &ReadOptions::default()).unwrap_err();
        assert_snapshot!(super::super::testing::render_error(&err), @"case.tsv: cannot read: No such file or directory (os error 2)");
    }

    /// A header of every format that has one, so that the bytes below reach each reader.
    const HEADERS: [&str; 13] = [
        "junction_aa\tjunction\tcdr3_aa\tv_call\tj_call\tduplicate_count\tproductive\tlocus\trepertoire_id",
        "amino_acid\tbio_identity\ttemplates\treads\tv_gene\tj_gene\tv_gene_ties\tframe_type",
        "aaSeqCDR3\tnSeqCDR3\tcloneCount\tallVHitsWithScore\tallJHitsWithScore",
        "count\tcdr3nt\tcdr3aa\tv\tj",
        "Clones\tCDR3.nt\tCDR3.aa\tV.name\tJ.name",
        "barcode,is_cell,high_confidence,chain,v_gene,j_gene,productive,cdr3,cdr3_nt",
        "#count\tfrequency\tCDR3nt\tCDR3aa\tV\tD\tJ\tC",
        "V-DOMAIN Functionality\tV-GENE and allele\tJ-GENE and allele\tAA JUNCTION\tJUNCTION",
        "amino_acid\ttemplates",
        "sequence_aas\tv_genes\tj_genes\tcounts\tregion_types",
        "AASeq\tVregion\tJregion\tRunId",
        "junction_aa\tv_call\tj_call\ttemplates",
        "count\tCDR3_alpha\tTRAV_gene\tTRAJ_gene\tCDR3_beta\tTRBV_gene\tTRBJ_gene",
    ];

    #[test]
    fn the_headers_are_of_different_formats() {
        let mut formats: Vec<_> = HEADERS
            .iter()
            .map(|header| {
                let width = header.split(['\t', ',']).count();
                let separator = if header.contains(',') { "," } else { "\t" };
                let row = vec!["NA"; width].join(separator);
                let read =
                    read_bytes(format!("{header}\n{row}\n").as_bytes(), &ReadOptions::default());
                read.unwrap()[0].format
            })
            .collect();
        formats.sort_unstable();
        formats.dedup();
        assert_eq!(formats.len(), Format::ALL.len() - 2, "{formats:?}");
    }

    /// Fields that each reader knows something about, and bytes that none does.
    fn field() -> impl Strategy<Value = Vec<u8>> {
        let known = [
            "CASSYEQYF",
            "ASSYEQY",
            "TGTGCCAGCAGCTTCTTT",
            "CASS*F",
            "CAS_F",
            "TCRBV06-02*01",
            "TRBV6-2*00(40.5),TRBV9*00(1)",
            "TRBV/",
            "TR",
            "TRB",
            "TRBV(",
            "IGHV3-NL1",
            "TRAV29DV5",
            "DV",
            "OR",
            "CASSF+TCRBV06-02+TCRBJ01-05",
            "+",
            "X",
            "1",
            "0",
            "1e3",
            "2.5",
            "null",
            "",
            "T",
            "F",
            "true",
            "In",
            "Out",
            "productive",
            "r1",
            "IMGT_JUNCTION",
            "Homsap TRBV9*01 F",
            "\"",
            "\r",
        ];
        prop_oneof![
            8 => prop::sample::select(known.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..12),
            1 => "\\PC{0,8}".prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn no_bytes_below_a_header_make_a_reader_panic(
            header in prop::sample::select(HEADERS.to_vec()),
            rows in prop::collection::vec(prop::collection::vec(field(), 9), 0..6),
            noise in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let separator = if header.contains(',') { b"," } else { b"\t" };
            let width = header.split(['\t', ',']).count();
            let mut content = format!("{header}\n").into_bytes();
            for row in rows {
                content.extend(row[..width].join(&separator[..]));
                content.push(b'\n');
            }
            let clean = read_bytes(&content, &ReadOptions::default());
            for read in clean.into_iter().flatten() {
                prop_assert_eq!(read.counts.rows, read.counts.kept + read.counts.dropped());
            }
            content.extend(noise);
            let _ = read_bytes(&content, &ReadOptions::default());
        }
    }
}
