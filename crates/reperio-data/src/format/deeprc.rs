//! `DeepRC` repertoires: `amino_acid` (with anchors) and `templates`, no genes.

use super::Format;
use super::columns::Layout;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Deeprc,
    signature: &[&["amino_acid"], &["templates"]],
    junction_aa: &["amino_acid"],
    counts: &["templates"],
    ..Layout::NONE
};
