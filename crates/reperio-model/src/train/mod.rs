//! Training: discovery, descent with early stopping, checkpoints.

mod checkpoint;
mod descent;
mod member;
pub(crate) mod objective;
mod report;

use std::path::Path;
use std::sync::Arc;

use reperio_data::encode::EncodedRepertoire;
use reperio_data::progress::Observer;
use reperio_data::repertoire::{GeneVocabulary, Repertoire};
use reperio_data::split;

use crate::bag::{BagLayout, Device};
use crate::config::Config;
use crate::model::{Model, ModelInfo};
use crate::population::Population;
use crate::target::Labels;
pub use checkpoint::CheckpointError;
pub use report::{EpochReport, MemberReport, SeedFate, SeedReport, TrainingReport};

/// What a model is trained on: repertoires, their labels and groups, in one order.
#[derive(Clone, Copy, Debug)]
pub struct Dataset<'a> {
    /// Repertoires; those without any label are left out.
    pub repertoires: &'a [&'a Repertoire],
    /// Labels.
    pub labels: &'a Labels,
    /// Subject of each repertoire: repertoires of one subject stay on one side of every split.
    pub groups: &'a [String],
}

/// Where a training runs, and where it keeps its state.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Folder of the checkpoint, if there is to be one.
    pub checkpoint: Option<&'a Path>,
    /// Device of the bag operation.
    pub device: &'a Device,
}

/// A trained model and how its training went.
#[derive(Debug)]
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// Losses, seeds, splits.
    pub report: TrainingReport,
}

/// Why training stopped without a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The person asked to stop; the checkpoint, if there is one, holds everything.
    #[error("interrupted in epoch {epoch} of member {member}")]
    Interrupted {
        /// Member being trained, from 1.
        member: usize,
        /// Epoch being trained, from 1.
        epoch: usize,
    },
    /// Too few labelled repertoires.
    #[error("{found} labelled repertoires with sequences, expected at least {expected}")]
    TooFew {
        /// Labelled repertoires.
        found: usize,
        /// What training needs.
        expected: usize,
    },
    /// The training part cannot be divided into fitting and validation.
    #[error("cannot set a validation part aside")]
    Split(#[source] split::SplitError),
    /// A checkpoint cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The loss is no longer a number.
    #[error("the loss is {loss} in epoch {epoch}: lower `training.learning_rate`")]
    Diverged {
        /// Loss found.
        loss: f64,
        /// Epoch, from 1.
        epoch: usize,
    },
    /// candle failed.
    #[error("tensor operation failed")]
    Tensor(#[from] candle_core::Error),
}

/// Everything of a training run that does not change between its members.
pub(crate) struct Run<'a> {
    pub(crate) config: &'a Config,
    pub(crate) place: Place<'a>,
    pub(crate) labels: Labels,
    pub(crate) groups: Vec<&'a str>,
    pub(crate) ids: Vec<&'a str>,
    pub(crate) encoded: Vec<Arc<EncodedRepertoire>>,
    pub(crate) genes: GeneVocabulary,
    pub(crate) layout: Arc<BagLayout>,
    pub(crate) outputs: usize,
}

/// Trains a model on `dataset`.
///
/// Discovery, standardisation of numbers, gene vocabulary and early stopping see nothing else. The
/// same dataset, configuration and version give the same model to the last bit, on any number of
/// threads of the same device. With a `checkpoint` folder the state is saved after every epoch and when
/// the observer cancels; a run that finds a matching checkpoint there goes on from it.
///
/// # Errors
///
/// See [`TrainError`].
pub fn fit(
    dataset: Dataset<'_>,
    config: &Config,
    place: Place<'_>,
    observer: &dyn Observer,
) -> Result<Fitted, TrainError> {
    let usable: Vec<usize> = (0..dataset.repertoires.len())
        .filter(|&i| dataset.labels.is_labelled(i) && !dataset.repertoires[i].is_empty())
        .collect();
    if usable.len() < 4 {
        return Err(TrainError::TooFew { found: usable.len(), expected: 4 });
    }
    let mut labels = dataset.labels.select(&usable);
    labels.standardise();
    let chosen: Vec<&Repertoire> = usable.iter().map(|&i| dataset.repertoires[i]).collect();
    let genes = GeneVocabulary::of(chosen.iter().copied());
    let outputs = labels.targets.iter().map(crate::target::Target::width).sum();
    let shape = config.model.shape(genes.v.len(), genes.j.len());
    let layout = BagLayout::new(shape).map_err(candle_core::Error::wrap)?;
    let run = Run {
        config,
        place,
        groups: usable.iter().map(|&i| dataset.groups[i].as_str()).collect(),
        ids: chosen.iter().map(|repertoire| repertoire.id.as_str()).collect(),
        encoded: encode(&chosen, &genes),
        genes,
        layout: Arc::new(layout),
        outputs,
        labels,
    };
    let mut store = checkpoint::Store::open(place.checkpoint, &run)?;
    let mut members = Vec::new();
    let mut reports = Vec::new();
    for index in 0..config.training.members {
        let (snapshot, report) = member::train(&run, index, &mut store, observer)?;
        members.push(snapshot);
        reports.push(report);
    }
    let info = ModelInfo {
        format: crate::model::FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config: config.clone(),
        genes: run.genes.clone(),
        targets: run.labels.targets.clone(),
        population: Population::of(&chosen),
        evidence_origin: Vec::new(),
    };
    let model = Model::new(info, members)?.on(place.device);
    let model = model.counted_from(&run.encoded, &run.labels);
    Ok(Fitted { model, report: TrainingReport { repertoires: usable.len(), members: reports } })
}

fn encode(repertoires: &[&Repertoire], genes: &GeneVocabulary) -> Vec<Arc<EncodedRepertoire>> {
    use rayon::prelude::*;
    let encode = |repertoire: &&Repertoire| Arc::new(EncodedRepertoire::new(repertoire, genes));
    repertoires.par_iter().map(encode).collect()
}
