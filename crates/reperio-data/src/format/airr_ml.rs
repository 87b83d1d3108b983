//! Repertoires of the AIRR-ML-25 challenge: AIRR names, few columns, counts in `templates` or nowhere.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::AirrMl,
    signature: &[&["junction_aa"], &["v_call"], &["j_call"]],
    not: &[
        "sequence_id",
        "sequence",
        "productive",
        "locus",
        "duplicate_count",
        "umi_count",
        "consensus_count",
    ],
    junction_aa: &["junction_aa"],
    v_call: &["v_call"],
    j_call: &["j_call"],
    counts: &["templates", "duplicate_count"],
    repertoire_id: &["repertoire_id"],
    ..Layout::NONE
};
