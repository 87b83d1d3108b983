//! The control: a ridge regression that sees only depth and V/J usage.
//!
//! Depth differs between laboratories and cell types, so it can predict many labels by accident. A model
//! that does not beat this control has not learned from sequences.

use std::sync::Arc;

use reperio_data::repertoire::{GeneVocabulary, Repertoire};
use reperio_stats::ridge::Ridge;

use crate::discover::contrast::Contrast;
use crate::features::FeatureCache;
use crate::labels::{Labels, Target, TargetKind};
use crate::train::Dataset;

/// Penalty over the number of repertoires; near the best on CD4 against CD8 and never tuned inside.
const PENALTY: f64 = 1.0;

/// Outputs for `tested`, places in the cohort, of models fitted to `dataset`: one row per repertoire.
pub(super) fn predictions(dataset: Dataset<'_>, tested: &[usize]) -> Vec<Vec<f64>> {
    let (cohort, seen) = (dataset.cache.repertoires(), Seen::all(dataset.cache));
    let genes = GeneVocabulary::of(dataset.members.iter().map(|&i| cohort[i]));
    let row = |&i: &usize| seen[i].row(cohort[i].genes(), &genes);
    let rows: Vec<Vec<f64>> = dataset.members.iter().map(row).collect();
    let tested: Vec<Vec<f64>> = tested.iter().map(row).collect();
    let mut labels = dataset.labels.clone();
    labels.standardise();
    let mut outputs = vec![Vec::new(); tested.len()];
    for (contrast, scale) in Contrast::of(&labels).iter().zip(scales(&labels)) {
        let known: Vec<usize> = (0..rows.len()).filter(|&i| contrast.values[i].is_some()).collect();
        let fitted: Vec<&[f64]> = known.iter().map(|&i| &rows[i][..]).collect();
        let y: Vec<f64> = known.iter().filter_map(|&i| contrast.values[i]).collect();
        let linear = Ridge::new(&fitted, PENALTY * y.len() as f64, 1e-6).fit(&y);
        for (outputs, row) in outputs.iter_mut().zip(&tested) {
            outputs.push(scale.0 + scale.1 * linear.score(row));
        }
    }
    outputs
}

/// Offset and factor that take each output's contrast to its own unit.
fn scales(labels: &Labels) -> Vec<(f64, f64)> {
    let of = |target: &Target| match target.kind {
        TargetKind::Regression { mean, sd } => vec![(mean, sd)],
        _ => vec![(0.0, 1.0); target.width()],
    };
    labels.targets.iter().flat_map(of).collect()
}

/// What the control sees of a repertoire, whatever genes others have.
struct Seen {
    log_depth: f64,
    /// Share of each of the repertoire's own V genes.
    v: Vec<f64>,
    /// Share of each of its J genes.
    j: Vec<f64>,
}

impl Seen {
    /// What is seen of all repertoires of a cohort, made the first time it is asked for.
    fn all(cache: &FeatureCache<'_>) -> Arc<Vec<Self>> {
        cache.feature("control", |all| all.iter().map(|own| Self::of(own)).collect())
    }

    fn of(repertoire: &Repertoire) -> Self {
        let n = repertoire.len().max(1) as f64;
        let one = 1.0 / n;
        let shares = |genes: &[String], indices: &[u16]| {
            let mut shares = vec![0.0; genes.len()];
            for &index in indices {
                shares[usize::from(index)] += one;
            }
            shares
        };
        let own = repertoire.genes();
        let (v, j) = (shares(&own.v, repertoire.v()), shares(&own.j, repertoire.j()));
        Self { log_depth: n.ln(), v, j }
    }

    /// Log-depth, then shares of V and J genes; `own` genes outside the vocabulary are unknown.
    fn row(&self, own: &GeneVocabulary, genes: &GeneVocabulary) -> Vec<f64> {
        let n_v = genes.v.len();
        let mut row = vec![0.0; 1 + n_v + genes.j.len()];
        row[0] = self.log_depth;
        let columns = [(1, &genes.v, &own.v, &self.v), (1 + n_v, &genes.j, &own.j, &self.j)];
        for (first, names, own, shares) in columns {
            for (name, share) in own.iter().zip(shares) {
                row[first + names.binary_search(name).unwrap_or(0)] += share;
            }
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    #[test]
    fn genes_that_no_training_repertoire_has_are_unknown() {
        let mut builder = Builder::default();
        for (i, v_call) in ["TRBV9", "TRBV9", "TRBV5-1", ""].into_iter().enumerate() {
            let junction_aa = &format!("CAS{}F", "A".repeat(i));
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call,
                j_call: "TRBJ1-1",
                duplicate_count: 1,
            });
        }
        let own = builder.finish("r".to_owned());
        let names = |gene: &str| vec![String::new(), gene.to_owned()];
        let genes = GeneVocabulary { v: names("TRBV9"), j: names("TRBJ1-1") };
        let row = Seen::of(&own).row(own.genes(), &genes);
        assert_eq!(row, [4.0_f64.ln(), 0.5, 0.5, 0.0, 1.0]);
    }
}
