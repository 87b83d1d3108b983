//! Pre-training: a network learns without labels to find one view of a person's repertoire by another.
//!
//! Repertoires are plenty, labels are few. Of each subject two views are drawn ([`Views`]), pooled by the network, projected
//! and scaled to length 1 (x and y, one row a subject). The contrastive loss of CLOOB then asks that the two of a subject are
//! more alike than those of different ones:
//!
//! ```text
//! U_a = X' softmax(beta X a), V_a likewise from Y      Hopfield retrieval: what x and y have in common with the batch
//! L = 1/N sum_i [ lse_{j != i}(t U_xi.U_yj) - t U_xi.U_yi ]  +  the same of V, from the other side
//! ```
//!
//! The loss is [`candle_hopfield::contrastive`]. What distinguishes people is learned: genes, lengths, composition and what else
//! the filters find. It need not be what a disease changes. A training `from` the [`Base`] starts with its filters, gene
//! embeddings, key network and state patterns in place of random ones.
//!
//! # References
//!
//! - Fürst et al., *CLOOB: Modern Hopfield Networks with `InfoLOOB` Outperform CLIP*, `NeurIPS` 2022. <https://arxiv.org/abs/2110.11316>

mod base;
mod config;
mod descent;
mod figures;
mod projection;
mod views;

use std::path::Path;
use std::sync::Arc;

use rand::seq::SliceRandom;
use rayon::prelude::*;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::progress::{Observer, Progress};
use reperio_data::repertoire::{GeneVocabulary, Repertoire};
use reperio_stats::Groups;
use serde::{Deserialize, Serialize};

use crate::bag::Device;
use crate::train::{CheckpointError, EpochReport};
pub(crate) use base::KEY;
pub use base::{Base, BaseError, BaseInfo, BaseUse};
pub use config::{PretrainConfig, PretrainingConfig, ViewChoice};
use descent::{Learner, Run};
pub use figures::Figures;
pub use views::Views;
use views::{Plan, rng};

/// Fewest subjects: two to learn from and two to be held out, because each is told apart from another.
pub const FEWEST: usize = 4;

/// The stream of random numbers that chooses who is held out.
const ASIDE: u64 = 1 << 61;

/// Repertoires without labels.
#[derive(Clone, Copy, Debug)]
pub struct Unlabelled<'a> {
    /// The repertoires; those with fewer than two clonotypes are left out.
    pub repertoires: &'a [Repertoire],
    /// Subject of each.
    pub groups: &'a Groups,
}

/// Where a pre-training runs, and where it keeps its state.
#[derive(Clone, Copy, Debug)]
pub struct PretrainContext<'a> {
    /// Folder of the checkpoint, if there is to be one.
    pub checkpoint: Option<&'a Path>,
    /// Device of the bag operation.
    pub device: &'a Device,
}

/// A base and how its pre-training went.
#[derive(Debug)]
pub struct Pretrained {
    /// What a training can start from.
    pub base: Base,
    /// Losses and figures.
    pub report: PretrainReport,
}

/// How a pre-training went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PretrainReport {
    /// What the two views of a subject were.
    pub views: Views,
    /// Repertoires that were used.
    pub repertoires: usize,
    /// Rows that were learned from in each epoch: repertoires for halves, else subjects.
    pub fitted: usize,
    /// Subjects that were held out.
    pub held_out: usize,
    /// Epoch whose parameters were kept: that with the lowest held-out loss. 0 is the random start.
    pub best_epoch: usize,
    /// Losses by epoch; `validation_loss` is that of the held-out subjects. A loss grows with the number of rows that are told
    /// apart, so compare each with itself.
    pub epochs: Vec<EpochReport>,
    /// Held-out subjects before the first update.
    pub start: Figures,
    /// Held-out subjects with the parameters that were kept.
    pub end: Figures,
}

/// Why there is no base.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PretrainError {
    /// The person asked to stop; the checkpoint, if there is one, holds everything.
    #[error("interrupted in epoch {epoch}")]
    Interrupted {
        /// Epoch, from 1.
        epoch: usize,
    },
    /// Too few subjects.
    #[error(
        "subjects with two views: {found}, expected at least {FEWEST}, because each is told apart from others \
         (a repertoire has two halves if it has two clonotypes)"
    )]
    TooFew {
        /// Subjects that could be used.
        found: usize,
    },
    /// Two repertoires of a subject were asked for.
    #[error(
        "no subject has two repertoires: expected a column of people whose values repeat (--group COLUMN), or --views halves"
    )]
    NoPairs,
    /// A checkpoint cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The base cannot be made.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// The loss is no longer a number.
    #[error("the loss is {loss} in epoch {epoch}: lower `pretraining.learning_rate`")]
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

