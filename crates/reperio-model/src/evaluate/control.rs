//! The control: a ridge regression that sees only depth and V/J usage.
//!
//! Depth differs between laboratories and cell types and predicts many labels by accident. A model
//! that does not beat this one has not learned from sequences.

use reperio_data::repertoire::{GeneVocabulary, Repertoire};

use crate::discover::contrast::Contrast;
use crate::linear::Ridge;
use crate::train::Dataset;

/// Penalty over the number of repertoires; near the best on CD4 against CD8 and never tuned inside.
const PENALTY: f64 = 1.0;

/// Outputs for `tested` of models fitted to `dataset`, a row a repertoire.
pub(super) fn predictions(dataset: Dataset<'_>, tested: &[&Repertoire]) -> Vec<Vec<f64>> {
    let genes = GeneVocabulary::of((0..dataset.members.len()).map(|i| dataset.repertoire(i)));
    let rows: Vec<Vec<f64>> =
        (0..dataset.members.len()).map(|i| row(dataset.repertoire(i), &genes)).collect();
    let mut labels = dataset.labels.clone();
    labels.standardise();
    let mut outputs = vec![Vec::new(); tested.len()];
    for (contrast, scale) in Contrast::of(&labels).iter().zip(scales(&labels)) {
        let known: Vec<usize> = (0..rows.len()).filter(|&i| contrast.values[i].is_some()).collect();
        let fitted: Vec<&[f64]> = known.iter().map(|&i| &rows[i][..]).collect();
        let y: Vec<f64> = known.iter().filter_map(|&i| contrast.values[i]).collect();
        let linear = Ridge::new(&fitted, PENALTY * y.len() as f64, 1e-6).fit(&y);
        for (outputs, repertoire) in outputs.iter_mut().zip(tested) {
            outputs.push(scale.0 + scale.1 * linear.score(&row(repertoire, &genes)));
        }
    }
    outputs
}

/// Offset and factor that take each output's contrast to its own unit.
fn scales(labels: &crate::target::Labels) -> Vec<(f64, f64)> {
    use crate::target::TargetKind;
    let of = |target: &crate::target::Target| match target.kind {
        TargetKind::Regression { mean, sd } => vec![(mean, sd)],
        _ => vec![(0.0, 1.0); target.width()],
    };
    labels.targets.iter().flat_map(of).collect()
}

/// Log-depth, then shares of V and J genes; genes outside the vocabulary are unknown.
fn row(repertoire: &Repertoire, genes: &GeneVocabulary) -> Vec<f64> {
    let n_v = genes.v.len();
    let mut row = vec![0.0; 1 + n_v + genes.j.len()];
    row[0] = (repertoire.len().max(1) as f64).ln();
    let one = 1.0 / repertoire.len().max(1) as f64;
    let place = |names: &[String], name: &str| {
        names.binary_search_by(|other| other.as_str().cmp(name)).unwrap_or(0)
    };
    let own = repertoire.genes();
    let columns =
        [(1, &genes.v, &own.v, repertoire.v()), (1 + n_v, &genes.j, &own.j, repertoire.j())];
    for (first, names, own, indices) in columns {
        let places: Vec<usize> = own.iter().map(|name| first + place(names, name)).collect();
        for &index in indices {
            row[places[usize::from(index)]] += one;
        }
    }
    row
}
