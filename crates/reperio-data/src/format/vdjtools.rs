//! `VDJtools` tables and the variants that other tools made of them. An unnamed first column is an
//! index and is ignored. CDR3 columns include the anchors.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Vdjtools,
    signature: &[
        &["cdr3aa", "cdr3_beta", "cdr3_alpha", "aa sequence", "cdr3 amino acid sequence"],
        &["count", "#count", "#seq. count", "seq. count"],
    ],
    junction_aa: &["cdr3aa", "cdr3_beta", "cdr3_alpha", "aa sequence", "cdr3 amino acid sequence"],
    junction: &["cdr3nt", "n sequence", "cdr3 nucleotide sequence"],
    v_call: &["v", "trbv_gene", "trav_gene", "v segments", "v segment"],
    j_call: &["j", "trbj_gene", "traj_gene", "j segments", "j segment"],
    counts: &["count", "#count", "#seq. count", "seq. count"],
    ..Layout::NONE
};
