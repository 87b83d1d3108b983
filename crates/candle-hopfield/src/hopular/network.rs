//! The network from encoded rows to predictions of every column.

use candle_core::{DType, Result, Tensor, bail};
use candle_nn::VarBuilder;

use super::block::{Asked, Block, Step};
use super::columns::{gelu, owner, spread};
use super::embedding::{EPS, Embedding};
use super::start::uniform;
use super::{Arithmetic, Form, HopularConfig, Schema};
use crate::dropout::{drop_out, part};
use crate::norm::LayerNorm;

/// Optional inputs of a pass besides the rows; none by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pass<'a> {
    /// (rows, stored) of `u8`: not 0 where a row must not see a stored one, itself in training. A row that
    /// may see none is told nothing by the sample memory, only its bias.
    pub hidden: Option<&'a Tensor>,
    /// Seed of dropout, another one each step. Without it nothing is dropped.
    pub dropout: Option<u64>,
}

/// What a network computed on the way.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Embedded asked rows, (rows, d e).
    pub embedding: Tensor,
    /// Embedded stored rows, (stored, d e).
    pub stored: Tensor,
    /// One a block.
    pub steps: Vec<Step>,
    /// (rows, [`Schema::width`]): numbers in standardised units, classes as logits. Of the type that
    /// [`Arithmetic`] says, as everything here.
    pub output: Tensor,
}

/// A Hopular network. The module's page has its formulas.
///
/// Variables under the `VarBuilder`: `embedding.weight.J` (e, inputs of column J), `embedding.type` (2, e),
/// `embedding.position` (d, e); those of [`Hopfield`](crate::Hopfield) under `blocks.B.sample` and
/// `blocks.B.feature`; `output.weight`. The release's form has besides `embedding.bias` (d, e),
/// `embedding.projection.weight` (d, e, e), `embedding.projection.bias`, `embedding.projection.norm.weight`
/// and `.bias` (d, e), `blocks.B.norm_sample` and `blocks.B.norm_feature`, `output.norm`, `output.bias`.
/// `output.weight` is (S, d e) in the release's form and (S, e) in the paper's.
#[derive(Clone, Debug)]
pub struct Hopular {
    input_width: usize,
    arithmetic: Arithmetic,
    embedding: Embedding,
    blocks: Vec<Block>,
    output: Output,
}

/// ```text
/// release  W LN(GELU(xi)) + b
/// paper    W_j xi_j, a column at a time
/// ```
#[derive(Clone, Debug)]
struct Output {
    weight: Tensor,
    released: Option<(LayerNorm, Tensor)>,
    /// (S, d)
    owner: Tensor,
    dropout: f64,
}

impl Hopular {
    /// Takes or makes the network's variables.
    ///
    /// # Errors
    /// Options out of range, see [`HopularConfig::check`], or variables of other shapes.
    #[expect(clippy::needless_pass_by_value, reason = "constructors of candle-nn take it so")]
    pub fn new(schema: &Schema, config: &HopularConfig, vb: VarBuilder) -> Result<Self> {
        config.check()?;
        let block = |number: usize| Block::new(schema, config, &vb.pp("blocks").pp(number));
        Ok(Self {
            input_width: schema.input_width(),
            arithmetic: config.arithmetic,
            embedding: Embedding::new(schema, config, &vb.pp("embedding"))?,
            blocks: (0..config.blocks).map(block).collect::<Result<_>>()?,
            output: Output::new(schema, config, &vb.pp("output"))?,
        })
    }

    /// Predictions (rows, [`Schema::width`]) of asked rows (rows, [`Schema::input_width`]) with the help of stored
    /// ones (stored, [`Schema::input_width`]).
    ///
    /// # Errors
    /// Shapes that do not fit, or no stored row.
    pub fn forward(&self, asked: &Tensor, stored: &Tensor, pass: Pass) -> Result<Tensor> {
        Ok(self.trace(asked, stored, pass)?.output)
    }

    /// [`Hopular::forward`] with everything that can be read out.
    ///
    /// # Errors
    /// As [`Hopular::forward`].
    pub fn trace(&self, asked: &Tensor, stored: &Tensor, pass: Pass) -> Result<Trace> {
        self.check(asked, stored, pass)?;
        let (asked, stored) = match self.arithmetic {
            Arithmetic::Double => (asked.to_dtype(DType::F64)?, stored.to_dtype(DType::F64)?),
            Arithmetic::OfRows => (asked.clone(), stored.clone()),
        };
        let own = self.embedding.forward(&asked, part(pass.dropout, 1))?; // (rows, d, e)
        let stored = self.embedding.forward(&stored, part(pass.dropout, 2))?.flatten_from(1)?;
        let embedding = own.flatten_from(1)?; // (rows, d e)
        let mut steps: Vec<Step> = Vec::with_capacity(self.blocks.len());
        for (number, block) in self.blocks.iter().enumerate() {
            let state = steps.last().map_or(&embedding, |step| &step.output);
            let dropout = part(pass.dropout, 10 + 3 * number as u64);
            let around = Asked { own: &own, stored: &stored, hidden: pass.hidden, dropout };
            steps.push(block.forward(state, &around)?);
        }
        let state = steps.last().map_or(&embedding, |step| &step.output);
        let output = self.output.forward(state, part(pass.dropout, 3))?;
        Ok(Trace { embedding, stored, steps, output })
    }

    fn check(&self, asked: &Tensor, stored: &Tensor, pass: Pass) -> Result<()> {
        for (name, rows) in [("asked", asked), ("stored", stored)] {
            let (count, width) = rows.dims2()?;
            if count == 0 || width != self.input_width {
                bail!(
                    "`{name}` rows have shape {:?}: expected at least one of width {}",
                    rows.dims(),
                    self.input_width
                );
            }
        }
        let expected = [asked.dim(0)?, stored.dim(0)?];
        if let Some(hidden) = pass.hidden
            && (hidden.dims() != expected || hidden.dtype() != DType::U8)
        {
            bail!(
                "`hidden` is {:?} of {:?}: expected {expected:?} of U8, (rows, stored)",
                hidden.dims(),
                hidden.dtype()
            );
        }
        Ok(())
    }
}

impl Output {
    fn new(schema: &Schema, config: &HopularConfig, vb: &VarBuilder) -> Result<Self> {
        let widths: Vec<usize> = schema.attributes().iter().map(|a| a.width()).collect();
        let joined = widths.len() * config.embedding;
        let reads = if config.form == Form::Release { joined } else { config.embedding };
        let weight = vb.get_with_hints((schema.width(), reads), "weight", uniform(reads))?;
        let released = match config.form {
            Form::Paper => None,
            Form::Release => Some((
                LayerNorm::affine(joined, EPS, &vb.pp("norm"))?,
                vb.get_with_hints(schema.width(), "bias", uniform(reads))?,
            )),
        };
        let owner = owner(&widths, &weight)?;
        Ok(Self { weight, released, owner, dropout: config.dropout_output })
    }

    /// (rows, d e) to (rows, S).
    fn forward(&self, state: &Tensor, seed: Option<u64>) -> Result<Tensor> {
        let weight = self.weight.to_dtype(state.dtype())?;
        let Some((norm, bias)) = &self.released else {
            let state = drop_out(state, self.dropout, seed)?;
            return state.matmul(&spread(&weight, &self.owner.to_dtype(state.dtype())?)?.t()?);
        };
        let read = norm.forward(&drop_out(&gelu(state)?, self.dropout, seed)?)?;
        read.matmul(&weight.t()?)?.broadcast_add(&bias.to_dtype(state.dtype())?)
    }
}
