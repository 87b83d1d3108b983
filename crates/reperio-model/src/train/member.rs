//! One member of the ensemble: its split, its discovery, its descent.

use std::sync::Arc;

use candle_core::Tensor;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::progress::{Observer, Progress};
use reperio_data::split;

use super::checkpoint::{Progressed, Store};
use super::objective::Objective;
use super::report::{EpochReport, MemberReport, SeedFate, SeedReport};
use super::{Run, TrainError};
use crate::bag::{Bag, BagInput};
use crate::discover::contrast::Contrast;
use crate::discover::{self, Discovery};
use crate::network::{Network, PlantedSeed, recalibrate};
use crate::optimizer::{AdamW, AdamWConfig};
use crate::prepare;
use crate::schedule::Schedule;

/// Parameters by name.
pub(crate) type Snapshot = Vec<(String, Tensor)>;

/// Repertoires whose gradients are followed, and those kept aside.
struct Parts {
    fitting: Vec<usize>,
    validation: Vec<usize>,
}

/// Trains member `index` and returns its parameters.
///
/// First with a validation part, which decides after how many epochs to stop; then, if the
/// configuration says so, on everything for that many epochs.
pub(super) fn train(
    run: &Run<'_>,
    index: usize,
    store: &mut Store,
    observer: &dyn Observer,
) -> Result<(Snapshot, MemberReport), TrainError> {
    let training = &run.config.training;
    let stages = if training.refit { 2 } else { 1 };
    let parts = divide(run, index)?;
    let stage = Stage { index, number: stages * index, parts, epochs: training.epochs };
    let (parameters, selection) = stage.train(run, store, observer)?;
    if !training.refit {
        return Ok((parameters, selection));
    }
    let parts = Parts { fitting: (0..run.encoded.len()).collect(), validation: vec![] };
    let epochs = selection.best_epoch;
    let stage = Stage { index, number: stages * index + 1, parts, epochs };
    let (parameters, mut report) = stage.train(run, store, observer)?;
    report.validation = selection.validation;
    report.selection = selection.epochs;
    Ok((parameters, report))
}

/// One descent from the start: with a validation part, or on everything for a known time.
struct Stage {
    /// Member.
    index: usize,
    /// Place in the order of all stages of the run.
    number: usize,
    parts: Parts,
    epochs: usize,
}

impl Stage {
    fn name(&self) -> String {
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
        let objective = Objective::new(&run.labels, &self.parts.fitting, &run.config.training);
        let mut descent = Descent::new(run, self, &network, &objective)?;
        descent.resume(store)?;
        descent.run(store, observer)?;
        network.restore(&descent.best)?;
        report.epochs = std::mem::take(&mut descent.progressed.epochs);
        report.best_epoch = descent.progressed.best_epoch;
        report.seeds = fates(&network, &planted)?;
        store.finish(self.number, &descent.best, &report)?;
        Ok((descent.best, report))
    }
}

fn divide(run: &Run<'_>, index: usize) -> Result<Parts, TrainError> {
    let items: Vec<split::Item> = (0..run.encoded.len())
        .map(|i| split::Item {
            id: run.ids[i].to_owned(),
            stratum: run.labels.stratum(i),
            group: run.groups[i].to_owned(),
        })
        .collect();
    let training = &run.config.training;
    let seed = training.seed.wrapping_mul(0x9E37_79B9).wrapping_add(index as u64);
    let aside =
        split::holdout(&items, training.validation_fraction, seed).map_err(TrainError::Split)?;
    let part = |held: bool| (0..items.len()).filter(|&i| aside[i] == held).collect();
    Ok(Parts { fitting: part(false), validation: part(true) })
}

