//! Remembering the first sign of a long sequence.
//!
//! ```text
//! cargo run --release -p candle-hopfield --example latch_sequence [FIGURE.svg]
//! ```
//!
//! Sequences of 32 one-hot signs; the first is one of two that occur nowhere else, and is the label. The
//! task was made to show that recurrent networks forget (Hochreiter and Mozer 2001); association has
//! no distance to bridge.

#[path = "support/svg.rs"]
mod svg;
#[path = "support/training.rs"]
mod training;

use candle_core::{DType, Device, Module, Result, Tensor};
use candle_hopfield::{
    Config, Hopfield, HopfieldLayer, HopfieldPooling, LookupConfig, PoolingConfig, SeededVars,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use training::{Run, Sets, Settings, report, train};

const SIGNS: usize = 20;
const LENGTH: usize = 32;
const SEQUENCES: usize = 2048;

fn main() -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(43);
    let (training, test) = (sequences(&mut rng)?, sequences(&mut rng)?);
    let sets = (&training, &test);
    let runs = [pooling(sets)?, lookup(sets)?, association(sets)?];
    report("The first of thirty-two signs", "target/latch_sequence.svg", &runs)?;
    Ok(())
}

fn sequences(rng: &mut ChaCha8Rng) -> Result<Sets> {
    let mut values = vec![0f32; SEQUENCES * LENGTH * SIGNS];
    let mut labels = Vec::with_capacity(SEQUENCES);
    for sequence in values.chunks_mut(LENGTH * SIGNS) {
        let label = rng.random_range(0..2usize);
        labels.push(label as f32);
        for (i, sign) in sequence.chunks_mut(SIGNS).enumerate() {
            let at = if i == 0 { label } else { rng.random_range(2..SIGNS) };
            sign[at] = 1.0;
        }
    }
    Sets::new(values, (SEQUENCES, LENGTH, SIGNS), labels)
}

const SETTINGS: Settings =
    Settings { epochs: 20, batch: 32, learning_rate: 1e-3, weight_decay: 1e-4 };

fn pooling(sets: (&Sets, &Sets)) -> Result<Run> {
    let vars = SeededVars::new(1);
    let vb = vars.builder(DType::F32, &Device::Cpu);
    let pooling =
        HopfieldPooling::new(&PoolingConfig::default(), &Config::new(SIGNS), vb.pp("pooling"))?;
    let head = candle_nn::linear(SIGNS, 1, vb.pp("head"))?;
    train(
        "Hopfield pooling",
        &vars,
        |x| head.forward(&pooling.forward(x)?)?.squeeze(1),
        sets,
        SETTINGS,
    )
}

fn lookup(sets: (&Sets, &Sets)) -> Result<Run> {
    let vars = SeededVars::new(2);
    let vb = vars.builder(DType::F32, &Device::Cpu);
    let layer =
        HopfieldLayer::new(&LookupConfig::new(SIGNS), &Config::new(SIGNS), vb.pp("lookup"))?;
    let head = candle_nn::linear(SIGNS * LENGTH, 1, vb.pp("head"))?;
    let network = |x: &Tensor| head.forward(&layer.forward(x)?.flatten_from(1)?)?.squeeze(1);
    train("Hopfield look-up", &vars, network, sets, SETTINGS)
}

fn association(sets: (&Sets, &Sets)) -> Result<Run> {
    let vars = SeededVars::new(3);
    let vb = vars.builder(DType::F32, &Device::Cpu);
    let layer = Hopfield::new(&Config::new(SIGNS), vb.pp("association"))?;
    let head = candle_nn::linear(SIGNS * LENGTH, 1, vb.pp("head"))?;
    let network =
        |x: &Tensor| head.forward(&Module::forward(&layer, x)?.flatten_from(1)?)?.squeeze(1);
    train("Hopfield association", &vars, network, sets, SETTINGS)
}
