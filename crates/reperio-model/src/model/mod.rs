//! A trained model: members, what they predict, and the sequences that drove it.

mod file;
mod heads;
mod origin;
mod predict;

use std::sync::Arc;

use candle_core::Tensor;
use reperio_data::repertoire::GeneVocabulary;
use serde::{Deserialize, Serialize};

use crate::bag::{BagLayout, Device};
use crate::config::Config;
use crate::network::{Network, Weights};
use crate::population::Population;
use crate::target::Target;
pub use file::ModelError;
pub use heads::Attended;
pub use predict::{Explanation, Prediction, TargetPrediction};

/// Version of the model file's layout; a file of another version is refused.
pub const FORMAT: u32 = 1;

/// Everything about a model but its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Version of the file's layout.
    pub format: u32,
    /// Version of the program that trained it.
    pub version: String,
    /// Configuration that it was trained with.
    pub config: Config,
    /// Genes that it knows.
    pub genes: GeneVocabulary,
    /// What it predicts.
    pub targets: Vec<Target>,
    /// What it was trained on.
    pub population: Population,
    /// What evidence is counted from: for each member a constant of each output and state pattern, (T, H);
    /// empty in models of before, which count from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence_origin: Vec<Vec<f64>>,
}

/// A trained model: one or more networks whose outputs are averaged.
#[derive(Debug)]
pub struct Model {
    info: ModelInfo,
    members: Vec<Vec<(String, Tensor)>>,
    weights: Vec<Weights>,
}

impl Model {
    /// A model of `members`, each the parameters of one network.
    ///
    /// # Errors
    ///
    /// If parameters are missing or do not fit the configuration.
    pub fn new(
        info: ModelInfo,
        members: Vec<Vec<(String, Tensor)>>,
    ) -> Result<Self, candle_core::Error> {
        let shape = info.config.model.shape(info.genes.v.len(), info.genes.j.len());
        let layout = Arc::new(BagLayout::new(shape).map_err(candle_core::Error::wrap)?);
        let outputs = info.targets.iter().map(Target::width).sum();
        let mut weights = Vec::new();
        for member in &members {
            let network = Network::new(&layout, outputs, &info.config.model, 0)?;
            network.restore(member)?;
            weights.push(network.weights()?);
        }
        Ok(Self { info, members, weights })
    }

    /// The same model on `device`.
    pub fn on(mut self, device: &Device) -> Self {
        for weights in &mut self.weights {
            weights.device = device.clone();
        }
        self
    }

    /// Everything but the parameters.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Every parameter of every member, one after another.
    ///
    /// # Panics
    ///
    /// Never: parameters are `f32` tensors on the CPU.
    pub fn parameters(&self) -> Vec<f32> {
        let flat = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let all = self.members.iter().flatten();
        all.flat_map(|(_, tensor)| flat(tensor).expect("an f32 tensor on the CPU")).collect()
    }

    /// Networks that are averaged.
    pub fn n_members(&self) -> usize {
        self.members.len()
    }

    /// Outputs of all targets, one after another.
    pub fn n_outputs(&self) -> usize {
        self.info.targets.iter().map(Target::width).sum()
    }
}
