//! Turns an encoded repertoire into the bag that the network pools: drawing, padding, scaling, and the
//! published reduction to the sequences with the highest attention.

use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use reperio_data::encode::EncodedRepertoire;

use crate::bag::{Bag, BagInput};
use crate::config::{ModelConfig, TrainingConfig};
use crate::deeprc;
use crate::network::Weights;

/// Bags of a minibatch, padded to the longest sequence among them.
///
/// If the `input` standard deviation is used, each bag is scaled by its own over that length.
pub fn bags(config: &ModelConfig, repertoires: &[Arc<EncodedRepertoire>]) -> Vec<Bag> {
    let widest = config.filters.iter().map(|group| group.width).max().unwrap_or(1);
    let longest = repertoires.iter().map(|repertoire| repertoire.max_length()).max().unwrap_or(0);
    let padded_length = longest.max(widest);
    let bag = |repertoire: &Arc<EncodedRepertoire>| {
        let input_scale = if config.standardise_input {
            deeprc::input_scale(repertoire, padded_length, config.count_scaling)
        } else {
            1.0
        };
        Bag { repertoire: Arc::clone(repertoire), input_scale, padded_length }
    };
    repertoires.iter().map(bag).collect()
}

/// The bag of one repertoire as it is scored: padded to its own longest sequence.
pub fn whole(config: &ModelConfig, repertoire: &Arc<EncodedRepertoire>) -> Bag {
    bags(config, std::slice::from_ref(repertoire)).remove(0)
}

/// Keeps the share `fraction` of a bag's sequences with the highest attention (the highest of its
/// heads). Returns the smaller bag and the indices of what it kept, in order of the sequences.
pub fn reduce(weights: &Weights, bag: &Bag, fraction: f64) -> (Bag, Vec<u32>) {
    let input = bag.input();
    let pooled = weights.pool(&[input]).remove(0);
    let scores = scores(weights, &input, &pooled);
    let mut kept = deeprc::best_attended(&scores, fraction);
    kept.sort_unstable();
    let repertoire = Arc::new(bag.repertoire.gather(&kept));
    (Bag { repertoire, ..bag.clone() }, kept)
}

/// Highest score before the softmax of each sequence over the heads.
fn scores(weights: &Weights, input: &BagInput<'_>, pooled: &crate::bag::Pooled) -> Vec<f32> {
    let heads = pooled.max.len();
    let scores = weights.sequences(input, pooled).scores;
    scores.chunks_exact(heads).map(|row| row.iter().copied().fold(f32::MIN, f32::max)).collect()
}

/// The sequences of a repertoire that one update sees.
///
/// All of them, or as many as the configuration draws: without replacement, or (as published) with
/// replacement and duplicates removed. `stream` tells draws of one seed apart.
pub fn draw(
    config: &TrainingConfig,
    repertoire: &Arc<EncodedRepertoire>,
    stream: u64,
) -> Arc<EncodedRepertoire> {
    let (n, k) = (repertoire.len(), config.sequences_per_repertoire);
    if k == 0 || n <= k && !config.with_replacement {
        return Arc::clone(repertoire);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    rng.set_stream(stream);
    let chosen = if config.with_replacement {
        deeprc::draw(n, k, &mut rng)
    } else {
        let mut chosen: Vec<u32> = index::sample(&mut rng, n, k).iter().map(|i| i as u32).collect();
        chosen.sort_unstable();
        chosen
    };
    Arc::new(repertoire.gather(&chosen))
}
