//! Support vector machine on a kernel of repertoires.
//!
//! The solver is our own, 150 lines in `smo`. `linfa-svm` and `smartcore` bring ndarray or their own linear algebra
//! and need vectors, not a kernel. `libsvm` needs C++ and a sparse copy of the kernel with 16 bytes per
//! value; so does `libsvm-rs`, first published in 2026. `rusvm` is AGPL.

mod smo;

use rayon::prelude::*;
use reperio_data::progress::Observer;
use reperio_data::split::Fold;
use reperio_model::features::{FeatureCache, FitError, TrainingPart};
use reperio_stats::platt::Platt;

use crate::kernel::{Kernel, Similarity};
use crate::method::{Fitted, Method, MethodError};
use smo::Machine;

/// Candidates for C. The diagonal of the kernel is 1: with the least C every repertoire is a support vector
/// at its bound and the machine compares class means; with the largest nothing may be misclassified.
const COSTS: [f64; 7] = [0.01, 0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0];

/// The method: C-SVM with `C` chosen by inner cross-validation, logits by Platt scaling of the held-out
/// decision values.
#[derive(Clone, Copy, Debug)]
pub struct Svm(pub Similarity);

impl Method for Svm {
    fn name(&self) -> &'static str {
        match self.0 {
            Similarity::MinMax => "svm-minmax",
            Similarity::Jaccard => "svm-jaccard",
        }
    }

    fn about(&self) -> &'static str {
        match self.0 {
            Similarity::MinMax => {
                "support vector machine on the MinMax kernel of 4-mer frequencies (Widrich et al. 2020)"
            }
            Similarity::Jaccard => {
                "support vector machine on the Jaccard kernel of 4-mer sets (Widrich et al. 2020)"
            }
        }
    }

    fn prepare(&self, cache: &FeatureCache<'_>) {
        Kernel::of(cache, self.0);
    }

    fn fit(
        &self,
        part: TrainingPart<'_>,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Fitted>, MethodError> {
        let folds = part.inner_folds()?;
        let kernel = Kernel::of(part.cache, self.0);
        let decisions: Vec<Vec<f64>> =
            COSTS.par_iter().map(|&c| held_out(&kernel, part, &folds, c)).collect();
        if observer.cancelled() {
            return Err(FitError::Cancelled.into());
        }
        let (best, platt) = Platt::best(&decisions, part.labels);
        let cost = COSTS[best];
        let machine = smo::solve(&kernel.among(part.members), part.labels, cost);
        Ok(Box::new(FittedSvm {
            similarity: self.0,
            cost,
            machine,
            platt,
            members: part.members.into(),
        }))
    }
}

/// Held-out decision values of all members.
fn held_out(kernel: &Kernel, part: TrainingPart<'_>, folds: &[Fold], cost: f64) -> Vec<f64> {
    let mut decisions = vec![0.0; part.members.len()];
    for Fold { fitted, held } in folds {
        let members: Vec<usize> = fitted.iter().map(|&i| part.members[i]).collect();
        let labels: Vec<bool> = fitted.iter().map(|&i| part.labels[i]).collect();
        let machine = smo::solve(&kernel.among(&members), &labels, cost);
        for &i in held {
            let row = kernel.row(part.members[i]);
            decisions[i] = machine.decision(members.iter().map(|&member| row[member]));
        }
    }
    decisions
}

struct FittedSvm {
    similarity: Similarity,
    cost: f64,
    machine: Machine,
    platt: Platt,
    /// The repertoires of the fit.
    members: Vec<usize>,
}

impl Fitted for FittedSvm {
    fn logits(&self, cache: &FeatureCache<'_>, members: &[usize]) -> Vec<f64> {
        let kernel = Kernel::of(cache, self.similarity);
        let logit = |&i: &usize| {
            let row = kernel.row(i);
            self.platt.logit(self.machine.decision(self.members.iter().map(|&member| row[member])))
        };
        members.iter().map(logit).collect()
    }

    fn choices(&self) -> serde_json::Value {
        let support = self.machine.coefficients.iter().filter(|b| **b != 0.0).count();
        serde_json::json!({ "C": self.cost, "support_vectors": support })
    }

    fn parameters(&self) -> Vec<f64> {
        let numbers = [self.cost, self.machine.intercept, self.platt.slope, self.platt.intercept];
        numbers.into_iter().chain(self.machine.coefficients.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::planted;

    #[test]
    fn a_planted_motif_is_learned_and_permuted_labels_are_not() {
        for similarity in [Similarity::MinMax, Similarity::Jaccard] {
            planted::check(&Svm(similarity), 0.1, 0.99);
        }
    }
}
