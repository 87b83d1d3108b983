//! Associated clonotypes and their contributions to the logit.

use std::collections::BTreeMap;

use reperio_data::gene;
use reperio_data::junction::JunctionAa;
use reperio_data::repertoire::{Builder, Repertoire, Row};
use reperio_stats::beta_binomial::Count;
use serde::{Deserialize, Serialize};

use super::associated::{Associated, Known};
use super::law::Law;
use crate::features::clonotype_index::{Identity, first_rows};

/// Associated clonotypes and the law of their number.
///
/// ```text
/// logit = law(k, n) = bias + (law(0, n) - bias) + (law(k, n) - law(0, n))
/// ```
///
/// The second term, for carrying none, is shared equally by all n distinct clonotypes. The third is shared by the k that
/// are carried, in proportion to `-ln P`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct CloneTable {
    identity: Identity,
    /// Whether genes are equal if their families are: some training repertoire knew no more.
    by_family: bool,
    law: Law,
    clones: Vec<PublicClone>,
    associated: Associated,
}

/// One associated clonotype.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublicClone {
    /// Junction, anchors included.
    pub junction_aa: String,
    /// V gene, empty if unknown or not used.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub v_call: String,
    /// J gene, empty if unknown or not used.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub j_call: String,
    /// -ln of Fisher's one-sided P.
    pub weight: f64,
    /// Positive and negative training repertoires that carry it.
    pub carriers: [usize; 2],
    /// Share of the inner folds in which it was associated.
    pub stability: f64,
}

impl PublicClone {
    /// The clonotype of `row`.
    pub(super) fn of(repertoire: &Repertoire, row: usize, identity: Identity) -> Self {
        let gene = |name: &str| {
            if identity == Identity::Clonotype { name.to_owned() } else { String::new() }
        };
        Self {
            junction_aa: repertoire.junction_aa(row),
            v_call: gene(repertoire.v_call(row)),
            j_call: gene(repertoire.j_call(row)),
            weight: 0.0,
            carriers: [0, 0],
            stability: 0.0,
        }
    }

    /// Junction and genes in one line.
    pub fn name(&self) -> String {
        let all = [&self.junction_aa, &self.v_call, &self.j_call];
        all.into_iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(" ")
    }
}

/// A table without what is made from it.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    identity: Identity,
    by_family: bool,
    law: Law,
    clones: Vec<PublicClone>,
}

impl TryFrom<Stored> for CloneTable {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let Stored { identity, by_family, law, clones } = stored;
        let known = |junction: &str| JunctionAa::new(junction).is_ok();
        if let Some(clone) = clones.iter().find(|clone| !known(&clone.junction_aa)) {
            return Err(format!("junction {:?}, expected amino acids", clone.junction_aa));
        }
        Ok(Self::new((identity, by_family), law, clones))
    }
}

impl From<CloneTable> for Stored {
    fn from(CloneTable { identity, by_family, law, clones, .. }: CloneTable) -> Self {
        Self { identity, by_family, law, clones }
    }
}

/// What a repertoire has of a table.
struct Carried {
    /// Of each row the first that is the same clonotype.
    first: Vec<usize>,
    /// The associated clonotype that the first row of each clonotype is.
    found: Vec<Option<Known>>,
    /// What each distinct clonotype adds because none might be carried.
    base: f64,
    /// What those that are carried add together.
    more: f64,
}

