//! Gradient descent with early stopping: one stage of a member's training, epoch by epoch.

use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::progress::{Observer, Progress};

use super::TrainError;
use super::checkpoint::{Progressed, Store};
use super::member::{Snapshot, Stage};
use super::network::Run;
use super::objective::Objective;
use super::report::EpochReport;
use crate::bag::{Bag, BagInput};
use crate::network::Network;
use crate::optimizer::AdamW;
use crate::prepare;
use crate::schedule::Schedule;

/// A network on its way down.
pub(super) struct Descent<'a> {
    run: &'a Run<'a>,
    stage: &'a Stage,
    network: &'a Network,
    objective: &'a Objective,
    /// Epochs, at most.
    epochs: usize,
    optimizer: AdamW,
    pub(super) progressed: Progressed,
    /// Parameters with the lowest validation loss so far.
    pub(super) best: Snapshot,
}

impl<'a> Descent<'a> {
    pub(super) fn new(
        run: &'a Run<'a>,
        stage: &'a Stage,
        network: &'a Network,
        objective: &'a Objective,
        epochs: usize,
    ) -> Result<Self, TrainError> {
        let training = &run.training.config.training;
        let optimizer = AdamW::new(network.trainable(), training.optimizer())?;
        let best = network.snapshot()?;
        let progressed = Progressed::default();
        Ok(Self { run, stage, network, objective, epochs, optimizer, progressed, best })
    }

    pub(super) fn resume(&mut self, store: &Store) -> Result<(), TrainError> {
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

    pub(super) fn run(
        &mut self,
        store: &mut Store,
        observer: &dyn Observer,
    ) -> Result<(), TrainError> {
        if self.progressed.epochs.is_empty() {
            self.validate(None, observer)?;
        }
        let training = &self.run.training.config.training;
        while self.progressed.epoch < self.epochs
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
        let training = &self.run.training.config.training;
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
        let (model, training) =
            (&self.run.training.config.model, &self.run.training.config.training);
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
        let model = &self.run.training.config.model;
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