/// The network before the first update: random, then planted with what discovery found.
fn start(
    run: &Run<'_>,
    index: usize,
    parts: &Parts,
    observer: &dyn Observer,
) -> Result<(Network, Vec<PlantedSeed>, MemberReport), TrainError> {
    let labels = run.labels.select(&parts.fitting);
    let contrasts = Contrast::of(&labels);
    let repertoires: Vec<&EncodedRepertoire> =
        parts.fitting.iter().map(|&i| &*run.encoded[i]).collect();
    let mut names: Vec<&str> = parts.fitting.iter().map(|&i| run.groups[i]).collect();
    names.sort_unstable();
    names.dedup();
    let group = |&i: &usize| names.binary_search(&run.groups[i]).expect("listed above");
    let groups: Vec<usize> = parts.fitting.iter().map(group).collect();
    let evidence = discover::Evidence {
        repertoires: &repertoires,
        n_genes: (run.genes.v.len(), run.genes.j.len()),
        contrasts: &contrasts,
        groups: &groups,
    };
    let discovery = discover::discover(evidence, &run.config.discovery, observer);
    let seed = run.config.training.seed.wrapping_add(1 + index as u64);
    let network = Network::new(&run.layout, run.outputs, &run.config.model, seed)?;
    let planted = network.plant(&discovery)?;
    if !planted.is_empty() {
        let bags: Vec<Bag> = parts
            .fitting
            .iter()
            .map(|&i| prepare::whole(&run.config.model, &run.encoded[i]))
            .collect();
        recalibrate(&network, &bags, &contrasts, run.config.training.label_smoothing)?;
    }
    let report = report(run, parts, &discovery);
    Ok((network, planted, report))
}

fn report(run: &Run<'_>, parts: &Parts, discovery: &Discovery) -> MemberReport {
    MemberReport {
        fitted: parts.fitting.len(),
        validation: parts.validation.iter().map(|&i| run.ids[i].to_owned()).collect(),
        kmers_tested: discovery.tested,
        gene_usage: discovery
            .genes
            .iter()
            .map(|usage| usage.as_ref().map(|u| u.r_squared))
            .collect(),
        ..MemberReport::default()
    }
}

/// Gradient descent with early stopping.
struct Descent<'a> {
    run: &'a Run<'a>,
    stage: &'a Stage,
    network: &'a Network,
    objective: &'a Objective,
    optimizer: AdamW,
    progressed: Progressed,
    best: Snapshot,
}

impl<'a> Descent<'a> {
    fn new(
        run: &'a Run<'a>,
        stage: &'a Stage,
        network: &'a Network,
        objective: &'a Objective,
    ) -> Result<Self, TrainError> {
        let training = &run.config.training;
        let optimizer = AdamW::new(
            network.trainable(),
            AdamWConfig {
                beta1: training.beta1,
                beta2: training.beta2,
                eps: training.epsilon,
                weight_decay: training.weight_decay,
                l1: training.l1,
                l2: training.l2,
                max_gradient_norm: (training.clip_norm > 0.0).then_some(training.clip_norm),
            },
        )?;
        let best = network.snapshot()?;
        let progressed = Progressed::default();
        Ok(Self { run, stage, network, objective, optimizer, progressed, best })
    }

    fn resume(&mut self, store: &Store) -> Result<(), TrainError> {
        if let Some(saved) = store.unfinished(self.stage.number)? {
            self.network.restore(&saved.parameters)?;
            self.best = saved.best;
            self.optimizer.load_state(&saved.optimizer.into_iter().collect())?;
            self.progressed = saved.progressed;
        }
        Ok(())
    }

    fn save(&self, store: &mut Store) -> Result<(), TrainError> {
        let parameters = self.network.snapshot()?;
        let optimizer = self.optimizer.state()?.into_iter().collect();
        Ok(store.save(self.stage.number, &parameters, &self.best, &optimizer, &self.progressed)?)
    }

    fn run(&mut self, store: &mut Store, observer: &dyn Observer) -> Result<(), TrainError> {
        if self.progressed.epochs.is_empty() {
            self.validate(None, observer)?;
        }
        let training = &self.run.config.training;
        while self.progressed.epoch < self.stage.epochs
            && self.progressed.epoch - self.progressed.best_epoch < training.patience
        {
            let finished = self.epoch(observer)?;
            if finished {
                let loss = self.progressed.loss() / self.progressed.updates.max(1) as f64;
                self.progressed.start_epoch();
                self.validate(Some(loss), observer)?;
            }
            self.save(store)?;
            if !finished {
                let (member, epoch) = (self.stage.index + 1, self.progressed.epoch + 1);
                return Err(TrainError::Interrupted { member, epoch });
            }
        }
        Ok(())
    }

