//! Columns of a row as vectors.

use candle_core::{D, Result, Tensor};
use candle_nn::{Init, VarBuilder};

use super::columns::{gelu, owner, spread};
use super::start::uniform;
use super::{Attribute, Form, HopularConfig, Schema};
use crate::dropout::drop_out;

/// Added to the variance by all normalisations of the network.
pub(crate) const EPS: f64 = 1e-12;

/// ```text
/// release  u_j = W_j x_j + b_j + type + position_j,   y_j = P_j LN_j(GELU(u_j)) + c_j
/// paper    y_j = W_j x_j + type + position_j
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Embedding {
    /// One a column, (e, `s_j` + 1).
    weights: Vec<Tensor>,
    /// (d, e)
    bias: Option<Tensor>,
    /// (2, e): of continuous and of categorical columns.
    kinds: Tensor,
    /// Which of the two each column is, (d).
    kind: Tensor,
    /// (d, e)
    position: Tensor,
    /// (sum of `s_j` + 1, d)
    owner: Tensor,
    projection: Option<Projection>,
    dropout: f64,
}

/// Normalisation and linear map of every column, stacked.
#[derive(Clone, Debug)]
struct Projection {
    /// (d, e) both.
    norm: (Tensor, Tensor),
    /// (d, e, e), of column j (to, from).
    weight: Tensor,
    /// (d, e)
    bias: Tensor,
}

impl Embedding {
    pub(crate) fn new(schema: &Schema, config: &HopularConfig, vb: &VarBuilder) -> Result<Self> {
        let (columns, width) = (schema.attributes().len(), config.embedding);
        let widths: Vec<usize> = schema.attributes().iter().map(|a| a.width() + 1).collect();
        let weight = |(column, inputs): (usize, &usize)| {
            let name = format!("weight.{column}");
            vb.get_with_hints((width, *inputs), &name, uniform(*inputs))
        };
        let weights: Vec<Tensor> = widths.iter().enumerate().map(weight).collect::<Result<_>>()?;
        let kind = |a: &Attribute| u32::from(*a != Attribute::Continuous);
        let kind: Vec<u32> = schema.attributes().iter().map(kind).collect();
        let released = config.form == Form::Release;
        let stacked = |name: &str, init: Init| vb.get_with_hints((columns, width), name, init);
        Ok(Self {
            bias: released.then(|| stacked("bias", uniform(2))).transpose()?,
            kinds: vb.get_with_hints((2, width), "type", uniform(width))?,
            kind: Tensor::new(kind, vb.device())?,
            position: stacked("position", uniform(width))?,
            owner: owner(&widths, &weights[0])?,
            projection: released
                .then(|| Projection::new(columns, width, &vb.pp("projection")))
                .transpose()?,
            weights,
            dropout: config.dropout_input,
        })
    }

    /// Rows (rows, sum of `s_j` + 1) to (rows, d, e).
    pub(crate) fn forward(&self, rows: &Tensor, seed: Option<u64>) -> Result<Tensor> {
        let turned: Vec<Tensor> = self.weights.iter().map(Tensor::t).collect::<Result<_>>()?;
        let dtype = rows.dtype();
        let weight = Tensor::cat(&turned, 0)?.to_dtype(dtype)?; // (sum of s_j + 1, e)
        let embedded =
            rows.contiguous()?.matmul(&spread(&weight, &self.owner.to_dtype(dtype)?)?)?;
        let embedded =
            embedded.reshape((rows.dim(0)?, self.position.dim(0)?, self.position.dim(1)?))?;
        let mut place = (&self.position + self.kinds.index_select(&self.kind, 0)?)?; // (d, e)
        if let Some(bias) = &self.bias {
            place = (place + bias)?;
        }
        let embedded = embedded.broadcast_add(&place.to_dtype(dtype)?)?;
        match &self.projection {
            None => drop_out(&embedded, self.dropout, seed),
            Some(projection) => {
                projection.forward(&drop_out(&gelu(&embedded)?, self.dropout, seed)?)
            }
        }
    }
}

impl Projection {
    fn new(columns: usize, width: usize, vb: &VarBuilder) -> Result<Self> {
        let stacked = |name: &str, init: Init| vb.get_with_hints((columns, width), name, init);
        Ok(Self {
            norm: (
                stacked("norm.weight", Init::Const(1.0))?,
                stacked("norm.bias", Init::Const(0.0))?,
            ),
            weight: vb.get_with_hints((columns, width, width), "weight", uniform(width))?,
            bias: stacked("bias", uniform(width))?,
        })
    }

    /// (rows, d, e); the same shape.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + EPS)?.sqrt()?;
        let normal = centred.broadcast_div(&deviation)?;
        let of = |tensor: &Tensor| tensor.to_dtype(x.dtype());
        let normal = normal.broadcast_mul(&of(&self.norm.0)?)?.broadcast_add(&of(&self.norm.1)?)?;
        let of_column = normal.transpose(0, 1)?.contiguous()?; // (d, rows, e)
        let mapped = of_column.matmul(&of(&self.weight)?.transpose(1, 2)?.contiguous()?)?;
        mapped.transpose(0, 1)?.contiguous()?.broadcast_add(&of(&self.bias)?)
    }
}
