//! A training part: some repertoires of a cohort and their labels.

use super::FeatureCache;

/// Repertoires to learn from.
#[derive(Clone, Copy)]
pub struct TrainingPart<'a> {
    /// The cohort they belong to.
    pub cache: &'a FeatureCache<'a>,
    /// Their indices in it, increasing.
    pub members: &'a [usize],
    /// Whether each member is positive.
    pub labels: &'a [bool],
    /// Seed of all random numbers.
    pub seed: u64,
}

impl TrainingPart<'_> {
    /// Positive and negative members.
    pub fn classes(&self) -> [usize; 2] {
        let positive = self.labels.iter().filter(|label| **label).count();
        [positive, self.labels.len() - positive]
    }
}

/// Why a method could not be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Too little to learn from.
    #[error(
        "{positive} positive and {negative} negative repertoires to learn from, expected at least {expected} of each"
    )]
    TooFew {
        /// Positive members.
        positive: usize,
        /// Negative members.
        negative: usize,
        /// What is needed.
        expected: usize,
    },
    /// The person asked to stop.
    #[error("stopped before anything was fitted")]
    Cancelled,
}
