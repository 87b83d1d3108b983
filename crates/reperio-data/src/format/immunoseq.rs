//! Adaptive immunoSEQ exports: the old (`aminoAcid`), the new (`amino_acid`) and those with
//! `bio_identity` (`CASSF+TCRBV06-02+TCRBJ01-05`). Amino-acid columns include the anchors.
//!
//! A gene is taken from the first column that resolves it, ties last but for the family.

use super::Format;
use super::columns::{Check, Layout};

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Immunoseq,
    signature: &[
        &["aminoacid", "amino_acid", "bio_identity"],
        &[
            "nucleotide",
            "rearrangement",
            "frame_type",
            "sequencestatus",
            "vgenename",
            "v_gene",
            "v_resolved",
        ],
    ],
    junction_aa: &["amino_acid", "aminoacid", "bio_identity"],
    v_call: &[
        "v_gene",
        "vgenename",
        "v_resolved",
        "vmaxresolved",
        "v_gene_ties",
        "vgenenameties",
        "v_family",
        "vfamilyname",
        "bio_identity",
    ],
    j_call: &[
        "j_gene",
        "jgenename",
        "j_resolved",
        "jmaxresolved",
        "j_gene_ties",
        "jgenenameties",
        "j_family",
        "jfamilyname",
        "bio_identity",
    ],
    counts: &[
        "templates",
        "count (templates/reads)",
        "count (templates)",
        "count (reads)",
        "seq_reads",
        "reads",
        "count",
    ],
    locus: &["locus"],
    checks: &[("frame_type", Check::FrameType), ("sequencestatus", Check::FrameType)],
    ..Layout::NONE
};
