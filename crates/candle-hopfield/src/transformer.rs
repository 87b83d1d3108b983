//! Hopfield association in place of attention in a transformer.

use candle_core::{Module, Result, Tensor, bail};
use candle_nn::VarBuilder;

use crate::dropout::{drop_out, part};
use crate::norm::LayerNorm;
use crate::patterns::Linear;
use crate::{Activation, Call, Config, Hopfield};

/// Options of the encoder and decoder layers beside their associations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransformerConfig {
    /// Width of the hidden layer between the two linear maps.
    pub feedforward: usize,
    /// Between the two.
    pub activation: Activation,
    /// Share of features set to 0 after each part, where a call brings a seed.
    pub dropout: f64,
}

impl Default for TransformerConfig {
    fn default() -> Self {
        Self { feedforward: 2048, activation: Activation::Relu, dropout: 0.1 }
    }
}

impl TransformerConfig {
    /// Refuses a share that is none, and associations whose output cannot be added to their input.
    fn check(&self, associations: &[&Config]) -> Result<()> {
        if !(0.0..1.0).contains(&self.dropout) {
            bail!("`dropout` is {}: expected at least 0 and below 1", self.dropout);
        }
        for config in associations {
            let (output, input) = (config.output_width(), associations[0].input_size);
            if output != input || config.input_size != input {
                bail!(
                    "an association of width {} gives {output}: expected {input} for both",
                    config.input_size
                );
            }
        }
        Ok(())
    }
}

/// `norm(x + dropout(change))`
#[derive(Clone, Debug)]
struct Residual {
    norm: LayerNorm,
    dropout: f64,
}

impl Residual {
    fn new(width: usize, dropout: f64, vb: &VarBuilder) -> Result<Self> {
        Ok(Self { norm: LayerNorm::affine(width, 1e-5, vb)?, dropout })
    }

    fn forward(&self, x: &Tensor, change: &Tensor, seed: Option<u64>) -> Result<Tensor> {
        self.norm.forward(&(x + drop_out(change, self.dropout, seed)?)?)
    }
}

/// `norm(x + W_2 activation(W_1 x))`
#[derive(Clone, Debug)]
struct FeedForward {
    widen: Linear,
    narrow: Linear,
    activation: Activation,
    residual: Residual,
}

impl FeedForward {
    fn new(width: usize, config: &TransformerConfig, vb: &VarBuilder) -> Result<Self> {
        Ok(Self {
            widen: Linear::new(width, config.feedforward, true, &vb.pp("linear_residual"))?,
            narrow: Linear::new(config.feedforward, width, true, &vb.pp("linear_output"))?,
            activation: config.activation,
            residual: Residual::new(width, config.dropout, &vb.pp("norm_output"))?,
        })
    }

    fn forward(&self, x: &Tensor, seed: Option<u64>) -> Result<Tensor> {
        let inner = self.activation.forward(&self.widen.forward(x)?)?;
        let inner = drop_out(&inner, self.residual.dropout, part(seed, 1))?;
        self.residual.forward(x, &self.narrow.forward(&inner)?, part(seed, 2))
    }
}

/// A transformer's encoder layer with Hopfield association:
///
/// ```text
/// x <- norm(x + hopfield(x, x, x))
/// x <- norm(x + W_2 activation(W_1 x))
/// ```
///
/// Variables: those of [`Hopfield`] under `hopfield_association`; `norm_residual`, `linear_residual`,
/// `linear_output`, `norm_output` with `weight` and `bias`.
///
/// The association's output must be as wide as its input.
///
/// ```
/// use candle_core::{DType, Device, Module, Tensor};
/// use candle_hopfield::{Config, HopfieldEncoderLayer, SeededVars, TransformerConfig};
///
/// # fn main() -> candle_core::Result<()> {
/// let vars = SeededVars::new(3);
/// let vb = vars.builder(DType::F32, &Device::Cpu);
/// let layer = HopfieldEncoderLayer::new(&Config::new(16), &TransformerConfig::default(), vb)?;
/// let x = Tensor::ones((2, 5, 16), DType::F32, &Device::Cpu)?; // (batch, patterns, input)
/// assert_eq!(layer.forward(&x)?.dims(), [2, 5, 16]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HopfieldEncoderLayer {
    association: Hopfield,
    residual: Residual,
    feedforward: FeedForward,
}

impl HopfieldEncoderLayer {
    /// Takes or makes the layer's variables.
    ///
    /// # Errors
    /// As [`Hopfield::new`].
    #[expect(clippy::needless_pass_by_value, reason = "constructors of candle-nn take it so")]
    pub fn new(association: &Config, config: &TransformerConfig, vb: VarBuilder) -> Result<Self> {
        config.check(&[association])?;
        let width = association.input_size;
        Ok(Self {
            association: Hopfield::new(association, vb.pp("hopfield_association"))?,
            residual: Residual::new(width, config.dropout, &vb.pp("norm_residual"))?,
            feedforward: FeedForward::new(width, config, &vb)?,
        })
    }

