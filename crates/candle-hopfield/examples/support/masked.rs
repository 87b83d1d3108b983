//! A transformer of Hopfield encoder layers that fills in hidden residues.

use candle_core::{DType, Device, Result, Tensor};
use candle_hopfield::{
    Activation, Call, Config, GaussianAveraging, GaussianConfig, HopfieldEncoderLayer, SeededVars,
    TransformerConfig,
};
use candle_nn::{Init, VarBuilder};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::receptors::{GAP, MASK};

pub(crate) const LAYERS: usize = 3;
pub(crate) const HEADS: usize = 4;
const WIDTH: usize = 32;
/// Share of residues that are hidden.
const HIDDEN: f64 = 0.15;

/// Sequences with hidden residues, and what is hidden where.
pub(crate) struct Batch {
    /// Codes, (sequences, columns).
    pub(crate) seen: Tensor,
    /// Places of the hidden residues in all columns of all sequences.
    places: Tensor,
    hidden: Tensor,
}

impl Batch {
    pub(crate) fn new(rows: &[Vec<u32>], rng: &mut ChaCha8Rng) -> Result<Self> {
        let mut seen = rows.concat();
        let (mut places, mut hidden) = (Vec::new(), Vec::new());
        for (place, code) in seen.iter_mut().enumerate() {
            if *code != GAP && rng.random_bool(HIDDEN) {
                places.push(place as u32);
                hidden.push(*code);
                *code = MASK;
            }
        }
        let (n, hidden_count) = (rows.len(), hidden.len());
        Ok(Self {
            seen: Tensor::from_vec(seen, (n, rows[0].len()), &Device::Cpu)?,
            places: Tensor::from_vec(places, hidden_count, &Device::Cpu)?,
            hidden: Tensor::from_vec(hidden, hidden_count, &Device::Cpu)?,
        })
    }
}

/// The network. Every layer has a Gaussian average at hand for each of its heads.
pub(crate) struct Network {
    residues: Tensor,  // (codes, width)
    positions: Tensor, // (columns, width)
    layers: Vec<(HopfieldEncoderLayer, GaussianAveraging)>,
    output: candle_nn::Linear,
}

/// What a network says of a batch.
pub(crate) struct Answer {
    /// Mean cross-entropy of the hidden residues, in nats.
    pub(crate) loss: Tensor,
    /// Of every layer, (sequences, heads, columns, columns).
    pub(crate) associations: Vec<Tensor>,
}

impl Network {
    pub(crate) fn new(columns: usize, vars: &SeededVars) -> Result<Self> {
        let vb = vars.builder(DType::F32, &Device::Cpu);
        let start = Init::Randn { mean: 0.0, stdev: 0.5 };
        Ok(Self {
            residues: vb.get_with_hints((MASK as usize + 1, WIDTH), "residues", start)?,
            positions: vb.get_with_hints((columns, WIDTH), "positions", start)?,
            layers: (0..LAYERS).map(|i| layer(columns, &vb.pp(i))).collect::<Result<_>>()?,
            output: candle_nn::linear(WIDTH, GAP as usize, vb.pp("output"))?,
        })
    }

    /// With a Gaussian average in place of each (layer, head) in `replaced`.
    pub(crate) fn answer(&self, batch: &Batch, replaced: &[(usize, usize)]) -> Result<Answer> {
        let (n, columns) = batch.seen.dims2()?;
        let embedded = self.residues.index_select(&batch.seen.flatten_all()?, 0)?;
        let embedded = embedded.reshape((n, columns, WIDTH))?;
        let mut x = embedded.broadcast_add(&self.positions)?; // (n, columns, width)
        let mut associations = Vec::new();
        for (i, (layer, gaussian)) in self.layers.iter().enumerate() {
            let retrieval = layer.hopfield().retrieve(&x, &x, &x, Call::default())?;
            let heads: Vec<usize> =
                replaced.iter().filter(|(layer, _)| *layer == i).map(|(_, head)| *head).collect();
            let output = if heads.is_empty() {
                retrieval.output
            } else {
                let mixed = mixed(&retrieval.association, gaussian, &heads)?;
                let pooled = mixed.matmul(&retrieval.projected)?; // (n, heads, columns, pattern)
                let pooled = pooled.transpose(1, 2)?.contiguous()?.reshape((n, columns, WIDTH))?;
                layer.hopfield().read_out(&pooled)?
            };
            associations.push(retrieval.association);
            x = layer.complete(&x, &output, None)?;
        }
        let asked = x.reshape((n * columns, WIDTH))?.index_select(&batch.places, 0)?;
        let logits = candle_nn::Module::forward(&self.output, &asked)?; // (hidden, residues)
        let loss = candle_nn::loss::cross_entropy(&logits, &batch.hidden)?;
        Ok(Answer { loss, associations })
    }
}

fn layer(columns: usize, vb: &VarBuilder) -> Result<(HopfieldEncoderLayer, GaussianAveraging)> {
    let association = Config { heads: HEADS, ..Config::new(WIDTH) };
    let rest =
        TransformerConfig { feedforward: 2 * WIDTH, activation: Activation::Relu, dropout: 0.0 };
    let gaussian = GaussianConfig { heads: HEADS, states: columns };
    Ok((
        HopfieldEncoderLayer::new(&association, &rest, vb.clone())?,
        GaussianAveraging::new(&gaussian, vb.pp("gaussian"))?,
    ))
}

/// The association with that of the Gaussian average for some heads.
fn mixed(association: &Tensor, gaussian: &GaussianAveraging, heads: &[usize]) -> Result<Tensor> {
    let (_, _, _, columns) = association.dims4()?;
    let averages =
        gaussian.association(columns)?.unsqueeze(0)?.broadcast_as(association.shape())?;
    let parts: Vec<Tensor> = (0..HEADS)
        .map(|head| if heads.contains(&head) { &averages } else { association }.narrow(1, head, 1))
        .collect::<Result<_>>()?;
    Tensor::cat(&parts, 1)?.contiguous()
}
