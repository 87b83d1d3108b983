//! AIRR Rearrangement table, <https://docs.airr-community.org/en/stable/datarep/rearrangements.html>.
//!
//! Where `junction_aa` is empty the junction is translated from `junction`, and where that is empty
//! too the anchors are put back to `cdr3_aa`. `productive` is true, false or empty; empty leaves the
//! verdict to the junction. `cell_id` is not used: counts are taken as the file states them.

use super::Format;
use super::columns::{Check, Layout};

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Airr,
    signature: &[&["junction_aa", "cdr3_aa", "junction"]],
    junction_aa: &["junction_aa"],
    junction: &["junction"],
    cdr3_aa: &["cdr3_aa"],
    v_call: &["v_call"],
    j_call: &["j_call"],
    counts: &["duplicate_count", "umi_count", "consensus_count"],
    locus: &["locus"],
    repertoire_id: &["repertoire_id", "sample_id"],
    checks: &[
        ("is_cell", Check::Cell),
        ("vj_in_frame", Check::InFrame),
        ("stop_codon", Check::StopCodon),
        ("productive", Check::Productive),
    ],
    short_rows: true,
    ..Layout::NONE
};
