//! Scores: of one repertoire, and of all that some files hold.

use reperio_data::cohort::{CohortError, ReadRequest};
use reperio_data::metadata::Row;
use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use serde::{Deserialize, Serialize};

use crate::combine::PredictionSet;
use crate::model::{Model, Prediction};
use crate::patient::{self, Patient};

/// A score that is not a finite number.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the score of {id} is {score}, expected a finite number: the model is damaged")]
pub struct NotFinite {
    /// Repertoire.
    pub id: String,
    /// Score found.
    pub score: f64,
}

/// Refuses scores that are not finite numbers.
pub(crate) fn check_finite<'a>(
    id: &str,
    scores: impl IntoIterator<Item = &'a f64>,
) -> Result<(), NotFinite> {
    match scores.into_iter().find(|score| !score.is_finite()) {
        Some(&score) => Err(NotFinite { id: id.to_owned(), score }),
        None => Ok(()),
    }
}

/// Why repertoires could not be scored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// There is none.
    #[error("no repertoire to score")]
    Nothing,
    /// They cannot be read, or a score is not a finite number.
    #[error(transparent)]
    Cohort(#[from] CohortError),
}

/// The score of one repertoire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Its id.
    pub repertoire_id: String,
    /// `clonotypes` used; `targets`, each with `logits`, `probabilities`, `class` or `value`; and
    /// `warnings`.
    #[serde(flatten)]
    pub prediction: Prediction,
    /// Classes that cannot be ruled out, for each target; none for a model of an earlier version.
    pub prediction_sets: Vec<Option<PredictionSet>>,
}

/// Scores one repertoire; `coverage`, in (0, 1), is the share of repertoires whose class the prediction sets are to hold.
///
/// # Errors
///
/// If the score is not a finite number.
pub fn one<'a>(
    model: &Model,
    patient: impl Into<Patient<'a>>,
    coverage: f64,
) -> Result<Score, NotFinite> {
    let patient = patient.into();
    let repertoire = patient.repertoire;
    let prediction = model.predict(patient);
    let outputs: Vec<f64> =
        prediction.targets.iter().flat_map(|target| target.logits.clone()).collect();
    check_finite(&repertoire.id, &outputs)?;
    let prediction_sets = if outputs.is_empty() {
        vec![None; prediction.targets.len()] // Nothing is known of a repertoire without clonotypes.
    } else {
        model.sets(&outputs, coverage)
    };
    Ok(Score { repertoire_id: repertoire.id.clone(), prediction, prediction_sets })
}

/// The score that `outputs` of a repertoire with clonotypes are.
pub(crate) fn of_outputs(
    model: &Model,
    patient: Patient<'_>,
    outputs: &[f64],
    coverage: f64,
) -> Score {
    Score {
        repertoire_id: patient.repertoire.id.clone(),
        prediction: model.prediction(patient, outputs),
        prediction_sets: model.sets(outputs, coverage),
    }
}

/// Scores the repertoires that `request` reads, sorted by id; none is kept. `coverage` is that of [`one`].
///
/// # Errors
///
/// If a repertoire or a covariate of it cannot be read, a score is not a finite number, or there is no repertoire.
///
/// # Examples
///
/// ```no_run
/// use std::path::Path;
///
/// use reperio_data::cohort::ReadRequest;
/// use reperio_data::progress::Silent;
/// use reperio_model::{model::Model, score};
///
/// let model = Model::load(Path::new("run"))?;
/// let request = ReadRequest { inputs: vec!["patient7.tsv.gz".into()], ..ReadRequest::default() };
/// for score in score::inputs(&model, &request, 0.9, &Silent)? {
///     println!("{} {:?}", score.repertoire_id, score.prediction.targets[0].probabilities);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inputs(
    model: &Model,
    request: &ReadRequest,
    coverage: f64,
    observer: &dyn Observer,
) -> Result<Vec<Score>, ScoreError> {
    let score = |repertoire: Repertoire, row: Row<'_>| {
        let values = patient::values(&model.info().covariates, &repertoire.id, row)?;
        Ok(one(model, Patient::new(&repertoire, &values), coverage)?)
    };
    let scores = request.visit("scoring", observer, score)?.results;
    if scores.is_empty() { Err(ScoreError::Nothing) } else { Ok(scores) }
}
