//! Hopfield pooling: learned state patterns query a set of patterns.

use candle_core::{Module, Result, Tensor, bail};
use candle_nn::VarBuilder;

use crate::patterns::WEIGHTS;
use crate::ragged::{Bags, RaggedPatterns, ragged_pool};
use crate::{Association, Call, Config, Hopfield, Retrieval};

/// How many state patterns a [`HopfieldPooling`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolingConfig {
    /// Number of state patterns.
    pub quantity: usize,
    /// Whether they are learned; otherwise they stay as they start.
    pub trainable: bool,
}

impl Default for PoolingConfig {
    fn default() -> Self {
        Self { quantity: 1, trainable: true }
    }
}

/// Pools a set of patterns into one vector, whatever their number and order.
///
/// Variables: `state` (quantity, `input_size`), and those of [`Hopfield`].
///
/// ```
/// use candle_core::{DType, Device, Module, Tensor};
/// use candle_hopfield::{Config, HopfieldPooling, PoolingConfig, SeededVars};
///
/// # fn main() -> candle_core::Result<()> {
/// let vars = SeededVars::new(7);
/// let config = Config { heads: 2, ..Config::new(16) };
/// let pooling = HopfieldPooling::new(&PoolingConfig::default(), &config, vars.builder(DType::F32, &Device::Cpu))?;
/// let sets = Tensor::ones((4, 100, 16), DType::F32, &Device::Cpu)?; // (batch, patterns, input)
/// assert_eq!(pooling.forward(&sets)?.dims(), [4, 16]); // (batch, quantity * output)
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HopfieldPooling {
    hopfield: Hopfield,
    state: Tensor, // (quantity, input)
}

impl HopfieldPooling {
    /// Takes or makes the layer's variables.
    ///
    /// # Errors
    /// As [`Hopfield::new`].
    pub fn new(pooling: &PoolingConfig, config: &Config, vb: VarBuilder) -> Result<Self> {
        if pooling.quantity == 0 {
            bail!("`quantity` is 0: expected at least 1 state pattern");
        }
        let state =
            vb.get_with_hints((pooling.quantity, config.state_width()), "state", WEIGHTS)?;
        let state = if pooling.trainable { state } else { state.detach() };
        Ok(Self { hopfield: Hopfield::new(config, vb)?, state })
    }

    /// The layer that associates.
    pub fn hopfield(&self) -> &Hopfield {
        &self.hopfield
    }

    /// The state patterns, (quantity, `input_size`).
    pub fn state(&self) -> &Tensor {
        &self.state
    }

    /// Pools stored patterns (batch, patterns, `stored_size`), returning what is made of `projection`
    /// (batch, patterns, `projection_size`), with masks and read-outs; the output is
    /// (batch, quantity * output).
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn retrieve(&self, stored: &Tensor, projection: &Tensor, call: Call) -> Result<Retrieval> {
        let (quantity, width) = self.state.dims2()?;
        let state = self.state.unsqueeze(0)?.broadcast_as((stored.dim(0)?, quantity, width))?;
        let mut retrieval = self.hopfield.retrieve(stored, &state, projection, call)?;
        retrieval.output = retrieval.output.flatten_from(1)?;
        Ok(retrieval)
    }

    /// Pools bags of unequal size that lie one after another, without padding, in memory that does not grow
    /// with the associations: patterns (n, `stored_size`) and (n, `projection_size`), log-weights (n) if any,
    /// to (bags, quantity * output). An empty bag is pooled to zero, before the output projection.
    ///
    /// # Errors
    /// Shapes that do not fit, or a layer that does more than one softmax over the given patterns: another
    /// association, further updates, or patterns of its own.
    pub fn pool_bags(
        &self,
        bags: &Bags,
        (stored, projection): (&Tensor, &Tensor),
        log_weights: Option<&Tensor>,
    ) -> Result<Tensor> {
        let config = self.hopfield.config();
        let plain = config.association == Association::Softmax && config.updates.max == Some(0);
        if !plain || self.hopfield.added() > 0 {
            bail!(
                "bags are pooled by one softmax over their patterns: expected no more of the layer"
            );
        }
        let batch = |patterns: &Tensor| patterns.unsqueeze(0);
        let projected =
            self.hopfield.project(&batch(stored)?, &batch(&self.state)?, &batch(projection)?)?;
        let mut pooled = Vec::with_capacity(config.heads);
        for head in 0..config.heads {
            let of = |patterns: &Tensor| patterns.get(0)?.get(head)?.contiguous();
            let (states, stored, values) =
                (of(&projected.state)?, of(&projected.stored)?, of(&projected.values)?);
            let beta = self.hopfield.beta().narrow(0, head, 1)?;
            let betas = beta.broadcast_as(states.dim(0)?)?.contiguous()?;
            let patterns =
                RaggedPatterns { stored: &stored, projected: Some(&values), log_weights };
            pooled.push(ragged_pool(bags, &patterns, &states, &betas)?); // (bags, quantity, pattern)
        }
        self.hopfield.read_out(&Tensor::cat(&pooled, 2)?)?.flatten_from(1)
    }
}

impl Module for HopfieldPooling {
    fn forward(&self, patterns: &Tensor) -> Result<Tensor> {
        Ok(self.retrieve(patterns, patterns, Call::default())?.output)
    }
}
