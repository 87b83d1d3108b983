//! Reperio, its network alone and the published DeepRC as methods like the others.

use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_model::bag::Device;
use reperio_model::config::Config;
use reperio_model::features::{FeatureCache, FitError, TrainingPart};
use reperio_model::labels::{Labels, Target, TargetKind};
use reperio_model::model::Model;
use reperio_model::parts::Part;
use reperio_model::train::{
    self, Dataset, SeedReport, TrainError, TrainingContext, TrainingReport,
};
use serde_json::json;

use crate::method::{Fitted, Method, MethodError};

/// Hopfield pooling over learned motif filters.
pub struct Network {
    name: &'static str,
    about: &'static str,
    config: Config,
    /// Updates of the published schedule, whatever the number of repertoires.
    updates: Option<usize>,
    device: Device,
}

impl Network {
    /// Reperio with `config`.
    pub fn reperio(config: Config, device: Device) -> Self {
        let about = "weighted sum of Hopfield pooling, k-mers, public clonotypes and gene usage (this program's default)";
        Self { name: "reperio", about, config, updates: None, device }
    }

    /// Reperio's network without any other part.
    pub fn alone(mut config: Config, device: Device) -> Self {
        config.parts.include = vec![Part::Network];
        let about =
            "Hopfield pooling over motif filters alone, without the other parts of the default";
        Self { name: "network", about, config, updates: None, device }
    }

    /// The published network, trained for `updates` updates; as published, 100,000.
    pub fn deeprc(updates: usize, device: Device) -> Self {
        let about = "attention over learned motif filters (Widrich et al. 2020)";
        Self { name: "deeprc", about, config: Config::deeprc(), updates: Some(updates), device }
    }

    /// The configuration for a training part of `n` repertoires.
    fn config(&self, n: usize, seed: u64) -> Config {
        let mut config = self.config.clone();
        // Every fold and repeat starts elsewhere, the first where `reperio train` does.
        config.training.seed = seed;
        if let Some(updates) = self.updates {
            let inner = n as f64 * (1.0 - config.training.validation_fraction);
            let an_epoch = (inner / config.training.batch_size as f64).ceil().max(1.0);
            config.training.epochs = (updates as f64 / an_epoch).ceil() as usize;
            config.training.patience = config.training.epochs;
        }
        config
    }
}

impl Method for Network {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn fit(
        &self,
        part: TrainingPart<'_>,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Fitted>, MethodError> {
        let kind = TargetKind::Binary { positive: "1".to_owned(), negative: "0".to_owned() };
        let labels = Labels {
            targets: vec![Target { column: "label".to_owned(), kind }],
            values: vec![
                part.labels.iter().map(|&label| Some(f64::from(u8::from(label)))).collect(),
            ],
        };
        let dataset = Dataset { cache: part.cache, members: part.members, labels: &labels };
        let config = self.config(part.members.len(), part.seed);
        let context = TrainingContext { checkpoint: None, device: &self.device, base: None };
        match train::fit(dataset, &config, context, observer) {
            Ok(fitted) => Ok(Box::new(Trained { model: fitted.model, report: fitted.report })),
            Err(TrainError::Interrupted { .. } | TrainError::Stopped { .. }) => {
                Err(FitError::Cancelled.into())
            }
            Err(err) => Err(err.into()),
        }
    }
}

struct Trained {
    model: Model,
    report: TrainingReport,
}

impl Fitted for Trained {
    fn logits(&self, cache: &FeatureCache<'_>, members: &[usize]) -> Vec<f64> {
        members.iter().map(|&i| self.model.outputs(cache.repertoires()[i])[0]).collect()
    }

    fn choices(&self) -> serde_json::Value {
        let members = &self.report.members;
        let seeds = |seeds: &[SeedReport]| -> Vec<String> {
            seeds.iter().map(|seed| seed.kmer.clone()).collect()
        };
        let weights: Vec<(&str, f64)> = self
            .report
            .terms
            .iter()
            .flatten()
            .map(|term| (term.name.as_str(), term.weight))
            .collect();
        json!({
            "weights": weights,
            "epochs": members.iter().map(|member| member.best_epoch).collect::<Vec<_>>(),
            "seeds": members.iter().map(|member| seeds(&member.seeds)).collect::<Vec<_>>(),
        })
    }

    fn parameters(&self) -> Vec<f64> {
        self.model.parameters()
    }

    fn evidence(&self, repertoire: &Repertoire) -> Option<Vec<f64>> {
        Some(self.model.explain(repertoire).evidence)
    }
}
