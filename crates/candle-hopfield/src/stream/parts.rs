//! The fixed partition of patterns into parts: the unit of parallel work and of summation.
//!
//! It depends on nothing but the number of patterns, and results are merged in its order, so the number
//! of threads changes no bit.

use std::ops::Range;

/// Patterns that are scored at a time: they stay in the first cache until they are averaged. Of 32 to 256 the
/// fastest, because the next patterns arrive from memory while so few are worked on.
pub(super) const BLOCK: usize = 32;
/// Patterns that make a part worth its own sums.
const PART: usize = 4096;
/// Most parts: a bound on memory.
const MAX_PARTS: usize = 64;

/// The parts of `n` patterns, in order. All but the last hold whole blocks.
pub(super) fn parts(n: usize) -> Vec<Range<usize>> {
    let (blocks, count) = (n.div_ceil(BLOCK), n.div_ceil(PART).min(MAX_PARTS));
    let bound = |k: usize| (k * blocks / count * BLOCK).min(n);
    (0..count).map(|k| bound(k)..bound(k + 1)).collect()
}

/// The blocks of `n` patterns, in order.
pub(super) fn blocks(n: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n).step_by(BLOCK).map(move |start| start..n.min(start + BLOCK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_each_pattern_once_in_order() {
        for n in [0, 1, 63, 64, 65, 4095, 4096, 4097, 100_000, 262_144, 262_145, 10_000_001] {
            let parts = parts(n);
            assert!(parts.len() <= MAX_PARTS);
            let mut end = 0;
            for part in parts {
                assert_eq!(part.start, end, "n={n}");
                assert!(part.start.is_multiple_of(BLOCK) && part.end > part.start, "n={n}");
                end = part.end;
            }
            assert_eq!(end, n);
            assert_eq!(blocks(n).map(|block| block.len()).sum::<usize>(), n);
        }
    }
}
