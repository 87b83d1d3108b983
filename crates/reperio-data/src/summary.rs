//! Summary tables of a repertoire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::repertoire::Repertoire;

/// Sizes, lengths and gene usage of one repertoire. All tables count clonotypes.
///
/// # Examples
///
/// ```
/// use reperio_data::repertoire::{Builder, Row};
/// use reperio_data::summary::Summary;
///
/// # fn main() -> Result<(), reperio_data::junction::InvalidJunction> {
/// let mut builder = Builder::default();
/// for (junction, duplicate_count) in [("CASSF", 2), ("CASSLF", 1)] {
///     let junction_aa = junction.try_into()?;
///     builder.push(Row { junction_aa, v_call: "TRBV9", j_call: "", duplicate_count });
/// }
/// let summary = Summary::of(&builder.finish("donor".to_owned()));
/// assert_eq!((summary.clonotypes, summary.templates, summary.v_call["TRBV9"]), (2, 3, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// AIRR `repertoire_id`.
    pub repertoire_id: String,
    /// Distinct clonotypes.
    pub clonotypes: u64,
    /// Sum of their counts.
    pub templates: u64,
    /// Clonotypes with a count of 1.
    pub singletons: u64,
    /// Largest count.
    pub largest_count: u64,
    /// Clonotypes by junction length, in residues, anchors included.
    pub lengths: BTreeMap<u64, u64>,
    /// Clonotypes by V gene, "" for unknown.
    pub v_call: BTreeMap<String, u64>,
    /// Clonotypes by J gene, "" for unknown.
    pub j_call: BTreeMap<String, u64>,
}

impl Summary {
    /// Summarises `repertoire`.
    pub fn of(repertoire: &Repertoire) -> Self {
        let mut lengths = BTreeMap::new();
        for length in repertoire.junctions().lengths() {
            *lengths.entry(length as u64).or_default() += 1;
        }
        let genes = repertoire.genes();
        Self {
            repertoire_id: repertoire.id.clone(),
            clonotypes: repertoire.len() as u64,
            templates: repertoire.templates(),
            singletons: repertoire.counts().iter().filter(|&&count| count == 1).count() as u64,
            largest_count: repertoire.counts().iter().copied().max().unwrap_or(0),
            lengths,
            v_call: usage(&genes.v, repertoire.v()),
            j_call: usage(&genes.j, repertoire.j()),
        }
    }
}

/// How often each name occurs; names that do not occur are left out.
fn usage(names: &[String], indices: &[u16]) -> BTreeMap<String, u64> {
    let mut counts = vec![0; names.len()];
    for &index in indices {
        counts[usize::from(index)] += 1;
    }
    let used = names.iter().cloned().zip(counts);
    used.filter(|&(_, count)| count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junction::JunctionAa;
    use crate::repertoire::{Builder, Row};

    #[test]
    fn tables_count_clonotypes_not_copies() {
        let mut builder = Builder::default();
        let rows =
            [("CASSF", "TRBV9", 5), ("CASSF", "TRBV9", 2), ("CASF", "TRBV9", 1), ("CAWF", "", 2)];
        for (junction_aa, v_call, duplicate_count) in rows {
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call,
                j_call: "TRBJ2-1",
                duplicate_count,
            });
        }
        let summary = Summary::of(&builder.finish("donor".to_owned()));
        let table =
            |pairs: &[(&str, u64)]| pairs.iter().map(|&(name, n)| (name.to_owned(), n)).collect();
        let expected = Summary {
            repertoire_id: "donor".to_owned(),
            clonotypes: 3,
            templates: 10,
            singletons: 1,
            largest_count: 7,
            lengths: BTreeMap::from([(4, 2), (5, 1)]),
            v_call: table(&[("", 1), ("TRBV9", 2)]),
            j_call: table(&[("TRBJ2-1", 3)]),
        };
        assert_eq!(summary, expected);
    }

    #[test]
    fn an_empty_repertoire_has_empty_tables() {
        let summary = Summary::of(&Builder::default().finish(String::new()));
        assert_eq!(summary, Summary::default());
    }
}
