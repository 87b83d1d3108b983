//! Gradient descent on the contrastive loss, epoch by epoch.

use std::path::Path;
use std::sync::Arc;

use candle_core::{Result as TensorResult, Tensor};
use candle_hopfield::contrastive::{ContrastiveConfig, loss};
use rayon::prelude::*;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::progress::{Observer, Progress};
use reperio_data::repertoire::GeneVocabulary;
use sha2::{Digest, Sha256};

use super::PretrainError;
use super::config::PretrainConfig;
use super::figures::Figures;
use super::projection::{Projections, trainable};
use super::views::{Plan, Views, batches, rng};
use crate::bag::{Bag, Device};
use crate::network::Network;
use crate::optimizer::AdamW;
use crate::prepare;
use crate::schedule::Schedule;
use crate::tensors::Named;
use crate::train::checkpoint::{Progressed, Store, hash_all};
use crate::train::{EpochReport, MemberReport};

/// Streams of random numbers; that of a row in an epoch is their number.
const ORDER: u64 = 1 << 63;
const START: u64 = 1 << 62;

/// Everything of a pre-training that does not change.
pub(super) struct Run<'a> {
    pub(super) config: &'a PretrainConfig,
    pub(super) plan: Plan,
    pub(super) encoded: Vec<Arc<EncodedRepertoire>>,
    pub(super) genes: GeneVocabulary,
    /// Places of units whose loss is followed, and of those kept aside: one for each subject.
    pub(super) fitting: Vec<usize>,
    pub(super) held_out: Vec<usize>,
    pub(super) device: &'a Device,
}

/// A network and its projections.
pub(super) struct Learner {
    pub(super) network: Network,
    pub(super) projections: Projections,
}

impl Learner {
    /// At its random start.
    pub(super) fn new(run: &Run<'_>) -> TensorResult<Self> {
        let PretrainConfig { model, pretraining } = run.config;
        let layout = model.layout(&run.genes, model.heads)?;
        let network = Network::new(&layout, 1, model, pretraining.seed.wrapping_add(1))?;
        let values = layout.shape().heads * layout.shape().embedding_dim();
        let maps = if matches!(run.plan.views, Views::Chains(..)) { 2 } else { 1 };
        let mut rng = rng(pretraining.seed, START);
        let projections = Projections::new(maps, (values, pretraining.projection), &mut rng)?;
        Ok(Self { network: network.on(run.device.clone()), projections })
    }

    fn snapshot(&self) -> TensorResult<Named> {
        let copy = |own: crate::optimizer::Parameter| Ok((own.name, own.var.as_tensor().copy()?));
        trainable(&self.network, &self.projections).into_iter().map(copy).collect()
    }

    pub(super) fn restore(&self, snapshot: &Named) -> TensorResult<()> {
        for parameter in trainable(&self.network, &self.projections) {
            let Some((_, value)) = snapshot.iter().find(|(name, _)| *name == parameter.name) else {
                candle_core::bail!("parameter {} is missing", parameter.name);
            };
            parameter.var.set(value)?;
        }
        Ok(())
    }

    /// Pooled z of both views of the units at `rows`, drawn by `stream`, as part of the graph.
    fn pooled(&self, run: &Run<'_>, rows: &[usize], stream: u64) -> TensorResult<[Tensor; 2]> {
        let PretrainConfig { model, pretraining } = run.config;
        let draw = |&row: &usize| {
            let mut rng = rng(pretraining.seed, stream << 32 | row as u64);
            run.plan.units[row].draw(&run.encoded, pretraining.sequences_per_view, &mut rng)
        };
        let drawn: Vec<[Arc<EncodedRepertoire>; 2]> = rows.par_iter().map(draw).collect();
        let sides = [0, 1].map(|k| drawn.iter().map(move |own| Arc::clone(&own[k])));
        let mut bags: Vec<Bag> =
            prepare::bags(model, &sides.into_iter().flatten().collect::<Vec<_>>());
        if model.top_fraction < 1.0 {
            let weights = self.network.weights()?;
            for bag in &mut bags {
                *bag = prepare::reduce(&weights, bag, model.top_fraction).0;
            }
        }
        let z = self.network.pooled(bags)?; // (2 n, E)
        let n = rows.len();
        Ok([z.narrow(0, 0, n)?, z.narrow(0, n, n)?])
    }

    /// The vectors of both fixed views of the held-out subjects.
    fn held_out(&self, run: &Run<'_>) -> TensorResult<[Tensor; 2]> {
        let mut sides = [vec![], vec![]];
        for rows in run.held_out.chunks(run.config.pretraining.batch_size) {
            let [x, y] = self.pooled(run, rows, 0)?;
            sides[0].push(x.detach());
            sides[1].push(y.detach());
        }
        let [x, y] = sides.map(|own| Tensor::cat(&own, 0));
        self.projections.vectors(&[x?, y?])
    }

    /// Figures of the held-out subjects.
    pub(super) fn figures(&self, run: &Run<'_>) -> TensorResult<Figures> {
        Figures::new(&self.held_out(run)?)
    }
}

impl Run<'_> {
    fn loss(&self, [x, y]: &[Tensor; 2]) -> TensorResult<Tensor> {
        let own = &self.config.pretraining;
        Ok(loss(x, y, &ContrastiveConfig::cloob(own.beta, own.inverse_temperature))?.value)
    }

    /// A checksum of everything that decides the course of pre-training.
    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let config = serde_json::to_string(self.config).expect("a config is plain data");
        hash.update(format!("pretrain {} {config}", env!("CARGO_PKG_VERSION")));
        hash.update(format!("{:?}{:?}{:?}", self.plan, self.fitting, self.held_out));
        hash_all(&mut hash, &self.encoded);
        format!("{:x}", hash.finalize())
    }
}

