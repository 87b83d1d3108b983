//! How frequent k-mers are among strangers.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use reperio_data::kmer::pattern::Pattern;
use reperio_data::repertoire::Repertoire;

use crate::features::kmer_set::{Kmer, KmerSet, Slots};

/// Frequencies are added up as whole numbers of this part, so that the order of the strangers changes no bit.
const UNIT: f64 = (1_u64 << 32) as f64;

/// A frequency in whole units.
fn units(count: u32, clonotypes: usize) -> u64 {
    (f64::from(count) / clonotypes.max(1) as f64 * UNIT).round() as u64
}

/// Frequencies by k-mer, added up over strangers.
pub(super) struct Counting {
    sets: Vec<(KmerSet, Slots)>,
    patterns: Vec<Pattern>,
    /// For each set and then for each pattern.
    sums: Mutex<Vec<Vec<u64>>>,
}

impl Counting {
    pub(super) fn new(sets: &[KmerSet], patterns: Vec<Pattern>) -> Self {
        let sets: Vec<(KmerSet, Slots)> = sets.iter().map(|&set| (set, set.slots())).collect();
        let lengths = sets.iter().map(|(_, slots)| slots.len() * slots.n_codes());
        let lengths = lengths.chain(patterns.iter().map(Pattern::n_codes));
        let sums = Mutex::new(lengths.map(|n| vec![0; n]).collect());
        Self { sets, patterns, sums }
    }

    /// Counts one stranger: windows with a k-mer of a set, sequences with a k-mer of a pattern, over clonotypes.
    pub(super) fn add(&self, repertoire: &Repertoire) {
        let n = repertoire.len();
        for (at, (_, slots)) in self.sets.iter().enumerate() {
            let mut counts = vec![0_u32; slots.len() * slots.n_codes()];
            for i in 0..n {
                slots.visit(repertoire.junction_codes(i), |kmer| counts[slots.index(kmer)] += 1);
            }
            self.gather(at, &counts, n);
        }
        for (at, pattern) in self.patterns.iter().enumerate() {
            self.gather(self.sets.len() + at, &carriers(pattern, repertoire), n);
        }
    }

    fn gather(&self, at: usize, counts: &[u32], n: usize) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        for (sum, &count) in sums[at].iter_mut().zip(counts).filter(|(_, count)| **count > 0) {
            *sum += units(count, n);
        }
    }

    /// The means over `n` strangers.
    pub(super) fn finish(self, n: usize) -> Frequencies {
        let sums = self.sums.into_inner().unwrap_or_else(PoisonError::into_inner);
        let means = |sums: Vec<u64>| -> Vec<f32> {
            sums.into_iter().map(|sum| (sum as f64 / UNIT / n.max(1) as f64) as f32).collect()
        };
        let mut all = sums.into_iter().map(means);
        let sets = self.sets.into_iter().zip(all.by_ref());
        let sets = sets.map(|((set, slots), means)| Set { kmers: set, slots, means }).collect();
        Frequencies { sets, patterns: self.patterns.into_iter().zip(all).collect() }
    }
}

/// Sequences that have each k-mer of a pattern.
fn carriers(pattern: &Pattern, repertoire: &Repertoire) -> Vec<u32> {
    let mut counts = vec![0_u32; pattern.n_codes()];
    let mut last = vec![u32::MAX; pattern.n_codes()];
    for i in 0..repertoire.len() {
        for code in pattern.codes(repertoire.junction_codes(i)) {
            let at = code as usize;
            if last[at] != i as u32 {
                last[at] = i as u32;
                counts[at] += 1;
            }
        }
    }
    counts
}

/// Means over strangers.
#[derive(Clone, Debug)]
pub(crate) struct Frequencies {
    sets: Vec<Set>,
    patterns: BTreeMap<Pattern, Vec<f32>>,
}

#[derive(Clone, Debug)]
struct Set {
    kmers: KmerSet,
    slots: Slots,
    /// Windows with each k-mer over clonotypes, by its place in the set.
    means: Vec<f32>,
}

impl Frequencies {
    /// What strangers have of the k-mers of `set`, scaled so that all of them together are `total`; `None` if they were not counted.
    pub(crate) fn of_set(&self, set: KmerSet, total: f64) -> Option<impl Fn(Kmer) -> f64 + '_> {
        let own = self.sets.iter().find(|own| own.kmers == set)?;
        let all: f64 = own.means.iter().map(|mean| f64::from(*mean)).sum();
        let scale = if all > 0.0 { total / all } else { 0.0 };
        Some(move |kmer| scale * f64::from(own.means[own.slots.index(kmer)]))
    }

    /// Share of a stranger's sequences that have a k-mer of a pattern; `None` if it was not counted.
    pub(crate) fn share(&self, pattern: &Pattern, code: u32) -> Option<f64> {
        Some(f64::from(*self.patterns.get(pattern)?.get(code as usize)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    fn repertoire(junctions: &[&str]) -> Repertoire {
        let mut builder = Builder::default();
        for junction_aa in junctions {
            let junction_aa = JunctionAa::new(junction_aa).unwrap();
            builder.push(Row { junction_aa, v_call: "", j_call: "", duplicate_count: 1 });
        }
        builder.finish("r".to_owned())
    }

    /// Every frequency is the mean of the strangers' own, and the order changes no bit.
    #[test]
    fn frequencies_are_means_over_strangers() {
        let all = [repertoire(&["CASSSSF", "CASTF", "CGGGF"]), repertoire(&["CSSSF", "CATTF"])];
        let set = KmerSet { k: 2, gaps: 0, anchors: false, regions: false };
        let of = |order: [usize; 2]| {
            let counting = Counting::new(&[set], vec![Pattern::contiguous(2)]);
            for i in order {
                counting.add(&all[i]);
            }
            counting.finish(2)
        };
        let (one, other) = (of([0, 1]), of([1, 0]));
        assert_eq!(one.sets[0].means, other.sets[0].means);
        let slots = set.slots();
        let total: f64 = one.sets[0].means.iter().map(|mean| f64::from(*mean)).sum();
        let frequency = one.of_set(set, 2.0 * total).unwrap();
        let code = |text: &str| {
            let own = repertoire(&[&format!("C{text}F")]);
            Pattern::contiguous(2).code(&own.junction_codes(0)[1..])
        };
        // SS: three windows of three sequences (inside the anchors) and two of two, so 1 and 1.
        assert!((frequency(slots.kmer(code("SS") as usize)) - 2.0).abs() < 1e-6);
        // One of three sequences, and one of two.
        let share = one.share(&Pattern::contiguous(2), code("SS")).unwrap();
        assert!((share - f64::midpoint(1.0 / 3.0, 0.5)).abs() < 1e-6, "{share}");
        assert_eq!(one.share(&Pattern::contiguous(3), 0), None);
    }
}
