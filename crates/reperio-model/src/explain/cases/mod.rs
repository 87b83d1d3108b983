//! The training repertoires that a score leans on: a memory of cases, read by one update of a modern Hopfield network.
//!
//! ```text
//! a_i = softmax_i(-beta/2 |x - s_i|^2)        x: state of the repertoire, s_i: stored state of case i
//! ```
//!
//! This is the association of the state `(x, 1)` with the stored patterns `(s_i, -|s_i|^2 / 2)`: patterns of large norm are
//! not preferred. The weights are at least 0 and sum to 1. [`Memory`] says what a state is.
//!
//! The case memory does not change a score. It says which training repertoires are alike for the reasons that the model has, and
//! [`Case::vote`] what their labels by themselves would predict.
//!
//! # References
//!
//! - Ramsauer et al., *Hopfield Networks is All You Need*, ICLR 2021, Eq. (3). <https://arxiv.org/abs/2008.02217>

mod memory;
mod sources;

use candle_core::{Device, Result, Tensor, bail};
use candle_hopfield::Association;

pub(crate) use memory::{Coordinates, stored_state};
pub use memory::{Memory, Stored};
pub(crate) use sources::{Features, Sources};

/// A stored training repertoire.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// The group that no split divided, as the samples of one person; "" if the training knew none.
    pub group: String,
    /// Its state.
    pub state: Vec<f64>,
}

/// A training repertoire that a score leans on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Its place among the stored repertoires.
    pub place: usize,
    /// Its weight: those of all cases sum to 1.
    pub weight: f64,
    /// How far its state is, in the unit of a logit.
    pub distance: f64,
}

impl Case {
    /// What the cases say by themselves: the mean of their numbers, weighted; the probability of a class, if `of_case` is 1 for
    /// those that have it. `None` without cases.
    pub fn vote(cases: &[Self], of_case: impl Fn(usize) -> f64) -> Option<f64> {
        let sum = cases.iter().map(|own| own.weight * of_case(own.place)).sum();
        (!cases.is_empty()).then_some(sum)
    }
}

/// The cases of a repertoire whose state is `state`, the heaviest first, equally near ones by their ids. Those that
/// `is_own` says are itself, or another sample of its person, are left out: that a person is like herself says nothing.
///
/// The order of `stored` changes no bit of a weight.
///
/// # Errors
///
/// If a stored state has another length, or `beta` is not a positive finite number.
///
/// # Examples
///
/// ```
/// use reperio_model::explain::{Known, associate};
///
/// let known = |id: &str, state: [f64; 2]| Known {
///     id: id.to_owned(),
///     group: String::new(),
///     state: state.to_vec(),
/// };
/// let stored = [known("a", [0.0, 0.0]), known("b", [3.0, 4.0]), known("c", [0.0, 1.0])];
/// let cases = associate(&[0.0, 0.0], &stored, 0.1, |own| own.id == "a")?;
/// assert_eq!(cases.iter().map(|own| (own.place, own.distance)).collect::<Vec<_>>(), [(2, 1.0), (1, 5.0)]);
/// assert!((cases[0].weight - 1.0 / (1.0 + (-1.2_f64).exp())).abs() < 1e-12); // 0.1 / 2 (25 - 1) = 1.2
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn associate(
    state: &[f64],
    stored: &[Known],
    beta: f64,
    is_own: impl Fn(&Known) -> bool,
) -> Result<Vec<Case>> {
    if !(beta > 0.0 && beta.is_finite()) {
        bail!("beta is {beta}, expected a positive finite number");
    }
    let mut cases = Vec::new();
    for (place, own) in stored.iter().enumerate().filter(|(_, own)| !is_own(own)) {
        if own.state.len() != state.len() {
            let (found, expected) = (own.state.len(), state.len());
            bail!("the state of {} has {found} coordinates, expected {expected}", own.id);
        }
        cases.push(Case { place, weight: 0.0, distance: squared(&own.state, state).sqrt() });
    }
    cases.sort_by(|a, b| {
        let by_id = || stored[a.place].id.cmp(&stored[b.place].id);
        a.distance.total_cmp(&b.distance).then_with(by_id)
    });
    let halves: Vec<f64> = cases.iter().map(|own| 0.5 * own.distance.powi(2)).collect();
    for (own, weight) in cases.iter_mut().zip(weights(&halves, beta)?) {
        own.weight = weight;
    }
    Ok(cases)
}

