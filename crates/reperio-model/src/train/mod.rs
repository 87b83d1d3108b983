//! Training: every part by itself, then their combination.
//!
//! All parts share the inner folds of the training repertoires. The predictions of a part for the held-out repertoires
//! of each fold go to [`crate::combine`]. The terms with a weight make up the model.

pub(crate) mod checkpoint;
mod descent;
mod held_out;
mod member;
mod memory;
mod network;
pub(crate) mod objective;
mod report;
mod run;
mod terms;

use std::path::Path;

use reperio_data::progress::{Observer, Progress};
use reperio_data::repertoire::Repertoire;
use reperio_data::split;
use reperio_stats::Groups;

use crate::bag::Device;
use crate::combine::{Combination, Conformal, HeldOut};
use crate::config::Config;
use crate::covariates::Covariate;
use crate::discover::contrast::Contrast;
use crate::features::FeatureCache;
use crate::labels::{Labels, Target, TargetKind};
use crate::model::{Model, ModelInfo, TargetModel};
use crate::parts::{Part, inner_folds};
use crate::population::Population;
use crate::pretrain::{Base, BaseUse};
pub use checkpoint::CheckpointError;
pub use held_out::TargetHeldOut;
pub use memory::TargetMemory;
use network::TrainedNetwork;
pub use report::{
    EpochReport, MemberReport, OutOfFold, SeedFate, SeedReport, TermReport, TrainingReport,
};
pub use run::{Run, RunError, RunPrediction, Side, run};
use terms::Columns;

/// The training data of a model: some repertoires of a cohort and their labels.
#[derive(Clone, Copy)]
pub struct Dataset<'a> {
    /// The cohort, with the groups that no split divides. Features computed from it need no label.
    pub cache: &'a FeatureCache<'a>,
    /// Places of the repertoires in it, increasing; those without any label are left out.
    pub members: &'a [usize],
    /// Labels of the members.
    pub labels: &'a Labels,
}

impl<'a> Dataset<'a> {
    /// Member `i`.
    pub fn repertoire(&self, i: usize) -> &'a Repertoire {
        self.cache.repertoires()[self.members[i]]
    }

    /// Which members are of one subject.
    pub fn groups(&self) -> Groups {
        self.cache.groups().select(self.members)
    }
}

/// Where a training runs, and where it keeps its state.
#[derive(Clone, Copy, Debug)]
pub struct TrainingContext<'a> {
    /// Folder of the checkpoint, if there is to be one.
    pub checkpoint: Option<&'a Path>,
    /// Device of the bag operation.
    pub device: &'a Device,
    /// What the network starts from; from random numbers if there is none.
    pub base: Option<&'a Base>,
}

