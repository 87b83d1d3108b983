//! Windows of every filter, gathered from explained repertoires in any order.

use std::sync::{Mutex, PoisonError};

use reperio_data::repertoire::Repertoire;

use super::background::Background;
use super::windows::Windows;
use crate::model::{Explanation, FilterEvidence, Model};
use crate::parts::Part;

/// Clonotypes of a repertoire whose windows count, for each output.
pub(super) const LOOKED: usize = 4096;

/// What the evidence of a window says of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    For,
    Against,
}

/// Windows of all filters, and the residues of all clonotypes.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    pub(super) background: Background,
    /// (outputs, filters, sides)
    windows: Vec<Windows>,
    filters: usize,
}

impl Sums {
    fn new(model: &Model) -> Self {
        let filters = model.filters();
        let of_one =
            filters.iter().flat_map(|own| [Windows::new(own.width), Windows::new(own.width)]);
        let of_one: Vec<Windows> = of_one.collect();
        let windows = vec![of_one; model.n_outputs()].concat();
        Self { background: Background::default(), windows, filters: filters.len() }
    }

    fn merge(&mut self, other: &Self) {
        self.background.merge(&other.background);
        for (own, other) in self.windows.iter_mut().zip(&other.windows) {
            own.merge(other);
        }
    }

    /// The side of a filter that has more weight for an output.
    pub(super) fn strongest(&self, output: usize, filter: usize) -> (Side, &Windows) {
        let first = 2 * (output * self.filters + filter);
        let [for_it, against] = [&self.windows[first], &self.windows[first + 1]];
        if against.total() > for_it.total() {
            (Side::Against, against)
        } else {
            (Side::For, for_it)
        }
    }

    /// Adds the windows of one member, whose filters begin at `first`, in the clonotypes at `places`.
    fn add(
        &mut self,
        repertoire: &Repertoire,
        places: &[usize],
        member: &FilterEvidence,
        first: usize,
    ) {
        let filters = member.filters.len() / places.len().max(1);
        for (k, &i) in places.iter().enumerate() {
            let junction = repertoire.junction_codes(i);
            for c in 0..filters {
                let at = k * filters + c;
                if member.activations[at] > 0.0 {
                    let evidence = member.filters[at];
                    let side = usize::from(evidence < 0.0);
                    let windows = &mut self.windows[2 * (first + c) + side];
                    windows.add(junction, usize::from(member.starts[at]), evidence.abs());
                }
            }
        }
    }
}

/// Gathers the windows of a model's filters.
pub(crate) struct Collector<'a> {
    model: &'a Model,
    sums: Mutex<Sums>,
}

impl<'a> Collector<'a> {
    /// Nothing gathered yet.
    pub(crate) fn new(model: &'a Model) -> Self {
        Self { model, sums: Mutex::new(Sums::new(model)) }
    }

    /// Looks at one explained repertoire. Returns what its filters and genes add to each output, (T, filters + members);
    /// nothing without a network.
    ///
    /// The order of repertoires changes no bit of what is gathered.
    pub(crate) fn add(
        &self,
        repertoire: &Repertoire,
        explanation: &Explanation,
    ) -> Option<Vec<f64>> {
        let network = explanation.parts.iter().find(|(part, _)| *part == Part::Network);
        let (_, evidence) = network?;
        let mut own = Sums::new(self.model);
        own.background.add(repertoire);
        let outputs = self.model.n_outputs();
        // A network without filters has no windows to look for.
        let looked_at = if own.filters > 0 { outputs } else { 0 };
        for output in 0..looked_at {
            let column: Vec<f64> = evidence.iter().skip(output).step_by(outputs).copied().collect();
            let places = places(&column, LOOKED);
            let mut first = output * own.filters;
            for member in self.model.filter_evidence(repertoire, explanation, &places, output) {
                own.add(repertoire, &places, &member, first);
                first += member.filters.len() / places.len().max(1);
            }
        }
        self.sums.lock().unwrap_or_else(PoisonError::into_inner).merge(&own);
        Some(self.model.filter_totals(explanation))
    }

    /// What was gathered.
    pub(crate) fn sums(self) -> Sums {
        self.sums.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Places of at most `most` values, in order: half of them the highest, half the lowest.
fn places(values: &[f64], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    if values.len() > most {
        let by = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]).then(a.cmp(b));
        order.sort_unstable_by(by);
        order.drain(most / 2..values.len() - (most - most / 2));
        order.sort_unstable();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_and_the_lowest_are_looked_at() {
        let values = [0.0, 5.0, -3.0, 1.0, 5.0, -4.0];
        assert_eq!(places(&values, 4), [1, 2, 4, 5]);
        assert_eq!(places(&values, 3), [1, 4, 5]);
        assert_eq!(places(&values, 6), [0, 1, 2, 3, 4, 5]);
        assert_eq!(places(&[], 4), [0; 0]);
    }
}
