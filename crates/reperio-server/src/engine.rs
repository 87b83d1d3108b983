//! What the server asks of the program: to score, to explain, and what a model predicts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use reperio_data::progress::Observer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Scores and explains. The program gives its own commands; tests give something quick.
///
/// Calls come from several threads at once.
pub trait Engine: Send + Sync {
    /// What the model in `file` predicts.
    ///
    /// # Errors
    ///
    /// The text of the command line, if the file is no usable model.
    fn describe(&self, file: &Path) -> Result<Description, String>;

    /// Runs a command, which writes its results into the folder `work.out`.
    ///
    /// # Errors
    ///
    /// See [`Failure`].
    fn run(
        &self,
        work: &Work,
        observer: Arc<dyn Observer + Send + Sync>,
    ) -> Result<Report, Failure>;
}

/// What a command says when it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The JSON object that it prints.
    pub json: String,
    /// Its warnings, a line each.
    pub warnings: Vec<String>,
}

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A score for each repertoire: `scores.tsv` and `scores.html`.
    Score,
    /// The sequences behind each score: the folder that `reperio explain` writes.
    Explain,
}

impl Kind {
    /// Both, with their names.
    pub(crate) const ALL: [Self; 2] = [Self::Score, Self::Explain];

    /// The name of the command.
    pub fn name(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Explain => "explain",
        }
    }

    /// The page that shows the result.
    pub(crate) fn page(self) -> &'static str {
        match self {
            Self::Score => "scores.html",
            Self::Explain => "report.html",
        }
    }
}

/// One call of a command.
#[derive(Clone, Debug)]
pub struct Work {
    /// Which.
    pub kind: Kind,
    /// The model's name, as the caller gave it.
    pub model: String,
    /// Its run folder.
    pub model_folder: PathBuf,
    /// Files to read.
    pub inputs: Vec<PathBuf>,
    /// Where the results go: a folder that exists and is empty.
    pub out: PathBuf,
    /// Further options of the command line, name and value.
    pub options: Vec<(String, String)>,
    /// Threads.
    pub threads: usize,
}

/// Why a command gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The command refused its input, with the text of the command line. The paths in it are those of [`Work`].
    #[error("{0}")]
    Refused(String),
    /// The observer asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// What a model predicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Description {
    /// One entry per target.
    pub targets: Vec<Target>,
    /// Repertoires that it was trained on.
    pub trained_on: usize,
}

/// A target of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ModelTarget)]
pub struct Target {
    /// Column of the metadata that it was trained on.
    pub column: String,
    /// `binary`, `classes` or `regression`.
    pub kind: String,
    /// What its outputs stand for: the positive value, the classes, or the column.
    pub outputs: Vec<String>,
}
