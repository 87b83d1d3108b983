//! A fixed piece of work for measuring speed, which can be written to a file for other programs to repeat:
//! repertoires, a random network, one scoring pass, one update.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Result, Tensor};
use reperio_data::encode::EncodedRepertoire;
use reperio_data::repertoire::{GeneVocabulary, Repertoire};

use crate::bag::{self, Bag, BagInput, BagLayout};
use crate::config::{Config, ModelConfig};
use crate::loss::binary_cross_entropy;
use crate::network::Network;
use crate::optimizer::AdamW;
use crate::prepare;

/// Repertoires with alternating labels and a network of one output at its random start.
pub struct Workload {
    config: ModelConfig,
    encoded: Vec<Arc<EncodedRepertoire>>,
    labels: Vec<Option<bool>>,
    network: Network,
    optimizer: AdamW,
    start: Vec<(String, Tensor)>,
}

/// What an update computed before it changed the parameters.
#[derive(Clone, Debug)]
pub struct Update {
    /// Logit of each repertoire.
    pub logits: Vec<f64>,
    /// Mean cross-entropy.
    pub loss: f64,
    /// Norm of each parameter's gradient, by name.
    pub gradient_norms: Vec<(String, f64)>,
}

impl Workload {
    /// The network of `config` with parameters from `seed`, over `repertoires`.
    ///
    /// # Errors
    ///
    /// If candle fails.
    pub fn new(config: &Config, repertoires: &[Repertoire], seed: u64) -> Result<Self> {
        let model = config.model.clone();
        let genes = GeneVocabulary::of(repertoires);
        let encode = |own: &Repertoire| Arc::new(EncodedRepertoire::new(own, &genes));
        let layout = BagLayout::new(model.shape(genes.v.len(), genes.j.len()))
            .map_err(candle_core::Error::wrap)?;
        let network = Network::new(&Arc::new(layout), 1, &model, seed)?;
        Ok(Self {
            config: model,
            encoded: repertoires.iter().map(encode).collect(),
            labels: (0..repertoires.len()).map(|i| Some(i % 2 == 1)).collect(),
            optimizer: AdamW::new(network.trainable(), config.training.optimizer())?,
            start: network.snapshot()?,
            network,
        })
    }

    /// The same work on `device`.
    pub fn on(self, device: &bag::Device) -> Self {
        Self { network: self.network.on(device.clone()), ..self }
    }

    /// Sequences of all repertoires.
    pub fn sequences(&self) -> usize {
        self.encoded.iter().map(|own| own.len()).sum()
    }

    /// Logit of each repertoire from all of its sequences.
    ///
    /// # Errors
    ///
    /// If candle fails.
    pub fn score(&self) -> Result<Vec<f64>> {
        let weights = self.network.weights()?;
        let bags: Vec<Bag> =
            self.encoded.iter().map(|own| prepare::whole(&self.config, own)).collect();
        let inputs: Vec<BagInput<'_>> = bags.iter().map(Bag::input).collect();
        Ok(weights.pool(&inputs).iter().map(|pooled| weights.outputs(pooled)[0]).collect())
    }

    /// One update on all repertoires from the random start, with the gradient of all sequences or of
    /// the share `top_fraction` with the highest attention.
    ///
    /// # Errors
    ///
    /// If candle fails.
    pub fn update(&mut self, top_fraction: f64) -> Result<Update> {
        self.network.restore(&self.start)?;
        let mut bags = prepare::bags(&self.config, &self.encoded);
        if top_fraction < 1.0 {
            let weights = self.network.weights()?;
            for bag in &mut bags {
                *bag = prepare::reduce(&weights, bag, top_fraction).0;
            }
        }
        let logits = self.network.outputs(bags)?.squeeze(1)?; // (B)
        let loss = binary_cross_entropy(&logits, &self.labels, [1.0, 1.0])?;
        let gradients = self.optimizer.gradients(&loss.backward()?)?;
        self.optimizer.step(&gradients, 1e-4)?;
        let norm = |gradient: &Tensor| gradient.sqr()?.sum_all()?.sqrt()?.to_scalar::<f32>();
        let names = self.optimizer.parameters().iter().map(|parameter| parameter.name.clone());
        let norms: Vec<f32> = gradients.iter().map(norm).collect::<Result<_>>()?;
        Ok(Update {
            logits: logits.to_vec1::<f32>()?.into_iter().map(f64::from).collect(),
            loss: f64::from(loss.to_scalar::<f32>()?),
            gradient_norms: names.zip(norms.into_iter().map(f64::from)).collect(),
        })
    }

    /// Writes everything as safetensors for another program: `residues` (R), `offsets` of the sequences
    /// (N + 1), `repertoires` (B + 1, in sequences), `labels` (B), and the parameters by name.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let (mut residues, mut offsets, mut repertoires) = (Vec::new(), vec![0_u32], vec![0_u32]);
        let whole = |n: usize| u32::try_from(n).map_err(candle_core::Error::wrap);
        for own in &self.encoded {
            let before = whole(residues.len())?;
            residues.extend_from_slice(own.residues());
            whole(residues.len())?; // So that no sum below overflows.
            offsets.extend(own.offsets()[1..].iter().map(|&end| before + end));
            repertoires.push(whole(offsets.len() - 1)?);
        }
        let label = |label: &Option<bool>| f32::from(u8::from(*label == Some(true)));
        let labels: Vec<f32> = self.labels.iter().map(label).collect();
        let mut all: HashMap<String, Tensor> = self.start.iter().cloned().collect();
        all.insert("residues".to_owned(), vector(residues)?);
        all.insert("offsets".to_owned(), vector(offsets)?);
        all.insert("repertoires".to_owned(), vector(repertoires)?);
        all.insert("labels".to_owned(), vector(labels)?);
        candle_core::safetensors::save(&all, path)
    }
}

fn vector<T: candle_core::WithDType>(values: Vec<T>) -> Result<Tensor> {
    let n = values.len();
    Tensor::from_vec(values, n, &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::generator::Generator;
    use reperio_data::simulate::{self, Background, SimulationConfig};

    #[test]
    fn an_update_has_the_logits_of_a_scoring_and_starts_anew() {
        let generator = Generator::human_trb();
        let config: SimulationConfig =
            toml::from_str("repertoires = 3\nclonotypes = 50").expect("a config");
        let made = simulate::cohort(&config, Background::Generator(&generator)).expect("a cohort");
        for config in [Config::default(), Config::deeprc()] {
            let repertoires = made.cohort.repertoires();
            let mut workload = Workload::new(&config, repertoires, 1).expect("a network");
            // Alone a bag is padded to its own longest sequence, in an update to the minibatch's.
            let first = workload.update(1.0).expect("an update");
            let again = workload.update(1.0).expect("an update");
            assert_eq!(first.logits, again.logits);
            assert!(first.gradient_norms.iter().any(|(_, norm)| *norm > 0.0));
            assert_eq!(workload.score().expect("scores").len(), 3);
            assert_eq!(workload.sequences(), 150);
        }
    }
}
