//! A summary of the training population, so that a repertoire unlike it is reported.

use std::collections::BTreeMap;

use reperio_data::repertoire::Repertoire;
use serde::{Deserialize, Serialize};

/// Shares by category.
type Shares = BTreeMap<String, f64>;

/// A repertoire may be this much further from the mean than the furthest training repertoire.
const TOLERANCE: f64 = 1.25;

/// A locus is foreign if less than this share of the training clonotypes had it.
const FOREIGN_LOCUS: f64 = 0.01;

/// A repertoire is too deep if it has this many times the clonotypes of the largest training repertoire.
const FAR_DEEPER: usize = 2;

/// Depth, lengths and genes of the training repertoires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// Training repertoires.
    pub repertoires: usize,
    /// Clonotypes of the smallest, the median and the largest of them.
    pub clonotypes: [usize; 3],
    /// Lengths: mean shares over the repertoires.
    pub lengths: Profile,
    /// V genes.
    pub v: Profile,
    /// J genes.
    pub j: Profile,
    /// Loci, inferred from the V genes.
    pub loci: Shares,
}

/// Mean shares and how far training repertoires deviate from them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Mean share over the training repertoires.
    pub mean: Shares,
    /// Largest Jensen-Shannon divergence (bits) of a training repertoire from the mean.
    pub furthest: f64,
}

impl Profile {
    fn of(repertoires: &[&Repertoire], shares: impl Fn(&Repertoire) -> Shares) -> Self {
        let all: Vec<Shares> = repertoires.iter().map(|repertoire| shares(repertoire)).collect();
        let mut mean = Shares::new();
        for (category, share) in all.iter().flatten() {
            *mean.entry(category.clone()).or_default() += share / all.len() as f64;
        }
        let furthest = all.iter().map(|shares| divergence(shares, &mean)).fold(0.0, f64::max);
        Self { mean, furthest }
    }
}

impl Population {
    /// The population of `repertoires`.
    pub fn of(repertoires: &[&Repertoire]) -> Self {
        let mut sizes: Vec<usize> = repertoires.iter().map(|repertoire| repertoire.len()).collect();
        sizes.sort_unstable();
        let at = |i: usize| sizes.get(i).copied().unwrap_or(0);
        Self {
            repertoires: repertoires.len(),
            clonotypes: [at(0), at(sizes.len() / 2), at(sizes.len().saturating_sub(1))],
            lengths: Profile::of(repertoires, lengths),
            v: Profile::of(repertoires, |repertoire| genes(repertoire, Repertoire::v_call)),
            j: Profile::of(repertoires, |repertoire| genes(repertoire, Repertoire::j_call)),
            loci: Profile::of(repertoires, loci).mean,
        }
    }

    /// Warnings that say why `repertoire` is unlike the training population; empty if it is not.
    pub fn warnings(&self, repertoire: &Repertoire) -> Vec<String> {
        let n = repertoire.len();
        if n == 0 {
            return vec!["no clonotypes: no score".to_owned()];
        }
        let mut warnings = Vec::new();
        if n < self.clonotypes[0] {
            let least = self.clonotypes[0];
            warnings.push(format!("too shallow: {n} clonotypes, in training at least {least}"));
        }
        let most = self.clonotypes[2];
        if n > most.saturating_mul(FAR_DEEPER) {
            warnings.push(format!("too deep: {n} clonotypes, in training at most {most}"));
        }
        for (locus, share) in loci(repertoire) {
            if share > 0.5 && self.loci.get(&locus).is_none_or(|known| *known < FOREIGN_LOCUS) {
                warnings.push(format!("other locus: {locus} is rare or absent in training"));
            }
        }
        let v_call = |repertoire: &Repertoire| genes(repertoire, Repertoire::v_call);
        let j_call = |repertoire: &Repertoire| genes(repertoire, Repertoire::j_call);
        for (what, profile, shares) in [
            ("lengths", &self.lengths, lengths(repertoire)),
            ("V genes", &self.v, v_call(repertoire)),
            ("J genes", &self.j, j_call(repertoire)),
        ] {
            let distance = divergence(&shares, &profile.mean);
            // A sample of n clonotypes strays by chance alone: about (categories - 1) / (8 n ln 2).
            let chance = profile.mean.len() as f64 / (8.0 * n as f64 * std::f64::consts::LN_2);
            if distance > TOLERANCE * profile.furthest + chance {
                warnings.push(format!(
                    "{what} unlike training: divergence {distance:.3} bits, in training up to {:.3}",
                    profile.furthest
                ));
            }
        }
        warnings
    }
}