/// A trained model and how its training went.
#[derive(Debug)]
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// Losses, seeds, splits, weights.
    pub report: TrainingReport,
    /// What its parts said of the training repertoires that inner folds held out, by target. It names repertoires, and so
    /// is no part of the model.
    pub held_out: Vec<TargetHeldOut>,
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
    /// The person asked to stop while a part without checkpoints was learned; it is quick to learn again.
    #[error("interrupted while {part} were learned")]
    Stopped {
        /// Part.
        part: &'static str,
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
    #[error("cannot set aside a validation part")]
    Split(#[source] split::SplitError),
    /// What covariates say of a label must come from other subjects.
    #[error("all repertoires are of one group: there is nothing to adjust by")]
    OneGroup,
    /// The base is of another network.
    #[error("the base has another `[model]` than the configuration, expected the same")]
    OtherBase,
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

/// Labelled repertoires with sequences: what every part learns from.
pub(crate) struct Training<'a> {
    pub(crate) config: &'a Config,
    pub(crate) cache: &'a FeatureCache<'a>,
    /// Places in the cohort.
    pub(crate) members: Vec<usize>,
    pub(crate) labels: Labels,
    /// Inner fold of each member; `None` if there is a single group.
    pub(crate) fold: Option<Vec<usize>>,
    /// What the covariates that are adjusted for say of each output of each member: (T, n), or none.
    pub(crate) offsets: Vec<Vec<f64>>,
}

impl<'a> Training<'a> {
    fn new(dataset: Dataset<'a>, config: &'a Config) -> Result<Self, TrainError> {
        let Dataset { cache, members, labels } = dataset;
        let all = cache.repertoires();
        let usable: Vec<usize> = (0..members.len())
            .filter(|&i| labels.is_labelled(i) && !all[members[i]].is_empty())
            .collect();
        if usable.len() < 4 {
            return Err(TrainError::TooFew { found: usable.len(), expected: 4 });
        }
        let mut labels = labels.select(&usable);
        labels.standardise();
        let members = usable.iter().map(|&i| members[i]).collect();
        let mut own = Self { config, cache, members, labels, fold: None, offsets: vec![] };
        let all: Vec<usize> = (0..usable.len()).collect();
        own.fold = inner_folds(&own.items(&all), config.training.seed);
        Ok(own)
    }

    pub(crate) fn repertoires(&self) -> Vec<&'a Repertoire> {
        self.members.iter().map(|&i| self.cache.repertoires()[i]).collect()
    }

    pub(crate) fn group(&self, i: usize) -> &'a str {
        self.cache.groups().name(self.members[i])
    }

    /// Which of `rows` are of one group.
    pub(crate) fn groups(&self, rows: &[usize]) -> Groups {
        let members: Vec<usize> = rows.iter().map(|&i| self.members[i]).collect();
        self.cache.groups().select(&members)
    }

    pub(crate) fn id(&self, i: usize) -> &'a str {
        &self.cache.repertoires()[self.members[i]].id
    }

    /// The offsets of the outputs of target `t`, of `rows`; none where nothing is adjusted for.
    fn offsets_of(&self, t: usize, rows: &[usize]) -> Vec<Vec<f64>> {
        let first = first_output(&self.labels.targets, t);
        let own = self.offsets.iter().skip(first).take(self.labels.targets[t].width());
        own.map(|offsets| rows.iter().map(|&i| offsets[i]).collect()).collect()
    }

    /// `rows` as splits see them.
    pub(crate) fn items(&self, rows: &[usize]) -> Vec<split::Item> {
        let item = |&i: &usize| split::Item {
            id: self.id(i).to_owned(),
            stratum: self.labels.stratum(i),
            group: self.group(i).to_owned(),
        };
        rows.iter().map(item).collect()
    }

    /// One contrast per output of the network among `rows`, less what covariates say.
    pub(crate) fn contrasts(&self, rows: &[usize]) -> Vec<Contrast> {
        let mut contrasts = Contrast::of(&self.labels.select(rows));
        for (contrast, offsets) in contrasts.iter_mut().zip(&self.offsets) {
            let own: Vec<f64> = rows.iter().map(|&i| offsets[i]).collect();
            *contrast = contrast.clone().beside(&own);
        }
        contrasts
    }

    fn includes(&self, part: Part) -> bool {
        self.config.parts.include.contains(&part)
    }
}

