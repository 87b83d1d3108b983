//! How a training went, for `metrics.json` and the terminal.

use serde::{Deserialize, Serialize};

/// One training run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingReport {
    /// Labelled repertoires that were used.
    pub repertoires: usize,
    /// One report a member.
    pub members: Vec<MemberReport>,
}

/// One member of the ensemble.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberReport {
    /// Repertoires whose gradients were followed.
    pub fitted: usize,
    /// Repertoires kept aside for early stopping.
    pub validation: Vec<String>,
    /// k-mers that discovery tested.
    pub kmers_tested: usize,
    /// Seeds and what became of them.
    pub seeds: Vec<SeedReport>,
    /// Cross-validated R² of V and J usage by output, where it was used.
    pub gene_usage: Vec<Option<f64>>,
    /// Losses by epoch of the run that decided when to stop, if the model was then trained on everything.
    pub selection: Vec<EpochReport>,
    /// Losses by epoch; epoch 0 is the start.
    pub epochs: Vec<EpochReport>,
    /// Epoch whose parameters were kept.
    pub best_epoch: usize,
}

impl MemberReport {
    /// Validation loss of the epoch that was best.
    pub fn validation_loss(&self) -> Option<f64> {
        let all = self.selection.iter().chain(&self.epochs);
        all.filter(|epoch| epoch.epoch == self.best_epoch).find_map(|epoch| epoch.validation_loss)
    }

    /// Whether discovery found nothing and no update lowered the loss of the validation part.
    pub fn learned_nothing(&self) -> bool {
        let genes = self.gene_usage.iter().any(Option::is_some);
        self.best_epoch == 0 && self.seeds.is_empty() && !genes
    }
}

/// Losses of one epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// Epoch, 0 before the first update.
    pub epoch: usize,
    /// Mean loss of the updates; none for epoch 0.
    pub training_loss: Option<f64>,
    /// Loss of the validation part; none when training on everything.
    pub validation_loss: Option<f64>,
}

/// A seed after descent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedReport {
    /// The k-mer, `-` for ignored positions.
    pub kmer: String,
    /// Its score statistic in the training part.
    pub z: f64,
    /// Share of the training sequences that carry it.
    pub share: f64,
    /// First window start at which it counts.
    pub first_start: usize,
    /// Filter group and filter that it was planted in.
    pub filter: (usize, usize),
    /// What descent made of it.
    pub fate: SeedFate,
}

/// What descent made of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeedFate {
    /// Its filter still answers best to the same residues.
    Kept,
    /// At least one of its positions now prefers another residue.
    Moved,
    /// Its filter hardly weighs in the head any more.
    Died,
}
