//! The configuration of a run: its parts, the network, its training and the discovery before it.
//!
//! A config file states only the settings that differ from the defaults. Unknown keys are errors, so a typing
//! error never trains a default model. [`Config::default`] is Reperio's own model.
//! [`Config::deeprc`] is the published network.

mod covariates;
mod embedding;

use reperio_data::encode::MAX_LENGTH;
use serde::{Deserialize, Serialize};

use crate::bag::{FilterGroup, PositionTerms, Windows};
use crate::optimizer::AdamWConfig;
use crate::parts::Part;
pub use covariates::CovariatesConfig;
pub use embedding::Embedding;

/// A value outside its range.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("`{key}` is {value}, expected {expected}")]
pub struct InvalidConfig {
    /// Key as written in the file.
    pub key: &'static str,
    /// Value found.
    pub value: String,
    /// Range in words.
    pub expected: &'static str,
}

/// A whole config file: `[parts]`, `[model]`, `[training]`, `[discovery]`, `[covariates]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The parts of the model.
    pub parts: PartsConfig,
    /// The network.
    pub model: ModelConfig,
    /// How its parameters are fitted.
    pub training: TrainingConfig,
    /// Discovery before the first update.
    pub discovery: DiscoveryConfig,
    /// Columns of the metadata beside the repertoires.
    #[serde(skip_serializing_if = "CovariatesConfig::is_empty")]
    pub covariates: CovariatesConfig,
}

/// The parts of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PartsConfig {
    /// Parts that are learned; those that do not help get no weight and are left out of the model.
    pub include: Vec<Part>,
}

impl Default for PartsConfig {
    fn default() -> Self {
        Self { include: Part::DEFAULT.to_vec() }
    }
}

/// How the parameters start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initialisation {
    /// Normal, variance one over the fan-in (self-normalising networks).
    FanIn,
    /// Normal, variance one over the number of weights of the layer (released DeepRC).
    LayerSize,
}

/// The network of the design: motif filters, gene embeddings, key network, Hopfield pooling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// What embeds a sequence.
    #[serde(skip_serializing_if = "Embedding::is_default")]
    pub embedding: Embedding,
    /// Units of an LSTM, 1 to 256.
    #[serde(skip_serializing_if = "embedding::are_default")]
    pub lstm_units: usize,
    /// Filters by width in residues; none with an LSTM.
    pub filters: Vec<FilterGroup>,
    /// Which windows a filter sees.
    pub windows: Windows,
    /// How a filter's response depends on position.
    pub position: PositionTerms,
    /// Values of the embedding of V and J; 0 for none.
    pub gene_dim: usize,
    /// Units of each layer of the key network.
    pub attention_width: usize,
    /// Layers of the key network, 1 to 3.
    pub attention_layers: usize,
    /// State patterns (queries), 1 to 8.
    pub heads: usize,
    /// Inverse temperature of the Hopfield softmax at the start.
    pub beta: f64,
    /// Whether beta and the weight of the log-count in the softmax are learned.
    pub learn_beta: bool,
    /// Multiply the one-hot input by the log-count (the published choice on the CMV data).
    pub count_scaling: bool,
    /// Divide the input of a repertoire by its own standard deviation (the published choice).
    pub standardise_input: bool,
    /// Share of the sequences kept, by attention, in training and scoring. In (0, 1].
    pub top_fraction: f64,
    /// How the parameters start.
    pub initialisation: Initialisation,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            embedding: Embedding::Convolution,
            lstm_units: embedding::UNITS,
            filters: vec![FilterGroup { width: 5, count: 16 }, FilterGroup { width: 8, count: 16 }],
            windows: Windows::Full,
            position: PositionTerms::Bins { from_start: 12, from_end: 12 },
            gene_dim: 16,
            attention_width: 32,
            attention_layers: 2,
            heads: 4,
            beta: 1.0,
            learn_beta: true,
            count_scaling: false,
            standardise_input: false,
            top_fraction: 1.0,
            initialisation: Initialisation::FanIn,
        }
    }
}

