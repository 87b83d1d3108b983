//! What a person should know of how a repertoire was read, in words.

use std::path::Path;

use crate::format::{Reading, repertoire_id};
use crate::import_counts::ImportCounts;

/// Notes for the user about `counts`.
pub fn notes(counts: &ImportCounts) -> Vec<String> {
    let mut notes = Vec::new();
    if counts.clonotypes == 0 {
        notes.push("no clonotype left".to_owned());
    }
    notes.extend(samples_joined(counts));
    let facts = [
        (counts.missing_counts, "without a count, taken as 1"),
        (counts.rounded_counts, "with a fractional count, rounded"),
        (counts.gene_ties, "with several genes, the first taken"),
        (counts.unknown_v, "without a V gene"),
        (counts.unknown_j, "without a J gene"),
        (counts.family_v, "with a V family only"),
        (counts.family_j, "with a J family only"),
        (counts.anchors_restored, "with a CDR3 only, anchors added"),
        (counts.without_anchors, "without one or both anchors among junctions, kept as they are"),
        (counts.translated, "translated from nucleotides"),
    ];
    for (rows, fact) in facts {
        if rows > 0 {
            notes.push(format!("{rows} of {} rows {fact}", counts.kept));
        }
    }
    notes
}

/// What is said where barcodes tell several samples apart.
pub(super) fn samples_joined(counts: &ImportCounts) -> Option<String> {
    (counts.samples_joined > 0).then(|| {
        format!(
            "barcodes show cells of {} samples, read as one repertoire: name the column that tells them apart with --repertoire-column, or import each sample's own table",
            counts.samples_joined
        )
    })
}

/// What is said where `file` names another sample in all rows than its own name and the repertoire's.
pub(super) fn other_sample(
    id: &str,
    file: &str,
    sample: Option<&str>,
    reading: &Reading,
) -> Option<String> {
    let is_name = |sample: &str| sample == id || sample == repertoire_id(Path::new(file));
    let sample = sample.filter(|sample| !is_name(sample))?;
    let column = reading.repertoire_column()?;
    Some(format!(
        "`{column}` is {sample:?} in all rows, but the file has another name: --repertoire-column {column} uses it as the id"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_noted_beside_unknown_genes() {
        let counts = ImportCounts {
            kept: 9,
            clonotypes: 9,
            unknown_v: 1,
            family_v: 2,
            family_j: 8,
            ..ImportCounts::default()
        };
        insta::assert_snapshot!(notes(&counts).join("\n"), @r"
        1 of 9 rows without a V gene
        2 of 9 rows with a V family only
        8 of 9 rows with a J family only
        ");
    }
}