/// Squared Euclidean distance.
pub(crate) fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// The association of a state with cases, of which `halves` are half the squared distances: (n)
pub(crate) fn weights(halves: &[f64], beta: f64) -> Result<Vec<f64>> {
    if halves.is_empty() {
        return Ok(vec![]);
    }
    let scores: Vec<f64> = halves.iter().map(|own| -beta * own).collect();
    let scores = Tensor::from_vec(scores, halves.len(), &Device::Cpu)?; // (n)
    Association::Softmax.apply(&scores)?.to_vec1()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_hopfield::energy;
    use proptest::prelude::*;

    fn known((i, state): (usize, &Vec<f64>)) -> Known {
        Known { id: format!("r{i:02}"), group: (i % 3).to_string(), state: state.clone() }
    }

    fn rows(most: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
        let number = (-40_i32..40).prop_map(|own| f64::from(own) / 8.0);
        prop::collection::vec(prop::collection::vec(number, 3), 2..most)
    }

    /// The definition, term by term.
    fn twin(state: &[f64], stored: &[Known], beta: f64) -> Vec<f64> {
        let score = |own: &Known| {
            let d: f64 = own.state.iter().zip(state).map(|(a, b)| (a - b) * (a - b)).sum();
            -0.5 * beta * d
        };
        let scores: Vec<f64> = stored.iter().map(score).collect();
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = scores.iter().map(|own| (own - highest).exp()).sum();
        scores.iter().map(|own| (own - highest).exp() / total).collect()
    }

    /// The association of candle-hopfield with patterns that carry their own half square.
    fn of_patterns(state: &[f64], stored: &[Known], beta: f64) -> Vec<f64> {
        let pattern = |own: &Known| {
            let half = 0.5 * own.state.iter().map(|a| a * a).sum::<f64>();
            [&own.state[..], &[-half]].concat()
        };
        let patterns: Vec<f64> = stored.iter().flat_map(pattern).collect();
        let patterns = Tensor::from_vec(patterns, (stored.len(), 4), &Device::Cpu).unwrap();
        let cue = Tensor::new(vec![[state, &[1.0]].concat()], &Device::Cpu).unwrap();
        let found = energy::association(&patterns, &cue, beta).unwrap();
        found.to_vec2::<f64>().unwrap().remove(0)
    }

    proptest! {
        #[test]
        fn weights_are_the_association_and_sum_to_one(rows in rows(20), beta in 0.01_f64..5.0) {
            let stored: Vec<Known> = rows[1..].iter().enumerate().map(known).collect();
            let cases = associate(&rows[0], &stored, beta, |_| false).unwrap();
            let (twin, patterns) = (twin(&rows[0], &stored, beta), of_patterns(&rows[0], &stored, beta));
            prop_assert!((cases.iter().map(|own| own.weight).sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!(cases.is_sorted_by(|a, b| a.distance <= b.distance && a.weight >= b.weight));
            for own in &cases {
                prop_assert!((own.weight - twin[own.place]).abs() < 1e-12);
                prop_assert!((own.weight - patterns[own.place]).abs() < 1e-9);
            }
        }

        /// The order of the stored ones changes no bit, and nobody is her own case.
        #[test]
        fn the_order_changes_nothing_and_the_own_person_is_left_out(rows in rows(20), beta in 0.01_f64..5.0) {
            let stored: Vec<Known> = rows.iter().enumerate().map(known).collect();
            let other: Vec<Known> = stored.iter().rev().cloned().collect();
            let of = |stored: &[Known]| -> Vec<(String, u64)> {
                let cases = associate(&rows[0], stored, beta, |own| own.group == "0").unwrap();
                cases.iter().map(|own| (stored[own.place].id.clone(), own.weight.to_bits())).collect()
            };
            prop_assert_eq!(of(&stored), of(&other));
            prop_assert_eq!(of(&stored).len(), (0..rows.len()).filter(|i| i % 3 != 0).count());
        }
    }

    #[test]
    fn nobody_is_left_or_states_do_not_fit() {
        let stored = [known((0, &vec![1.0, 2.0]))];
        assert_eq!(associate(&[0.0, 0.0], &stored, 1.0, |_| true).unwrap(), []);
        assert_eq!(Case::vote(&[], |_| 1.0), None);
        for (state, beta) in [(&[0.0][..], 1.0), (&[0.0, 0.0], 0.0), (&[0.0, 0.0], f64::NAN)] {
            assert!(associate(state, &stored, beta, |_| false).is_err());
        }
    }
}
