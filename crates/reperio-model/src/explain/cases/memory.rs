//! The states of repertoires, and those that a training stored.

use std::collections::{BTreeMap, BTreeSet};

use reperio_data::repertoire::Repertoire;

use super::sources::{Features, Sources};
use super::{Case, Known, associate};
use crate::model::{Explanation, Model};

/// Features of one source that are coordinates of their own.
const LEADING: usize = 64;
/// The name of all others of a source together.
const REST: &str = "rest";
/// Between the source and the feature in the name of a coordinate.
const OF: &str = ": ";

/// Coordinates of one output: for each source the features that are coordinates by themselves, and the rest of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Coordinates {
    /// Numbers of the features, increasing.
    sources: Vec<Vec<u32>>,
}

impl Coordinates {
    /// For each source the features that vary most over `rows`, the first of equal ones.
    ///
    /// `rows[i][k]` are the features of source k of repertoire i.
    pub(crate) fn of(rows: &[Vec<Features>]) -> Self {
        let sources = rows.first().map_or(0, Vec::len);
        let leading = |k: usize| leading(rows.iter().map(|row| &row[k]), rows.len());
        Self { sources: (0..sources).map(leading).collect() }
    }

    /// Those with names in `names`. Others are unknown features, or of a source that the model has not.
    fn named(names: &BTreeSet<String>, sources: &[(String, Vec<(u32, String)>)]) -> Self {
        let of = |(source, features): &(String, Vec<(u32, String)>)| {
            let known = |(number, name): &(u32, String)| {
                names.contains(&format!("{source}{OF}{name}")).then_some(*number)
            };
            features.iter().filter_map(known).collect()
        };
        Self { sources: sources.iter().map(of).collect() }
    }

    /// Names of the coordinates.
    fn names(&self, sources: &[(String, Vec<(u32, String)>)]) -> Vec<String> {
        let mut all = Vec::new();
        for ((source, features), numbers) in sources.iter().zip(&self.sources) {
            let features: BTreeMap<u32, &String> =
                features.iter().map(|(number, name)| (*number, name)).collect();
            let name = |number: &u32| features.get(number).map_or(REST, |name| name.as_str());
            all.extend(numbers.iter().map(|number| format!("{source}{OF}{}", name(number))));
            all.push(format!("{source}{OF}{REST}"));
        }
        all
    }

    /// The state of a repertoire with these features, one list for each source.
    pub(crate) fn state(&self, features: &[Features]) -> Vec<f64> {
        let mut state = Vec::new();
        for (numbers, features) in self.sources.iter().zip(features) {
            let first = state.len();
            state.resize(first + numbers.len() + 1, 0.0);
            for (number, share) in features {
                let at = numbers.binary_search(number).unwrap_or(numbers.len());
                state[first + at] += share;
            }
        }
        state
    }
}

/// Numbers of the features with the largest variance over `n` repertoires, increasing.
fn leading<'a>(rows: impl Iterator<Item = &'a Features>, n: usize) -> Vec<u32> {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (number, share) in rows.flatten() {
        let (sum, squares) = sums.entry(*number).or_default();
        *sum += share;
        *squares += share * share;
    }
    let n = n.max(1) as f64;
    let variance =
        |(number, (sum, squares)): (u32, (f64, f64))| (number, squares / n - (sum / n).powi(2));
    let mut all: Vec<(u32, f64)> =
        sums.into_iter().map(variance).filter(|(_, own)| *own > 0.0).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(LEADING);
    let mut numbers: Vec<u32> = all.into_iter().map(|(number, _)| number).collect();
    numbers.sort_unstable();
    numbers
}

/// A state as a training stores it: names and values of what is not 0, for one output.
pub(crate) fn stored_state(
    coordinates: &Coordinates,
    state: &[f64],
    sources: &[(String, Vec<(u32, String)>)],
) -> BTreeMap<String, f64> {
    let named = coordinates.names(sources).into_iter().zip(state.iter().copied());
    named.filter(|(_, value)| *value != 0.0).collect()
}

/// A training repertoire as a training stored it ([`crate::train::TargetMemory`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// The group that no split divided; "" if the training knew none.
    pub group: String,
    /// Names and values of what is not 0 in its state, for each output.
    pub states: Vec<BTreeMap<String, f64>>,
}

/// The stored training repertoires of one target, and how states are made.
///
/// # State
///
/// The state of a repertoire has, for each output, what the finished model says of it by each feature, in the unit of a logit: each
/// filter of each member of the network and the genes behind them (`w_h z_h` of the pooled state, by filter), each k-mer, each
/// public clonotype, each gene. The 64 features of a term that vary most among the training repertoires are coordinates by themselves; the
/// others of the term together are one. Squared distances of the network are the mean over its members.
///
/// # What is exact
///
/// States are exact sums of what the model says, of the repertoire and of every case alike; only k-mers that are counted
/// beyond the expected are as they would be in a repertoire of the median depth. But the finished model was fitted to the cases and not to a new
/// repertoire, so that cases look a little more typical than it. `beta` is chosen in that situation: parts that were fitted without some
/// inner folds see those as new repertoires among the others, and `beta` is what predicts their labels best.
#[derive(Clone, Debug)]
pub struct Memory {
    target: usize,
    beta: f64,
    /// By output.
    coordinates: Vec<Coordinates>,
    cases: Vec<Known>,
}

