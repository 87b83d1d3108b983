//! k nearest repertoires by a kernel.

use reperio_data::progress::Observer;
use reperio_model::features::{FeatureCache, TrainingPart};
use reperio_stats::selection;

use crate::kernel::{Kernel, Similarity};
use crate::method::{Fitted, Method, MethodError};

/// Candidates for k: odd, so that a vote has a winner.
const NEIGHBOURS: [usize; 11] = [1, 3, 5, 7, 9, 11, 15, 21, 31, 51, 101];

/// The method: the share of positives among the `k` most similar repertoires of the part, `k` chosen by
/// inner cross-validation.
///
/// ```text
/// logit = ln((positive + 1) / (negative + 1))        p = (positive + 1) / (k + 2)
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Neighbours(pub Similarity);

impl Method for Neighbours {
    fn name(&self) -> &'static str {
        match self.0 {
            Similarity::MinMax => "knn-minmax",
            Similarity::Jaccard => "knn-jaccard",
        }
    }

    fn about(&self) -> &'static str {
        match self.0 {
            Similarity::MinMax => {
                "nearest repertoires by the MinMax kernel of 4-mer frequencies (Widrich et al. 2020)"
            }
            Similarity::Jaccard => {
                "nearest repertoires by the Jaccard kernel of 4-mer sets (Widrich et al. 2020)"
            }
        }
    }

    fn prepare(&self, cache: &FeatureCache<'_>) {
        Kernel::of(cache, self.0);
    }

    fn fit(
        &self,
        part: TrainingPart<'_>,
        _: &dyn Observer,
    ) -> Result<Box<dyn Fitted>, MethodError> {
        let folds = part.inner_folds()?;
        let kernel = Kernel::of(part.cache, self.0);
        let smallest = folds.iter().map(|fold| fold.fitted.len()).min().unwrap_or(0);
        let grid: Vec<usize> =
            NEIGHBOURS.into_iter().filter(|&k| k == 1 || k <= smallest).collect();
        let mut logits = vec![vec![0.0; part.members.len()]; grid.len()];
        for fold in &folds {
            let known: Vec<(usize, bool)> =
                fold.fitted.iter().map(|&i| (part.members[i], part.labels[i])).collect();
            for &i in &fold.held {
                let votes = nearest(kernel.row(part.members[i]), &known);
                for (own, &k) in logits.iter_mut().zip(&grid) {
                    own[i] = logit(&votes[..k.min(votes.len())]);
                }
            }
        }
        let k = grid[selection::best(&logits, part.labels)];
        let known = part.members.iter().copied().zip(part.labels.iter().copied()).collect();
        Ok(Box::new(FittedNeighbours { similarity: self.0, k, known }))
    }
}

/// Labels of the known repertoires, the most similar first; of equally similar ones the first.
fn nearest(similarities: &[f32], known: &[(usize, bool)]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..known.len()).collect();
    let similarity = |at: usize| similarities[known[at].0];
    order.sort_by(|&a, &b| similarity(b).total_cmp(&similarity(a))); // A stable sort.
    order.into_iter().map(|at| known[at].1).collect()
}

fn logit(votes: &[bool]) -> f64 {
    let positive = votes.iter().filter(|&&vote| vote).count();
    ((positive + 1) as f64).ln() - ((votes.len() - positive + 1) as f64).ln()
}

struct FittedNeighbours {
    similarity: Similarity,
    k: usize,
    /// Repertoires of the fit with their labels, increasing.
    known: Vec<(usize, bool)>,
}

impl Fitted for FittedNeighbours {
    fn logits(&self, cache: &FeatureCache<'_>, members: &[usize]) -> Vec<f64> {
        let kernel = Kernel::of(cache, self.similarity);
        let logit = |&i: &usize| {
            let votes = nearest(kernel.row(i), &self.known);
            logit(&votes[..self.k.min(votes.len())])
        };
        members.iter().map(logit).collect()
    }

    fn choices(&self) -> serde_json::Value {
        serde_json::json!({ "k": self.k })
    }

    fn parameters(&self) -> Vec<f64> {
        let known = self.known.iter().flat_map(|&(i, label)| [i as f64, f64::from(label)]);
        std::iter::once(self.k as f64).chain(known).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::fixture::{Fixture, Votes};
    use crate::kernel::planted;

    #[test]
    fn votes_equal_those_of_scikit_learn() {
        let Fixture { n, fitted, kernel, labels, neighbours, .. } = Fixture::read();
        let known: Vec<(usize, bool)> = labels[..fitted].iter().copied().enumerate().collect();
        assert!(neighbours.len() >= 3);
        for Votes { k, shares } in neighbours {
            assert_eq!(shares.len(), n - fitted);
            for (i, share) in (fitted..n).zip(shares) {
                let votes = nearest(&kernel[i * n..][..n], &known);
                let positive = share * k as f64;
                let expected = ((positive + 1.0) / (k as f64 - positive + 1.0)).ln();
                let found = logit(&votes[..k]);
                assert!((found - expected).abs() < 1e-9, "k = {k}, {i}: {found} != {expected}");
            }
        }
    }

    #[test]
    fn the_first_of_equally_similar_repertoires_votes() {
        let known = [(0, true), (2, false), (3, false)];
        assert_eq!(nearest(&[0.5, 0.9, 0.7, 0.5], &known), [false, true, false]);
    }

    #[test]
    fn a_planted_motif_is_learned_and_permuted_labels_are_not() {
        for similarity in [Similarity::MinMax, Similarity::Jaccard] {
            planted::check(&Neighbours(similarity), 0.4, 0.95);
        }
    }
}
