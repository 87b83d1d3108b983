//! Weights of k-mers.

use reperio_data::repertoire::Repertoire;

use super::burden::Value;
use crate::features::kmer_set::{Kmer, KmerSet, Slots};

/// What an occurrence of a k-mer contributes to the logit of one repertoire.
struct Shares<'a> {
    table: &'a KmerTable,
    /// Occurrences of each k-mer, where its contribution depends on them.
    counts: Vec<u32>,
    clonotypes: f64,
    /// What an occurrence is worth where all are alike.
    one: f64,
}

impl Shares<'_> {
    fn of(&self, kmer: Kmer) -> f64 {
        let KmerTable { slots, weights, value, .. } = self.table;
        let place = slots.index(kmer);
        let weight = f64::from(weights[place]);
        match self.counts.get(place) {
            None => weight * self.one,
            Some(&count) => weight * value.of(count, self.clonotypes) / f64::from(count),
        }
    }
}

/// Weights of k-mers.
///
/// ```text
/// f = bias + sum over k-mers of w v(count, clonotypes) - offset         v: see `Value`
/// f = bias + (sum over k-mers of w count - offset clonotypes) / sqrt(clonotypes)      for `Value::Excess`
/// ```
///
/// The contribution of a k-mer is shared equally by its occurrences. Weights are `f32`, as in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct KmerTable {
    set: KmerSet,
    value: Value,
    slots: Slots,
    /// By place in the set.
    weights: Vec<f32>,
    /// What is expected and taken away from all clonotypes alike: in all, or of each one for [`Value::Excess`]. An
    /// average training repertoire has evidence 0.
    pub offset: f64,
    /// Logit of a repertoire without clonotypes.
    pub bias: f64,
}

impl KmerTable {
    /// A table without weights.
    pub fn new(set: KmerSet, value: Value, bias: f64) -> Self {
        let slots = set.slots();
        let weights = vec![0.0; slots.len() * slots.n_codes()];
        Self { set, value, slots, weights, offset: 0.0, bias }
    }

    /// Sets the weight of one k-mer.
    ///
    /// # Panics
    ///
    /// If it is not of the set.
    pub fn insert(&mut self, kmer: Kmer, weight: f64) {
        self.weights[self.slots.index(kmer)] = weight as f32;
    }

    /// The k-mers.
    pub fn set(&self) -> KmerSet {
        self.set
    }

    /// Which value of a k-mer counts.
    pub fn value(&self) -> Value {
        self.value
    }

    /// The k-mers that have a weight, by their place in the set.
    pub fn entries(&self) -> Vec<(u32, f32)> {
        let entries = (0..).zip(&self.weights).filter(|(_, weight)| **weight != 0.0);
        entries.map(|(place, &weight)| (place, weight)).collect()
    }

    /// Contribution of each clonotype: (n,)
    pub fn evidence(&self, repertoire: &Repertoire) -> Vec<f64> {
        let shares = self.shares(repertoire);
        let evidence = |i: usize| {
            let mut sum = 0.0;
            self.slots.visit(repertoire.junction_codes(i), |kmer| sum += shares.of(kmer));
            sum - self.offset * shares.one
        };
        (0..repertoire.len()).map(evidence).collect()
    }

    /// Contribution of each residue of the junctions at `places`: they add up to those of the clonotypes.
    ///
    /// A window's contribution is shared equally by its counted residues, the offset by all residues.
    pub fn residues(&self, repertoire: &Repertoire, places: &[usize]) -> Vec<Vec<f64>> {
        let shares = self.shares(repertoire);
        let residues = |&i: &usize| {
            let codes = repertoire.junction_codes(i);
            let mut own = vec![-self.offset * shares.one / codes.len().max(1) as f64; codes.len()];
            self.slots.windows(codes, |kmer, start, counted| {
                let share = shares.of(kmer) / counted.len() as f64;
                for &at in counted {
                    own[start + usize::from(at)] += share;
                }
            });
            own
        };
        places.iter().map(residues).collect()
    }

