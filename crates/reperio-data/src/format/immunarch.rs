//! immunarch tables, which start with a comment line. CDR3 columns include the anchors.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Immunarch,
    signature: &[&["cdr3.aa", "cdr3.nt"], &["clones", "v.name"]],
    junction_aa: &["cdr3.aa"],
    junction: &["cdr3.nt"],
    v_call: &["v.name"],
    j_call: &["j.name"],
    counts: &["clones"],
    locus: &["chain"],
    ..Layout::NONE
};
