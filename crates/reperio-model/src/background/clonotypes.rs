//! How many strangers carry each clonotype of a cohort.

use std::sync::atomic::{AtomicU32, Ordering};

use reperio_data::gene;
use reperio_data::repertoire::Repertoire;
use reperio_data::stable_hash::StableHasher;
use reperio_stats::fisher::Fisher;

/// Strangers that count at most.
const MOST: usize = 1000;

/// What makes clonotypes equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Equal {
    /// Junction, V and J gene; `true`: their families.
    Genes(bool),
    /// Junction.
    Junction,
}

impl Equal {
    /// A hash of the clonotype in `row`.
    fn hash(self, repertoire: &Repertoire, row: usize) -> u64 {
        let mut hasher = StableHasher::default();
        hasher.bytes(repertoire.junction_codes(row));
        if let Self::Genes(by_family) = self {
            for name in [repertoire.v_call(row), repertoire.j_call(row)] {
                hasher.bytes(if by_family { gene::family(name) } else { name }.as_bytes());
            }
        }
        hasher.finish()
    }

    /// The distinct clonotypes of a repertoire, increasing.
    fn all(self, repertoire: &Repertoire) -> Vec<u64> {
        let mut hashes: Vec<u64> =
            (0..repertoire.len()).map(|row| self.hash(repertoire, row)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }
}

/// Counts carriers of the clonotypes of a cohort, in any order of the strangers. Clonotypes meet by a hash of 64 bits: 12 bytes for
/// each distinct one.
pub(super) struct Counting {
    equal: Equal,
    hashes: Vec<u64>,
    carriers: Vec<AtomicU32>,
}

impl Counting {
    pub(super) fn new(cohort: &[Repertoire], equal: Equal) -> Self {
        let mut hashes: Vec<u64> = cohort.iter().flat_map(|own| equal.all(own)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let carriers = hashes.iter().map(|_| AtomicU32::new(0)).collect();
        Self { equal, hashes, carriers }
    }

    /// Counts one stranger.
    pub(super) fn add(&self, repertoire: &Repertoire) {
        for hash in self.equal.all(repertoire) {
            if let Ok(at) = self.hashes.binary_search(&hash) {
                self.carriers[at].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The counts of `n` strangers. `depth` is how many times the clonotypes of a stranger a repertoire of the cohort has.
    pub(super) fn finish(self, n: usize, depth: f64) -> Carriage {
        let counts = self.carriers.into_iter().map(AtomicU32::into_inner);
        let carried = self.hashes.into_iter().zip(counts).filter(|(_, count)| *count > 0);
        let (hashes, carriers) = carried.unzip();
        Carriage { equal: self.equal, hashes, carriers, n, depth }
    }
}

/// Clonotypes that strangers carry.
#[derive(Clone, Debug)]
pub(crate) struct Carriage {
    equal: Equal,
    hashes: Vec<u64>,
    carriers: Vec<u32>,
    n: usize,
    depth: f64,
}

impl Carriage {
    /// Share of the strangers that carry the clonotype of `row`.
    pub(crate) fn share(&self, repertoire: &Repertoire, row: usize) -> f64 {
        let at = self.hashes.binary_search(&self.equal.hash(repertoire, row));
        at.map_or(0.0, |at| f64::from(self.carriers[at]) / self.n.max(1) as f64)
    }

    /// Tests against the strangers, for so many positive repertoires.
    pub(crate) fn strangers(&self, positive: usize) -> Strangers {
        let n = self.n.min(MOST);
        Strangers { fisher: Fisher::new([positive, n]), n, depth: self.depth }
    }
}

/// Fisher's test of positive repertoires against strangers.
pub(crate) struct Strangers {
    fisher: Fisher,
    n: usize,
    depth: f64,
}

impl Strangers {
    /// ln P that `positive` or more repertoires carry what `shares` of the strangers carry, each share of one clonotype: any of them
    /// counts, and they are carried independently.
    pub(crate) fn ln_p(&self, positive: usize, shares: impl Iterator<Item = f64>) -> f64 {
        let none: f64 = shares.map(|share| (1.0 - share).max(0.0)).product();
        let carried = 1.0 - none.powf(self.depth);
        let carriers = (carried * self.n as f64).round() as usize;
        self.fisher.ln_p(positive, carriers.min(self.n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    fn repertoire(rows: &[(&str, &str)]) -> Repertoire {
        let mut builder = Builder::default();
        for &(junction_aa, v_call) in rows {
            let junction_aa = JunctionAa::new(junction_aa).unwrap();
            builder.push(Row { junction_aa, v_call, j_call: "", duplicate_count: 1 });
        }
        builder.finish("r".to_owned())
    }

    #[test]
    fn carriers_are_counted_once_each_and_strange_clonotypes_not_at_all() {
        let own = repertoire(&[("CASF", "TRBV9"), ("CATF", "TRBV9"), ("CGGF", "TRBV7-2")]);
        let strangers = [
            repertoire(&[("CASF", "TRBV9"), ("CASF", "TRBV7-2"), ("CWWF", "TRBV9")]),
            repertoire(&[("CASF", "TRBV7-2")]),
            repertoire(&[("CGGF", "TRBV7-3")]),
        ];
        let at = |junction: &str| (0..3).find(|&row| own.junction_aa(row) == junction).unwrap();
        for (equal, shares) in [
            (Equal::Junction, [2.0, 0.0, 1.0]),
            (Equal::Genes(false), [1.0, 0.0, 0.0]),
            (Equal::Genes(true), [1.0, 0.0, 1.0]),
        ] {
            let counting = Counting::new(std::slice::from_ref(&own), equal);
            for own in &strangers {
                counting.add(own);
            }
            let carriage = counting.finish(3, 1.0);
            let found =
                ["CASF", "CATF", "CGGF"].map(|junction| 3.0 * carriage.share(&own, at(junction)));
            assert_eq!(found.map(f64::to_bits), shares.map(f64::to_bits), "{equal:?}");
        }
    }

    /// Twice the depth: who carries it not twice; many strangers count as a thousand.
    #[test]
    fn strangers_are_brought_to_the_depth_of_the_cohort() {
        let of = |n: usize, depth: f64| {
            let equal = Equal::Junction;
            Carriage { equal, hashes: vec![], carriers: vec![], n, depth }.strangers(10)
        };
        let fisher = Fisher::new([10, 1000]);
        let same = |found: f64, b| assert_eq!(found.to_bits(), fisher.ln_p(6, b).to_bits());
        same(of(1000, 1.0).ln_p(6, [0.1].into_iter()), 100);
        same(of(9000, 2.0).ln_p(6, [0.1].into_iter()), 190);
        same(of(1000, 1.0).ln_p(6, [0.1, 0.1].into_iter()), 190);
        same(of(1000, 0.5).ln_p(6, [1.0].into_iter()), 1000);
    }
}
