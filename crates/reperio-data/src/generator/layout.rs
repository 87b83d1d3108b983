//! Which table of residue probabilities applies where in a junction.
//!
//! The first residues come from the V gene, the last from the J gene, those between from the D gene
//! and random insertions. So a junction has three zones, and a *slot* is one position of one zone
//! with what it is conditioned on:
//!
//! ```text
//! start    position from the start, V gene, length class
//! end      position from the end,   J gene, length class
//! middle   position from the start, length
//! ```
//!
//! In each slot the residue also depends on the two before it (the *context*). A slot backs off to
//! its *site* (without the length class; one residue of context) and the site to its *place*
//! (without the gene; the whole middle is one place).

/// Positions of the start zone.
const START: usize = 5;
/// Positions of the end zone.
const END: usize = 7;
/// Length classes of the start and end zones.
pub(super) const CLASSES: usize = 5;
/// Contexts of a slot: two residues.
pub(super) const CONTEXTS: usize = 400;
/// Places: what a slot is without its gene, length class and, in the middle, its position.
pub(super) const PLACES: usize = START + END + 1;

/// Sizes that fix the numbering of slots and sites.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableLayout {
    /// V genes, unknown included.
    pub(super) n_v: usize,
    /// J genes, unknown included.
    pub(super) n_j: usize,
    /// Longest junction.
    pub(super) max_length: usize,
    /// The longest lengths of all classes but the last, increasing.
    pub(super) class_bounds: [usize; CLASSES - 1],
}

/// A numbered slot with its back-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) number: usize,
    pub(super) site: usize,
    pub(super) place: usize,
}

impl TableLayout {
    fn end_site(&self) -> usize {
        self.n_v * START
    }

    fn middle_site(&self) -> usize {
        self.end_site() + self.n_j * END
    }

    /// Sites in all.
    pub(super) fn sites(&self) -> usize {
        self.middle_site() + (self.max_length + 1) * self.max_length
    }

    /// Slots in all: each site outside the middle has one a length class.
    pub(super) fn slots(&self) -> usize {
        self.middle_site() * CLASSES + self.sites() - self.middle_site()
    }

    /// The class of a junction `length`.
    fn class(&self, length: usize) -> usize {
        self.class_bounds.iter().filter(|&&bound| bound < length).count()
    }

    /// The slot of position `i` of a junction of `length` residues with genes `v` and `j`.
    pub(super) fn slot(&self, v: usize, j: usize, length: usize, i: usize) -> Slot {
        let from_end = length - 1 - i;
        let (site, place) = if i < START.min(length.div_ceil(2)) {
            (v * START + i, i)
        } else if from_end < END {
            (self.end_site() + j * END + from_end, START + from_end)
        } else {
            let site = self.middle_site() + length * self.max_length + i;
            let slot = site + self.middle_site() * (CLASSES - 1);
            return Slot { number: slot, site, place: START + END };
        };
        Slot { number: site * CLASSES + self.class(length), site, place }
    }

    /// The place of every site and the site of every slot, by their numbers.
    pub(super) fn back_off(&self) -> (Vec<usize>, Vec<usize>) {
        let place = |site: usize| {
            if site < self.end_site() {
                site % START
            } else if site < self.middle_site() {
                START + (site - self.end_site()) % END
            } else {
                START + END
            }
        };
        let middle_slot = self.middle_site() * CLASSES;
        let site = |slot: usize| {
            if slot < middle_slot {
                slot / CLASSES
            } else {
                self.middle_site() + slot - middle_slot
            }
        };
        ((0..self.sites()).map(place).collect(), (0..self.slots()).map(site).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_back_off_agree_everywhere() {
        let layout = TableLayout { n_v: 3, n_j: 2, max_length: 30, class_bounds: [12, 13, 14, 15] };
        let (places, sites) = layout.back_off();
        let mut seen = std::collections::BTreeMap::new();
        for length in 2..=30 {
            for i in 0..length {
                for (v, j) in [(0, 0), (2, 1), (1, 0)] {
                    let found = layout.slot(v, j, length, i);
                    assert_eq!(sites[found.number], found.site, "length {length}, position {i}");
                    assert_eq!(places[found.site], found.place, "length {length}, position {i}");
                    let zone = found.place.min(START) / START + found.place / (START + END);
                    let key = match zone {
                        0 => (0, i, v, layout.class(length)),
                        1 => (1, length - 1 - i, j, layout.class(length)),
                        _ => (2, i, length, 0),
                    };
                    let known = *seen.entry(found.number).or_insert(key);
                    assert_eq!(known, key, "slot {} means two things", found.number);
                }
            }
        }
    }
}
