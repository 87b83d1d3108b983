//! IMGT/HighV-QUEST `1_Summary`: a row is a read, so counts are rows. Gene columns read
//! `Homsap IGHV2-26*01 F`. Rows without a result leave off their trailing fields.

use super::Format;
use super::columns::{Check, Layout};

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Imgt,
    signature: &[&["aa junction", "junction"], &["v-gene and allele"]],
    junction_aa: &["aa junction"],
    junction: &["junction"],
    v_call: &["v-gene and allele"],
    j_call: &["j-gene and allele"],
    checks: &[
        ("v-domain functionality", Check::Functionality),
        ("functionality", Check::Functionality),
    ],
    short_rows: true,
    ..Layout::NONE
};
