//! Junctions of equal length that differ in one residue.

use rayon::prelude::*;

use super::Lists;
use super::groups::classes;
use super::rows::mix;

/// Neighbours of each junction at Hamming distance 1, increasing; the junctions are distinct.
///
/// Two junctions differ at position p alone if they are equal once p is masked. The hash is a sum over
/// positions, so masking is one subtraction; at each position at most 20 junctions meet.
pub(super) fn of(junctions: &[&[u8]]) -> Lists {
    let n = u32::try_from(junctions.len()).expect("fewer than 2^32 junctions");
    let longest = junctions.iter().map(|junction| junction.len()).max().unwrap_or(0);
    let mut lengths: Vec<Vec<(u64, u32)>> = vec![Vec::new(); longest + 1];
    for (i, junction) in (0..n).zip(junctions) {
        let terms = junction.iter().enumerate().map(|(at, &code)| term(at, code));
        lengths[junction.len()].push((terms.fold(0, u64::wrapping_add), i));
    }
    let masks: Vec<(usize, usize)> =
        (0..=longest).flat_map(|length| (0..length).map(move |at| (length, at))).collect();
    let pairs = |&(length, at): &(usize, usize)| pairs(junctions, &lengths[length], at);
    let pairs: Vec<Vec<(u32, u32)>> = masks.par_iter().map(pairs).collect();
    lists(&pairs, junctions.len())
}

/// What residue `code` at position `at` adds to the hash of its junction.
fn term(at: usize, code: u8) -> u64 {
    mix((at as u64) << 8 | u64::from(code))
}

/// Both directions of every pair of `hashed` junctions that differ at `at` alone.
fn pairs(junctions: &[&[u8]], hashed: &[(u64, u32)], at: usize) -> Vec<(u32, u32)> {
    let mask =
        |&(hash, i): &(u64, u32)| (hash.wrapping_sub(term(at, junctions[i as usize][at])), i);
    let mut masked: Vec<(u64, u32)> = hashed.iter().map(mask).collect();
    masked.sort_unstable();
    let same = |a: (u64, u32), b: (u64, u32)| {
        let (a, b) = (junctions[a.1 as usize], junctions[b.1 as usize]);
        a[..at] == b[..at] && a[at + 1..] == b[at + 1..]
    };
    let mut pairs = Vec::new();
    for group in masked.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        classes(group, same, |class| {
            for &(_, i) in class {
                let others = class.iter().filter(|other| other.1 != i);
                pairs.extend(others.map(|&(_, other)| (i, other)));
            }
        });
    }
    pairs
}

/// The second numbers of all pairs by their first, of which there are `n`.
fn lists(pairs: &[Vec<(u32, u32)>], n: usize) -> Lists {
    let mut offsets = vec![0_usize; n + 1];
    for &(i, _) in pairs.iter().flatten() {
        offsets[i as usize + 1] += 1;
    }
    for i in 0..n {
        offsets[i + 1] += offsets[i];
    }
    let mut next = offsets.clone();
    let mut values = vec![0; offsets[n]];
    for &(i, other) in pairs.iter().flatten() {
        values[next[i as usize]] = other;
        next[i as usize] += 1;
    }
    for i in 0..n {
        values[offsets[i]..offsets[i + 1]].sort_unstable();
    }
    Lists { offsets, values }
}
