//! The layer that associates three sets of patterns.

use candle_core::{Module, Result, Tensor, bail};
use candle_nn::VarBuilder;

use crate::dropout::drop_out;
use crate::patterns::{Linear, Projected, Projections};
use crate::{Call, Config};

/// Associates state patterns R with stored patterns Y and returns what belongs to them:
///
/// ```text
/// A = association(beta * Q K^T),   Q = R W_q,  K = Y W_k            a head at a time
/// Q <- A K                         as often as `updates` says, with a new A each time
/// Z = A V,                         V = P W_v
/// out = activation([Z_1 .. Z_heads] W_o)
/// ```
///
/// Variables under the `VarBuilder`: `state_projection`, `stored_projection`, `pattern_projection` and
/// `output_projection` with `weight` (to, from) and `bias`; `norm_state`, `norm_stored`,
/// `norm_projection` and `norm_hopfield` with `weight` and `bias`; `bias_stored`, `bias_projected`,
/// `beta`. Sums are in the type of the patterns: over 10^5 `f32` patterns they are off by up to 1e-4 of their
/// size, where [`HopfieldPooling::pool_bags`](crate::HopfieldPooling::pool_bags) is not. [`pytorch`](crate::pytorch) reads a state dict of the PyTorch layer into these names.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// use candle_hopfield::{Config, Hopfield, SeededVars};
///
/// # fn main() -> candle_core::Result<()> {
/// // The update of the paper by itself: a noisy pattern finds the stored one.
/// let vars = SeededVars::new(0);
/// let layer = Hopfield::new(&Config::bare(3, 8.0), vars.builder(DType::F32, &Device::Cpu))?;
/// let stored = Tensor::new(&[[[1f32, 0., 0.], [0., 1., 0.], [0., 0., 1.]]], &Device::Cpu)?;
/// let state = Tensor::new(&[[[0.8f32, 0.1, -0.1]]], &Device::Cpu)?;
/// let found = layer.forward(&stored, &state, &stored)?; // (batch, states, output)
/// assert!((found.flatten_all()?.to_vec1::<f32>()?[0] - 1.0).abs() < 0.01);
/// # Ok(())
/// # }
/// ```
///
/// # References
/// Ramsauer et al., *Hopfield Networks is All You Need*, <https://arxiv.org/abs/2008.02217>
#[derive(Clone, Debug)]
pub struct Hopfield {
    config: Config,
    beta: Tensor, // (heads)
    projections: Projections,
    output: Option<Linear>,
}

/// What a layer computed on the way.
#[derive(Clone, Debug)]
pub struct Retrieval {
    /// (batch, states, output); of a pooling layer (batch, quantity * output).
    pub output: Tensor,
    /// (batch, heads, states, patterns), before dropout; the layer's own patterns come last.
    pub association: Tensor,
    /// The projected patterns, (batch, heads, patterns, `pattern_size`).
    pub projected: Tensor,
    /// Further updates that were made, over all heads.
    pub updates: usize,
}

impl Hopfield {
    /// Takes or makes the layer's variables.
    ///
    /// # Errors
    /// Options that contradict each other, see [`Config::check`], or variables of other shapes.
    #[expect(clippy::needless_pass_by_value, reason = "constructors of candle-nn take it so")]
    pub fn new(config: &Config, vb: VarBuilder) -> Result<Self> {
        config.check()?;
        let hidden = (!config.is_static()).then(|| config.hidden_size());
        let wide = config.heads * config.pattern_width();
        let output = config.output_projection.then(|| {
            Linear::new(wide, config.output_width(), config.bias, &vb.pp("output_projection"))
        });
        Ok(Self {
            beta: config.beta.tensor(config.heads, hidden, &vb)?,
            projections: Projections::new(config, &vb)?,
            output: output.transpose()?,
            config: config.clone(),
        })
    }

    /// The options of the layer.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Inverse temperatures of the heads, (heads).
    pub fn beta(&self) -> &Tensor {
        &self.beta
    }

    /// Associates state patterns (batch, states, `input_size`) with stored patterns
    /// (batch, patterns, `stored_size`) and returns their projections, made from
    /// (batch, patterns, `projection_size`): (batch, states, output).
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn forward(&self, stored: &Tensor, state: &Tensor, projection: &Tensor) -> Result<Tensor> {
        Ok(self.retrieve(stored, state, projection, Call::default())?.output)
    }

    /// [`Hopfield::forward`] with masks, weights or dropout, and with everything that can be read out.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn retrieve(
        &self,
        stored: &Tensor,
        state: &Tensor,
        projection: &Tensor,
        call: Call,
    ) -> Result<Retrieval> {
        let heads = self.project(stored, state, projection)?;
        let scoring = call.scoring(&self.config, (&self.beta, self.added()), stored)?;
        let (association, updates) = scoring.converge(&heads)?;
        let weights = drop_out(&association, self.config.dropout, call.dropout)?;
        let (batch, states) = (association.dim(0)?, association.dim(2)?);
        let pooled = weights.contiguous()?.matmul(&heads.values)?; // (batch, heads, states, pattern)
        let pooled = pooled.transpose(1, 2)?.contiguous()?.reshape((batch, states, ()))?;
        Ok(Retrieval {
            output: self.read_out(&pooled)?,
            association,
            projected: heads.values,
            updates,
        })
    }

    /// What the heads compare and return, (batch, heads, patterns, width) each, with the layer's own
    /// patterns last: what [`ragged`](crate::ragged) and [`stream`](crate::stream) work on.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn project(
        &self,
        stored: &Tensor,
        state: &Tensor,
        projection: &Tensor,
    ) -> Result<Projected> {
        self.check_inputs(stored, state, projection)?;
        self.projections.forward(stored, state, projection)
    }

    /// The output of what the heads returned, (.., heads * `pattern_size`) to (.., output).
    ///
    /// # Errors
    /// Another width.
    pub fn read_out(&self, pooled: &Tensor) -> Result<Tensor> {
        let output =
            self.output.as_ref().map_or(Ok(pooled.clone()), |linear| linear.forward(pooled))?;
        let activation = self.config.activation;
        activation.map_or(Ok(output.clone()), |activation| activation.forward(&output))
    }

    /// Patterns that the layer adds to those it is given.
    pub(crate) fn added(&self) -> usize {
        self.projections.added()
    }

    fn check_inputs(&self, stored: &Tensor, state: &Tensor, projection: &Tensor) -> Result<()> {
        let config = &self.config;
        let (batch, patterns, _) = stored.dims3()?;
        let states = state.dims3()?.1;
        if batch * patterns * states == 0 {
            bail!(
                "{batch} items of {patterns} stored and {states} state patterns: expected at least 1"
            );
        }
        let expected = [
            ("stored", stored, [batch, patterns, config.stored_width()]),
            ("state", state, [batch, states, config.state_width()]),
            ("projection", projection, [batch, patterns, config.projection_width()]),
        ];
        for (name, tensor, expected) in expected {
            if tensor.dims() != expected {
                bail!(
                    "`{name}` patterns have shape {:?}: expected {expected:?}, (batch, patterns, width)",
                    tensor.dims()
                );
            }
        }
        Ok(())
    }
}

/// Self-association: every pattern is stored, asks and is returned, as in a transformer.
impl Module for Hopfield {
    fn forward(&self, patterns: &Tensor) -> Result<Tensor> {
        self.forward(patterns, patterns, patterns)
    }
}