    /// What each k-mer with a weight adds in `repertoire`, by its place in the set, increasing; for [`Value::Excess`] as
    /// it would in a repertoire of `depth` clonotypes, before anything is expected. What is the same in all repertoires of one depth
    /// is left out.
    pub(crate) fn by_feature(&self, repertoire: &Repertoire, depth: f64) -> Vec<(u32, f64)> {
        let mut counts = vec![0_u32; self.weights.len()];
        for i in 0..repertoire.len() {
            let codes = repertoire.junction_codes(i);
            self.slots.visit(codes, |kmer| counts[self.slots.index(kmer)] += 1);
        }
        let clonotypes = repertoire.len().max(1) as f64;
        let scale = match self.value {
            Value::Excess => (depth / clonotypes).sqrt(),
            Value::Frequency | Value::RootFrequency | Value::Presence => 1.0,
        };
        let share = |(place, &weight): (usize, &f32)| {
            let count = counts[place];
            let adds = count > 0 && weight != 0.0;
            let value = || scale * f64::from(weight) * self.value.of(count, clonotypes);
            adds.then(|| (place as u32, value()))
        };
        self.weights.iter().enumerate().filter_map(share).collect()
    }

    /// The k-mer at a place in the set, in letters.
    pub(crate) fn text(&self, place: u32) -> String {
        self.slots.text(self.slots.kmer(place as usize))
    }

    /// What an occurrence of each k-mer contributes in `repertoire`.
    fn shares(&self, repertoire: &Repertoire) -> Shares<'_> {
        let clonotypes = repertoire.len().max(1) as f64;
        let one = match self.value {
            Value::Excess => 1.0 / clonotypes.sqrt(),
            _ => 1.0 / clonotypes,
        };
        let mut counts = Vec::new();
        if !matches!(self.value, Value::Frequency | Value::Excess) {
            counts = vec![0_u32; self.weights.len()];
            for i in 0..repertoire.len() {
                let codes = repertoire.junction_codes(i);
                self.slots.visit(codes, |kmer| counts[self.slots.index(kmer)] += 1);
            }
        }
        Shares { table: self, counts, clonotypes, one }
    }

    pub(crate) fn parameters(&self) -> Vec<f64> {
        let entries = self.entries().into_iter();
        let entries = entries.flat_map(|(place, weight)| [f64::from(place), f64::from(weight)]);
        [self.bias, self.offset].into_iter().chain(entries).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    /// At its own depth what the k-mers add, less what is expected of every repertoire of that depth, is the evidence.
    #[test]
    fn features_add_up_to_the_evidence() {
        let mut builder = Builder::default();
        for junction_aa in ["CASSSF", "CASSTF", "CGGGF", "CASSSSF"] {
            let junction_aa = JunctionAa::new(junction_aa).unwrap();
            builder.push(Row { junction_aa, v_call: "", j_call: "", duplicate_count: 1 });
        }
        let own = builder.finish("r".to_owned());
        let set = KmerSet { k: 2, gaps: 0, anchors: false, regions: false };
        for value in [Value::Excess, Value::Frequency, Value::RootFrequency, Value::Presence] {
            let mut table = KmerTable::new(set, value, 0.5);
            let mut kmers = Vec::new();
            table.slots.visit(own.junction_codes(0), |kmer| kmers.push(kmer));
            for (at, kmer) in kmers.into_iter().enumerate() {
                table.insert(kmer, 0.5 + at as f64);
            }
            table.offset = 0.25;
            let expected = match value {
                Value::Excess => 0.25 * 4_f64.sqrt(),
                Value::Frequency | Value::RootFrequency | Value::Presence => 0.25,
            };
            let features = table.by_feature(&own, own.len() as f64);
            assert!(features.len() >= 2 && features.is_sorted_by(|a, b| a.0 < b.0), "{features:?}");
            let sum: f64 = features.iter().map(|(_, share)| share).sum();
            let evidence: f64 = table.evidence(&own).iter().sum();
            assert!((sum - expected - evidence).abs() < 1e-9, "{value:?}: {sum} {evidence}");
        }
    }
}
