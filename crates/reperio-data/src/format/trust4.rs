//! TRUST4 report. `CDR3aa` includes the anchors, or says `out_of_frame`; `_` and `?` are unsure.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Trust4,
    signature: &[&["#count", "count", "read_count"], &["frequency"], &["cdr3aa"], &["cid", "c"]],
    junction_aa: &["cdr3aa"],
    v_call: &["v"],
    j_call: &["j"],
    counts: &["#count", "count", "read_count"],
    ..Layout::NONE
};
