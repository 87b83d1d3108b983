//! What came of one method in one fold.

use serde::{Deserialize, Serialize};

use super::Recovery;

/// Time and memory of some work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Wall-clock time.
    pub seconds: f64,
    /// Highest resident memory of the process meanwhile, where the system tells.
    pub peak_bytes: Option<u64>,
}

/// One method in one fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// [`Entry::name`](super::Entry::name).
    pub method: String,
    /// Whether its labels were permuted ones.
    pub permuted: bool,
    /// Repeat, from 0.
    pub repeat: usize,
    /// Fold, from 0.
    pub fold: usize,
    /// Repertoires held out.
    pub held: Vec<usize>,
    /// Logit of each.
    pub logits: Vec<f64>,
    /// Hyper-parameters chosen.
    pub choices: serde_json::Value,
    /// Hash of every number learned, in hexadecimal: equal for equal models.
    pub learned: String,
    /// How well the implanted sequences of the held-out repertoires were found.
    pub recovery: Option<Recovery>,
    /// Features that need no label; counted in the first fold that needed them.
    pub prepare: Cost,
    /// Fitting, choice of hyper-parameters included.
    pub fit: Cost,
    /// Scoring of the held-out repertoires.
    pub score: Cost,
}

/// An impossible outcome.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidOutcome {
    /// Scores of other repertoires than there are.
    #[error("{method} has {scores} scores for {held} repertoires, expected one for each of {most}")]
    Scores {
        /// Method.
        method: String,
        /// Scores.
        scores: usize,
        /// Repertoires that it names.
        held: usize,
        /// Repertoires that exist.
        most: usize,
    },
    /// A score that is not a number.
    #[error("a score of {method} is {score}, expected a finite number")]
    NotFinite {
        /// Method.
        method: String,
        /// Score found.
        score: f64,
    },
}

impl Outcome {
    /// Refuses impossible results for this number of `repertoires`: scores that are not numbers, or of repertoires that
    /// do not exist.
    ///
    /// # Errors
    ///
    /// See [`InvalidOutcome`].
    pub fn check(&self, repertoires: usize) -> Result<(), InvalidOutcome> {
        let Self { method, held, logits, .. } = self;
        if logits.len() != held.len() || held.iter().any(|&i| i >= repertoires) {
            return Err(InvalidOutcome::Scores {
                method: method.clone(),
                scores: logits.len(),
                held: held.len(),
                most: repertoires,
            });
        }
        match logits.iter().find(|logit| !logit.is_finite()) {
            Some(&score) => Err(InvalidOutcome::NotFinite { method: method.clone(), score }),
            None => Ok(()),
        }
    }
}