/// Trains a model on `dataset`.
///
/// Discovery, choices, standardisation of numbers, gene vocabulary, early stopping and the weights of the parts see
/// nothing else. The same dataset, configuration and version give the same model to the last bit, on any number of
/// threads of the same device. With a `checkpoint` folder the state of the network is saved after every epoch and when
/// the observer cancels; a run that finds a matching checkpoint there continues from it. The other parts are quick
/// and learned again.
///
/// # Errors
///
/// See [`TrainError`].
pub fn fit(
    dataset: Dataset<'_>,
    config: &Config,
    context: TrainingContext<'_>,
    observer: &dyn Observer,
) -> Result<Fitted, TrainError> {
    if context.base.is_some_and(|base| base.model() != &config.model) {
        return Err(TrainError::OtherBase);
    }
    let mut training = Training::new(dataset, config)?;
    let adjustments = terms::adjust(&mut training)?;
    let terms = match &training.fold {
        Some(fold) => terms::learn(&training, fold, observer)?,
        None => training.labels.targets.iter().map(|_| Vec::new()).collect(),
    };
    let network = if training.includes(Part::Network) {
        Some(network::train(&training, context, observer)?)
    } else {
        None
    };
    observer.progress(Progress { task: "combination", done: 0, total: 1, unit: "fits" });
    let mut targets = Vec::new();
    let mut out_of_fold = Vec::new();
    let (mut reports, mut held_out) = (Vec::new(), Vec::new());
    for (t, columns) in terms.into_iter().enumerate() {
        let own = assemble(&training, network.as_ref(), t, columns);
        targets.push(own.model);
        out_of_fold.push(own.out_of_fold);
        reports.push(own.terms);
        held_out.push(own.held_out);
    }
    let helps = targets.iter().any(|target: &TargetModel| target.network > 0.0);
    let (members, parameters, encoded) = match network {
        Some(TrainedNetwork { reports, parameters, encoded, .. }) => {
            (reports, Some(parameters).filter(|_| helps), encoded)
        }
        None => (vec![], None, vec![]),
    };
    let chosen = training.repertoires();
    let info = ModelInfo {
        format: crate::model::FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config: config.clone(),
        genes: reperio_data::repertoire::GeneVocabulary::of(chosen.iter().copied()),
        targets: training.labels.targets.clone(),
        population: Population::of(&chosen),
        out_of_fold: out_of_fold.clone(),
        evidence_origin: Vec::new(),
        covariates: covariates_of(&training, &targets),
        background: training.cache.background().map(|own| own.info().clone()),
        base: context.base.filter(|_| helps).map(|base| base.sha256().to_owned()),
    };
    let mut model = Model::new(info, parameters, targets)?.on(context.device);
    if helps {
        model = model.counted_from(&encoded, &training.labels);
    }
    let report = TrainingReport {
        repertoires: training.members.len(),
        adjustments,
        members,
        terms: reports,
        out_of_fold,
        base: context.base.map(|base| BaseUse::new(base, &chosen)),
    };
    Ok(Fitted { model, report, held_out })
}

/// The covariates that a part of some target has a weight for.
fn covariates_of(training: &Training<'_>, targets: &[TargetModel]) -> Vec<Covariate> {
    let mut terms = targets.iter().flat_map(|target| &target.terms);
    if terms.any(|term| term.part == Part::Covariates) {
        training.cache.covariates().select(&training.config.covariates.include).columns
    } else {
        vec![]
    }
}

/// One target, put together.
struct Assembled {
    model: TargetModel,
    out_of_fold: OutOfFold,
    terms: Vec<TermReport>,
    held_out: TargetHeldOut,
}