/// How the parameters are fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Seed of all random numbers of the run.
    pub seed: u64,
    /// Networks, their outputs averaged. Each is trained without a part of the repertoires of its own, which it
    /// then scores: from that the combination learns what the network is worth. A single one is trained on all, and its
    /// outputs are taken as they are.
    pub members: usize,
    /// Largest number of passes over the training repertoires.
    pub epochs: usize,
    /// Repertoires per update.
    pub batch_size: usize,
    /// Sequences drawn at random from each repertoire for an update; 0 for all.
    pub sequences_per_repertoire: usize,
    /// Draw with replacement and remove duplicates (the published choice).
    pub with_replacement: bool,
    /// Learning rate after warm-up.
    pub learning_rate: f64,
    /// Share of the updates over which the learning rate rises from 0. In [0, 1).
    pub warm_up: f64,
    /// Learning rate at the end as a share of the highest; 1 for a constant rate.
    pub final_rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// L1 penalty in the gradient.
    pub l1: f64,
    /// L2 penalty in the gradient.
    pub l2: f64,
    /// Largest norm of the gradient of an update; 0 for no limit.
    pub clip_norm: f64,
    /// Share of the training repertoires kept aside for early stopping. In (0, 0.5].
    pub validation_fraction: f64,
    /// Epochs without a better validation loss after which training stops.
    pub patience: usize,
    /// Train again, validation part included, for as many epochs as were best.
    pub refit: bool,
    /// Share of each label that is spread evenly over the classes, in [0, 1): labels of patients are
    /// not all right, and no repertoire should make the model certain.
    pub label_smoothing: f64,
    /// Weigh classes by the inverse of their share.
    pub balance_classes: bool,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            members: 5,
            epochs: 15,
            batch_size: 8,
            sequences_per_repertoire: 0,
            with_replacement: false,
            learning_rate: 2e-3,
            warm_up: 0.05,
            final_rate: 0.05,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
            l1: 0.0,
            l2: 0.0,
            clip_norm: 1.0,
            validation_fraction: 0.2,
            patience: 5,
            refit: false,
            label_smoothing: 0.1,
            balance_classes: true,
        }
    }
}

/// Discovery in the training part before the first update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscoveryConfig {
    /// Whether to look for enriched k-mers.
    pub motifs: bool,
    /// Whether to look for differences in V and J usage.
    pub genes: bool,
    /// Residues of the k-mers, each 3 to 5.
    pub k: Vec<usize>,
    /// Largest number of ignored positions inside a k-mer.
    pub max_gaps: usize,
    /// Largest number of seeds; further filters start at random.
    pub max_seeds: usize,
    /// Expected share of false seeds among the proposed ones. In (0, 1).
    pub false_discovery: f64,
    /// Candidates kept after the screen.
    pub candidates: usize,
}

impl Default for DiscoveryConfig {
    fn default() -> Self {
        Self {
            motifs: true,
            genes: true,
            k: vec![3, 4],
            max_gaps: 1,
            max_seeds: 12,
            false_discovery: 0.05,
            candidates: 600,
        }
    }
}

impl Config {
    /// The published DeepRC network and its training, as far as the released code states them.
    ///
    /// Widrich et al., *`NeurIPS`* 2020, <https://arxiv.org/abs/2007.13505>.
    pub fn deeprc() -> Self {
        Self {
            parts: PartsConfig { include: vec![Part::Network] },
            model: ModelConfig {
                embedding: Embedding::Convolution,
                lstm_units: embedding::UNITS,
                filters: vec![FilterGroup { width: 9, count: 32 }],
                windows: Windows::Padded,
                position: PositionTerms::DeepRc,
                gene_dim: 0,
                attention_width: 32,
                attention_layers: 2,
                heads: 1,
                beta: 1.0,
                learn_beta: false,
                count_scaling: false,
                standardise_input: true,
                top_fraction: 0.1,
                initialisation: Initialisation::LayerSize,
            },
            training: TrainingConfig {
                members: 1,
                epochs: 450,
                batch_size: 4,
                sequences_per_repertoire: 10_000,
                with_replacement: true,
                learning_rate: 1e-4,
                warm_up: 0.0,
                final_rate: 1.0,
                epsilon: 1e-4,
                weight_decay: 0.0,
                clip_norm: 0.0,
                patience: 450,
                refit: false,
                label_smoothing: 0.0,
                balance_classes: false,
                ..TrainingConfig::default()
            },
            discovery: DiscoveryConfig {
                motifs: false,
                genes: false,
                ..DiscoveryConfig::default()
            },
            covariates: CovariatesConfig::default(),
        }
    }

    /// Checks all ranges; called once, where the file is read.
    ///
    /// # Errors
    ///
    /// Names the first key whose value is out of range.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        self.parts.validate()?;
        self.model.validate()?;
        self.validate_planting()?;
        self.training.validate()?;
        self.discovery.validate()?;
        self.covariates.validate()
    }
}

pub(crate) fn check(
    ok: bool,
    key: &'static str,
    value: &dyn std::fmt::Debug,
    expected: &'static str,
) -> Result<(), InvalidConfig> {
    if ok { Ok(()) } else { Err(InvalidConfig { key, value: format!("{value:?}"), expected }) }
}

impl PartsConfig {
    fn validate(&self) -> Result<(), InvalidConfig> {
        let mut distinct = self.include.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let ok = !distinct.is_empty()
            && distinct.len() == self.include.len()
            && !distinct.contains(&Part::Covariates);
        let names: Vec<&str> = self.include.iter().map(|part| part.name()).collect();
        check(
            ok,
            "parts.include",
            &names,
            "at least one part, each once, and covariates by `covariates.include`",
        )
    }
}

