//! What a method is: it fits a part of a cohort and then scores any repertoire of the cohort.

use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_model::train::TrainError;

use crate::material::Material;

/// Repertoires to learn from.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// The cohort they belong to.
    pub material: &'a Material<'a>,
    /// Their places in it, increasing.
    pub members: &'a [usize],
    /// Whether each member is positive.
    pub labels: &'a [bool],
    /// Source of all random numbers.
    pub seed: u64,
}

impl Part<'_> {
    /// Positive and negative members.
    pub fn classes(&self) -> [usize; 2] {
        let positive = self.labels.iter().filter(|label| **label).count();
        [positive, self.labels.len() - positive]
    }
}

/// Why a method could not be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MethodError {
    /// Too little to learn from.
    #[error(
        "{positive} positive and {negative} negative repertoires to learn from, expected at least {expected} of each"
    )]
    TooFew {
        /// Positive members.
        positive: usize,
        /// Negative members.
        negative: usize,
        /// What the method needs.
        expected: usize,
    },
    /// The person asked to stop.
    #[error("stopped before the method was fitted")]
    Cancelled,
    /// The network could not be trained.
    #[error("the network could not be trained")]
    Network(#[from] TrainError),
}

/// A way to learn a binary classifier from a part of a cohort.
pub trait Method: Sync {
    /// Name in tables and on the command line, in kebab case.
    fn name(&self) -> &'static str;

    /// Half a sentence for people who do not know it, with its source.
    fn about(&self) -> &'static str;

    /// Makes the features that need no label, so that their cost is seen apart from fitting.
    fn prepare(&self, _material: &Material<'_>) {}

    /// Learns from `part`. Hyper-parameters are chosen inside it.
    ///
    /// # Errors
    ///
    /// See [`MethodError`].
    fn fit(&self, part: Part<'_>, observer: &dyn Observer) -> Result<Box<dyn Fitted>, MethodError>;
}

/// What a method has learned.
pub trait Fitted: Send + Sync {
    /// Logit of the positive class for each of `members`, which may be any repertoires of the cohort.
    fn logits(&self, material: &Material<'_>, members: &[usize]) -> Vec<f64>;

    /// Hyper-parameters chosen, for the report.
    fn choices(&self) -> serde_json::Value;

    /// Every number learned: equal if and only if two fits learned the same.
    fn parameters(&self) -> Vec<f64>;

    /// How much each clonotype of `repertoire` speaks for the positive class; `None` for a method that
    /// cannot say. Only the order matters.
    fn evidence(&self, _repertoire: &Repertoire) -> Option<Vec<f64>> {
        None
    }
}
