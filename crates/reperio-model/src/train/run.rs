//! A training run on a whole cohort: the model, what it says of the cohort, and the clonotypes that drove it.

use std::fmt;

use reperio_data::progress::Observer;

use super::memory::{Source, relearn};
use super::{
    Fitted, TargetHeldOut, TargetMemory, TrainError, TrainingContext, TrainingReport, fit,
};
use crate::config::Config;
use crate::confounders::{self, Confounders};
use crate::covariates::{CovariateError, Covariates};
use crate::explain::{self, ExplainError, Ranking};
use crate::labelled::LabelledCohort;
use crate::labels::Labels;
use crate::model::Prediction;
use crate::motifs::{self, Collector, Motif};
use crate::patient::Patient;
use crate::score::{NotFinite, check_finite};

/// A finished run.
#[derive(Debug)]
pub struct Run {
    /// How well depth, V/J usage, junction lengths and other columns predict each target without any sequence.
    pub confounders: Vec<Confounders>,
    /// The model and how its training went.
    pub fitted: Fitted,
    /// What the model says of every repertoire of the cohort, in its order.
    pub predictions: Vec<RunPrediction>,
    /// The distinct clonotypes of the cohort with the highest evidence, output by output, and their families.
    pub ranking: Ranking,
    /// What the filters of the network see, output by output.
    pub motifs: Vec<Motif>,
    /// The training repertoires as cases, by target; `None` where no inner fold held anything out. It names them, and so is no part
    /// of the model.
    pub memories: Vec<Option<TargetMemory>>,
}

/// A finished model's prediction of a repertoire of the cohort that it was trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct RunPrediction {
    /// Repertoire.
    pub repertoire_id: String,
    /// What the training used it for.
    pub side: Side,
    /// What the model says.
    pub prediction: Prediction,
}

/// What a training used a repertoire for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The model was fitted to it.
    Fit,
    /// It decided when a member stopped that was not trained again on everything.
    Validation,
    /// It has no label.
    Unlabelled,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fit => "fit",
            Self::Validation => "validation",
            Self::Unlabelled => "unlabelled",
        })
    }
}

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// There is no model.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A score of the model is not a number.
    #[error(transparent)]
    Score(#[from] NotFinite),
    /// A covariate cannot be used.
    #[error(transparent)]
    Covariate(#[from] CovariateError),
    /// The model could not be explained, or the person asked to stop.
    #[error(transparent)]
    Explain(#[from] ExplainError),
}

/// [`fit`]s a model to a cohort, and lets it score the cohort and rank its clonotypes, the `top` of each output. What predicts the
/// labels without sequences is measured first, and a warning of it logged.
///
/// # Errors
///
/// See [`RunError`].
pub fn run(
    data: LabelledCohort<'_>,
    config: &Config,
    context: TrainingContext<'_>,
    top: usize,
    observer: &dyn Observer,
) -> Result<Run, RunError> {
    let fitted = data.with_dataset(|dataset| {
        let found = confounders::of(data, dataset.cache, None);
        found.iter().for_each(Confounders::log);
        let fitted = fit(dataset, config, context, observer)?;
        let relearned = relearn(dataset, &fitted, observer)?;
        Ok::<_, TrainError>((found, fitted, relearned))
    });
    let (confounders, fitted, relearned) = fitted?;
    let model = &fitted.model;
    let collector = Collector::new(model);
    let covariates = Covariates::of(data.cohort.metadata(), &model.info().covariates)?;
    // Rows are sorted by id.
    let ids = data.cohort.metadata().ids();
    let values = |id: &String| ids.binary_search(id).map_or_else(|_| vec![], |i| covariates.row(i));
    let (said, ranking) = explain::rank(model, data.cohort, top, observer, |own, explained| {
        let Some(explained) = explained else { return Ok((model.predict(own), None)) };
        // The score and the windows of the filters are by-products of the explanation: nothing is pooled again.
        let logits = &explained.explanation.logits;
        check_finite(&own.id, logits)?;
        let values = values(&own.id);
        let patient = Patient::new(own, &values);
        Ok((model.prediction(patient, logits), collector.add(own, &explained.explanation)))
    })?;
    let said = said.into_iter().collect::<Result<Vec<_>, NotFinite>>()?;
    let (said, totals): (Vec<_>, Vec<_>) = said.into_iter().unzip();
    // Targets as the model has them: numbers are standardised by its mean.
    let labels =
        Labels { targets: model.info().targets.clone(), values: data.labels.values.clone() };
    let cohort = (data.cohort.repertoires(), &labels);
    let motifs = motifs::motifs(model, &collector.sums(), &totals, cohort);
    let source =
        Source { model, repertoires: data.cohort.repertoires(), labels: &labels, totals: &totals };
    let memory = |(t, own): (usize, &TargetHeldOut)| {
        let groups: Vec<&str> = own.places.iter().map(|&place| data.groups.name(place)).collect();
        source.memory(t, own, &relearned, &groups)
    };
    let memories = fitted.held_out.iter().enumerate().map(memory);
    let memories = memories.collect::<Result<_, _>>().map_err(TrainError::Tensor)?;
    let predictions = said.into_iter().enumerate().map(|(i, prediction)| RunPrediction {
        repertoire_id: ids[i].clone(),
        side: side(&fitted.report, data, i),
        prediction,
    });
    let predictions = predictions.collect();
    Ok(Run { confounders, fitted, predictions, ranking, motifs, memories })
}

/// What the training used repertoire `i` for.
fn side(report: &TrainingReport, data: LabelledCohort<'_>, i: usize) -> Side {
    let mut deciding = report.members.iter().filter(|member| member.selection.is_empty());
    if !data.labels.is_labelled(i) {
        Side::Unlabelled
    } else if deciding.any(|member| member.validation.contains(&data.cohort.metadata().ids()[i])) {
        Side::Validation
    } else {
        Side::Fit
    }
}
