//! Does a set of bit patterns hold one of eight secret ones?
//!
//! ```text
//! cargo run --release -p candle-hopfield --example bit_pattern [FIGURE.svg]
//! ```
//!
//! 2 x 2,048 sets of 16 patterns of 8 bits; half of them hold one of 8 patterns that the others never hold.
//! Three networks learn it: Hopfield pooling, look-up in learned patterns, and self-association. Half of
//! the sets is kept for the test.

#[path = "support/svg.rs"]
mod svg;
#[path = "support/training.rs"]
mod training;

use candle_core::{DType, Device, Module, Result, Tensor};
use candle_hopfield::{
    Beta, Config, Hopfield, HopfieldLayer, HopfieldPooling, LookupConfig, Norm, PoolingConfig,
    Projection, SeededVars,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use training::{Run, Sets, Settings, report, train};

const BITS: usize = 8;
const PATTERNS: usize = 16;
const SETS: usize = 2048;
const SIGNALS: usize = 8;

fn main() -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(43);
    let signals = signals(&mut rng);
    let (training, test) = (sets(&signals, &mut rng)?, sets(&signals, &mut rng)?);
    let sets = (&training, &test);
    let runs = [pooling(sets)?, lookup(sets)?, association(sets)?];
    report("One of eight secret bit patterns among sixteen", "target/bit_pattern.svg", &runs)?;
    Ok(())
}

fn signals(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut signals = Vec::new();
    while signals.len() < SIGNALS {
        let signal: u8 = rng.random_range(1..=u8::MAX);
        if !signals.contains(&signal) {
            signals.push(signal);
        }
    }
    signals
}

/// Every other set holds a signal. No set holds the pattern of zeros, and no negative one a signal.
fn sets(signals: &[u8], rng: &mut ChaCha8Rng) -> Result<Sets> {
    let mut values = Vec::with_capacity(SETS * PATTERNS * BITS);
    let labels: Vec<f32> = (0..SETS).map(|set| (set % 2) as f32).collect();
    for label in &labels {
        let place = rng.random_range(0..PATTERNS);
        for i in 0..PATTERNS {
            let mut pattern: u8 = rng.random_range(1..=u8::MAX);
            while signals.contains(&pattern) {
                pattern = rng.random_range(1..=u8::MAX);
            }
            if *label > 0.0 && i == place {
                pattern = signals[rng.random_range(0..SIGNALS)];
            }
            values.extend(signs(pattern));
        }
    }
    Sets::new(values, (SETS, PATTERNS, BITS), labels)
}

const SETTINGS: Settings =
    Settings { epochs: 12, batch: 32, learning_rate: 1e-2, weight_decay: 1e-3 };

/// Embeds each pattern, pools all, and decides.
fn pooling(sets: (&Sets, &Sets)) -> Result<Run> {
    let vars = SeededVars::new(1);
    let vb = vars.builder(DType::F32, &Device::Cpu);
    let embedding = candle_nn::linear(BITS, 64, vb.pp("embedding"))?;
    let config = Config {
        heads: 8,
        beta: Beta::Learnable(1.0),
        norm_projection: Norm::None,
        ..Config::new(64)
    };
    let pooling = HopfieldPooling::new(&PoolingConfig::default(), &config, vb.pp("pooling"))?;
    let head = candle_nn::linear(64, 1, vb.pp("head"))?;
    let network = |x: &Tensor| {
        let embedded = embedding.forward(x)?.relu()?;
        head.forward(&pooling.forward(&embedded)?)?.squeeze(1)
    };
    train("Hopfield pooling", &vars, network, sets, Settings { learning_rate: 3e-3, ..SETTINGS })
}

/// Stores all 255 patterns as they are and learns what each of them votes for.
fn lookup(sets: (&Sets, &Sets)) -> Result<Run> {
    let vars = SeededVars::new(2);
    let vb = vars.builder(DType::F32, &Device::Cpu);
    let patterns: Vec<f32> = (1..=u8::MAX).flat_map(signs).collect();
    let lookup = LookupConfig { trainable: false, ..LookupConfig::new(patterns.len() / BITS) };
    let config = Config {
        beta: Beta::Number(2.0),
        stored: Projection::Static,
        state: Projection::Static,
        norm_stored: Norm::None,
        norm_state: Norm::None,
        norm_projection: Norm::None,
        output_size: Some(1),
        ..Config::new(BITS)
    };
    let layer = HopfieldLayer::new(&lookup, &config, vb.pp("lookup"))?;
    let stored = Tensor::from_vec(patterns, (lookup.quantity, BITS), &Device::Cpu)?;
    vars.named()["lookup.stored"].set(&stored)?;
    let head = candle_nn::linear(1, 1, vb.pp("head"))?;
    let network =
        |x: &Tensor| head.forward(&sum_of_patterns(&layer.forward(x)?)?.unsqueeze(1)?)?.squeeze(1);
    train("Hopfield look-up", &vars, network, sets, SETTINGS)
}

/// Patterns associate with each other; then each votes, knowing what it found.
fn association(sets: (&Sets, &Sets)) -> Result<Run> {
    let vars = SeededVars::new(3);
    let vb = vars.builder(DType::F32, &Device::Cpu);
    let layer = Hopfield::new(&Config::new(BITS), vb.pp("association"))?;
    let hidden = candle_nn::linear(2 * BITS, 64, vb.pp("hidden"))?;
    let head = candle_nn::linear(64, 1, vb.pp("head"))?;
    let network = |x: &Tensor| {
        let both = Tensor::cat(&[x, &Module::forward(&layer, x)?], 2)?;
        sum_of_patterns(&head.forward(&hidden.forward(&both)?.relu()?)?)
    };
    train("Hopfield association", &vars, network, sets, Settings { epochs: 100, ..SETTINGS })
}

/// The bits of a pattern as -1 and 1.
fn signs(pattern: u8) -> impl Iterator<Item = f32> {
    (0..BITS).map(move |bit| if pattern >> bit & 1 == 1 { 1.0 } else { -1.0 })
}

/// (sets, patterns, 1) to (sets)
fn sum_of_patterns(votes: &Tensor) -> Result<Tensor> {
    votes.squeeze(2)?.sum(1)
}
