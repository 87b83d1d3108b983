//! Which clonotypes several repertoires carry.

use rayon::prelude::*;

use super::Lists;
use super::groups::classes;
use super::rows::{Place, Rows};

/// Rows that one shard holds on average; a shard is sorted in the caches of one core.
const SHARD_ROWS: usize = 1 << 18;

/// Distinct clonotypes in the order of their first occurrence.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shared {
    pub(super) first: Vec<Place>,
    pub(super) carriers: Lists,
}

impl Shared {
    /// The junction of each item.
    pub(super) fn junctions<'a>(&self, rows: &Rows<'a>) -> Vec<&'a [u8]> {
        self.first.iter().map(|&place| rows.junction(place)).collect()
    }
}

/// What at least `least` repertoires carry, and the number of distinct clonotypes of each repertoire.
///
/// Each repertoire is sorted by hash; a shard is one range of hashes of all of them, whose runs are merged.
pub(super) fn count(rows: &Rows<'_>, least: usize) -> (Shared, Vec<u32>) {
    let n = u32::try_from(rows.repertoires()).expect("fewer than 2^32 repertoires");
    let hashes: Vec<Vec<(u64, u32)>> = (0..n).into_par_iter().map(|i| rows.hashes(i)).collect();
    let distinct: Vec<u32> = hashes.iter().map(|own| own.len() as u32).collect();
    let total: usize = hashes.iter().map(Vec::len).sum();
    let bits = (total / SHARD_ROWS).max(1).next_power_of_two().ilog2().min(16);
    let shard = |shard| count_shard(rows, &hashes, Range { shard, bits }, least);
    let shards: Vec<Shared> = (0..1_u64 << bits).into_par_iter().map(shard).collect();
    drop(hashes);
    (join(&shards), distinct)
}

/// The hashes whose first `bits` bits are `shard`.
#[derive(Clone, Copy)]
struct Range {
    shard: u64,
    bits: u32,
}

impl Range {
    fn of(self, sorted: &[(u64, u32)]) -> &[(u64, u32)] {
        let shard = |hash: u64| hash.checked_shr(64 - self.bits).unwrap_or(0);
        let start = sorted.partition_point(|&(hash, _)| shard(hash) < self.shard);
        let len = sorted[start..].partition_point(|&(hash, _)| shard(hash) == self.shard);
        &sorted[start..start + len]
    }
}

fn count_shard(rows: &Rows<'_>, hashes: &[Vec<(u64, u32)>], range: Range, least: usize) -> Shared {
    let mut entries: Vec<(u64, Place)> = Vec::new();
    for (repertoire, own) in hashes.iter().enumerate() {
        let place = |&(hash, row): &(u64, u32)| (hash, (repertoire as u32, row));
        entries.extend(range.of(own).iter().map(place));
    }
    entries.sort_by_key(|entry| entry.0); // Stable: it merges the runs, one a repertoire.
    let mut shared = Shared { first: Vec::new(), carriers: Lists::default() };
    shared.carriers.offsets.push(0);
    for group in entries.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() >= least) {
        classes(
            group,
            |a, b| rows.same(a.1, b.1),
            |class| {
                if class.len() >= least {
                    shared.first.push(class[0].1);
                    shared.carriers.values.extend(class.iter().map(|entry| entry.1.0));
                    shared.carriers.offsets.push(shared.carriers.values.len());
                }
            },
        );
    }
    shared
}

/// One list of all shards, in the order of first occurrence.
fn join(shards: &[Shared]) -> Shared {
    let items = |(at, shard): (usize, &Shared)| {
        let place = |(i, &first): (usize, &Place)| (first, at as u32, i as u32);
        shard.first.iter().enumerate().map(place).collect::<Vec<_>>()
    };
    let mut order: Vec<(Place, u32, u32)> = shards.iter().enumerate().flat_map(items).collect();
    order.par_sort_unstable();
    assert!(u32::try_from(order.len()).is_ok(), "fewer than 2^32 items");
    let carriers = shards.iter().map(|shard| shard.carriers.values.len()).sum();
    let mut lists = Lists { offsets: vec![0], values: Vec::with_capacity(carriers) };
    for &(_, shard, i) in &order {
        lists.values.extend_from_slice(shards[shard as usize].carriers.get(i as usize));
        lists.offsets.push(lists.values.len());
    }
    Shared { first: order.into_iter().map(|(place, ..)| place).collect(), carriers: lists }
}