/// A network on its way down.
struct Descent<'a> {
    run: &'a Run<'a>,
    learner: &'a Learner,
    optimizer: AdamW,
    progressed: Progressed,
    /// Parameters with the lowest held-out loss so far.
    best: Named,
}

/// Descends from the start, or from the checkpoint in `folder`; `learner` then has the parameters with the lowest
/// held-out loss. Returns the losses.
pub(super) fn descend(
    run: &Run<'_>,
    learner: &Learner,
    folder: Option<&Path>,
    observer: &dyn Observer,
) -> Result<MemberReport, PretrainError> {
    let mut store = Store::open(folder, run.fingerprint())?;
    if let Some((best, report)) = store.finished(0) {
        learner.restore(&best)?;
        return Ok(report);
    }
    let parameters = trainable(&learner.network, &learner.projections);
    let optimizer = AdamW::new(parameters, run.config.pretraining.optimizer())?;
    let (best, progressed) = (learner.snapshot()?, Progressed::default());
    let mut descent = Descent { run, learner, optimizer, progressed, best };
    if let Some(saved) = store.unfinished(0)? {
        learner.restore(&saved.parameters)?;
        descent.best = saved.best;
        descent.optimizer.load_state(&saved.optimizer.into_iter().collect())?;
        descent.progressed = saved.progressed;
    }
    descent.run(&mut store, observer)?;
    learner.restore(&descent.best)?;
    let report = MemberReport {
        fitted: run.fitting.len(),
        best_epoch: descent.progressed.best_epoch,
        epochs: descent.progressed.epochs,
        ..MemberReport::default()
    };
    store.finish(0, &descent.best, &report)?;
    Ok(report)
}

impl Descent<'_> {
    fn run(&mut self, store: &mut Store, observer: &dyn Observer) -> Result<(), PretrainError> {
        if self.progressed.epochs.is_empty() {
            self.validate(None, observer)?;
        }
        let own = &self.run.config.pretraining;
        while self.progressed.epoch < own.epochs
            && self.progressed.epoch - self.progressed.best_epoch < own.patience
        {
            let finished = self.epoch(observer)?;
            if finished {
                let loss = self.progressed.loss() / self.progressed.updates.max(1) as f64;
                self.progressed.start_epoch();
                self.validate(Some(loss), observer)?;
            }
            let optimizer = self.optimizer.state()?.into_iter().collect();
            store.save(0, &self.learner.snapshot()?, &self.best, &optimizer, &self.progressed)?;
            if !finished {
                return Err(PretrainError::Interrupted { epoch: self.progressed.epoch + 1 });
            }
        }
        Ok(())
    }

    /// Goes on with the current epoch; false if the observer asked to stop inside it.
    fn epoch(&mut self, observer: &dyn Observer) -> Result<bool, PretrainError> {
        let (own, epoch) = (&self.run.config.pretraining, self.progressed.epoch);
        let mut rng = rng(own.seed, ORDER | epoch as u64);
        let units = &self.run.plan.units;
        let batches = batches(units, &self.run.fitting, own.batch_size, &mut rng);
        let total = (batches.len() * own.epochs) as u64;
        let schedule = Schedule::WarmupCosine { warmup: own.warm_up, floor: own.final_rate };
        let task = format!("pre-training epoch {}", epoch + 1);
        while let Some(batch) = batches.get(self.progressed.updates) {
            if observer.cancelled() {
                return Ok(false);
            }
            let step = (epoch * batches.len() + self.progressed.updates) as u64;
            let rate = own.learning_rate * schedule.factor(step, total);
            let loss = self.update(batch, epoch as u64 + 1, rate)?;
            if !loss.is_finite() {
                return Err(PretrainError::Diverged { loss, epoch: epoch + 1 });
            }
            self.progressed.add(loss);
            let (done, total) = (self.progressed.updates as u64, batches.len() as u64);
            observer.progress(Progress { task: &task, done, total, unit: "updates" });
        }
        Ok(true)
    }

    fn update(&mut self, batch: &[usize], stream: u64, rate: f64) -> TensorResult<f64> {
        let z = self.learner.pooled(self.run, batch, stream)?;
        let loss = self.run.loss(&self.learner.projections.vectors(&z)?)?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        if value.is_finite() {
            let gradients = self.optimizer.gradients(&loss.backward()?)?;
            self.optimizer.step(&gradients, rate)?;
        }
        Ok(value)
    }

    /// Held-out loss; keeps the parameters if it is the lowest so far.
    fn validate(
        &mut self,
        training_loss: Option<f64>,
        observer: &dyn Observer,
    ) -> Result<(), PretrainError> {
        let loss = self.run.loss(&self.learner.held_out(self.run)?)?;
        let held_out_loss = f64::from(loss.to_scalar::<f32>()?);
        let epoch = self.progressed.epoch;
        if !held_out_loss.is_finite() {
            return Err(PretrainError::Diverged { loss: held_out_loss, epoch });
        }
        if self.progressed.improves(Some(held_out_loss)) {
            self.best = self.learner.snapshot()?;
        }
        for (what, loss) in [("training", training_loss), ("held_out", Some(held_out_loss))] {
            if let Some(loss) = loss {
                observer.scalar(&format!("pretraining/{what}_loss"), epoch as u64, loss);
            }
        }
        tracing::info!(epoch, training_loss, held_out_loss, "epoch");
        let validation_loss = Some(held_out_loss);
        self.progressed.epochs.push(EpochReport { epoch, training_loss, validation_loss });
        Ok(())
    }
}
