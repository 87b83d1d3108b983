//! Weighted windows, added up column by column.

use super::background::{PLACES, RESIDUES, place};

/// Weights are counted in units of 2^-64, as whole numbers: their sum does not depend on the order of repertoires or
/// on threads.
const UNITS: f64 = 18_446_744_073_709_551_616.0;

/// The windows of one filter, aligned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Windows {
    /// Windows.
    pub(super) n: u64,
    /// Weight of each residue in each column, (width, 20).
    residues: Vec<[u128; RESIDUES]>,
    /// Weight of each place in each column, (width, places).
    places: Vec<[u128; PLACES]>,
    /// Weight of all windows.
    total: u128,
}

impl Windows {
    /// No window yet of `width` columns.
    pub(super) fn new(width: usize) -> Self {
        let (residues, places) = (vec![[0; RESIDUES]; width], vec![[0; PLACES]; width]);
        Self { n: 0, residues, places, total: 0 }
    }

    /// Adds the window of `junction` that begins at `start`. What reaches beyond the junction has no residue.
    pub(super) fn add(&mut self, junction: &[u8], start: usize, weight: f64) {
        let units = (weight * UNITS) as u128; // Saturates; what is no number is 0.
        self.n += 1;
        self.total = self.total.saturating_add(units);
        for (column, at) in (start..junction.len()).take(self.residues.len()).enumerate() {
            let own = &mut self.residues[column][usize::from(junction[at])];
            *own = own.saturating_add(units);
            let own = &mut self.places[column][place(at, junction.len())];
            *own = own.saturating_add(units);
        }
    }

    /// Adds what another has seen.
    pub(super) fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.total = self.total.saturating_add(other.total);
        let residues = self.residues.iter_mut().flatten().zip(other.residues.iter().flatten());
        let places = self.places.iter_mut().flatten().zip(other.places.iter().flatten());
        for (own, other) in residues.chain(places) {
            *own = own.saturating_add(*other);
        }
    }

    /// Weight of all windows.
    pub(super) fn total(&self) -> f64 {
        self.total as f64 / UNITS
    }

    /// Weights of the residues and of the places in each column.
    pub(super) fn columns(&self) -> impl Iterator<Item = ([f64; RESIDUES], [f64; PLACES])> + '_ {
        let columns = self.residues.iter().zip(&self.places);
        columns.map(|(residues, places)| {
            (residues.map(|own| own as f64 / UNITS), places.map(|own| own as f64 / UNITS))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_changes_no_bit_and_windows_may_reach_beyond_the_end() {
        let junction = [1, 0, 15, 4];
        let weights = [0.1, 1e-9, 3.0, 1e-3];
        let add = |order: &[usize]| {
            let mut windows = Windows::new(3);
            for &i in order {
                windows.add(&junction, i, weights[i]);
            }
            windows
        };
        let mut halves = add(&[3, 1]);
        halves.merge(&add(&[2, 0]));
        assert_eq!(halves, add(&[0, 1, 2, 3]));
        let columns: Vec<_> = halves.columns().collect();
        assert!((columns[0].0[4] - 1e-3).abs() < 1e-15);
        assert!((columns[2].0.iter().sum::<f64>() - (0.1 + 1e-9)).abs() < 1e-12);
        assert!((halves.total() - weights.iter().sum::<f64>()).abs() < 1e-12);
        assert_eq!(halves.n, 4);
    }
}
