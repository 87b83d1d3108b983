//! 10x Cell Ranger `*_contig_annotations.csv`: a row is a contig of one cell. `cdr3` includes the
//! anchors. A clonotype's count is the number of distinct barcodes with that junction and genes:
//! UMIs of a contig measure expression, not clone size.

use super::Format;
use super::columns::{Check, Layout};

pub(super) const LAYOUT: Layout = Layout {
    format: Format::TenX,
    signature: &[&["barcode"], &["chain"], &["v_gene"], &["cdr3"]],
    junction_aa: &["cdr3"],
    junction: &["cdr3_nt"],
    v_call: &["v_gene"],
    j_call: &["j_gene"],
    locus: &["chain"],
    cell: &["barcode"],
    checks: &[
        ("is_cell", Check::Cell),
        ("high_confidence", Check::Confident),
        ("chain", Check::OneChain),
        ("productive", Check::SurelyProductive),
    ],
    ..Layout::NONE
};
