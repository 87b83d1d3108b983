//! One block: what the stored rows say, then what the columns of the row say of each other.

use std::ops::Range;

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::embedding::EPS;
use super::start::fan_in;
use super::{Form, HopularConfig, Schema};
use crate::association;
use crate::dropout::{drop_out, part};
use crate::norm::{LayerNorm, normalise};
use crate::{Call, Hopfield};

/// Numbers that a tensor of associations has at most: candle shares out operations on more among threads that wait for
/// each other without sleeping, which is slow as soon as there are more threads than processors.
const MOST: usize = 1 << 15;

/// Ranges of rows of which each takes `numbers`, so that a range takes no more than [`MOST`].
fn chunks(rows: usize, numbers: usize) -> impl Iterator<Item = Range<usize>> {
    let size = (MOST / numbers.max(1)).max(1);
    (0..rows).step_by(size).map(move |start| start..rows.min(start + size))
}

/// Hidden state of all asked rows, and what there is to ask.
pub(crate) struct Asked<'a> {
    /// Embedded asked rows, (rows, d, e).
    pub(crate) own: &'a Tensor,
    /// Embedded stored rows, (stored, d e).
    pub(crate) stored: &'a Tensor,
    /// (rows, stored) of `u8`: not 0 where a row must not see a stored one.
    pub(crate) hidden: Option<&'a Tensor>,
    pub(crate) dropout: Option<u64>,
}

/// What one block did.
#[derive(Clone, Debug)]
pub struct Step {
    /// After the sample memory, (rows, d e).
    pub sample: Tensor,
    /// After the feature memory, (rows, d e).
    pub output: Tensor,
    /// How much each row rests on each stored one, (heads, rows, stored); rows sum to 1.
    pub association: Tensor,
}

#[derive(Clone, Debug)]
pub(crate) struct Block {
    norm_sample: Option<LayerNorm>,
    sample: Hopfield,
    norm_feature: Option<LayerNorm>,
    feature: Hopfield,
}

impl Block {
    pub(crate) fn new(schema: &Schema, config: &HopularConfig, vb: &VarBuilder) -> Result<Self> {
        let norm = |width: usize, name: &str| match config.form {
            Form::Release => LayerNorm::affine(width, EPS, &vb.pp(name)).map(Some),
            Form::Paper => Ok(None),
        };
        let layer = |options: crate::Config, name: &str| {
            let joined = options.heads * options.pattern_width();
            Hopfield::new(&options, fan_in(vb.pp(name), options.input_size, joined))
        };
        let (sample, feature) = (config.sample(schema), config.feature(schema));
        Ok(Self {
            norm_sample: norm(sample.input_size, "norm_sample")?,
            norm_feature: norm(feature.input_size, "norm_feature")?,
            sample: layer(sample, "sample")?,
            feature: layer(feature, "feature")?,
        })
    }

    /// The next hidden state of (rows, d e).
    pub(crate) fn forward(&self, state: &Tensor, asked: &Asked) -> Result<Step> {
        let state = normalise(self.norm_sample.as_ref(), state)?;
        let stored = normalise(self.norm_sample.as_ref(), asked.stored)?.unsqueeze(0)?;
        let (found, association) = self.ask(&stored, &state, asked)?;
        let sample = (state + found)?; // (rows, d e)

        let columns = sample.reshape(asked.own.dims())?; // (rows, d, e)
        let columns = normalise(self.norm_feature.as_ref(), &columns)?;
        let own = normalise(self.norm_feature.as_ref(), asked.own)?;
        let seed = part(asked.dropout, 2);
        let (heads, count) = (self.feature.config().heads, own.dim(1)?);
        let changes =
            chunks(own.dim(0)?, heads * count * count).enumerate().map(|(number, rows)| {
                let own = own.narrow(0, rows.start, rows.len())?;
                let state = columns.narrow(0, rows.start, rows.len())?;
                let call = Call { dropout: part(seed, 100 + number as u64), ..Call::default() };
                Ok(self.feature.retrieve(&own, &state, &own, call)?.output)
            });
        let change = Tensor::cat(&changes.collect::<Result<Vec<_>>>()?, 0)?;
        let output = (columns + change)?.reshape(sample.dims())?;
        Ok(Step { sample, output, association })
    }

    /// What stored rows (1, stored, d e) say to asked ones (rows, d e), and the association (heads, rows, stored).
    fn ask(&self, stored: &Tensor, state: &Tensor, asked: &Asked) -> Result<(Tensor, Tensor)> {
        let config = self.sample.config();
        let heads = self.sample.project(stored, &state.unsqueeze(0)?, stored)?;
        let beta = self.sample.beta().to_dtype(state.dtype())?.reshape((1, config.heads, 1, 1))?;
        let keys = heads.stored.t()?.contiguous()?; // (1, heads, h, stored)
        let (mut found, mut associations) = (Vec::new(), Vec::new());
        let seed = part(asked.dropout, 1);
        for (number, rows) in chunks(state.dim(0)?, config.heads * stored.dim(1)?).enumerate() {
            let query = heads.state.narrow(2, rows.start, rows.len())?.broadcast_mul(&beta)?;
            let mut scores = query.contiguous()?.matmul(&keys)?; // (1, heads, rows, stored)
            if let Some(hidden) = asked.hidden {
                scores = association::mask(&scores, &hidden.narrow(0, rows.start, rows.len())?)?;
            }
            let association = config.association.apply(&scores)?;
            let seed = part(seed, 100 + number as u64);
            let weights = drop_out(&association, config.dropout, seed)?;
            found.push(weights.contiguous()?.matmul(&heads.values)?);
            associations.push(association);
        }
        let found = Tensor::cat(&found, 2)?; // (1, heads, rows, h)
        let found = found.squeeze(0)?.transpose(0, 1)?.contiguous()?.flatten_from(1)?;
        Ok((self.sample.read_out(&found)?, Tensor::cat(&associations, 2)?.squeeze(0)?))
    }
}