fn shares<K: Into<String>>(keys: impl Iterator<Item = K>) -> Shares {
    let mut counts = Shares::new();
    let mut n = 0.0;
    for key in keys {
        *counts.entry(key.into()).or_default() += 1.0;
        n += 1.0;
    }
    counts.into_iter().map(|(key, count)| (key, count / n)).collect()
}

fn lengths(repertoire: &Repertoire) -> Shares {
    shares((0..repertoire.len()).map(|i| format!("{:02}", repertoire.junction_codes(i).len())))
}

fn genes(repertoire: &Repertoire, call: impl Fn(&Repertoire, usize) -> &str) -> Shares {
    shares((0..repertoire.len()).map(|i| call(repertoire, i)))
}

fn loci(repertoire: &Repertoire) -> Shares {
    shares((0..repertoire.len()).map(|i| repertoire.v_call(i).get(..3).unwrap_or("unknown")))
}

/// Jensen-Shannon divergence in bits.
fn divergence(a: &Shares, b: &Shares) -> f64 {
    let term = |share: f64, other: f64| {
        if share > 0.0 { share * (2.0 * share / (share + other)).log2() } else { 0.0 }
    };
    let of = |shares: &Shares, key: &String| shares.get(key).copied().unwrap_or(0.0);
    let from_a: f64 = a.iter().map(|(key, &share)| term(share, of(b, key))).sum();
    let from_b: f64 = b.iter().map(|(key, &share)| term(share, of(a, key))).sum();
    f64::midpoint(from_a, from_b).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    fn repertoire(v_call: &str, junctions: &[&str]) -> Repertoire {
        let mut builder = Builder::default();
        for junction_aa in junctions {
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call,
                j_call: "TRBJ1-1",
                duplicate_count: 1,
            });
        }
        builder.finish("r".to_owned())
    }

    #[test]
    fn a_training_repertoire_raises_no_warning_and_a_foreign_one_does() {
        let a = repertoire("TRBV9", &["CASSF", "CASSLF", "CATTF"]);
        let b = repertoire("TRBV9", &["CASSYF", "CASSLF", "CAYTF", "CAGF"]);
        let population = Population::of(&[&a, &b]);
        assert!(population.warnings(&a).is_empty(), "{:?}", population.warnings(&a));
        let foreign = repertoire("IGHV1-2", &["CARDYW", "CARDYYYYW"]).clone();
        let text = population.warnings(&foreign).join("\n");
        assert!(text.contains("too shallow") && text.contains("other locus: IGH"), "{text}");
    }

    #[test]
    fn depth_far_from_that_of_training_is_a_warning() {
        let a = repertoire("TRBV9", &["CASSF", "CASSLF", "CATTF"]);
        let population = Population::of(&[&a]);
        let other =
            repertoire("TRBV9", &["CASSF", "CASSLF", "CATTF", "CASF", "CAAF", "CACF", "CADF"]);
        let text = population.warnings(&other).join("\n");
        assert!(text.contains("too deep: 7 clonotypes, in training at most 3"), "{text}");
        let none = population.warnings(&repertoire("TRBV9", &[]));
        assert_eq!(none, ["no clonotypes: no score"]);
    }

    /// Disjoint distributions are one bit apart.
    #[test]
    fn divergence_has_its_known_ends() {
        let a = Shares::from([("x".to_owned(), 1.0)]);
        let b = Shares::from([("y".to_owned(), 1.0)]);
        assert!((divergence(&a, &b) - 1.0).abs() < 1e-12);
        assert!(divergence(&a, &a).abs() < 1e-12);
    }
}
