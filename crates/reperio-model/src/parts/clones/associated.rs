//! Clonotypes that are associated with the positive class, and the repertoires that carry them.

use std::collections::HashMap;

use reperio_data::alphabet::PAD;
use reperio_data::gene;
use reperio_data::repertoire::Repertoire;

use crate::features::clonotype_index::Identity;

/// Separates junction and genes in a key; no residue code and no letter.
const END: u8 = PAD + 1;

/// Associated clonotypes with their weights, by what makes them equal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Associated {
    identity: Identity,
    /// Whether genes are equal if their families are.
    by_family: bool,
    /// Under [`Identity::OneSubstitution`] each junction is listed under all its spellings with one residue masked.
    known: HashMap<Vec<u8>, Known>,
}

/// One associated clonotype.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Known {
    /// Its place in the table.
    pub(super) number: u32,
    /// Its weight.
    pub(super) weight: f64,
}

impl Associated {
    pub(super) fn new(identity: Identity, by_family: bool) -> Self {
        Self { identity, by_family, known: HashMap::new() }
    }

    /// Adds the clonotype of `row`; of equal ones the first of the largest weight stays.
    pub(super) fn insert(&mut self, repertoire: &Repertoire, row: usize, own: Known) {
        let all = &mut self.known;
        spellings((self.identity, self.by_family), repertoire, row, |key| {
            let known = all.entry(key.to_vec()).or_insert(own);
            if own.weight > known.weight {
                *known = own;
            }
        });
    }

    /// The associated clonotype that the one of `row` is, of several the first of the largest weight.
    pub(super) fn find(&self, repertoire: &Repertoire, row: usize) -> Option<Known> {
        let mut largest: Option<Known> = None;
        spellings((self.identity, self.by_family), repertoire, row, |key| {
            if let Some(&own) = self.known.get(key) {
                let rank = |one: &Known| (one.weight, std::cmp::Reverse(one.number));
                if largest.is_none_or(|best| rank(&own) > rank(&best)) {
                    largest = Some(own);
                }
            }
        });
        largest
    }
}

/// Calls `each` with every key of the clonotype of `row`.
fn spellings(
    (identity, by_family): (Identity, bool),
    repertoire: &Repertoire,
    row: usize,
    mut each: impl FnMut(&[u8]),
) {
    let junction = repertoire.junction_codes(row);
    match identity {
        Identity::Junction => each(junction),
        Identity::Clonotype => {
            let mut key = junction.to_vec();
            for name in [repertoire.v_call(row), repertoire.j_call(row)] {
                let name = if by_family { gene::family(name) } else { name };
                key.push(END);
                key.extend_from_slice(name.as_bytes());
            }
            each(&key);
        }
        Identity::OneSubstitution => {
            let mut key = junction.to_vec();
            for at in 0..key.len() {
                let residue = std::mem::replace(&mut key[at], PAD);
                each(&key);
                key[at] = residue;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    fn repertoire(rows: &[(&str, &str)]) -> Repertoire {
        let mut builder = Builder::default();
        for &(junction_aa, v_call) in rows {
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call,
                j_call: "J1",
                duplicate_count: 1,
            });
        }
        builder.finish("r".to_owned())
    }

    #[test]
    fn what_is_equal_depends_on_the_identity() {
        let own = repertoire(&[("CASF", "V1")]);
        let other = repertoire(&[
            ("CAASF", "V1"),
            ("CASF", "V1"),
            ("CASF", "V2"),
            ("CATF", "V1"),
            ("CTTF", "V1"),
        ]);
        for (identity, weights) in [
            (Identity::Clonotype, [0.0, 2.0, 0.0, 0.0, 0.0]),
            (Identity::Junction, [0.0, 2.0, 2.0, 0.0, 0.0]),
            (Identity::OneSubstitution, [0.0, 2.0, 2.0, 2.0, 0.0]),
        ] {
            let mut set = Associated::new(identity, false);
            set.insert(&own, 0, Known { number: 0, weight: 2.0 });
            set.insert(&own, 0, Known { number: 1, weight: 1.0 });
            let weight = |row| set.find(&other, row).map_or(0.0, |own| own.weight);
            let found: Vec<f64> = (0..5).map(weight).collect();
            assert_eq!(found, weights, "{identity:?}");
        }
    }
}
