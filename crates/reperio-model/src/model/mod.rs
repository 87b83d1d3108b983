//! A trained model: its parts, their predictions, and the sequences that drove them.
//!
//! ```text
//! logit = b + w_network f_network + sum over terms of w f
//! ```

mod check;
mod file;
mod filters;
mod heads;
mod in_common;
mod origin;
mod predict;
mod residues;
mod stored;
mod stored_memory;

use candle_core::Tensor;
use reperio_data::repertoire::GeneVocabulary;
use serde::{Deserialize, Serialize};

use crate::background::BackgroundInfo;
use crate::bag::Device;
use crate::combine::Conformal;
use crate::config::Config;
use crate::covariates::Covariate;
use crate::labels::Target;
use crate::network::{Network, Weights};
use crate::parts::{Part, Table};
use crate::population::Population;
use crate::train::OutOfFold;
pub(crate) use check::check_genes;
pub use file::ModelError;
pub(crate) use file::{KEY, read};
pub use filters::{FilterEvidence, FilterName};
pub use heads::Attended;
pub use in_common::{Common, in_common};
pub use predict::{CovariateShare, Explanation, Prediction, TargetPrediction};

pub use crate::network::gradients::ResidueShares;
pub use crate::tensors::TensorsError;

/// Version of the model file's layout. A file of version 1 is a network without other parts; any other version is
/// refused.
pub const FORMAT: u32 = 2;

/// Parameters of one network by name.
pub type NetworkParameters = Vec<(String, Tensor)>;

/// Everything about a model except its parameters.
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
    /// Results on repertoires held out in inner folds, by target; empty in models of earlier versions.
    #[serde(default)]
    pub out_of_fold: Vec<OutOfFold>,
    /// Origin of the network's evidence: for each member a constant of each output and state pattern, (T, H);
    /// empty in models of earlier versions, whose origin is 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence_origin: Vec<Vec<f64>>,
    /// Columns of the metadata that a score needs; none unless the model has a part of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covariates: Vec<Covariate>,
    /// The background of unlabelled repertoires that it was trained with, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<BackgroundInfo>,
    /// SHA-256 of the pre-trained base that its network started from; none if from random numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

/// One term other than the network: one table per output of its target.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Its part.
    pub part: Part,
    /// Its name.
    pub name: String,
    /// Its weight, above 0.
    pub weight: f64,
    /// Its contributions, one table per output.
    pub tables: Vec<Table>,
}

/// How the parts make up one target.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetModel {
    /// Weight of the network; 0 if it is left out.
    pub network: f64,
    /// Bias of each output.
    pub bias: Vec<f64>,
    /// The other terms.
    pub terms: Vec<Term>,
    /// Nonconformity of the held-out training repertoires; empty in models without inner folds.
    pub conformal: Conformal,
}

/// A trained model.
#[derive(Debug)]
pub struct Model {
    info: ModelInfo,
    /// The members of the network, whose outputs are averaged; none if it is left out.
    members: Vec<NetworkParameters>,
    weights: Vec<Weights>,
    targets: Vec<TargetModel>,
}

impl Model {
    /// A model of `targets` and, if any of them has a weight for it, a network.
    ///
    /// # Errors
    ///
    /// If parameters are missing, are too many or do not fit the configuration, or numbers do not fit each other.
    pub fn new(
        info: ModelInfo,
        network: Option<Vec<NetworkParameters>>,
        targets: Vec<TargetModel>,
    ) -> Result<Self, candle_core::Error> {
        let members = network.unwrap_or_default();
        check::check(&info, members.len(), &targets)?;
        let outputs = info.targets.iter().map(Target::width).sum();
        let mut weights = Vec::new();
        for member in &members {
            let network = Network::restored(member, &info.genes, outputs, &info.config.model)?;
            let known = network.params().len();
            if member.len() != known {
                candle_core::bail!("{} parameters of a network, expected {known}", member.len());
            }
            weights.push(network.weights()?);
        }
        let own = Self { info, members, weights, targets };
        check::check_origin(&own.info, &own.heads())?;
        Ok(own)
    }

    /// The same model on `device`.
    pub fn on(mut self, device: &Device) -> Self {
        for weights in &mut self.weights {
            weights.device = device.clone();
        }
        self
    }

    /// Everything except the parameters.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Columns of the targets for which training found no signal: their scores are close to the class shares.
    pub fn no_signal(&self) -> Vec<String> {
        let held_out = self.info.out_of_fold.iter().filter(|own| !own.beats_shares);
        held_out.map(|own| own.column.clone()).collect()
    }

    /// How the parts make up each target.
    pub fn targets(&self) -> &[TargetModel] {
        &self.targets
    }

    /// Parts that have a weight for any target, in their order.
    pub fn parts(&self) -> Vec<Part> {
        let has = |part: &Part| {
            self.targets.iter().any(|target| match part {
                Part::Network => target.network > 0.0,
                part => target.terms.iter().any(|term| term.part == *part),
            })
        };
        Part::ALL.into_iter().filter(has).collect()
    }

    /// Every number of every part, one after another.
    ///
    /// # Panics
    ///
    /// Never: parameters are `f32` tensors on the CPU.
    pub fn parameters(&self) -> Vec<f64> {
        let flat = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let network = self.members.iter().flatten();
        let network =
            network.flat_map(|(_, tensor)| flat(tensor).expect("an f32 tensor on the CPU"));
        let mut all: Vec<f64> = network.map(f64::from).collect();
        for target in &self.targets {
            all.push(target.network);
            all.extend(&target.bias);
            for term in &target.terms {
                all.push(term.weight);
                all.extend(term.tables.iter().flat_map(Table::parameters));
            }
        }
        all
    }

    /// Networks that are averaged.
    pub fn n_members(&self) -> usize {
        self.members.len()
    }

    /// State patterns of each member of the network.
    pub fn heads(&self) -> Vec<usize> {
        self.weights.iter().map(Weights::heads).collect()
    }

    /// Names of the outputs of all targets; with several targets each begins with `<target>.`.
    pub fn output_names(&self) -> Vec<String> {
        let targets = &self.info.targets;
        let names = targets.iter().flat_map(|target| {
            let prefix = target.prefix(targets);
            target.outputs().into_iter().map(move |output| format!("{prefix}{output}"))
        });
        names.collect()
    }

    /// Outputs of all targets, one after another.
    pub fn n_outputs(&self) -> usize {
        self.info.targets.iter().map(Target::width).sum()
    }
}
