//! A method fits a part of a cohort and then scores any repertoire of the cohort.

use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_model::features::{FeatureCache, FitError, TrainingPart};
use reperio_model::train::TrainError;

/// Why a method could not be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MethodError {
    /// Too little to learn from, or the person asked to stop.
    #[error(transparent)]
    Fit(#[from] FitError),
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

    /// Whether it is a control: it shows what can be had without the signal.
    fn is_control(&self) -> bool {
        false
    }

    /// Makes the features that need no label, so that their cost is seen apart from fitting.
    fn prepare(&self, _material: &FeatureCache<'_>) {}

    /// Learns from `part`. Hyper-parameters are chosen inside it.
    ///
    /// # Errors
    ///
    /// See [`MethodError`].
    fn fit(
        &self,
        part: TrainingPart<'_>,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Fitted>, MethodError>;
}

/// What a method has learned.
pub trait Fitted: Send + Sync {
    /// Logit of the positive class for each of `members`, which may be any repertoires of the cohort.
    fn logits(&self, cache: &FeatureCache<'_>, members: &[usize]) -> Vec<f64>;

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
