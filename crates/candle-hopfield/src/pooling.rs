//! Hopfield pooling: learned state patterns ask a set what it holds.

use candle_core::{Module, Result, Tensor};
use candle_nn::VarBuilder;

use crate::patterns::WEIGHTS;
use crate::{Call, Config, Hopfield, Retrieval};

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
}

impl Module for HopfieldPooling {
    fn forward(&self, patterns: &Tensor) -> Result<Tensor> {
        Ok(self.retrieve(patterns, patterns, Call::default())?.output)
    }
}
