//! The network: bag operation, Hopfield state patterns and a linear head, as named variables.
//!
//! ```text
//! q_h = beta_h xi_h                      beta_h = exp(log_beta_h)
//! z   = bag operation(filters or LSTM, genes, key network, q, gamma)             (B, H, D)
//! y_t = b_t + sum_h <w_th, z_h>                                          (B, T)
//! ```

pub mod gradients;
mod inherit;
mod init;
mod seeding;
mod weights;

use std::sync::Arc;

use candle_core::{DType, Result, Tensor, Var};
use reperio_data::repertoire::GeneVocabulary;

use crate::bag::{Bag, BagLayout, BagOp, BagShape, Device, bag};
use crate::config::ModelConfig;
use crate::optimizer::Parameter;
pub(crate) use inherit::{Inheritance, is_of_head};
pub use seeding::{PlantedSeed, recalibrate};
pub use weights::Weights;

/// Name of the state patterns xi, (H, A).
pub const PATTERN: &str = "state.pattern";
/// Name of the logarithms of beta, (H).
pub const LOG_BETA: &str = "state.log_beta";
/// Name of the weights of the log-count in the softmax, (H).
pub const GAMMA: &str = "gamma";
/// Name of the head's weights, (T, H, D).
pub const HEAD_WEIGHT: &str = "head.weight";
/// Name of the head's biases, (T).
pub const HEAD_BIAS: &str = "head.bias";

/// A network under training.
#[derive(Debug)]
pub struct Network {
    layout: Arc<BagLayout>,
    outputs: usize,
    params: Vec<(String, Var)>,
    learn_beta: bool,
    device: Device,
}

impl ModelConfig {
    /// Sizes of the bag operation over vocabularies of `v_genes` and `j_genes` (unknown included).
    pub fn shape(&self, v_genes: usize, j_genes: usize) -> BagShape {
        BagShape {
            filters: self.filters.clone(),
            lstm_units: self.embedding_units(),
            windows: self.windows,
            position: self.position,
            gene_dim: self.gene_dim,
            v_genes,
            j_genes,
            attention_layers: self.attention_layers,
            attention_width: self.attention_width,
            heads: self.heads,
            count_scaling: self.count_scaling,
        }
    }

    /// Layout of a network of `heads` state patterns for `genes`.
    pub(crate) fn layout(&self, genes: &GeneVocabulary, heads: usize) -> Result<Arc<BagLayout>> {
        let shape = BagShape { heads, ..self.shape(genes.v.len(), genes.j.len()) };
        Ok(Arc::new(BagLayout::new(shape).map_err(candle_core::Error::wrap)?))
    }
}

/// State patterns of a network with the parameters `snapshot`.
fn heads_of(snapshot: &[(String, Tensor)]) -> Result<usize> {
    match snapshot.iter().find(|(name, _)| name == PATTERN) {
        Some((_, pattern)) => Ok(pattern.dims2()?.0),
        None => candle_core::bail!("parameter {PATTERN} is missing"),
    }
}

/// Names and shapes of all variables, in their one order.
fn variables(layout: &BagLayout, outputs: usize) -> Vec<(String, Vec<usize>)> {
    let shape = layout.shape();
    let (heads, width) = (shape.heads, shape.attention_width);
    let mut all = Vec::new();
    for segment in layout.segments() {
        if segment.name == "query" {
            all.push((PATTERN.to_owned(), vec![heads, width]));
            all.push((LOG_BETA.to_owned(), vec![heads]));
        } else {
            all.push((segment.name.clone(), segment.shape.clone()));
        }
    }
    all.push((HEAD_WEIGHT.to_owned(), vec![outputs, heads, shape.embedding_dim()]));
    all.push((HEAD_BIAS.to_owned(), vec![outputs]));
    all
}

impl Network {
    /// A network with random parameters from `seed`.
    ///
    /// # Errors
    ///
    /// If candle cannot allocate.
    pub fn new(
        layout: &Arc<BagLayout>,
        outputs: usize,
        config: &ModelConfig,
        seed: u64,
    ) -> Result<Self> {
        let mut params = Vec::new();
        for (values, (name, shape)) in
            init::values(layout, outputs, config, seed).into_iter().zip(variables(layout, outputs))
        {
            let tensor = Tensor::from_vec(values, shape, &candle_core::Device::Cpu)?;
            params.push((name, Var::from_tensor(&tensor)?));
        }
        Ok(Self {
            layout: Arc::clone(layout),
            outputs,
            params,
            learn_beta: config.learn_beta,
            device: Device::Cpu,
        })
    }

    /// The network of a [`Self::snapshot`]: its state patterns are those of the snapshot, everything else as `config`
    /// says.
    ///
    /// # Errors
    ///
    /// If a parameter is missing or its shape is another, or there are more state patterns than `config` allows.
    pub fn restored(
        snapshot: &[(String, Tensor)],
        genes: &GeneVocabulary,
        outputs: usize,
        config: &ModelConfig,
    ) -> Result<Self> {
        let heads = heads_of(snapshot)?;
        if heads > config.heads {
            candle_core::bail!("{heads} state patterns, expected at most {}", config.heads);
        }
        let network = Self::new(&config.layout(genes, heads)?, outputs, config, 0)?;
        network.restore(snapshot)?;
        Ok(network)
    }

