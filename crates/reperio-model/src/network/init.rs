//! Random starts.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

use super::{GAMMA, HEAD_WEIGHT, LOG_BETA, PATTERN, variables};
use crate::bag::BagLayout;
use crate::config::{Initialisation, ModelConfig};

/// Standard deviation of the head's and gene tables' weights relative to their fan-in rule: a small
/// head lets the first updates settle the embedding before the logits grow.
const SMALL: f64 = 0.1;

/// Values of every variable, in the order of [`variables`].
pub(super) fn values(
    layout: &BagLayout,
    outputs: usize,
    config: &ModelConfig,
    seed: u64,
) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draw = |(name, shape): (String, Vec<usize>)| {
        let n: usize = shape.iter().product();
        if name.starts_with("lstm") {
            // As PyTorch does: all parameters, biases too, uniform within one over the root of the units.
            let limit = 1.0 / (layout.shape().lstm_units as f32).sqrt();
            return (0..n).map(|_| rng.random_range(-limit..limit)).collect();
        }
        let constant = match name.as_str() {
            LOG_BETA => Some(config.beta.ln() as f32),
            GAMMA => Some(0.0),
            name if name.ends_with("bias") => Some(0.0),
            _ => None,
        };
        if let Some(value) = constant {
            return vec![value; n];
        }
        let sd = match config.initialisation {
            Initialisation::FanIn => fan_in_sd(&name, &shape),
            Initialisation::LayerSize => layer_size_sd(layout, &name, n),
        };
        let normal = Normal::new(0.0, sd).expect("a finite standard deviation");
        (0..n).map(|_| normal.sample(&mut rng) as f32).collect()
    };
    variables(layout, outputs).into_iter().map(draw).collect()
}

fn fan_in_sd(name: &str, shape: &[usize]) -> f64 {
    let root = |n: usize| (1.0 / n.max(1) as f64).sqrt();
    if name.ends_with("position") {
        0.0 // No preference.
    } else if name.starts_with("filter") {
        root(shape[0]) // One residue a tap is 1, the others 0.
    } else if name.starts_with("gene") {
        SMALL
    } else if name == PATTERN {
        root(shape[1])
    } else if name == HEAD_WEIGHT {
        SMALL * root(shape[1] * shape[2])
    } else {
        root(shape[0])
    }
}

/// The released network counts residue and position channels of the convolution as one layer.
fn layer_size_sd(layout: &BagLayout, name: &str, n: usize) -> f64 {
    let layer = match name.strip_prefix("filter.").and_then(|rest| rest.split('.').next()) {
        Some(group) => ["weight", "position"]
            .iter()
            .filter_map(|part| layout.segment(&format!("filter.{group}.{part}")))
            .map(|segment| segment.range().len())
            .sum(),
        None => n,
    };
    (1.0 / layer.max(1) as f64).sqrt()
}