impl Memory {
    /// The memory of target `target`.
    pub fn new((model, target): (&Model, usize), beta: f64, cases: Vec<Stored>) -> Self {
        let outputs = model.targets()[target].bias.len();
        let mut own = Self { target, beta, coordinates: vec![], cases: vec![] };
        let mut places: Vec<BTreeMap<String, usize>> = Vec::new();
        for o in 0..outputs {
            let stored = cases.iter().filter_map(|own| own.states.get(o));
            let names: BTreeSet<String> = stored.flat_map(BTreeMap::keys).cloned().collect();
            let sources = Sources::of_model(model, target, o).names(model);
            let coordinates = Coordinates::named(&names, &sources);
            let names = coordinates.names(&sources).into_iter();
            places.push(names.enumerate().map(|(at, name)| (name, at)).collect());
            own.coordinates.push(coordinates);
        }
        let state = |states: &[BTreeMap<String, f64>]| -> Vec<f64> {
            let one = |(stored, places): (&BTreeMap<String, f64>, &BTreeMap<String, usize>)| {
                let mut state = vec![0.0; places.len()];
                for (name, value) in stored {
                    if let Some(&at) = places.get(name) {
                        state[at] = *value;
                    }
                }
                state
            };
            states.iter().zip(&places).flat_map(one).collect()
        };
        let known = cases.into_iter();
        let known =
            known.map(|Stored { id, group, states }| Known { id, group, state: state(&states) });
        own.cases = known.collect();
        own
    }

    /// The stored repertoires.
    pub fn known(&self) -> &[Known] {
        &self.cases
    }

    /// The inverse temperature, in one over a squared logit.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// The state of a repertoire that `model`, whose memory this is, explained.
    pub fn state(
        &self,
        model: &Model,
        repertoire: &Repertoire,
        explanation: &Explanation,
    ) -> Vec<f64> {
        let totals = model.filter_totals(explanation);
        let outputs = model.n_outputs();
        let first = crate::train::first_output(&model.info().targets, self.target);
        let width = totals.len() / outputs.max(1);
        let of = |(o, coordinates): (usize, &Coordinates)| {
            let own = &totals[(first + o) * width..(first + o + 1) * width];
            let sources = Sources::of_model(model, self.target, o);
            coordinates.state(&sources.features(repertoire, own))
        };
        self.coordinates.iter().enumerate().flat_map(of).collect()
    }

    /// The cases of a state; see [`associate`].
    ///
    /// # Errors
    ///
    /// As [`associate`].
    pub fn cases(
        &self,
        state: &[f64],
        is_own: impl Fn(&Known) -> bool,
    ) -> candle_core::Result<Vec<Case>> {
        associate(state, &self.cases, self.beta, is_own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_a_coordinate_and_the_rest_is_one_together() {
        let rows: Vec<Vec<Features>> = (0..4_u32)
            .map(|i| {
                let own = (0..100).map(|k| (k, if k >= 30 { f64::from(k * (i % 2)) } else { 2.0 }));
                vec![own.collect(), vec![(7, 1.0)]]
            })
            .collect();
        let coordinates = Coordinates::of(&rows);
        assert_eq!(coordinates.sources, [(36..100).collect::<Vec<u32>>(), vec![]]);
        let state = coordinates.state(&rows[1]);
        assert_eq!(state.len(), 66);
        let rest = f64::from((30..36).sum::<u32>()) + 60.0;
        assert_eq!((state[0], state[63], state[64], state[65]), (36.0, 99.0, rest, 1.0));
    }

    #[test]
    fn stored_names_find_their_coordinates_again() {
        let rows = [vec![vec![(3, 1.0), (9, 0.5)]], vec![vec![(3, -2.0), (11, 4.0)]]];
        let features = [(3, "WND".to_owned()), (9, "FEN".to_owned()), (11, "KP".to_owned())];
        let sources = [("lasso".to_owned(), features.to_vec())];
        let coordinates = Coordinates::of(&rows);
        let stored = stored_state(&coordinates, &coordinates.state(&rows[1]), &sources);
        let text: Vec<String> =
            stored.iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(text, ["lasso: KP 4", "lasso: WND -2"]);
        let names = coordinates.names(&sources).into_iter().collect();
        assert_eq!(Coordinates::named(&names, &sources), coordinates);
    }
}
