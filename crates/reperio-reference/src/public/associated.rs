//! Clonotypes that are associated with the positive class, and who carries them.

use std::collections::HashMap;

use reperio_data::alphabet::PAD;
use reperio_data::repertoire::Repertoire;

use super::beta_binomial::Count;
use crate::clonotype_index::Identity;

/// Separates junction and genes in a key; no residue code and no letter.
const END: u8 = PAD + 1;

/// Associated clonotypes with their weights, by what makes them equal.
#[derive(Debug)]
pub(super) struct Associated {
    identity: Identity,
    /// Under [`Identity::OneSubstitution`] each junction stands under all its spellings with one residue masked.
    weights: HashMap<Vec<u8>, f64>,
}

impl Associated {
    pub(super) fn new(identity: Identity) -> Self {
        Self { identity, weights: HashMap::new() }
    }

    /// Adds the clonotype of `row`; of equal ones the largest weight stays.
    pub(super) fn insert(&mut self, repertoire: &Repertoire, row: usize, weight: f64) {
        let weights = &mut self.weights;
        spellings(self.identity, repertoire, row, |key| {
            let known = weights.entry(key.to_vec()).or_insert(weight);
            *known = known.max(weight);
        });
    }

    /// The weight of the clonotype of `row`, 0 if it is not associated.
    pub(super) fn weight(&self, repertoire: &Repertoire, row: usize) -> f64 {
        let mut largest = 0.0_f64;
        spellings(self.identity, repertoire, row, |key| {
            largest = largest.max(self.weights.get(key).copied().unwrap_or(0.0));
        });
        largest
    }

    /// Distinct clonotypes of `repertoire`, and how many of them are associated.
    pub(super) fn count(&self, repertoire: &Repertoire) -> Count {
        let mut count = Count { associated: 0, all: 0 };
        for row in 0..repertoire.len() {
            let junction = repertoire.junction_codes(row);
            let new = self.identity == Identity::Clonotype
                || row == 0
                || junction != repertoire.junction_codes(row - 1);
            if new {
                count.all += 1;
                count.associated += u64::from(self.weight(repertoire, row) > 0.0);
            }
        }
        count
    }
}

/// Calls `each` with every key of the clonotype of `row`.
fn spellings(identity: Identity, repertoire: &Repertoire, row: usize, mut each: impl FnMut(&[u8])) {
    let junction = repertoire.junction_codes(row);
    match identity {
        Identity::Junction => each(junction),
        Identity::Clonotype => {
            let mut key = junction.to_vec();
            for gene in [repertoire.v_call(row), repertoire.j_call(row)] {
                key.push(END);
                key.extend_from_slice(gene.as_bytes());
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
    use reperio_data::repertoire::{Builder, Row};

    fn repertoire(rows: &[(&str, &str)]) -> Repertoire {
        let mut builder = Builder::default();
        for &(junction_aa, v_call) in rows {
            builder.push(Row { junction_aa, v_call, j_call: "J1", duplicate_count: 1 });
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
        for (identity, weights, associated, all) in [
            (Identity::Clonotype, [0.0, 2.0, 0.0, 0.0, 0.0], 1, 5),
            (Identity::Junction, [0.0, 2.0, 2.0, 0.0, 0.0], 1, 4),
            (Identity::OneSubstitution, [0.0, 2.0, 2.0, 2.0, 0.0], 2, 4),
        ] {
            let mut set = Associated::new(identity);
            set.insert(&own, 0, 2.0);
            set.insert(&own, 0, 1.0);
            let found: Vec<f64> = (0..5).map(|row| set.weight(&other, row)).collect();
            assert_eq!(found, weights, "{identity:?}");
            assert_eq!(set.count(&other), Count { associated, all }, "{identity:?}");
        }
    }
}
