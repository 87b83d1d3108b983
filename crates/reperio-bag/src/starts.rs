//! The windows of each sequence length, and what position terms contribute to them.

use super::input::{BagInput, MAX_LENGTH};
use super::shape::{BagShape, Windows};

/// Windows of one filter width for every length that occurs, in one flat order.
pub(super) struct WindowIndex {
    /// Flat index of the first window by length; 0 for all of them without position terms, whose table
    /// is one of zeros.
    first: Vec<usize>,
    /// Flat windows.
    len: usize,
    /// (windows, R): what multiplies the position parameters; empty without position terms.
    pub(super) basis: Vec<f32>,
    /// R.
    pub(super) terms: usize,
}

/// Which sequence lengths occur in `bags`.
pub(super) fn lengths(bags: &[BagInput]) -> Vec<bool> {
    let mut present = vec![false; MAX_LENGTH + 1];
    for bag in bags {
        for pair in bag.sequences.offsets.windows(2) {
            present[(pair[1] - pair[0]) as usize] = true;
        }
    }
    present
}

/// Windows of a sequence of `length` that can reach a residue, at any padded length.
pub(super) fn windows(rule: Windows, width: usize, length: usize) -> usize {
    match rule {
        Windows::Full => length.max(width) - width + 1,
        Windows::Padded => length,
    }
}

impl WindowIndex {
    /// Windows of filters of `width` over the lengths `present`.
    pub(super) fn new(shape: &BagShape, width: usize, present: &[bool]) -> Self {
        let terms = shape.position.rows(width);
        let mut index = Self { first: vec![0; present.len()], len: 0, basis: Vec::new(), terms };
        for length in (1..present.len()).filter(|&length| present[length]) {
            let windows = windows(shape.windows, width, length);
            if terms == 0 {
                index.len = index.len.max(windows);
                continue;
            }
            index.first[length] = index.len;
            index.len += windows;
            for p in 0..windows {
                let basis = shape.position.basis(width, length, p);
                index.basis.extend(basis.into_iter().map(|value| value as f32));
            }
        }
        index
    }

    /// Flat windows.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Flat index of the first window of a sequence of `length`.
    pub(super) fn first(&self, length: usize) -> usize {
        self.first[length]
    }
}
