//! One member of the ensemble: its split, its discovery, its descent.

use candle_core::Tensor;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::progress::Observer;
use reperio_data::split;

use super::TrainError;
use super::checkpoint::Store;
use super::descent::Descent;
use super::network::Run;
use super::objective::Objective;
use super::report::{MemberReport, SeedFate, SeedReport};
use crate::bag::Bag;
use crate::discover::{self, Discovery};
use crate::network::{Network, PlantedSeed, recalibrate};
use crate::parts::Part;
use crate::prepare;

/// Parameters by name.
pub(crate) type Snapshot = Vec<(String, Tensor)>;

/// Repertoires whose gradients are followed, and those kept aside.
pub(super) struct Parts {
    pub(super) fitting: Vec<usize>,
    pub(super) validation: Vec<usize>,
}

/// Trains member `index` and returns its parameters.
///
/// What the member leaves out it never sees. Of the rest a validation part decides after how many epochs
/// to stop; then, if the configuration says so, the member starts again on the whole rest for that many epochs.
pub(super) fn train(
    run: &Run<'_>,
    index: usize,
    store: &mut Store,
    observer: &dyn Observer,
) -> Result<(Snapshot, MemberReport), TrainError> {
    let training = &run.training.config.training;
    let stages = if training.refit { 2 } else { 1 };
    let parts = divide(run, index)?;
    let stage = Stage { index, number: stages * index, parts, epochs: training.epochs };
    let (parameters, selection) = stage.train(run, store, observer)?;
    if !training.refit {
        return Ok((parameters, selection));
    }
    let parts = Parts { fitting: inside(run, index), validation: vec![] };
    let epochs = selection.best_epoch;
    let stage = Stage { index, number: stages * index + 1, parts, epochs };
    let (parameters, mut report) = stage.train(run, store, observer)?;
    report.validation = selection.validation;
    report.selection = selection.epochs;
    Ok((parameters, report))
}

/// One descent from the start: with a validation part, or on everything for a known time.
pub(super) struct Stage {
    /// Member.
    pub(super) index: usize,
    /// Place in the order of all stages of the run.
    pub(super) number: usize,
    pub(super) parts: Parts,
    /// Epochs, at most.
    pub(super) epochs: usize,
}

impl Stage {
    /// What logs and progress call it.
    pub(super) fn name(&self) -> String {
        let what = if self.parts.validation.is_empty() { "refit" } else { "member" };
        format!("{what} {}", self.index + 1)
    }

    fn train(
        &self,
        run: &Run<'_>,
        store: &mut Store,
        observer: &dyn Observer,
    ) -> Result<(Snapshot, MemberReport), TrainError> {
        if let Some(finished) = store.finished(self.number) {
            return Ok(finished);
        }
        let (network, planted, mut report) = start(run, self.index, &self.parts, observer)?;
        let objective = Objective::new(
            &run.training.labels,
            &self.parts.fitting,
            &run.training.config.training,
        )
        .beside(&run.training.offsets);
        // Without a seed descent learns the bags by heart; broad signals are for the other parts, and for the gene
        // usage that was planted. A base has something to say without a seed.
        let alone = run.training.config.parts.include == [Part::Network];
        let has_start = !planted.is_empty() || run.context.base.is_some();
        let epochs = if has_start || alone { self.epochs } else { 0 };
        let mut descent = Descent::new(run, self, &network, &objective, epochs)?;
        descent.resume(store)?;
        descent.run(store, observer)?;
        network.restore(&descent.best)?;
        check_finite(&descent)?;
        report.epochs = std::mem::take(&mut descent.progressed.epochs);
        report.best_epoch = descent.progressed.best_epoch;
        report.seeds = fates(&network, &planted)?;
        store.finish(self.number, &descent.best, &report)?;
        Ok((descent.best, report))
    }
}

/// The last update may have led nowhere without a loss after it to say so.
fn check_finite(descent: &Descent<'_>) -> Result<(), TrainError> {
    for (_, tensor) in &descent.best {
        let mut values = tensor.flatten_all()?.to_vec1::<f32>()?.into_iter();
        if let Some(value) = values.find(|value| !value.is_finite()) {
            let epoch = descent.progressed.best_epoch;
            return Err(TrainError::Diverged { loss: f64::from(value), epoch });
        }
    }
    Ok(())
}

