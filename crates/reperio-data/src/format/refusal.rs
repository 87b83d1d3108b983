//! Files that are known and hold no table of receptors.

use std::fmt;

/// Known kinds of files that are not tables of receptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A table of samples.
    Metadata,
    /// 10x `all_contig_annotations.json`.
    TenXJson,
    /// Another JSON file.
    Json,
    /// BD Rhapsody contigs.
    BdRhapsody,
    /// BD Rhapsody, the dominant contigs of each cell.
    BdDominant,
    /// A Change-O table.
    ChangeO,
    /// TRUST4 barcode report.
    Trust4Barcode,
    /// 10x `clonotypes.csv`.
    TenXClonotypes,
    /// A table of scRepertoire.
    ScRepertoire,
}

impl Refusal {
    /// Whether the file holds receptors that no other file beside it need hold.
    pub(crate) fn is_repertoire(self) -> bool {
        matches!(self, Self::ScRepertoire | Self::ChangeO)
    }

    /// What to use instead.
    pub(super) fn instead(self) -> &'static str {
        match self {
            Self::Metadata => "a table of receptors (give this one with --metadata)",
            Self::TenXJson | Self::TenXClonotypes => {
                "the `*_contig_annotations.csv` that Cell Ranger writes beside it"
            }
            Self::Json => "a table of receptors",
            Self::BdRhapsody | Self::BdDominant => {
                "the AIRR table (`*_VDJ_*_AIRR.tsv`) that the pipeline writes beside it"
            }
            Self::ChangeO => {
                "an AIRR table (Change-O 1.0 and later write one with `--format airr`)"
            }
            Self::Trust4Barcode => {
                "the `*_barcode_airr.tsv` or `*_report.tsv` that TRUST4 writes beside it"
            }
            Self::ScRepertoire => {
                "the contig table that it was made from, or --column for the columns of one chain"
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => {
                "a metadata table: columns about samples, none with receptor sequences"
            }
            Self::TenXJson => "10x contig annotations in JSON",
            Self::Json => "JSON",
            Self::BdRhapsody => "a BD Rhapsody contig table",
            Self::BdDominant => "a BD Rhapsody table of dominant contigs, one row per cell",
            Self::ChangeO => "a Change-O table",
            Self::Trust4Barcode => "a TRUST4 barcode report, one row per cell",
            Self::TenXClonotypes => "a 10x clonotype table, all chains of a clonotype in one field",
            Self::ScRepertoire => {
                "a scRepertoire table with two chains per row (`CTaa`, `cdr3_aa1`, `cdr3_aa2`)"
            }
        })
    }
}
