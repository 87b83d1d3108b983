//! Helpers for the tests of the formats: a table in, a few readable lines out.

use std::error::Error;

use super::{ReadError, ReadOptions, ReadRepertoire, read_file};

/// Reads `content` from a file named `case.tsv`.
pub(super) fn read_bytes(
    content: &[u8],
    options: &ReadOptions,
) -> Result<Vec<ReadRepertoire>, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.tsv");
    std::fs::write(&path, content).unwrap();
    read_file(&path, options)
}

/// The format, then one line per clonotype, then why rows were dropped and what was noted, or the error.
pub(super) fn check(content: &str) -> String {
    check_with(content.as_bytes(), &ReadOptions::default())
}

pub(super) fn check_with(content: &[u8], options: &ReadOptions) -> String {
    match read_bytes(content, options) {
        Ok(repertoires) => repertoires.iter().map(render).collect::<Vec<_>>().join("\n"),
        Err(err) => render_error(&err),
    }
}

fn render(read: &ReadRepertoire) -> String {
    let ReadRepertoire { repertoire, counts, format, reading, .. } = read;
    assert_eq!(counts.rows, counts.kept + counts.dropped());
    assert_eq!(counts.loci.values().sum::<u64>() + counts.unknown_locus, counts.kept);
    let mut lines =
        vec![format!("{format} {}: {} of {} rows", repertoire.id, counts.kept, counts.rows)];
    for i in 0..repertoire.len() {
        let (junction, count) = (repertoire.junction_aa(i), repertoire.counts()[i]);
        let genes = [repertoire.v_call(i), repertoire.j_call(i)];
        let genes = genes.map(|gene| if gene.is_empty() { "?" } else { gene }).join(" ");
        lines.push(format!("{junction} {genes} {count}"));
    }
    lines.extend(counts.dropped.iter().map(|(reason, rows)| format!("dropped: {reason} {rows}")));
    let notes = [
        ("missing counts", counts.missing_counts),
        ("rounded counts", counts.rounded_counts),
        ("gene ties", counts.gene_ties),
        ("V families", counts.family_v),
        ("J families", counts.family_j),
        ("anchors restored", counts.anchors_restored),
        ("translated", counts.translated),
        ("short rows", counts.short_rows),
        ("samples joined", counts.samples_joined),
    ];
    let noted = notes.iter().filter(|(_, rows)| *rows > 0);
    lines.extend(noted.map(|(note, rows)| format!("noted: {note} {rows}")));
    lines.extend(reading.notes.iter().map(|note| format!("said: {note}")));
    lines.join("\n")
}

/// The chain of messages, without the temporary folder.
pub(super) fn render_error(err: &dyn Error) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        text = format!("{text}: {err}");
        cause = err.source();
    }
    text.find("case.tsv").map_or(text.clone(), |at| text[at..].to_owned())
}
