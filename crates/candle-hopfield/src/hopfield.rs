//! The layer that associates three sets of patterns.

use candle_core::{DType, Module, Result, Tensor, bail};
use candle_nn::VarBuilder;

use crate::dropout::drop_out;
use crate::patterns::{Linear, Projections};
use crate::scoring::Scoring;
use crate::{Config, beta};

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
/// `beta`. [`pytorch`](crate::pytorch) reads a state dict of the PyTorch layer into these names.
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

/// What a call may bring besides the patterns; nothing by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Call<'a> {
    /// (batch, patterns): not 0 where a stored pattern is padding.
    pub padding_mask: Option<&'a Tensor>,
    /// Broadcastable to (batch, heads, states, patterns), as (states, patterns) is: `u8`, not 0 where a
    /// state pattern must not see a stored one; of another type, added to the scores.
    pub association_mask: Option<&'a Tensor>,
    /// (batch, patterns): added to the scores, so that a pattern with log-weight ln(n) counts like n
    /// equal patterns.
    pub log_weights: Option<&'a Tensor>,
    /// Takes the place of the layer's beta, for all heads; see [`BetaSchedule`](crate::BetaSchedule).
    pub beta: Option<f64>,
    /// Seed of dropout, another one each step. Without it nothing is dropped.
    pub dropout: Option<u64>,
}

/// What a layer computed on the way.
#[derive(Clone, Debug)]
pub struct Retrieval {
    /// (batch, states, output)
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
        self.check_inputs(stored, state, projection)?;
        let heads = self.projections.forward(stored, state, projection)?;
        let scoring = self.scoring(stored, &call)?;
        let (association, updates) = scoring.converge(&heads)?;
        let weights = drop_out(&association, self.config.dropout, call.dropout)?;
        let (batch, states) = (association.dim(0)?, association.dim(2)?);
        let pooled = weights.contiguous()?.matmul(&heads.values)?; // (batch, heads, states, pattern)
        let pooled = pooled.transpose(1, 2)?.contiguous()?.reshape((batch, states, ()))?;
        let output =
            self.output.as_ref().map_or(Ok(pooled.clone()), |linear| linear.forward(&pooled))?;
        let output = self
            .config
            .activation
            .map_or(Ok(output.clone()), |activation| activation.forward(&output))?;
        Ok(Retrieval { output, association, projected: heads.values, updates })
    }

    fn scoring(&self, stored: &Tensor, call: &Call) -> Result<Scoring> {
        let beta = match call.beta {
            None => self.beta.clone(),
            Some(beta) => {
                beta::as_tensor(&vec![beta; self.config.heads], stored.dtype(), stored.device())?
            }
        };
        let mut scoring = Scoring {
            association: self.config.association,
            updates: self.config.updates.clone(),
            beta: beta.reshape((1, self.config.heads, 1, 1))?,
            bias: Vec::new(),
            ignored: Vec::new(),
        };
        if let Some(weights) = call.log_weights {
            let weights = self.per_pattern(weights, stored, "log_weights")?;
            scoring.bias.push(weights.to_dtype(stored.dtype())?);
        }
        if let Some(mask) = call.padding_mask {
            scoring.ignored.push(self.per_pattern(mask, stored, "padding_mask")?);
        }
        if let Some(mask) = call.association_mask {
            let mask = self.extended(mask)?;
            if mask.dtype() == DType::U8 {
                scoring.ignored.push(mask);
            } else {
                scoring.bias.push(mask.to_dtype(stored.dtype())?);
            }
        }
        Ok(scoring)
    }

    /// (batch, patterns) to (batch, 1, 1, patterns and the layer's own).
    fn per_pattern(&self, values: &Tensor, stored: &Tensor, name: &str) -> Result<Tensor> {
        let expected = &stored.dims()[..2];
        if values.dims() != expected {
            bail!(
                "`{name}` has shape {:?}: expected {expected:?}, (batch, patterns)",
                values.dims()
            );
        }
        self.extended(values)?.unsqueeze(1)?.unsqueeze(1)
    }

    /// Zeros at the end of the last axis, for the patterns that the layer adds: never masked or weighted.
    fn extended(&self, values: &Tensor) -> Result<Tensor> {
        values.pad_with_zeros(values.rank() - 1, 0, self.projections.added())
    }

    fn check_inputs(&self, stored: &Tensor, state: &Tensor, projection: &Tensor) -> Result<()> {
        let config = &self.config;
        let (batch, patterns, _) = stored.dims3()?;
        let states = state.dims3()?.1;
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
