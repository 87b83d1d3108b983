//! Which k-mers are distinguished: their patterns and their region in the junction.

use reperio_data::kmer::pattern::Pattern;
use serde::{Deserialize, Serialize};

/// Windows that start before this position of the junction lie in its first region, which the V gene mostly writes.
const FIRST: usize = 4;
/// Windows that reach into this many last residues lie in the last region, which the J gene mostly writes.
const LAST: usize = 5;
/// Regions.
const REGIONS: usize = 3;

/// Patterns of `k` counted residues with at most `gaps` ignored positions between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmerSet {
    /// Counted residues.
    pub k: usize,
    /// Largest number of ignored positions.
    pub gaps: usize,
    /// Whether windows reach into the first and last residue of the junction, which are the same in every
    /// receptor of a locus.
    pub anchors: bool,
    /// Whether a k-mer at the start, in the middle and at the end of the junction are three: what is germline at
    /// an end is rare in the middle.
    pub regions: bool,
}

/// One k-mer: a slot (pattern and region) and the residues at its counted positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kmer {
    /// Slot in its set.
    pub slot: u8,
    /// Code of the counted residues.
    pub code: u32,
}

/// The patterns and regions of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Slots {
    set: KmerSet,
    patterns: Vec<Pattern>,
    regions: usize,
}

impl KmerSet {
    /// The patterns and regions.
    pub fn slots(self) -> Slots {
        let regions = if self.regions { REGIONS } else { 1 };
        Slots { set: self, patterns: Pattern::all(self.k, self.gaps), regions }
    }
}

impl Slots {
    /// Slots: patterns times regions.
    pub fn len(&self) -> usize {
        self.patterns.len() * self.regions
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Codes of each slot.
    pub fn n_codes(&self) -> usize {
        20_usize.pow(self.set.k as u32)
    }

    /// Place of a k-mer among all of the set.
    pub fn index(&self, kmer: Kmer) -> usize {
        usize::from(kmer.slot) * self.n_codes() + kmer.code as usize
    }

    /// The k-mer at a place.
    pub fn kmer(&self, index: usize) -> Kmer {
        let n = self.n_codes();
        Kmer { slot: (index / n) as u8, code: (index % n) as u32 }
    }

    /// Calls `each` with the k-mer of every window of a junction (residue codes, anchors included).
    pub fn visit(&self, junction: &[u8], mut each: impl FnMut(Kmer)) {
        self.windows(junction, |kmer, _, _| each(kmer));
    }

    /// Calls `each` with the k-mer of every window of a junction, the position of its first residue, and the counted
    /// positions from there.
    pub fn windows(&self, junction: &[u8], mut each: impl FnMut(Kmer, usize, &[u8])) {
        let skip = usize::from(!self.set.anchors);
        let Some(inside) = junction.get(skip..junction.len().saturating_sub(skip)) else { return };
        for (at, pattern) in self.patterns.iter().enumerate() {
            for (start, code) in pattern.codes(inside).enumerate() {
                let start = start + skip;
                let region = if self.regions == 1 || start < FIRST {
                    0
                } else if start + pattern.span() + LAST > junction.len() {
                    2
                } else {
                    1
                };
                let kmer = Kmer { slot: (at * self.regions + region) as u8, code };
                each(kmer, start, pattern.offsets());
            }
        }
    }

    /// A k-mer in letters, `-` for ignored positions, with its region: `GL-N`, `LDR middle`.
    pub fn text(&self, kmer: Kmer) -> String {
        let slot = usize::from(kmer.slot);
        let text = self.patterns[slot / self.regions].text(kmer.code);
        match (self.regions, slot % self.regions) {
            (1, _) => text,
            (_, 0) => format!("{text} start"),
            (_, 1) => format!("{text} middle"),
            _ => format!("{text} end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::alphabet;

    #[test]
    fn regions_follow_the_distance_from_both_ends() {
        let set = KmerSet { k: 3, gaps: 0, anchors: false, regions: true };
        let slots = set.slots();
        let place = |letter: &u8| alphabet::AMINO_ACIDS.iter().position(|own| own == letter);
        let codes: Vec<u8> =
            b"CASSLDRGNEQFF".iter().map(|letter| place(letter).unwrap() as u8).collect();
        let mut found = Vec::new();
        slots.visit(&codes, |kmer| found.push(slots.text(kmer)));
        let expected = [
            "ASS start",
            "SSL start",
            "SLD start",
            "LDR middle",
            "DRG middle",
            "RGN end",
            "GNE end",
            "NEQ end",
            "EQF end",
        ];
        assert_eq!(found, expected);
        for index in [0, 7_999, 8_000, 23_999] {
            assert_eq!(slots.index(slots.kmer(index)), index);
        }
    }

    #[test]
    fn a_junction_of_anchors_has_no_window() {
        let slots = KmerSet { k: 3, gaps: 1, anchors: false, regions: false }.slots();
        for n in 0..4 {
            slots.visit(&vec![0; n], |_| panic!("no window in {n} residues"));
        }
    }
}
