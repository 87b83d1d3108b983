//! Hopfield look-up: learned stored patterns answer the input.

use candle_core::{Module, Result, Tensor, bail};
use candle_nn::VarBuilder;

use crate::patterns::WEIGHTS;
use crate::{Call, Config, Hopfield, Projection, Retrieval};

/// What a [`HopfieldLayer`] stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupConfig {
    /// Number of stored patterns.
    pub quantity: usize,
    /// Whether what is returned is learned apart from what is compared.
    pub separate_targets: bool,
    /// Whether the stored patterns are learned; otherwise they stay as they start.
    pub trainable: bool,
    /// The same for separate targets.
    pub trainable_targets: bool,
}

impl LookupConfig {
    /// This many learned stored patterns, with targets of their own.
    pub fn new(quantity: usize) -> Self {
        Self { quantity, separate_targets: true, trainable: true, trainable_targets: true }
    }
}

/// Looks the input up among learned patterns: a learned memory, prototypes, or a whole training set.
///
/// Variables: `stored` (quantity, `stored_size`), `projected` (quantity, `projection_size`) if targets
/// are separate, and those of [`Hopfield`].
///
/// ```
/// use candle_core::{DType, Device, Module, Tensor};
/// use candle_hopfield::{Config, HopfieldLayer, LookupConfig, SeededVars};
///
/// # fn main() -> candle_core::Result<()> {
/// let vars = SeededVars::new(3);
/// let vb = vars.builder(DType::F32, &Device::Cpu);
/// let memory = HopfieldLayer::new(&LookupConfig::new(50), &Config::new(16), vb)?;
/// let states = Tensor::ones((4, 7, 16), DType::F32, &Device::Cpu)?; // (batch, states, input)
/// assert_eq!(memory.forward(&states)?.dims(), [4, 7, 16]); // (batch, states, output)
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HopfieldLayer {
    hopfield: Hopfield,
    stored: Tensor,    // (quantity, stored)
    projected: Tensor, // (quantity, projection)
}

impl HopfieldLayer {
    /// Takes or makes the layer's variables.
    ///
    /// # Errors
    /// As [`Hopfield::new`].
    pub fn new(lookup: &LookupConfig, config: &Config, vb: VarBuilder) -> Result<Self> {
        if lookup.quantity == 0 {
            bail!("`quantity` is 0: expected at least 1 stored pattern");
        }
        let patterns = |width: usize, name: &str, trainable: bool| {
            let patterns = vb.get_with_hints((lookup.quantity, width), name, WEIGHTS)?;
            Ok::<_, candle_core::Error>(if trainable { patterns } else { patterns.detach() })
        };
        let width = match config.stored {
            Projection::Learned => config.stored_width(),
            Projection::Static => config.hidden_width(),
        };
        let stored = patterns(width, "stored", lookup.trainable)?;
        let projected = if lookup.separate_targets {
            patterns(config.projection_width(), "projected", lookup.trainable_targets)?
        } else {
            stored.clone()
        };
        Ok(Self { hopfield: Hopfield::new(config, vb)?, stored, projected })
    }

    /// The layer that associates.
    pub fn hopfield(&self) -> &Hopfield {
        &self.hopfield
    }

    /// Looks state patterns (batch, states, `input_size`) up, with masks over the stored patterns and
    /// read-outs.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn retrieve(&self, state: &Tensor, call: Call) -> Result<Retrieval> {
        let batch = state.dim(0)?;
        let every = |patterns: &Tensor| {
            let (quantity, width) = patterns.dims2()?;
            patterns.unsqueeze(0)?.broadcast_as((batch, quantity, width))
        };
        self.hopfield.retrieve(&every(&self.stored)?, state, &every(&self.projected)?, call)
    }
}

impl Module for HopfieldLayer {
    fn forward(&self, state: &Tensor) -> Result<Tensor> {
        Ok(self.retrieve(state, Call::default())?.output)
    }
}
