//! The training repertoires that the parts of a model see most alike.
//!
//! ```text
//! d(a, b)^2 = sum over parts and outputs of (w f(a) - w f(b))^2
//! ```
//!
//! `w f` is what a part adds to a logit. Two repertoires are alike if the model scores them alike for the same reasons: a part
//! that hardly moves a logit hardly counts.
//!
//! The outputs of a new repertoire are those of the finished model. The outputs of a training repertoire are those of parts
//! that had not seen it, from inner folds. Both are outputs for a repertoire that the part has not seen, but of parts that
//! learned from different repertoires: distances far below their spread say nothing.

/// A training repertoire as the parts of a model saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// The group that no split divided, as the samples of one person; "" if the training knew none.
    pub group: String,
    /// What each part adds to each logit, (parts * outputs).
    pub added: Vec<f64>,
}

/// One of the most alike training repertoires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Its place among the training repertoires.
    pub place: usize,
    /// How far it is, in the unit of a logit.
    pub distance: f64,
}

/// The `most` of `others` that are nearest to a repertoire of which `added` is what each part adds: nearest first, equally
/// near ones by their ids. Those that `is_own` says are itself, or another sample of its person, are left out: that a person
/// is like herself says nothing.
///
/// # Examples
///
/// ```
/// use reperio_model::explain::{Known, nearest};
///
/// let known = |id: &str, added: [f64; 2]| Known {
///     id: id.to_owned(),
///     group: String::new(),
///     added: added.to_vec(),
/// };
/// let others = [known("a", [0.0, 0.0]), known("b", [3.0, 4.0]), known("c", [0.0, 1.0])];
/// let found = nearest(&[0.0, 0.0], &others, 5, |own| own.id == "a");
/// assert_eq!(found.iter().map(|own| (own.place, own.distance)).collect::<Vec<_>>(), [(2, 1.0), (1, 5.0)]);
/// ```
pub fn nearest(
    added: &[f64],
    others: &[Known],
    most: usize,
    is_own: impl Fn(&Known) -> bool,
) -> Vec<Neighbour> {
    let distance = |own: &Known| -> f64 {
        let squares = own.added.iter().zip(added).map(|(a, b)| (a - b).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let mut all: Vec<Neighbour> = others
        .iter()
        .enumerate()
        .filter(|(_, own)| !is_own(own))
        .map(|(place, own)| Neighbour { place, distance: distance(own) })
        .collect();
    all.sort_by(|a, b| {
        let by_id = || others[a.place].id.cmp(&others[b.place].id);
        a.distance.total_cmp(&b.distance).then_with(by_id)
    });
    all.truncate(most);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equally_near_ones_stand_by_their_ids() {
        let known = |id: &str, added: f64| Known {
            id: id.to_owned(),
            group: String::new(),
            added: vec![added],
        };
        let others = [known("d", 1.0), known("b", -1.0), known("own", 0.0), known("c", 0.5)];
        let is_own = |own: &Known| own.id == "own";
        let names = |most| -> Vec<&str> {
            let found = nearest(&[0.0], &others, most, is_own);
            found.iter().map(|own| others[own.place].id.as_str()).collect()
        };
        assert_eq!(names(9), ["c", "b", "d"]);
        assert_eq!(names(2), ["c", "b"]);
        assert!(nearest(&[0.0], &others[2..3], 5, is_own).is_empty(), "only itself");
    }

    proptest! {
        /// No one that is left out is nearer than one that is chosen, and the chosen ones are in order.
        #[test]
        fn the_chosen_ones_are_the_nearest(
            rows in prop::collection::vec(prop::collection::vec(-9_i8..9, 3), 1..30),
            most in 0_usize..8,
        ) {
            let known = |(i, row): (usize, &Vec<i8>)| Known {
                id: format!("r{i}"),
                group: (i % 3).to_string(),
                added: row.iter().copied().map(f64::from).collect(),
            };
            let others: Vec<Known> = rows.iter().enumerate().map(known).collect();
            let own = others[0].added.clone();
            let far = |i: usize| -> f64 {
                (0..3).map(|k| (others[i].added[k] - own[k]).powi(2)).sum::<f64>().sqrt()
            };
            let is_other = |i: &usize| i % 3 != 0;
            let found = nearest(&own, &others, most, |known| known.group == "0");
            prop_assert_eq!(found.len(), most.min((0..others.len()).filter(is_other).count()));
            prop_assert!(found.iter().all(|one| is_other(&one.place) && one.distance.to_bits() == far(one.place).to_bits()));
            prop_assert!(found.is_sorted_by(|a, b| a.distance <= b.distance));
            let last = found.last().map_or(0.0, |one| one.distance);
            let mut left = (0..others.len()).filter(|i| is_other(i) && found.iter().all(|one| one.place != *i));
            prop_assert!(most == 0 || left.all(|i| far(i) >= last));
        }
    }
}
