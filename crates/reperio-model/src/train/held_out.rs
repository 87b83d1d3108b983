//! What the parts of a model said of training repertoires that they had not seen.

use super::Training;
use super::terms::Columns;
use crate::combine::Combined;
use crate::parts::Part;

/// What the parts of a model say of the labelled training repertoires for one target, each when its inner fold is held
/// out. Nothing at all where there were no inner folds.
///
/// A part is the weighted sum of its terms, with the weights of the finished model: it is what the part adds to a logit. The
/// combined output has the weights and bias that were learned without the fold. So it is not the sum of the parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetHeldOut {
    /// Ids of the repertoires, (n).
    pub ids: Vec<String>,
    /// Place of each in the dataset's cohort, (n).
    pub places: Vec<usize>,
    /// Inner fold of each, (n).
    pub folds: Vec<usize>,
    /// Every part with a weight and what it adds to each output, (outputs, n).
    pub parts: Vec<(Part, Vec<Vec<f64>>)>,
    /// The combined output, (outputs, n): logits, or the standardised number.
    pub combined: Vec<Vec<f64>>,
}

impl TargetHeldOut {
    /// That of a target whose labels the repertoires `rows` of the training have.
    pub(super) fn new(
        training: &Training<'_>,
        rows: &[usize],
        columns: &Columns,
        combined: &Combined,
    ) -> Self {
        let fold = training.fold.as_deref().unwrap_or_default();
        let mut parts: Vec<(Part, Vec<Vec<f64>>)> = Vec::new();
        for (column, &weight) in columns.iter().zip(&combined.combination.weights) {
            if weight <= 0.0 {
                continue;
            }
            let at = parts.iter().position(|(part, _)| *part == column.part).unwrap_or_else(|| {
                let nothing = vec![vec![0.0; rows.len()]; column.held_out.len()];
                parts.push((column.part, nothing));
                parts.len() - 1
            });
            for (sums, outputs) in parts[at].1.iter_mut().zip(&column.held_out) {
                for (sum, output) in sums.iter_mut().zip(outputs) {
                    *sum += weight * output;
                }
            }
        }
        Self {
            ids: rows.iter().map(|&i| training.id(i).to_owned()).collect(),
            places: rows.iter().map(|&i| training.members[i]).collect(),
            folds: rows.iter().map(|&i| fold[i]).collect(),
            parts,
            combined: combined.held_out.clone(),
        }
    }
}
