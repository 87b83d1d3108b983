//! A comparison as one self-contained HTML page.

use super::Compared;
use super::tables::about;

/// The page.
pub(super) fn html(compared: &Compared) -> String {
    format!("<!doctype html><title>{}</title>", about(compared))
}
