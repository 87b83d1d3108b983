//! Projects the given patterns to what each head compares and returns.

use candle_core::{Result, Tensor, bail};
use candle_nn::{Init, VarBuilder};

use crate::norm::{LayerNorm, normalise};
use crate::{Config, Projection, ValueProjection};

/// Standard deviation of the random start of a matrix, as in the PyTorch layer.
pub(crate) const WEIGHTS: Init = Init::Randn { mean: 0.0, stdev: 0.02 };

/// `x W^T + b` over the last axis.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    pub(crate) fn new(from: usize, to: usize, bias: bool, vb: &VarBuilder) -> Result<Self> {
        let weight = vb.get_with_hints((to, from), "weight", WEIGHTS)?;
        let bias = bias.then(|| vb.get_with_hints(to, "bias", Init::Const(0.0))).transpose()?;
        Ok(Self { weight, bias })
    }

    /// In two dimensions: a product of a strided tensor with a broadcast one is wrong in candle 0.11. In the
    /// type of `x`, whatever that of the variables.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (rows, from) = (x.dims()[..x.rank() - 1].to_vec(), x.dim(x.rank() - 1)?);
        let flat = x.contiguous()?.reshape((rows.iter().product::<usize>(), from))?;
        let product = flat.matmul(&self.weight.to_dtype(x.dtype())?.t()?)?; // (rows, to)
        let product = match &self.bias {
            None => product,
            Some(bias) => product.broadcast_add(&bias.to_dtype(x.dtype())?)?,
        };
        product.reshape([&rows[..], &[self.weight.dim(0)?]].concat())
    }
}

/// What the heads of a layer work on.
#[derive(Clone, Debug)]
pub struct Projected {
    /// State patterns, Q, (batch, heads, states, hidden).
    pub state: Tensor,
    /// Stored patterns, K, (batch, heads, patterns, hidden).
    pub stored: Tensor,
    /// What is returned, V, (batch, heads, patterns, `pattern_size`).
    pub values: Tensor,
}

/// The projections of a layer, with their normalisations and what is added to the stored patterns.
#[derive(Clone, Debug)]
pub(crate) struct Projections {
    heads: usize,
    state: Option<Linear>,
    stored: Option<Linear>,
    pattern: Option<Linear>,
    values: ValueProjection,
    norm_state: Option<LayerNorm>,
    norm_stored: Option<LayerNorm>,
    norm_projection: Option<LayerNorm>,
    norm_hopfield: Option<LayerNorm>,
    bias_pattern: Option<(Tensor, Tensor)>,
    zero_association: bool,
}

impl Projections {
    pub(crate) fn new(config: &Config, vb: &VarBuilder) -> Result<Self> {
        let (heads, hidden, pattern) =
            (config.heads, config.hidden_width(), config.pattern_width());
        let learned = |kind, width: usize, name: &str| match kind {
            Projection::Static => Ok(None),
            Projection::Learned => {
                Linear::new(width, heads * hidden, config.bias, &vb.pp(name)).map(Some)
            }
        };
        let from = match config.values {
            ValueProjection::Static | ValueProjection::Stored => None,
            ValueProjection::Learned => Some(config.projection_width()),
            ValueProjection::Connected => Some(heads * hidden),
        };
        let to_values = from.map(|from| {
            Linear::new(from, heads * pattern, config.bias, &vb.pp("pattern_projection"))
        });
        let row = |width: usize, name: &str| vb.get_with_hints(heads * width, name, WEIGHTS);
        let bias_pattern: Option<Result<_>> = config
            .bias_pattern
            .then(|| Ok((row(hidden, "bias_stored")?, row(pattern, "bias_projected")?)));
        let norm =
            |norm, width, name: &str| LayerNorm::new(norm, width, config.norm_eps, &vb.pp(name));
        Ok(Self {
            heads,
            state: learned(config.state, config.input_size, "state_projection")?,
            stored: learned(config.stored, config.stored_width(), "stored_projection")?,
            pattern: to_values.transpose()?,
            values: config.values,
            norm_state: norm(config.norm_state, config.state_width(), "norm_state")?,
            norm_stored: norm(config.norm_stored, config.stored_width(), "norm_stored")?,
            norm_projection: norm(
                config.norm_projection,
                config.projection_width(),
                "norm_projection",
            )?,
            norm_hopfield: norm(config.norm_hopfield, hidden, "norm_hopfield")?,
            bias_pattern: bias_pattern.transpose()?,
            zero_association: config.zero_association,
        })
    }