impl ModelConfig {
    pub(crate) fn validate(&self) -> Result<(), InvalidConfig> {
        let filters = &self.filters;
        let groups = filters.len();
        self.validate_embedding()?;
        let least = usize::from(self.embedding == Embedding::Convolution);
        check(
            (least..=16).contains(&groups),
            "model.filters",
            &groups,
            "1 to 16 groups of filters",
        )?;
        for group in filters {
            let width = group.width;
            check((1..=15).contains(&width), "model.filters.width", &width, "1 to 15 residues")?;
            let count = group.count;
            check((1..=256).contains(&count), "model.filters.count", &count, "1 to 256 filters")?;
        }
        let (width, layers) = (self.attention_width, self.attention_layers);
        check((1..=128).contains(&width), "model.attention_width", &width, "1 to 128")?;
        check((1..=3).contains(&layers), "model.attention_layers", &layers, "1 to 3")?;
        check((1..=8).contains(&self.heads), "model.heads", &self.heads, "1 to 8")?;
        check(self.gene_dim <= 64, "model.gene_dim", &self.gene_dim, "0 to 64")?;
        let beta = self.beta;
        check(beta > 0.0 && beta <= 1e4, "model.beta", &beta, "above 0, at most 10^4")?;
        if let PositionTerms::Bins { from_start, from_end } = self.position {
            for (key, bins) in [
                ("model.position.bins.from_start", from_start),
                ("model.position.bins.from_end", from_end),
            ] {
                check((1..=MAX_LENGTH).contains(&bins), key, &bins, "1 to 255 residues")?;
            }
        }
        let top = self.top_fraction;
        check(top > 0.0 && top <= 1.0, "model.top_fraction", &top, "in (0, 1]")
    }
}

impl TrainingConfig {
    /// The settings of the optimizer.
    pub fn optimizer(&self) -> AdamWConfig {
        AdamWConfig {
            beta1: self.beta1,
            beta2: self.beta2,
            eps: self.epsilon,
            weight_decay: self.weight_decay,
            l1: self.l1,
            l2: self.l2,
            max_gradient_norm: (self.clip_norm > 0.0).then_some(self.clip_norm),
        }
    }

    fn validate(&self) -> Result<(), InvalidConfig> {
        let (members, epochs) = (self.members, self.epochs);
        check((1..=100).contains(&members), "training.members", &members, "1 to 100")?;
        check(epochs <= 1_000_000, "training.epochs", &epochs, "at most 10^6")?;
        let patience = self.patience;
        check(patience <= 1_000_000, "training.patience", &patience, "at most 10^6")?;
        let batch = self.batch_size;
        check((1..=100_000).contains(&batch), "training.batch_size", &batch, "1 to 100000")?;
        let drawn = self.sequences_per_repertoire;
        check(drawn <= 10_000_000, "training.sequences_per_repertoire", &drawn, "at most 10^7")?;
        let rate = self.learning_rate;
        check(rate > 0.0 && rate <= 10.0, "training.learning_rate", &rate, "above 0, at most 10")?;
        check((0.0..1.0).contains(&self.warm_up), "training.warm_up", &self.warm_up, "in [0, 1)")?;
        let floor = self.final_rate;
        check((0.0..=1.0).contains(&floor), "training.final_rate", &floor, "in [0, 1]")?;
        check((0.0..1.0).contains(&self.beta1), "training.beta1", &self.beta1, "in [0, 1)")?;
        check((0.0..1.0).contains(&self.beta2), "training.beta2", &self.beta2, "in [0, 1)")?;
        for (key, value) in [
            ("training.epsilon", self.epsilon),
            ("training.weight_decay", self.weight_decay),
            ("training.l1", self.l1),
            ("training.l2", self.l2),
            ("training.clip_norm", self.clip_norm),
        ] {
            check((0.0..=1e6).contains(&value), key, &value, "0 to 10^6")?;
        }
        let smoothing = self.label_smoothing;
        check(
            (0.0..1.0).contains(&smoothing),
            "training.label_smoothing",
            &smoothing,
            "in [0, 1)",
        )?;
        let part = self.validation_fraction;
        check(part > 0.0 && part <= 0.5, "training.validation_fraction", &part, "in (0, 0.5]")
    }
}

impl DiscoveryConfig {
    fn validate(&self) -> Result<(), InvalidConfig> {
        let k = &self.k;
        let known = k.iter().all(|k| (3..=5).contains(k));
        check(known && (1..=3).contains(&k.len()), "discovery.k", k, "1 to 3 values from 3 to 5")?;
        let seeds = self.max_seeds;
        check(seeds <= 4096, "discovery.max_seeds", &seeds, "at most 4096")?;
        check(self.max_gaps <= 3, "discovery.max_gaps", &self.max_gaps, "0 to 3")?;
        let limit = self.false_discovery;
        check(limit > 0.0 && limit < 1.0, "discovery.false_discovery", &limit, "in (0, 1)")?;
        let candidates = self.candidates;
        check((1..=60_000).contains(&candidates), "discovery.candidates", &candidates, "1 to 60000")
    }
}
