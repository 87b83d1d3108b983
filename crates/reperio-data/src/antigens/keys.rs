//! Keys of junctions under which they are found with any one residue left open.
//!
//! A key is the exclusive or of a number for each residue at its position and one for the family of the V gene (Zobrist
//! 1970). A residue that is left open has a number of its own. So all keys of a junction are made from its own key with
//! two numbers each, and two junctions that differ in one residue have the key in common that leaves it open.

use crate::alphabet::PAD;
use crate::junction::MAX_LENGTH;

/// Numbers of a position: those of the residues, and that of an open one.
const CODES: usize = PAD as usize + 1;

/// A number without any pattern (the finaliser of `SplitMix64`, Steele et al. 2014).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The numbers of all residues at all positions.
#[derive(Debug)]
pub(super) struct Numbers(Vec<u64>);

impl Numbers {
    pub(super) fn new() -> Self {
        let golden = 0x2545_f491_4f6c_dd1d_u64;
        Self((0..(MAX_LENGTH * CODES) as u64).map(|i| mixed(i ^ golden)).collect())
    }

    fn of(&self, position: usize, code: u8) -> u64 {
        self.0[position * CODES + usize::from(code)]
    }

    /// The key of a junction as it is. Codes are below 20, and there are at most [`MAX_LENGTH`].
    pub(super) fn whole(&self, codes: &[u8], family: &str) -> u64 {
        let start = family.bytes().fold(codes.len() as u64, |hash, byte| {
            mixed(hash.wrapping_mul(0x100).wrapping_add(u64::from(byte)))
        });
        codes.iter().enumerate().fold(start, |key, (at, &code)| key ^ self.of(at, code))
    }

    /// The keys with each residue left open, by position.
    pub(super) fn open<'a>(
        &'a self,
        whole: u64,
        codes: &'a [u8],
    ) -> impl Iterator<Item = u64> + 'a {
        codes
            .iter()
            .enumerate()
            .map(move |(at, &code)| whole ^ self.of(at, code) ^ self.of(at, PAD))
    }
}

/// What stands under which key.
#[derive(Debug, Default)]
pub(super) struct Directory {
    /// Sorted.
    pairs: Vec<(u64, u32)>,
    /// Place of the first pair whose key begins with each number.
    starts: Vec<u32>,
    shift: u32,
}

impl Directory {
    pub(super) fn new(mut pairs: Vec<(u64, u32)>) -> Self {
        pairs.sort_unstable();
        let bits = pairs.len().max(2).ilog2().clamp(1, 22);
        let shift = u64::BITS - bits;
        let mut starts = vec![0; (1 << bits) + 1];
        for (key, _) in &pairs {
            starts[(key >> shift) as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Self { pairs, starts, shift }
    }

    /// What stands under `key`.
    pub(super) fn of(&self, key: u64) -> impl Iterator<Item = usize> + '_ {
        let at = (key >> self.shift) as usize;
        let range = self.starts[at] as usize..self.starts[at + 1] as usize;
        let own = self.pairs[range].iter().filter(move |(other, _)| *other == key);
        own.map(|(_, value)| *value as usize)
    }
}