    /// The layer that associates.
    pub fn hopfield(&self) -> &Hopfield {
        &self.association
    }

    /// Encodes (batch, patterns, `input_size`); the same shape. The call's seed drops associations and
    /// features alike.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn encode(&self, x: &Tensor, call: Call) -> Result<Tensor> {
        let associated = self.association.retrieve(x, x, x, call)?.output;
        self.complete(x, &associated, call.dropout)
    }

    /// What the layer makes of its input and of the output of an association, (batch, patterns,
    /// `input_size`) each: [`HopfieldEncoderLayer::encode`] after its first step. For what reads
    /// [`HopfieldEncoderLayer::hopfield`] on the way, or puts something else in its place.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn complete(
        &self,
        x: &Tensor,
        associated: &Tensor,
        dropout: Option<u64>,
    ) -> Result<Tensor> {
        let x = self.residual.forward(x, associated, part(dropout, 3))?;
        self.feedforward.forward(&x, dropout)
    }
}

impl Module for HopfieldEncoderLayer {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.encode(x, Call::default())
    }
}

/// A transformer's decoder layer with Hopfield associations:
///
/// ```text
/// x <- norm(x + hopfield_self(x, x, x))
/// x <- norm(x + hopfield_cross(memory, x, memory))
/// x <- norm(x + W_2 activation(W_1 x))
/// ```
///
/// Variables: those of [`Hopfield`] under `hopfield_association_self` and `hopfield_association_cross`;
/// `norm_residual_self`, `norm_residual_cross`, `linear_residual`, `linear_output`, `norm_output`.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// use candle_hopfield::{Call, Config, HopfieldDecoderLayer, SeededVars, TransformerConfig};
///
/// # fn main() -> candle_core::Result<()> {
/// let vars = SeededVars::new(3);
/// let vb = vars.builder(DType::F32, &Device::Cpu);
/// let (config, transformer) = (Config::new(16), TransformerConfig::default());
/// let layer = HopfieldDecoderLayer::new(&config, &config, &transformer, vb)?;
/// let x = Tensor::ones((2, 5, 16), DType::F32, &Device::Cpu)?; // (batch, patterns, input)
/// let memory = Tensor::ones((2, 9, 16), DType::F32, &Device::Cpu)?; // (batch, memories, stored)
/// let decoded = layer.decode(&x, &memory, Call::default(), Call::default())?;
/// assert_eq!(decoded.dims(), [2, 5, 16]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HopfieldDecoderLayer {
    itself: Hopfield,
    cross: Hopfield,
    residual_itself: Residual,
    residual_cross: Residual,
    feedforward: FeedForward,
}

impl HopfieldDecoderLayer {
    /// Takes or makes the layer's variables; the associations' outputs must be as wide as the input.
    ///
    /// # Errors
    /// As [`Hopfield::new`].
    #[expect(clippy::needless_pass_by_value, reason = "constructors of candle-nn take it so")]
    pub fn new(
        itself: &Config,
        cross: &Config,
        config: &TransformerConfig,
        vb: VarBuilder,
    ) -> Result<Self> {
        config.check(&[itself, cross])?;
        let width = itself.input_size;
        Ok(Self {
            itself: Hopfield::new(itself, vb.pp("hopfield_association_self"))?,
            cross: Hopfield::new(cross, vb.pp("hopfield_association_cross"))?,
            residual_itself: Residual::new(width, config.dropout, &vb.pp("norm_residual_self"))?,
            residual_cross: Residual::new(width, config.dropout, &vb.pp("norm_residual_cross"))?,
            feedforward: FeedForward::new(width, config, &vb)?,
        })
    }

    /// Decodes (batch, patterns, `input_size`) with the help of a memory (batch, memories, `stored_size`
    /// of the cross association); the shape of the first. Each association has its own masks; dropout
    /// comes from the seed of `itself`.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn decode(&self, x: &Tensor, memory: &Tensor, itself: Call, cross: Call) -> Result<Tensor> {
        let seed = itself.dropout;
        let associated = self.itself.retrieve(x, x, x, itself)?.output;
        let x = self.residual_itself.forward(x, &associated, part(seed, 3))?;
        let cross = Call { dropout: part(seed, 4), ..cross };
        let associated = self.cross.retrieve(memory, &x, memory, cross)?.output;
        let x = self.residual_cross.forward(&x, &associated, part(seed, 5))?;
        self.feedforward.forward(&x, seed)
    }
}
