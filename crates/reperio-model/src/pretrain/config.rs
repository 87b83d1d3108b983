//! The configuration of a pre-training: `[model]` and `[pretraining]`.

use serde::{Deserialize, Serialize};

use crate::config::{InvalidConfig, ModelConfig, check};
use crate::optimizer::AdamWConfig;

/// A whole config file of a pre-training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PretrainConfig {
    /// The network, which a training from the base takes over.
    pub model: ModelConfig,
    /// How it is pre-trained.
    pub pretraining: PretrainingConfig,
}

/// Which two views of a subject are brought together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViewChoice {
    /// Two repertoires of a subject where at least half of the subjects have several, else halves.
    #[default]
    Auto,
    /// Disjoint random halves of the clonotypes of a repertoire.
    Halves,
    /// Two repertoires of one subject: two visits, or two loci.
    Subjects,
}

/// How a network is pre-trained.
///
/// The inverse temperatures are those of the released CLOOB, which keeps both fixed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PretrainingConfig {
    /// Seed of all random numbers.
    pub seed: u64,
    /// What the two views are.
    pub views: ViewChoice,
    /// Largest number of passes over the training subjects.
    pub epochs: usize,
    /// Subjects per update, at least 2: each is told apart from the others.
    pub batch_size: usize,
    /// Sequences of a view, drawn at random; 0 for all.
    pub sequences_per_view: usize,
    /// Length of the projected vectors.
    pub projection: usize,
    /// Inverse temperature of the loss, 1 / tau.
    pub inverse_temperature: f64,
    /// Inverse temperature beta of the Hopfield retrieval.
    pub beta: f64,
    /// Learning rate after warm-up.
    pub learning_rate: f64,
    /// Share of the updates over which the learning rate rises from 0. In [0, 1).
    pub warm_up: f64,
    /// Learning rate at the end as a share of the highest.
    pub final_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Largest norm of the gradient of an update; 0 for no limit.
    pub clip_norm: f64,
    /// Share of the subjects kept aside: the parameters with their lowest loss are kept. In (0, 0.5].
    pub held_out: f64,
    /// Epochs without a lower held-out loss after which pre-training stops.
    pub patience: usize,
}

impl Default for PretrainingConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            views: ViewChoice::Auto,
            epochs: 30,
            batch_size: 32,
            sequences_per_view: 0,
            projection: 32,
            inverse_temperature: 14.3,
            beta: 14.3,
            learning_rate: 2e-3,
            warm_up: 0.05,
            final_rate: 0.05,
            weight_decay: 0.01,
            clip_norm: 1.0,
            held_out: 0.2,
            patience: 8,
        }
    }
}

impl PretrainConfig {
    /// Checks all ranges; called once, where the file is read.
    ///
    /// # Errors
    ///
    /// Names the first key whose value is out of range.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        self.model.validate()?;
        self.pretraining.validate()
    }
}

impl PretrainingConfig {
    /// The settings of the optimizer.
    pub(super) fn optimizer(&self) -> AdamWConfig {
        AdamWConfig {
            weight_decay: self.weight_decay,
            max_gradient_norm: (self.clip_norm > 0.0).then_some(self.clip_norm),
            ..AdamWConfig::default()
        }
    }

    fn validate(&self) -> Result<(), InvalidConfig> {
        let (epochs, patience) = (self.epochs, self.patience);
        check(epochs <= 1_000_000, "pretraining.epochs", &epochs, "at most 10^6")?;
        check(patience <= 1_000_000, "pretraining.patience", &patience, "at most 10^6")?;
        let batch = self.batch_size;
        check((2..=10_000).contains(&batch), "pretraining.batch_size", &batch, "2 to 10000")?;
        let drawn = self.sequences_per_view;
        check(drawn <= 10_000_000, "pretraining.sequences_per_view", &drawn, "at most 10^7")?;
        let width = self.projection;
        check((1..=1024).contains(&width), "pretraining.projection", &width, "1 to 1024")?;
        for (key, value) in [
            ("pretraining.inverse_temperature", self.inverse_temperature),
            ("pretraining.beta", self.beta),
        ] {
            check(value > 0.0 && value <= 1e4, key, &value, "above 0, at most 10^4")?;
        }
        let rate = self.learning_rate;
        let key = "pretraining.learning_rate";
        check(rate > 0.0 && rate <= 10.0, key, &rate, "above 0, at most 10")?;
        let (rise, floor) = (self.warm_up, self.final_rate);
        check((0.0..1.0).contains(&rise), "pretraining.warm_up", &rise, "in [0, 1)")?;
        check((0.0..=1.0).contains(&floor), "pretraining.final_rate", &floor, "in [0, 1]")?;
        for (key, value) in [
            ("pretraining.weight_decay", self.weight_decay),
            ("pretraining.clip_norm", self.clip_norm),
        ] {
            check((0.0..=1e6).contains(&value), key, &value, "0 to 10^6")?;
        }
        let part = self.held_out;
        check(part > 0.0 && part <= 0.5, "pretraining.held_out", &part, "in (0, 0.5]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_checked_and_misspelt_keys_refused() {
        assert_eq!(PretrainConfig::default().validate(), Ok(()));
        let check = |text: &str| match toml::from_str::<PretrainConfig>(text) {
            Ok(config) => config.validate().err().map_or_else(String::new, |err| err.to_string()),
            Err(err) => err.to_string(),
        };
        assert_eq!(
            check("pretraining.batch_size = 1"),
            "`pretraining.batch_size` is 1, expected 2 to 10000"
        );
        assert_eq!(
            check("pretraining.beta = 0.0"),
            "`pretraining.beta` is 0.0, expected above 0, at most 10^4"
        );
        assert!(check("model.heads = 9").starts_with("`model.heads` is 9"));
        assert!(check("pretraining.epoch = 3").contains("unknown field `epoch`"));
        assert_eq!(check("pretraining.views = 'halves'"), "");
    }
}