/// The model of target `t`: its terms weighed, those without a weight left out.
fn assemble(
    training: &Training<'_>,
    network: Option<&TrainedNetwork>,
    t: usize,
    mut columns: Columns,
) -> Assembled {
    let target = &training.labels.targets[t];
    let rows = known(training, t);
    let held_out = network.and_then(|network| network.held_out(training, t, &rows));
    if let Some(held_out) = held_out {
        columns.insert(0, terms::Column::network(held_out));
    }
    let answers: Vec<f64> = rows.iter().map(|&i| answer(&training.labels, t, i)).collect();
    let fold: Option<Vec<usize>> =
        training.fold.as_ref().map(|fold| rows.iter().map(|&i| fold[i]).collect());
    let (Some(fold), false) = (fold, columns.is_empty()) else {
        // Nothing held out: the network as it is, or nothing at all.
        let alone = training.config.parts.include == [Part::Network];
        let as_it_is = alone || training.fold.is_none();
        let weight = f64::from(u8::from(network.is_some() && as_it_is));
        let bias = vec![0.0; target.width()];
        let model = TargetModel::new(Combination { weights: vec![weight], bias }, vec![]);
        let (out_of_fold, held_out) = (OutOfFold::none(target), TargetHeldOut::default());
        return Assembled { model, out_of_fold, terms: vec![], held_out };
    };
    let outputs = columns.iter().map(|column| column.held_out.clone()).collect();
    let groups = training.groups(&rows);
    let offsets = training.offsets_of(t, &rows);
    let combined = crate::combine::combine(&HeldOut {
        kind: &target.kind,
        columns: &outputs,
        answers: &answers,
        fold: &fold,
        groups: &groups,
        smoothing: training.config.training.label_smoothing,
        offsets: &offsets,
    });
    let out_of_fold = OutOfFold::new(target, &combined, &answers, &groups, &fold);
    let terms = TermReport::all(target, &columns, &combined.combination.weights, &answers);
    let held_out = TargetHeldOut::new(training, &rows, &columns, &combined);
    let mut model = TargetModel::new(combined.combination, columns);
    model.conformal = Conformal::new(&target.kind, &combined.held_out, &answers);
    Assembled { model, out_of_fold, terms, held_out }
}

/// Members whose label of target `t` is known.
pub(crate) fn known(training: &Training<'_>, t: usize) -> Vec<usize> {
    let values = &training.labels.values[t];
    (0..values.len()).filter(|&i| values[i].is_some()).collect()
}

/// Index of the class, or the standardised number.
pub(crate) fn answer(labels: &Labels, t: usize, i: usize) -> f64 {
    let value = labels.values[t][i].unwrap_or(0.0);
    match labels.targets[t].kind {
        TargetKind::Regression { mean, sd } => (value - mean) / sd,
        TargetKind::Binary { .. } | TargetKind::Classes { .. } => value,
    }
}

/// First output of target `t`.
pub(crate) fn first_output(targets: &[Target], t: usize) -> usize {
    targets[..t].iter().map(Target::width).sum()
}

impl TargetModel {
    /// The terms of `columns` that have a weight.
    fn new(combination: Combination, columns: Columns) -> Self {
        let Combination { weights, bias } = combination;
        let mut own = Self { network: 0.0, bias, terms: vec![], conformal: Conformal::default() };
        if columns.is_empty() {
            own.network = weights.first().copied().unwrap_or(0.0);
        }
        for (column, weight) in columns.into_iter().zip(weights) {
            if column.part == Part::Network {
                own.network = weight;
            } else if weight > 0.0 {
                own.terms.push(column.term(weight));
            }
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    /// Three repertoires each of eight people: what inner folds and early stopping divide by.
    #[test]
    fn splits_see_the_group_of_a_repertoire() {
        let mut builder = Builder::default();
        let junction_aa = JunctionAa::new("CASSF").unwrap();
        builder.push(Row { junction_aa, v_call: "", j_call: "", duplicate_count: 1 });
        let one = builder.finish("r".to_owned());
        let people: Vec<String> = (0..24).map(|i| (i / 3).to_string()).collect();
        let groups = Groups::of(&people);
        let views = vec![&one; 24];
        let cache = FeatureCache::new(&views, &groups);
        let members: Vec<usize> = (0..24).collect();
        let (positive, negative) = ("1".to_owned(), "0".to_owned());
        let kind = TargetKind::Binary { positive, negative };
        let targets = vec![Target { column: "t".to_owned(), kind }];
        let values = vec![(0..24).map(|i| Some(f64::from(i / 3 % 2))).collect()];
        let labels = Labels { targets, values };
        let dataset = Dataset { cache: &cache, members: &members, labels: &labels };
        let config = Config::default();
        let items = Training::new(dataset, &config).unwrap().items(&members);
        assert!(items.iter().zip(&people).all(|(item, person)| item.group == *person));
    }
}