/// Pre-trains a network on `data`.
///
/// The same data, configuration and version give the same base to the last bit, on any number of threads of the same device.
/// With a `checkpoint` folder, state is saved after every epoch and when the observer cancels; a pre-training that finds a
/// matching checkpoint there continues from it.
///
/// # Errors
///
/// See [`PretrainError`].
pub fn pretrain(
    data: Unlabelled<'_>,
    config: &PretrainConfig,
    context: PretrainContext<'_>,
    observer: &dyn Observer,
) -> Result<Pretrained, PretrainError> {
    let run = prepare(data, config, context.device, observer)?;
    let learner = Learner::new(&run)?;
    let start = learner.figures(&run)?;
    let losses = descent::descend(&run, &learner, context.checkpoint, observer)?;
    let end = learner.figures(&run)?;
    learner.network.order(&learner.projections.carried()?)?;
    let used = run.plan.repertoires();
    let report = PretrainReport {
        views: run.plan.views,
        repertoires: used.len(),
        fitted: run.fitting.len(),
        held_out: run.held_out.len(),
        best_epoch: losses.best_epoch,
        epochs: losses.epochs,
        start,
        end,
    };
    let used: Vec<&Repertoire> = used.iter().map(|&i| &data.repertoires[i]).collect();
    let info = BaseInfo {
        format: base::FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config: config.clone(),
        genes: run.genes,
        views: report.views,
        repertoires: report.repertoires,
        held_out: end,
        seen: base::seen(&used),
    };
    let base = Base::of(info, &learner.network)?;
    Ok(Pretrained { base, report })
}

/// Says whether `data` can be pre-trained on, before anything is computed.
///
/// # Errors
///
/// [`PretrainError::TooFew`] and [`PretrainError::NoPairs`].
pub fn check(data: Unlabelled<'_>, config: &PretrainConfig) -> Result<(), PretrainError> {
    plan(data, config).map(|_| ())
}

/// The views of `data`, and the subjects that have them.
fn plan(
    data: Unlabelled<'_>,
    config: &PretrainConfig,
) -> Result<(Plan, Vec<usize>), PretrainError> {
    let plan = Plan::new(data.repertoires, data.groups, config.pretraining.views);
    let plan = plan.ok_or(PretrainError::NoPairs)?;
    let mut subjects: Vec<usize> = plan.units.iter().map(|unit| unit.subject).collect();
    subjects.dedup(); // Units are in the order of the subjects.
    if subjects.len() < FEWEST {
        return Err(PretrainError::TooFew { found: subjects.len() });
    }
    Ok((plan, subjects))
}

/// Views, encoded repertoires, and who is held out.
fn prepare<'a>(
    data: Unlabelled<'_>,
    config: &'a PretrainConfig,
    device: &'a Device,
    observer: &dyn Observer,
) -> Result<Run<'a>, PretrainError> {
    let (repertoires, own) = (data.repertoires, &config.pretraining);
    let (plan, mut subjects) = plan(data, config)?;
    subjects.shuffle(&mut rng(own.seed, ASIDE));
    let aside = (own.held_out * subjects.len() as f64).round() as usize;
    let aside = &subjects[..aside.clamp(2, subjects.len() - 2)];
    let is_held = |&unit: &usize| aside.contains(&plan.units[unit].subject);
    let (mut held_out, fitting): (Vec<usize>, Vec<usize>) =
        (0..plan.units.len()).partition(is_held);
    held_out.dedup_by_key(|unit| plan.units[*unit].subject);
    observer.progress(Progress { task: "encoding", done: 0, total: 1, unit: "cohorts" });
    let genes = GeneVocabulary::of(plan.repertoires().into_iter().map(|i| &repertoires[i]));
    let encode = |one: &Repertoire| Arc::new(EncodedRepertoire::new(one, &genes));
    let encoded = repertoires.par_iter().map(encode).collect();
    Ok(Run { config, plan, encoded, genes, fitting, held_out, device })
}

#[cfg(test)]
mod tests;
