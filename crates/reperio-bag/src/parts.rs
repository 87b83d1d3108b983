//! The fixed partition of bags into parts: the unit of parallel work and of summation.
//!
//! It depends on nothing but a bag's size, and results are merged in its order, so neither the number of
//! threads nor the other bags of a call change a bit.

use std::ops::Range;

use super::BagInput;
use super::chunk::CHUNK;

/// Sequences that make a part worth its own gradient buffer.
const PART: usize = 1024;
/// Most parts of a bag.
const MAX_PARTS: usize = 16;

/// A stretch of one bag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Index of the bag.
    pub(super) bag: usize,
    /// Sequences of the bag.
    pub(super) range: Range<usize>,
}

impl Part {
    /// The part's chunks, in order.
    pub(super) fn chunks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let end = self.range.end;
        self.range.clone().step_by(CHUNK).map(move |start| start..end.min(start + CHUNK))
    }
}

/// The parts of each bag, in order.
pub(super) fn parts(bags: &[BagInput]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (bag, input) in bags.iter().enumerate() {
        let n = input.sequences.len();
        let count = n.div_ceil(PART).min(MAX_PARTS);
        parts.extend((0..count).map(|k| Part { bag, range: k * n / count..(k + 1) * n / count }));
    }
    parts
}
