//! What the page of an evaluation draws, as tables beside it.

use super::classes::Decision;
use super::curves::Drawn;
use crate::{CURVES, DECISIONS, tsv};

const CURVE_COLUMNS: [&str; 8] =
    ["target", "class", "curve", "low", "high", "x", "y", "repertoires"];
const DECISION_COLUMNS: [&str; 8] = [
    "target",
    "class",
    "threshold",
    "called",
    "sensitivity",
    "specificity",
    "positive_predictive_value",
    "negative_predictive_value",
];

/// Name and text of a file.
pub(crate) type Named = (&'static str, String);

/// Rows of both tables.
#[derive(Default)]
pub(super) struct Tables {
    curves: Vec<Vec<String>>,
    decisions: Vec<Vec<String>>,
}

impl Tables {
    /// The curves of a class against the others; `of` is the target and the class.
    pub(super) fn add_curves(&mut self, of: [&str; 2], drawn: &Drawn) {
        let rows = drawn.rows().into_iter();
        self.curves.extend(rows.map(|own| named(of, own.into())));
    }

    /// Decisions for a class; `of` is the target and the class.
    pub(super) fn add_decisions(&mut self, of: [&str; 2], decisions: &[Decision]) {
        self.decisions.extend(decisions.iter().map(|own| named(of, own.row())));
    }

    /// Names and texts of the files.
    pub(super) fn texts(&self) -> [Named; 2] {
        [
            (CURVES, tsv::text(&CURVE_COLUMNS, &self.curves)),
            (DECISIONS, tsv::text(&DECISION_COLUMNS, &self.decisions)),
        ]
    }
}

fn named(of: [&str; 2], row: Vec<String>) -> Vec<String> {
    of.into_iter().map(str::to_owned).chain(row).collect()
}