impl CloneTable {
    pub(super) fn new(
        (identity, by_family): (Identity, bool),
        law: Law,
        clones: Vec<PublicClone>,
    ) -> Self {
        let mut associated = Associated::new(identity, by_family);
        for (number, clone) in (0..).zip(&clones) {
            let PublicClone { junction_aa, v_call, j_call, weight, .. } = clone;
            let mut builder = Builder::default();
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa)
                    .expect("of a repertoire, or checked on loading"),
                v_call,
                j_call,
                duplicate_count: 1,
            });
            associated.insert(&builder.finish(String::new()), 0, Known { number, weight: *weight });
        }
        Self { identity, by_family, law, clones, associated }
    }

    /// The associated clonotypes.
    pub fn clones(&self) -> &[PublicClone] {
        &self.clones
    }

    /// Logit of a repertoire before anything is counted.
    pub fn bias(&self) -> f64 {
        self.law.bias()
    }

    /// Contribution of each clonotype: (n,)
    pub fn evidence(&self, repertoire: &Repertoire) -> Vec<f64> {
        let n = repertoire.len();
        let Carried { first, found, base, more, .. } = self.carried(repertoire);
        let mut rows = vec![0_u32; n];
        for &row in &first {
            rows[row] += 1;
        }
        let total: f64 = found.iter().flatten().map(|own| own.weight).sum();
        let mut evidence = vec![0.0; n];
        for row in (0..n).filter(|&row| first[row] == row) {
            let own = found[row].map_or(0.0, |own| more * own.weight / total);
            evidence[row] = (base + own) / f64::from(rows[row]);
        }
        // Rows that are one clonotype share what it adds.
        for row in 0..n {
            evidence[row] = evidence[first[row]];
        }
        evidence
    }

    /// What each associated clonotype that `repertoire` carries adds, by its place in the table, increasing.
    pub(crate) fn by_feature(&self, repertoire: &Repertoire) -> Vec<(u32, f64)> {
        let Carried { found, more, .. } = self.carried(repertoire);
        let total: f64 = found.iter().flatten().map(|own| own.weight).sum();
        let mut all: BTreeMap<u32, f64> = BTreeMap::new();
        for own in found.iter().flatten() {
            *all.entry(own.number).or_default() += more * own.weight / total;
        }
        all.into_iter().collect()
    }

    fn carried(&self, repertoire: &Repertoire) -> Carried {
        let same = |a: usize, b: usize| match (self.identity, self.by_family) {
            (Identity::Junction | Identity::OneSubstitution, _) => true,
            (Identity::Clonotype, false) => false, // Rows are distinct clonotypes.
            (Identity::Clonotype, true) => {
                let genes =
                    |row| [repertoire.v_call(row), repertoire.j_call(row)].map(gene::family);
                genes(a) == genes(b)
            }
        };
        let first = first_rows(repertoire, same);
        let find = |row: usize| {
            let known = self.associated.find(repertoire, row).filter(|_| first[row] == row);
            known.filter(|own| own.weight > 0.0)
        };
        let found: Vec<Option<Known>> = (0..first.len()).map(find).collect();
        let all = (0..first.len()).filter(|&row| first[row] == row).count() as u64;
        let hits = found.iter().flatten().count() as u64;
        let none = self.law.logit(Count { hits: 0, all });
        let base = (none - self.law.bias()) / all.max(1) as f64;
        let more = self.law.logit(Count { hits, all }) - none;
        Carried { first, found, base, more }
    }

    pub(crate) fn parameters(&self) -> Vec<f64> {
        let clones = self.clones.iter().flat_map(|clone| {
            let name: Vec<f64> = clone.name().bytes().map(f64::from).collect();
            name.into_iter().chain([clone.weight])
        });
        self.law.parameters().into_iter().chain(clones).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_stats::beta_binomial::Beta;

    fn repertoire(rows: &[(&str, &str)]) -> Repertoire {
        let mut builder = Builder::default();
        for &(junction_aa, v_call) in rows {
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call,
                j_call: "",
                duplicate_count: 1,
            });
        }
        builder.finish("r".to_owned())
    }

    /// Genes of one family are one clonotype where some repertoire knows no more, and count once.
    #[test]
    fn by_family_rows_that_are_one_clonotype_share_its_evidence() {
        let own = repertoire(&[("CASF", "TRBV6-1"), ("CASF", "TRBV6-2"), ("CASF", "TRBV9")]);
        let clone = PublicClone {
            weight: 3.0,
            ..PublicClone::of(&repertoire(&[("CASF", "TRBV6")]), 0, Identity::Clonotype)
        };
        let law = Law::Linear { slope: 2.0, intercept: 0.5, rate: 0.1 };
        let table = CloneTable::new((Identity::Clonotype, true), law, vec![clone]);
        let evidence = table.evidence(&own);
        let sum = table.bias() + evidence.iter().sum::<f64>();
        assert!((sum - law.logit(Count { hits: 1, all: 2 })).abs() < 1e-12, "{evidence:?}");
        assert!((evidence[0] - evidence[1]).abs() < 1e-12 && evidence[0] > evidence[2]);
    }

    /// Whatever the law and the identity, evidences and bias are the law's logit of the counts.
    #[test]
    fn evidences_and_bias_are_the_law() {
        let beta = |alpha, beta| Beta { alpha, beta };
        let laws = [
            Law::Linear { slope: 3.0, intercept: -0.4, rate: 0.01 },
            Law::Linear { slope: 3.0, intercept: -0.4, rate: 0.0 },
            Law::BetaBinomial { positive: beta(2.0, 30.0), negative: beta(1.0, 90.0), prior: 0.3 },
        ];
        let own = repertoire(&[
            ("CASF", "TRBV9"),
            ("CASF", "TRBV7-2"),
            ("CATF", "TRBV9"),
            ("CGGGF", "TRBV9"),
            ("CTTTTF", "TRBV9"),
        ]);
        let clone = |junction_aa: &str, weight| PublicClone {
            weight,
            ..PublicClone::of(&repertoire(&[(junction_aa, "TRBV9")]), 0, Identity::Clonotype)
        };
        for law in laws {
            for (identity, hits, all) in [
                (Identity::Clonotype, 2, 5),
                (Identity::Junction, 2, 4),
                (Identity::OneSubstitution, 3, 4),
            ] {
                let clones = vec![clone("CASF", 5.0), clone("CGGGF", 9.0), clone("CWWWWWF", 4.0)];
                let table = CloneTable::new((identity, false), law, clones);
                let evidence = table.evidence(&own);
                let sum = table.bias() + evidence.iter().sum::<f64>();
                let expected = law.logit(Count { hits, all });
                assert!((sum - expected).abs() < 1e-12, "{law:?} {identity:?}: {sum} {expected}");
                // The stronger association has more of it, what is not carried least.
                let at = |junction: &str| {
                    let same =
                        |&i: &usize| own.junction_aa(i) == junction && own.v_call(i) == "TRBV9";
                    (0..5).find(same).unwrap()
                };
                assert!(evidence[at("CGGGF")] > evidence[at("CASF")], "{evidence:?}");
                assert!(evidence[at("CASF")] > evidence[at("CTTTTF")], "{evidence:?}");
                let text = serde_json::to_string(&table).unwrap();
                assert_eq!(serde_json::from_str::<CloneTable>(&text).unwrap(), table);
            }
        }
    }
}