    /// The same network with its bag operation on `device`.
    pub fn on(self, device: Device) -> Self {
        Self { device, ..self }
    }

    /// The bag operation's layout.
    pub fn layout(&self) -> &Arc<BagLayout> {
        &self.layout
    }

    /// Names and values of all variables, in their one order.
    pub fn params(&self) -> &[(String, Var)] {
        &self.params
    }

    /// The variables that training changes; weight decay applies to weights alone.
    pub fn trainable(&self) -> Vec<Parameter> {
        let fixed = |name: &str| !self.learn_beta && (name == LOG_BETA || name == GAMMA);
        self.params
            .iter()
            .filter(|(name, _)| !fixed(name))
            .map(|(name, var)| Parameter {
                name: name.clone(),
                var: var.clone(),
                decay: name.ends_with("weight"),
            })
            .collect()
    }

    fn param(&self, name: &str) -> &Var {
        let found = self.params.iter().find(|(other, _)| other == name);
        &found.expect("every layout has these variables").1
    }

    /// The flat parameter vector of the bag operation, (P), as part of the graph.
    fn flat(&self) -> Result<Tensor> {
        let beta = self.param(LOG_BETA).exp()?.unsqueeze(1)?; // (H, 1)
        let query = self.param(PATTERN).broadcast_mul(&beta)?; // (H, A)
        let mut parts = Vec::new();
        for segment in self.layout.segments() {
            parts.push(match segment.name.as_str() {
                "query" => query.flatten_all()?,
                name => self.param(name).flatten_all()?,
            });
        }
        Tensor::cat(&parts, 0)
    }

    /// Pooled z of each bag, its heads joined, as part of the graph.
    ///
    /// # Shapes
    ///
    /// - returns: `(B, H D)`
    ///
    /// # Errors
    ///
    /// If candle fails.
    pub fn pooled(&self, bags: Vec<Bag>) -> Result<Tensor> {
        let n = bags.len();
        let op = BagOp::new(Arc::clone(&self.layout), bags).on(self.device.clone());
        let z = bag(&self.flat()?, op)?; // (B, H, D)
        z.reshape((n, ())) // (B, H D)
    }

    /// Outputs y of each bag, as part of the graph.
    ///
    /// # Shapes
    ///
    /// - returns: `(B, T)`
    ///
    /// # Errors
    ///
    /// If candle fails.
    pub fn outputs(&self, bags: Vec<Bag>) -> Result<Tensor> {
        let z = self.pooled(bags)?.unsqueeze(1)?; // (B, 1, H D)
        let weight = self.param(HEAD_WEIGHT).reshape((1, self.outputs, ()))?; // (1, T, H D)
        let dots = z.broadcast_mul(&weight)?.sum(2)?; // (B, T)
        dots.broadcast_add(self.param(HEAD_BIAS))
    }

    /// A copy of the parameters for scoring.
    ///
    /// # Errors
    ///
    /// If candle fails.
    pub fn weights(&self) -> Result<Weights> {
        let values = |name| self.param(name).flatten_all()?.to_vec1::<f32>();
        Ok(Weights {
            layout: Arc::clone(&self.layout),
            flat: self.flat()?.to_vec1()?,
            head: values(HEAD_WEIGHT)?,
            bias: values(HEAD_BIAS)?,
            device: self.device.clone(),
        })
    }

    /// Copies of all parameters, by name.
    ///
    /// # Errors
    ///
    /// If candle fails.
    pub fn snapshot(&self) -> Result<Vec<(String, Tensor)>> {
        let copy = |(name, var): &(String, Var)| Ok((name.clone(), var.as_tensor().copy()?));
        self.params.iter().map(copy).collect()
    }

    /// Sets the parameters to those of a [`Self::snapshot`].
    ///
    /// # Errors
    ///
    /// If a name is missing or a shape differs.
    pub fn restore(&self, snapshot: &[(String, Tensor)]) -> Result<()> {
        for (name, var) in &self.params {
            let Some((_, value)) = snapshot.iter().find(|(other, _)| other == name) else {
                candle_core::bail!("parameter {name} is missing");
            };
            if value.dims() != var.dims() {
                candle_core::bail!(
                    "parameter {name} has shape {:?}, expected {:?}",
                    value.dims(),
                    var.dims()
                );
            }
            var.set(&value.to_dtype(DType::F32)?)?;
        }
        Ok(())
    }

    /// Changes the values of one parameter in place.
    fn edit(&self, name: &str, change: impl FnOnce(&mut [f32])) -> Result<()> {
        let var = self.param(name);
        let mut values = var.flatten_all()?.to_vec1::<f32>()?;
        change(&mut values);
        var.set(&Tensor::from_vec(values, var.dims(), var.device())?)
    }
}
