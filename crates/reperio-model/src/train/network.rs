//! The network part: each member leaves out some repertoires and then scores them.

use std::sync::Arc;

use reperio_data::encode::EncodedRepertoire;
use reperio_data::progress::{Observer, Progress};
use reperio_data::repertoire::{GeneVocabulary, Repertoire};

use super::member::Snapshot;
use super::{
    MemberReport, TrainError, Training, TrainingContext, checkpoint, first_output, member,
};
use crate::labels::Target;
use crate::network::{Network, Weights};
use crate::prepare;

/// Everything of a training run that does not change between its members.
pub(crate) struct Run<'a> {
    pub(crate) training: &'a Training<'a>,
    pub(crate) context: TrainingContext<'a>,
    pub(crate) encoded: Vec<Arc<EncodedRepertoire>>,
    pub(crate) genes: GeneVocabulary,
    pub(crate) outputs: usize,
    /// Member that leaves each repertoire out; `None` if all see all.
    pub(crate) left_out: Option<Vec<usize>>,
}

/// The trained members and what they say of what they left out.
pub(super) struct TrainedNetwork {
    pub(super) parameters: Vec<Snapshot>,
    pub(super) reports: Vec<MemberReport>,
    pub(super) encoded: Vec<Arc<EncodedRepertoire>>,
    /// Outputs of each repertoire by the member that left it out.
    held_out: Option<Vec<Vec<f64>>>,
}

impl TrainedNetwork {
    /// Held-out outputs of target `t`, one row per output, of the repertoires `rows`.
    pub(super) fn held_out(
        &self,
        training: &Training<'_>,
        t: usize,
        rows: &[usize],
    ) -> Option<Vec<Vec<f64>>> {
        let first = first_output(&training.labels.targets, t);
        let of = |all: &Vec<Vec<f64>>| -> Vec<Vec<f64>> {
            let width = training.labels.targets[t].width();
            (first..first + width).map(|o| rows.iter().map(|&i| all[i][o]).collect()).collect()
        };
        self.held_out.as_ref().map(of)
    }
}

/// Trains all members.
///
/// With several members the inner folds are shared among them: each leaves its share out, also of
/// early stopping, for which it sets a validation part of the rest aside.
pub(super) fn train(
    training: &Training<'_>,
    context: TrainingContext<'_>,
    observer: &dyn Observer,
) -> Result<TrainedNetwork, TrainError> {
    let config = training.config;
    observer.progress(Progress { task: "encoding", done: 0, total: 1, unit: "cohorts" });
    let chosen = training.repertoires();
    let genes = GeneVocabulary::of(chosen.iter().copied());
    let outputs = training.labels.targets.iter().map(Target::width).sum();
    let asked = config.training.members;
    let folds = training.fold.as_ref().filter(|_| asked > 1);
    let members = folds.map_or(asked, |fold| {
        let folds = fold.iter().max().map_or(0, |last| last + 1);
        asked.min(folds)
    });
    let run = Run {
        training,
        context,
        encoded: encode(&chosen, &genes),
        genes,
        outputs,
        left_out: folds.map(|fold| fold.iter().map(|fold| fold % members).collect()),
    };
    let mut store = checkpoint::Store::open(context.checkpoint, checkpoint::fingerprint(&run))?;
    let mut parameters = Vec::new();
    let mut reports = Vec::new();
    for index in 0..members {
        let (snapshot, report) = member::train(&run, index, &mut store, observer)?;
        parameters.push(snapshot);
        reports.push(report);
    }
    // Members that all stand where they started say nothing.
    let learned = reports.iter().any(|report| !report.learned_nothing());
    let held_out = if learned { run.held_out(&parameters)? } else { None };
    Ok(TrainedNetwork { parameters, reports, encoded: run.encoded, held_out })
}

impl Run<'_> {
    /// What each repertoire's member says of it.
    fn held_out(&self, parameters: &[Snapshot]) -> Result<Option<Vec<Vec<f64>>>, TrainError> {
        let Some(left_out) = &self.left_out else { return Ok(None) };
        let mut outputs = vec![Vec::new(); left_out.len()];
        for (index, snapshot) in parameters.iter().enumerate() {
            let model = &self.training.config.model;
            let network = Network::restored(snapshot, &self.genes, self.outputs, model)?;
            let weights = network.on(self.context.device.clone()).weights()?;
            for i in (0..left_out.len()).filter(|&i| left_out[i] == index) {
                outputs[i] = self.score(&weights, i);
            }
        }
        Ok(Some(outputs))
    }

    fn score(&self, weights: &Weights, i: usize) -> Vec<f64> {
        let model = &self.training.config.model;
        let mut bag = prepare::whole(model, &self.encoded[i]);
        if model.top_fraction < 1.0 {
            bag = prepare::reduce(weights, &bag, model.top_fraction).0;
        }
        weights.outputs(&weights.pool(&[bag.input()])[0])
    }
}

fn encode(repertoires: &[&Repertoire], genes: &GeneVocabulary) -> Vec<Arc<EncodedRepertoire>> {
    use rayon::prelude::*;
    let encode = |repertoire: &&Repertoire| Arc::new(EncodedRepertoire::new(repertoire, genes));
    repertoires.par_iter().map(encode).collect()
}
