//! Features of repertoires: one dense row each.

use std::ops::Range;

/// Rows of numbers, one per repertoire of the cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: usize,
    values: Vec<f32>,
}

impl Table {
    /// The table of `values`, row after row of `columns`.
    ///
    /// # Panics
    ///
    /// If the last row is not whole.
    pub fn new(columns: usize, values: Vec<f32>) -> Self {
        assert_eq!(values.len() % columns.max(1), 0, "whole rows of {columns}");
        Self { columns, values }
    }

    /// Columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Row `i`.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.columns..(i + 1) * self.columns]
    }

    /// Columns `range` of row `i`.
    pub(super) fn stretch(&self, i: usize, range: Range<usize>) -> &[f32] {
        &self.values[i * self.columns + range.start..i * self.columns + range.end]
    }
}
