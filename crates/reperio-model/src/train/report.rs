//! How a training went, for `metrics.json` and the terminal.

use reperio_stats::Groups;
use reperio_stats::moments::mean_and_sd;
use serde::{Deserialize, Serialize};

use super::terms::Columns;
use crate::combine::Combined;
use crate::covariates::Adjustment;
use crate::evaluate::{Metrics, auc_interval};
use crate::labels::{Target, TargetKind};
use crate::parts::{Finding, Part};
use crate::pretrain::BaseUse;

/// One training run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingReport {
    /// Labelled repertoires that were used.
    pub repertoires: usize,
    /// What the covariates that the model is adjusted for say of each target; none without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    /// One report per member of the network.
    pub members: Vec<MemberReport>,
    /// Every term of every target with its weight, 0 for those that were left out.
    pub terms: Vec<Vec<TermReport>>,
    /// Results on repertoires held out in inner folds, by target.
    pub out_of_fold: Vec<OutOfFold>,
    /// What the network started from; none for random numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseUse>,
}

/// One term of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TermReport {
    /// Its part.
    pub part: Part,
    /// Its name.
    pub name: String,
    /// Its weight in the combination.
    pub weight: f64,
    /// Weight times the standard deviation of its held-out outputs: how far it moves a logit.
    pub reach: f64,
    /// Held-out AUC by itself (macro over classes); none for a number.
    pub auc: Option<f64>,
    /// Held-out R2 by itself, for a number.
    pub r2: Option<f64>,
    /// Hyper-parameters chosen, by output.
    pub choices: Vec<serde_json::Value>,
    /// The strongest of what it counts, by output.
    pub found: Vec<Vec<Finding>>,
}

impl TermReport {
    pub(super) fn all(
        target: &Target,
        columns: &Columns,
        weights: &[f64],
        answers: &[f64],
    ) -> Vec<Self> {
        let report = |(column, &weight): (&super::terms::Column, &f64)| {
            let metrics = metrics(&target.kind, &column.held_out, answers);
            let sd = column.held_out.iter().map(|own| mean_and_sd(own).1).fold(0.0, f64::max);
            Self {
                part: column.part,
                name: column.name.clone(),
                weight,
                reach: weight * sd,
                auc: metrics.auc(),
                r2: metrics.r2(),
                choices: column.choices.clone(),
                found: column.found.clone(),
            }
        };
        columns.iter().zip(weights).map(report).collect()
    }
}

/// Figures of held-out outputs, one row per output. Numbers stay standardised.
fn metrics(kind: &TargetKind, held_out: &[Vec<f64>], answers: &[f64]) -> Metrics {
    let n = answers.len();
    let rows: Vec<Vec<f64>> = (0..n).map(|i| held_out.iter().map(|own| own[i]).collect()).collect();
    let answers: Vec<Option<f64>> = answers.iter().copied().map(Some).collect();
    Metrics::of(kind, &rows, &answers)
}

/// Results on repertoires held out in inner folds, for one target. They say how good the model is
/// without a separate evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutOfFold {
    /// Column name.
    pub column: String,
    /// Repertoires with a label.
    pub repertoires: usize,
    /// Number of inner folds; 0 without inner folds, and then there are no metrics.
    pub folds: usize,
    /// Held-out AUC, macro over classes; none for a number.
    pub auc: Option<f64>,
    /// Its 95 % interval.
    pub auc_ci: Option<[f64; 2]>,
    /// Held-out R2 of a number.
    pub r2: Option<f64>,
    /// How often chance would give a term as good as the best one, by 999 permutations of the labels between groups.
    pub p_value: Option<f64>,
    /// Mean held-out log loss (half the squared error of a standardised number).
    pub loss: Option<f64>,
    /// The same for the class shares, or the mean.
    pub shares_loss: Option<f64>,
    /// Whether the model beats the class shares and chance. If not, its probabilities are near the shares.
    pub beats_shares: bool,
}

impl OutOfFold {
    pub(super) fn none(target: &Target) -> Self {
        Self {
            column: target.column.clone(),
            repertoires: 0,
            folds: 0,
            auc: None,
            auc_ci: None,
            r2: None,
            p_value: None,
            loss: None,
            shares_loss: None,
            beats_shares: true,
        }
    }

    pub(super) fn new(
        target: &Target,
        combined: &Combined,
        answers: &[f64],
        groups: &Groups,
        fold: &[usize],
    ) -> Self {
        let found = metrics(&target.kind, &combined.held_out, answers);
        let rows: Vec<Vec<f64>> = (0..answers.len())
            .map(|i| combined.held_out.iter().map(|own| own[i]).collect())
            .collect();
        let values: Vec<Option<f64>> = answers.iter().copied().map(Some).collect();
        Self {
            column: target.column.clone(),
            repertoires: answers.len(),
            folds: fold.iter().max().map_or(0, |last| last + 1),
            auc: found.auc(),
            auc_ci: auc_interval(&target.kind, &rows, &values, groups),
            r2: found.r2(),
            p_value: combined.p_value,
            loss: Some(combined.losses[0]),
            shares_loss: Some(combined.losses[1]),
            beats_shares: combined.beats_shares,
        }
    }
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