    /// Goes on with the current epoch; false if the observer asked to stop inside it.
    fn epoch(&mut self, observer: &dyn Observer) -> Result<bool, TrainError> {
        let training = &self.run.config.training;
        let epoch = self.progressed.epoch;
        let mut order = self.stage.parts.fitting.clone();
        let mut rng = ChaCha8Rng::seed_from_u64(training.seed);
        rng.set_stream((1 << 63) | (self.stage.number as u64) << 32 | epoch as u64);
        order.shuffle(&mut rng);
        let batches: Vec<&[usize]> = order.chunks(training.batch_size).collect();
        let total = (batches.len() * training.epochs) as u64;
        let schedule =
            Schedule::WarmupCosine { warmup: training.warm_up, floor: training.final_rate };
        let task = format!("{} epoch {}", self.stage.name(), epoch + 1);
        while self.progressed.updates < batches.len() {
            if observer.cancelled() {
                return Ok(false);
            }
            let update = self.progressed.updates;
            let step = (epoch * batches.len() + update) as u64;
            let loss = self.update(
                batches[update],
                step,
                training.learning_rate * schedule.factor(step, total),
            )?;
            if !loss.is_finite() {
                return Err(TrainError::Diverged { loss, epoch: epoch + 1 });
            }
            self.progressed.add(loss);
            observer.progress(Progress {
                task: &task,
                done: update as u64 + 1,
                total: batches.len() as u64,
                unit: "updates",
            });
        }
        Ok(true)
    }

    fn update(&mut self, batch: &[usize], step: u64, rate: f64) -> Result<f64, TrainError> {
        let (model, training) = (&self.run.config.model, &self.run.config.training);
        let drawn: Vec<Arc<EncodedRepertoire>> = batch
            .iter()
            .enumerate()
            .map(|(k, &i)| {
                let stream = (self.stage.number as u64) << 56 | step << 20 | k as u64;
                prepare::draw(training, &self.run.encoded[i], stream)
            })
            .collect();
        let mut bags = prepare::bags(model, &drawn);
        if model.top_fraction < 1.0 {
            let weights = self.network.weights()?;
            for bag in &mut bags {
                *bag = prepare::reduce(&weights, bag, model.top_fraction).0;
            }
        }
        let outputs = self.network.outputs(bags)?; // (B, T)
        let loss = self.objective.loss(&outputs, batch)?;
        let gradients = self.optimizer.gradients(&loss.backward()?)?;
        self.optimizer.step(&gradients, rate)?;
        Ok(f64::from(loss.to_scalar::<f32>()?))
    }

    /// Validation loss; keeps the parameters if it is the lowest so far. Without a validation part the
    /// latest parameters are the best.
    fn validate(
        &mut self,
        training_loss: Option<f64>,
        observer: &dyn Observer,
    ) -> Result<(), TrainError> {
        let has_validation = !self.stage.parts.validation.is_empty();
        let validation_loss = if has_validation { Some(self.validation_loss()?) } else { None };
        let epoch = self.progressed.epoch;
        if self.progressed.improves(validation_loss) {
            self.best = self.network.snapshot()?;
        }
        let name = self.stage.name();
        for (what, loss) in [("training", training_loss), ("validation", validation_loss)] {
            if let Some(loss) = loss {
                observer.scalar(&format!("{name}/{what}_loss"), epoch as u64, loss);
            }
        }
        tracing::info!(stage = name, epoch, training_loss, validation_loss, "epoch");
        self.progressed.epochs.push(EpochReport { epoch, training_loss, validation_loss });
        Ok(())
    }

    fn validation_loss(&self) -> Result<f64, TrainError> {
        let weights = self.network.weights()?;
        let model = &self.run.config.model;
        let rows = &self.stage.parts.validation;
        let bags: Vec<Bag> = rows
            .iter()
            .map(|&i| {
                let bag = prepare::whole(model, &self.run.encoded[i]);
                if model.top_fraction < 1.0 {
                    prepare::reduce(&weights, &bag, model.top_fraction).0
                } else {
                    bag
                }
            })
            .collect();
        let inputs: Vec<BagInput<'_>> = bags.iter().map(Bag::input).collect();
        let outputs: Vec<Vec<f64>> =
            weights.pool(&inputs).iter().map(|pooled| weights.outputs(pooled)).collect();
        Ok(self.objective.value(&outputs, rows))
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
