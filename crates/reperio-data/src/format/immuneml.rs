//! immuneML's own columns. Its sequences are CDR3s without anchors unless `region_types` says
//! `IMGT_JUNCTION`. (What immuneML writes in AIRR columns is read as AIRR.)

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Immuneml,
    signature: &[&["sequence_aas"]],
    junction_aa: &["junction_aa"],
    cdr3_aa: &["cdr3_aa", "sequence_aas"],
    v_call: &["v_call", "v_genes", "v_alleles"],
    j_call: &["j_call", "j_genes", "j_alleles"],
    counts: &["duplicate_count", "counts"],
    locus: &["locus", "chains"],
    ..Layout::NONE
};

/// Columns that say which region the sequences cover.
pub(super) const REGION: [&str; 2] = ["region_types", "region_type"];
