//! Optional inputs of a call besides the patterns.

use candle_core::{DType, Result, Tensor, bail};

use crate::scoring::Scoring;
use crate::{Config, beta};

/// Optional inputs of a call besides the patterns; none by default.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// use candle_hopfield::{Call, Config, HopfieldPooling, PoolingConfig, SeededVars};
///
/// # fn main() -> candle_core::Result<()> {
/// let vars = SeededVars::new(3);
/// let vb = vars.builder(DType::F32, &Device::Cpu);
/// let pooling = HopfieldPooling::new(&PoolingConfig::default(), &Config::new(4), vb)?;
/// let sets = Tensor::ones((1, 2, 4), DType::F32, &Device::Cpu)?; // (batch, patterns, input)
/// // The second pattern counts three times.
/// let weights = Tensor::new(&[[0f32, 3f32.ln()]], &Device::Cpu)?; // (batch, patterns)
/// let call = Call { log_weights: Some(&weights), ..Call::default() };
/// let retrieval = pooling.retrieve(&sets, &sets, call)?;
/// let association = retrieval.association.flatten_all()?.to_vec1::<f32>()?; // (1, 1, 1, 2)
/// assert!((association[1] - 0.75).abs() < 1e-5, "equal patterns: {association:?}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Call<'a> {
    /// (batch, patterns): not 0 where a stored pattern is padding, of any type.
    pub padding_mask: Option<&'a Tensor>,
    /// Broadcastable to (batch, heads, states, patterns), as (states, patterns) is: `u8`, not 0 where a
    /// state pattern must not see a stored one; of another type, added to the scores.
    pub association_mask: Option<&'a Tensor>,
    /// (batch, patterns): added to the scores. With softmax a pattern with log-weight ln(n) counts like n
    /// equal patterns.
    pub log_weights: Option<&'a Tensor>,
    /// Takes the place of the layer's beta, for all heads; see [`BetaSchedule`](crate::BetaSchedule).
    pub beta: Option<f64>,
    /// Seed of dropout, another one each step. Without it nothing is dropped.
    pub dropout: Option<u64>,
}

impl Call<'_> {
    /// How the scores of stored patterns (batch, patterns, width) are made; the layer adds `added` patterns,
    /// which are never masked or weighted.
    pub(crate) fn scoring<'c>(
        &self,
        config: &'c Config,
        (beta, added): (&Tensor, usize),
        stored: &Tensor,
    ) -> Result<Scoring<'c>> {
        let mut scoring = Scoring {
            association: config.association,
            updates: &config.updates,
            beta: self
                .beta(config, beta)?
                .reshape((1, config.heads, 1, 1))?
                .to_dtype(stored.dtype())?,
            bias: Vec::new(),
            ignored: Vec::new(),
        };
        if let Some(weights) = self.log_weights {
            let weights = per_pattern(weights, stored, "log_weights")?;
            scoring.bias.push(extended(&weights, added)?.to_dtype(stored.dtype())?);
        }
        if let Some(mask) = self.padding_mask {
            let ignored = per_pattern(mask, stored, "padding_mask")?.ne(0.0)?;
            scoring.ignored.push(extended(&ignored, added)?);
        }
        if let Some(mask) = self.association_mask {
            let mask = extended(&every_pattern(mask, stored.dim(1)?)?, added)?;
            if mask.dtype() == DType::U8 {
                scoring.ignored.push(mask);
            } else {
                scoring.bias.push(mask.to_dtype(stored.dtype())?);
            }
        }
        Ok(scoring)
    }

    /// The betas of this call, (heads).
    fn beta(&self, config: &Config, own: &Tensor) -> Result<Tensor> {
        let Some(beta) = self.beta else { return Ok(own.clone()) };
        beta::check(beta)?;
        beta::as_tensor(&vec![beta; config.heads], own.dtype(), own.device())
    }
}

/// (batch, patterns) to (batch, 1, 1, patterns).
fn per_pattern(values: &Tensor, stored: &Tensor, name: &str) -> Result<Tensor> {
    let expected = &stored.dims()[..2];
    if values.dims() != expected {
        bail!("`{name}` has shape {:?}: expected {expected:?}, (batch, patterns)", values.dims());
    }
    values.unsqueeze(1)?.unsqueeze(1)
}

/// A mask whose last axis is the patterns, where it was 1.
fn every_pattern(mask: &Tensor, patterns: usize) -> Result<Tensor> {
    let Some((last, rest)) = mask.dims().split_last() else {
        bail!("`association_mask` is a single number: expected (.., states, patterns)");
    };
    if *last == 1 { mask.broadcast_as([rest, &[patterns]].concat()) } else { Ok(mask.clone()) }
}

/// Zeros at the end of the last axis, for the patterns that the layer adds.
fn extended(values: &Tensor, added: usize) -> Result<Tensor> {
    values.pad_with_zeros(values.rank() - 1, 0, added)
}
