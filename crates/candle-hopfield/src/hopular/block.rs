//! One block: what the stored rows say, then what the columns of the row say of each other.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::embedding::EPS;
use super::start::fan_in;
use super::{Form, HopularConfig, Schema};
use crate::dropout::part;
use crate::norm::{LayerNorm, normalise};
use crate::{Call, Hopfield};

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
        let call = Call {
            association_mask: asked.hidden,
            dropout: part(asked.dropout, 1),
            ..Call::default()
        };
        let found = self.sample.retrieve(&stored, &state.unsqueeze(0)?, &stored, call)?;
        let sample = (state + found.output.squeeze(0)?)?; // (rows, d e)

        let columns = sample.reshape(asked.own.dims())?; // (rows, d, e)
        let columns = normalise(self.norm_feature.as_ref(), &columns)?;
        let own = normalise(self.norm_feature.as_ref(), asked.own)?;
        let call = Call { dropout: part(asked.dropout, 2), ..Call::default() };
        let change = self.feature.retrieve(&own, &columns, &own, call)?.output;
        let output = (columns + change)?.reshape(sample.dims())?;
        Ok(Step { sample, output, association: found.association.squeeze(0)? })
    }
}