/// The repertoires that member `index` does not leave out.
fn inside(run: &Run<'_>, index: usize) -> Vec<usize> {
    let left_out = |i: &usize| run.left_out.as_ref().is_some_and(|own| own[*i] == index);
    (0..run.encoded.len()).filter(|i| !left_out(i)).collect()
}

fn divide(run: &Run<'_>, index: usize) -> Result<Parts, TrainError> {
    let inside = inside(run, index);
    let items = run.training.items(&inside);
    let training = &run.training.config.training;
    let seed = training.seed.wrapping_mul(0x9E37_79B9).wrapping_add(index as u64);
    let aside =
        split::holdout(&items, training.validation_fraction, seed).map_err(TrainError::Split)?;
    let part = |held: bool| {
        inside.iter().zip(&aside).filter(|(_, own)| **own == held).map(|(&i, _)| i).collect()
    };
    Ok(Parts { fitting: part(false), validation: part(true) })
}

/// The network before the first update: random, then planted with what discovery found.
fn start(
    run: &Run<'_>,
    index: usize,
    parts: &Parts,
    observer: &dyn Observer,
) -> Result<(Network, Vec<PlantedSeed>, MemberReport), TrainError> {
    let contrasts = run.training.contrasts(&parts.fitting);
    let repertoires: Vec<&EncodedRepertoire> =
        parts.fitting.iter().map(|&i| &*run.encoded[i]).collect();
    let input = discover::DiscoveryInput {
        repertoires: &repertoires,
        n_genes: (run.genes.v.len(), run.genes.j.len()),
        contrasts: &contrasts,
        groups: &run.training.groups(&parts.fitting),
        background: run.training.cache.background(),
    };
    let discovery = discover::discover(input, &run.training.config.discovery, observer);
    let seed = run.training.config.training.seed.wrapping_add(1 + index as u64);
    let model = &run.training.config.model;
    // Every state pattern of a base has a task: what tells repertoires apart.
    let base = run.context.base;
    let heads = base.map_or_else(|| discovery.heads(model.heads), |_| model.heads);
    let layout = model.layout(&run.genes, heads)?;
    let network = Network::new(&layout, run.outputs, model, seed)?.on(run.context.device.clone());
    if let Some(base) = base {
        network.inherit(base.inheritance(), &run.genes, discovery.roles().min(heads))?;
    }
    let planted = network.plant(&discovery)?;
    if !planted.is_empty() {
        let bags: Vec<Bag> =
            parts.fitting.iter().map(|&i| prepare::whole(model, &run.encoded[i])).collect();
        recalibrate(&network, &bags, &contrasts, run.training.config.training.label_smoothing)?;
    }
    let report = report(run, parts, &discovery);
    Ok((network, planted, report))
}

fn report(run: &Run<'_>, parts: &Parts, discovery: &Discovery) -> MemberReport {
    MemberReport {
        fitted: parts.fitting.len(),
        validation: parts.validation.iter().map(|&i| run.training.id(i).to_owned()).collect(),
        kmers_tested: discovery.tested,
        gene_usage: discovery
            .genes
            .iter()
            .map(|usage| usage.as_ref().map(|u| u.r_squared))
            .collect(),
        ..MemberReport::default()
    }
}

/// What descent made of each planted seed.
fn fates(network: &Network, planted: &[PlantedSeed]) -> Result<Vec<SeedReport>, TrainError> {
    let mut reports = Vec::new();
    for seed in planted {
        let fate = if network.head_share(seed)? < 0.1 {
            SeedFate::Died
        } else if network.still_spells(seed)? {
            SeedFate::Kept
        } else {
            SeedFate::Moved
        };
        reports.push(SeedReport {
            kmer: seed.kmer.clone(),
            z: seed.z,
            share: seed.share,
            first_start: *seed.starts.start(),
            filter: (seed.group, seed.filter),
            fate,
        });
    }
    Ok(reports)
}