    /// Number of stored patterns that the layer adds to those it is given.
    pub(crate) fn added(&self) -> usize {
        usize::from(self.bias_pattern.is_some()) + usize::from(self.zero_association)
    }

    /// Projects stored patterns (batch, patterns, width), state patterns (batch, states, width) and P
    /// (batch, patterns, width).
    pub(crate) fn forward(
        &self,
        stored: &Tensor,
        state: &Tensor,
        projection: &Tensor,
    ) -> Result<Projected> {
        let stored = normalise(self.norm_stored.as_ref(), stored)?;
        let state = normalise(self.norm_state.as_ref(), state)?;
        let projection = normalise(self.norm_projection.as_ref(), projection)?;
        let compared = self.compared(self.stored.as_ref(), &stored)?;
        let asking = self.compared(self.state.as_ref(), &state)?;
        if compared.dim(3)? != asking.dim(3)? {
            bail!(
                "stored patterns are {} wide in the association space and state patterns {}",
                compared.dim(3)?,
                asking.dim(3)?
            );
        }
        let (compared, values) = self.added_patterns(compared, self.returned(&projection)?)?;
        Ok(Projected { state: asking, stored: compared, values })
    }

    /// Patterns in the association space of every head, (batch, heads, patterns, hidden).
    fn compared(&self, linear: Option<&Linear>, patterns: &Tensor) -> Result<Tensor> {
        let patterns = self.split(&project(linear, patterns)?, linear.is_none())?;
        normalise(self.norm_hopfield.as_ref(), &patterns)
    }

    /// What every head returns, (batch, heads, patterns, width).
    fn returned(&self, projection: &Tensor) -> Result<Tensor> {
        let values = match self.values {
            ValueProjection::Static | ValueProjection::Learned => projection.clone(),
            ValueProjection::Stored | ValueProjection::Connected => {
                project(self.stored.as_ref(), projection)?
            }
        };
        self.split(
            &project(self.pattern.as_ref(), &values)?,
            self.values == ValueProjection::Static,
        )
    }

    /// (batch, patterns, heads * width) to (batch, heads, patterns, width); static patterns
    /// (batch, patterns, width) are the same for all heads.
    fn split(&self, patterns: &Tensor, is_static: bool) -> Result<Tensor> {
        let (batch, count, width) = patterns.dims3()?;
        if is_static {
            return patterns
                .unsqueeze(1)?
                .broadcast_as((batch, self.heads, count, width))?
                .contiguous();
        }
        patterns
            .reshape((batch, count, self.heads, width / self.heads))?
            .transpose(1, 2)?
            .contiguous()
    }

    fn added_patterns(&self, mut stored: Tensor, mut values: Tensor) -> Result<(Tensor, Tensor)> {
        if let Some((stored_row, value_row)) = &self.bias_pattern {
            stored = append(&stored, stored_row)?;
            values = append(&values, value_row)?;
        }
        if self.zero_association {
            let zeros = |like: &Tensor| {
                Tensor::zeros(self.heads * like.dim(3)?, like.dtype(), like.device())
            };
            stored = append(&stored, &zeros(&stored)?)?;
            values = append(&values, &zeros(&values)?)?;
        }
        Ok((stored, values))
    }
}

fn project(linear: Option<&Linear>, patterns: &Tensor) -> Result<Tensor> {
    linear.map_or_else(|| Ok(patterns.clone()), |linear| linear.forward(patterns))
}

/// Appends a row (heads * width) to the patterns (batch, heads, patterns, width) of every item.
fn append(patterns: &Tensor, row: &Tensor) -> Result<Tensor> {
    let (batch, heads, _, width) = patterns.dims4()?;
    let row = row.reshape((1, heads, 1, width))?.broadcast_as((batch, heads, 1, width))?;
    Tensor::cat(&[patterns, &row.contiguous()?], 2)
}
