//! Counts of the rows of a file: kept, or dropped for a stated reason.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::gene::Locus;

/// Why a row was dropped. Every dropped row has exactly one reason, the first found: locus, then the
/// columns that judge the row, then the junction, then the count, then the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DropReason {
    /// The locus is known and is not one of the selected ones.
    OtherLocus,
    /// The contig joins segments of two chains (10x `Multi`).
    MixedChains,
    /// The barcode was not called a cell.
    NotACell,
    /// The contig is not of high confidence (10x).
    LowConfidence,
    /// The reading frame is lost between V and J.
    OutOfFrame,
    /// There is a stop codon.
    StopCodon,
    /// The file calls the rearrangement unproductive and says no more.
    Unproductive,
    /// There is no junction.
    MissingJunction,
    /// A residue is not one of the 20 standard amino acids (`X`, `_`, `~`, `?`, ...).
    Ambiguous,
    /// Nucleotides where others are amino acids, or amino acids where others are nucleotides.
    OtherLetters,
    /// The junction is shorter than the limit.
    TooShort,
    /// The junction is longer than the limit.
    TooLong,
    /// The count is 0: the clonotype was not observed in this sample.
    ZeroCount,
    /// Another contig of the same cell has the same junction and genes.
    SameCell,
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherLocus => "other locus",
            Self::MixedChains => "mixed chains",
            Self::NotACell => "not a cell",
            Self::LowConfidence => "low confidence",
            Self::OutOfFrame => "out of frame",
            Self::StopCodon => "stop codon",
            Self::Unproductive => "unproductive",
            Self::MissingJunction => "missing junction",
            Self::Ambiguous => "ambiguous residue",
            Self::OtherLetters => "nucleotides or amino acids unlike the others",
            Self::TooShort => "too short",
            Self::TooLong => "too long",
            Self::ZeroCount => "count of zero",
            Self::SameCell => "same cell again",
        })
    }
}

/// Counts of the rows of one repertoire, by outcome.
///
/// Invariant: `rows == kept + dropped()`. All fields below `dropped` count kept rows, but for
/// `samples_joined`.
///
/// # Examples
///
/// ```
/// use std::collections::BTreeMap;
///
/// use reperio_data::import_counts::{DropReason, ImportCounts};
///
/// let dropped = BTreeMap::from([(DropReason::StopCodon, 2), (DropReason::TooShort, 1)]);
/// let counts = ImportCounts { rows: 10, kept: 7, dropped, ..ImportCounts::default() };
/// assert_eq!(counts.rows, counts.kept + counts.dropped());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportCounts {
    /// Rows read.
    pub rows: u64,
    /// Rows that became part of a clonotype.
    pub kept: u64,
    /// Distinct clonotypes.
    pub clonotypes: u64,
    /// Sum of the counts.
    pub templates: u64,
    /// Rows dropped, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Rows without a count, taken as 1.
    pub missing_counts: u64,
    /// Rows whose count was not a whole number, rounded (half up, at least 1).
    pub rounded_counts: u64,
    /// Rows with several V or several J genes, of which the first was taken.
    pub gene_ties: u64,
    /// Rows without a V gene, not even its family.
    pub unknown_v: u64,
    /// Rows without a J gene, not even its family.
    pub unknown_j: u64,
    /// Rows whose V gene is known by its family only.
    #[serde(default)]
    pub family_v: u64,
    /// Rows whose J gene is known by its family only.
    #[serde(default)]
    pub family_j: u64,
    /// Rows that had only a CDR3, to which the anchors were added (see [`crate::junction`]).
    pub anchors_restored: u64,
    /// Rows without C in front, F or W behind or both among junctions, kept as they are.
    #[serde(default)]
    pub without_anchors: u64,
    /// Rows that leave off trailing empty fields, as the format's writers do.
    pub short_rows: u64,
    /// Rows whose junction was translated from nucleotides.
    pub translated: u64,
    /// Samples that one 10x table joins (`aggr` numbers them behind the barcodes); 0 if it is one.
    #[serde(default)]
    pub samples_joined: u64,
    /// Rows by locus.
    pub loci: BTreeMap<Locus, u64>,
    /// Rows whose locus neither a column nor a gene states; they are kept whatever loci are selected.
    pub unknown_locus: u64,
}

