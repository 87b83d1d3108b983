//! Which residues stand where in the junctions of a cohort.

use reperio_data::alphabet::AMINO_ACIDS;
use reperio_data::repertoire::Repertoire;

/// Residues.
pub(super) const RESIDUES: usize = AMINO_ACIDS.len();

/// Places that are counted from each end; what is further inside is one place.
const ENDS: usize = 8;

/// Places of a residue: by its distance from the nearer end, up to [`ENDS`].
pub(super) const PLACES: usize = 2 * ENDS + 1;

/// The place of residue `at` in a junction of `length` residues.
///
/// The first half is counted from the start, the other from the end.
pub(super) fn place(at: usize, length: usize) -> usize {
    let to_end = length - 1 - at;
    if at <= to_end { at.min(ENDS) } else { PLACES - 1 - to_end.min(ENDS) }
}

/// Residues at each place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Background {
    counts: Vec<[u64; RESIDUES]>,
}

impl Default for Background {
    fn default() -> Self {
        Self { counts: vec![[0; RESIDUES]; PLACES] }
    }
}

impl Background {
    /// Counts the residues of every clonotype, each once.
    pub(super) fn add(&mut self, repertoire: &Repertoire) {
        for i in 0..repertoire.len() {
            let junction = repertoire.junction_codes(i);
            for (at, &residue) in junction.iter().enumerate() {
                self.counts[place(at, junction.len())][usize::from(residue)] += 1;
            }
        }
    }

    /// Adds what another has counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (own, other) in self.counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            *own += other;
        }
    }

    /// Frequencies of the residues at each place, (places, 20). None is 0.
    ///
    /// ```text
    /// b_pr = (n_pr + q_r) / (n_p + 1)          q_r = (n_r + 1) / (n + 20)
    /// ```
    ///
    /// One residue is added to each place, in the proportions of all places together.
    pub(super) fn frequencies(&self) -> Vec<[f64; RESIDUES]> {
        let mut all = [0_u64; RESIDUES];
        for place in &self.counts {
            for (all, n) in all.iter_mut().zip(place) {
                *all += n;
            }
        }
        let total = all.iter().sum::<u64>() as f64 + RESIDUES as f64;
        let overall = all.map(|n| (n as f64 + 1.0) / total);
        let of = |counts: &[u64; RESIDUES]| {
            let n = counts.iter().sum::<u64>() as f64 + 1.0;
            std::array::from_fn(|r| (counts[r] as f64 + overall[r]) / n)
        };
        self.counts.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_the_nearer_end() {
        let places = |length| (0..length).map(|at| place(at, length)).collect::<Vec<_>>();
        assert_eq!(places(1), [0]);
        assert_eq!(places(4), [0, 1, 15, 16]);
        assert_eq!(places(5), [0, 1, 2, 15, 16]);
        let long = places(20);
        assert_eq!(long[..9], [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(long[9..], [8, 8, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    }

    #[test]
    fn frequencies_are_positive_and_sum_to_one() {
        let mut background = Background::default();
        background.counts[0][1] = 99;
        for place in background.frequencies() {
            assert!((place.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(place.iter().all(|own| *own > 0.0));
        }
        // 99 counted and one more, of which cysteine has 100 / 119.
        let cysteine = background.frequencies()[0][1];
        assert!((cysteine - (99.0 + 100.0 / 119.0) / 100.0).abs() < 1e-12);
    }
}
