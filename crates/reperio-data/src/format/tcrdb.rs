//! `TCRdb` tables: many runs a file by `RunId`, columns in any order. `AASeq` includes the anchors.
//! There is only a fraction, no count.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Tcrdb,
    signature: &[&["aaseq"], &["clonefraction", "vregion", "runid"]],
    junction_aa: &["aaseq"],
    v_call: &["vregion"],
    j_call: &["jregion"],
    repertoire_id: &["runid"],
    ..Layout::NONE
};