impl ImportCounts {
    /// Rows dropped, all reasons together.
    pub fn dropped(&self) -> u64 {
        self.dropped.values().fold(0, |sum, rows| sum.saturating_add(*rows))
    }

    /// Adds the counts of another repertoire, for totals.
    pub fn add(&mut self, other: &Self) {
        // A manifest may state anything.
        let sum = |own: &mut u64, more: u64| *own = own.saturating_add(more);
        sum(&mut self.rows, other.rows);
        sum(&mut self.kept, other.kept);
        sum(&mut self.clonotypes, other.clonotypes);
        sum(&mut self.templates, other.templates);
        sum(&mut self.missing_counts, other.missing_counts);
        sum(&mut self.rounded_counts, other.rounded_counts);
        sum(&mut self.gene_ties, other.gene_ties);
        sum(&mut self.unknown_v, other.unknown_v);
        sum(&mut self.unknown_j, other.unknown_j);
        sum(&mut self.family_v, other.family_v);
        sum(&mut self.family_j, other.family_j);
        sum(&mut self.anchors_restored, other.anchors_restored);
        sum(&mut self.without_anchors, other.without_anchors);
        sum(&mut self.short_rows, other.short_rows);
        sum(&mut self.translated, other.translated);
        sum(&mut self.samples_joined, other.samples_joined);
        sum(&mut self.unknown_locus, other.unknown_locus);
        for (reason, rows) in &other.dropped {
            sum(self.dropped.entry(*reason).or_default(), *rows);
        }
        for (locus, rows) in &other.loci {
            sum(self.loci.entry(*locus).or_default(), *rows);
        }
    }

    /// Counts one dropped row.
    pub(crate) fn drop_row(&mut self, reason: DropReason) {
        self.rows += 1;
        *self.dropped.entry(reason).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_keep_the_invariant() {
        let mut a = ImportCounts { rows: 3, kept: 3, templates: 5, ..ImportCounts::default() };
        (a.family_v, a.family_j) = (1, 2);
        a.loci.insert(Locus::Trb, 3);
        a.drop_row(DropReason::StopCodon);
        let mut b = ImportCounts { rows: 1, kept: 1, ..ImportCounts::default() };
        b.drop_row(DropReason::StopCodon);
        b.drop_row(DropReason::TooLong);
        (b.family_v, b.family_j) = (10, 20);
        a.add(&b);
        assert_eq!((a.family_v, a.family_j), (11, 22));
        assert_eq!((a.rows, a.kept, a.dropped()), (7, 4, 3));
        assert_eq!(a.dropped[&DropReason::StopCodon], 2);
    }

    #[test]
    fn counts_survive_json() {
        let mut counts = ImportCounts { rows: 1, kept: 1, ..ImportCounts::default() };
        counts.loci.insert(Locus::Igh, 1);
        counts.drop_row(DropReason::OutOfFrame);
        let json = serde_json::to_string(&counts).unwrap();
        assert!(json.contains(r#""dropped":{"out_of_frame":1}"#), "{json}");
        assert!(json.contains(r#""loci":{"IGH":1}"#), "{json}");
        assert_eq!(serde_json::from_str::<ImportCounts>(&json).unwrap(), counts);
        // A store of a version that did not count families.
        let before = json.replace(r#""family_v":0,"family_j":0,"#, "");
        assert!(before.len() < json.len(), "{json}");
        assert_eq!(serde_json::from_str::<ImportCounts>(&before).unwrap(), counts);
    }
}
