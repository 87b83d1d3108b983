//! A few witnesses among five thousand: pooling by Hopfield association, attention, mean and maximum.
//!
//! ```text
//! cargo run --release -p candle-hopfield --example set_classification [FIGURE.svg]
//! ```
//!
//! Every set has 5,000 patterns of 8 normal features, and a few of them are witnesses: they lie far out in
//! a secret direction. Positive sets have eight witnesses and negative ones two, a rate of 0.1 % on the
//! average. So a network must find the witnesses and count them. All networks embed patterns in the same
//! way, with as many features, and are trained alike; only the pooling differs: the mean drowns the
//! witnesses, and the maximum finds them but cannot count.

#[path = "support/svg.rs"]
mod svg;
#[path = "support/training.rs"]
mod training;

use candle_core::{D, DType, Device, Module, Result, Tensor, bail};
use candle_hopfield::{
    Association, Beta, Call, Config, HopfieldPooling, Norm, PoolingConfig, Projection, SeededVars,
    ValueProjection,
};
use candle_nn::{Linear, VarBuilder};
use rand::seq::index::sample;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use training::{Run, Sets, Settings, report, train};

const WIDTH: usize = 8;
/// Distance of a witness from the others along the secret direction, in standard deviations.
const DISTANCE: f32 = 7.0;
const PATTERNS: usize = 5000;
/// Witnesses of a negative and of a positive set.
const WITNESSES: [usize; 2] = [2, 8];
const SETS: usize = 512;
const FEATURES: usize = 16;
const SETTINGS: Settings =
    Settings { epochs: 6, batch: 8, learning_rate: 1e-2, weight_decay: 1e-4 };

fn main() -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let secret: Vec<f32> = (0..WIDTH).map(|_| sign(&mut rng) / (WIDTH as f32).sqrt()).collect();
    let (training, test) = (sets(&secret, &mut rng)?, sets(&secret, &mut rng)?);
    let sets = (&training, &test);
    let runs = [
        hopfield(sets)?,
        by(sets, "attention", |vb| attention(&vb))?,
        by(sets, "maximum", |_| Ok(Box::new(|x: &Tensor| x.max(1))))?,
        by(sets, "mean", |_| Ok(Box::new(|x: &Tensor| x.mean(1))))?,
    ];
    report("Two or eight witnesses among 5,000 patterns", "target/set_classification.svg", &runs)?;
    let accuracy = |i: usize| runs[i].accuracy.last().copied().unwrap_or_default();
    if accuracy(0) <= accuracy(2).max(accuracy(3)) {
        bail!("Hopfield pooling is no better than maximum and mean: expected it to be");
    }
    Ok(())
}

fn sign(rng: &mut ChaCha8Rng) -> f32 {
    if rng.random_bool(0.5) { 1.0 } else { -1.0 }
}

fn sets(secret: &[f32], rng: &mut ChaCha8Rng) -> Result<Sets> {
    let mut values: Vec<f32> = Vec::with_capacity(SETS * PATTERNS * WIDTH);
    let labels: Vec<f32> = (0..SETS).map(|set| (set % 2) as f32).collect();
    for set in 0..SETS {
        let witnesses = sample(rng, PATTERNS, WITNESSES[set % 2]).into_vec();
        for i in 0..PATTERNS {
            let far = if witnesses.contains(&i) { DISTANCE } else { 0.0 };
            let feature = |secret: &f32| far * secret + rng.sample::<f32, _>(StandardNormal);
            values.extend(secret.iter().map(feature));
        }
    }
    Sets::new(values, (SETS, PATTERNS, WIDTH), labels)
}

type Pooling = Box<dyn Fn(&Tensor) -> Result<Tensor>>;

/// Embedding, pooling (sets, patterns, features) to (sets, features), and a linear head.
fn by(
    sets: (&Sets, &Sets),
    name: &'static str,
    pooling: impl Fn(VarBuilder) -> Result<Pooling>,
) -> Result<Run> {
    let vars = SeededVars::new(11);
    let vb = vars.builder(DType::F32, &Device::Cpu);
    let embedding = candle_nn::linear(WIDTH, FEATURES, vb.pp("embedding"))?;
    let head = candle_nn::linear(FEATURES, 1, vb.pp("head"))?;
    let pooling = pooling(vb.pp("pooling"))?;
    let network = |x: &Tensor| head.forward(&pooling(&embedded(&embedding, x)?)?)?.squeeze(1);
    train(name, &vars, network, sets, SETTINGS)
}

fn embedded(embedding: &Linear, x: &Tensor) -> Result<Tensor> {
    embedding.forward(x)?.relu()
}

/// Hopfield pooling that compares what a hidden layer makes of the embedded patterns and returns the
/// embedded patterns themselves, as `DeepRC` does.
fn hopfield(sets: (&Sets, &Sets)) -> Result<Run> {
    by(sets, "Hopfield", |vb| {
        let config = Config {
            beta: Beta::Learnable(0.1),
            norm_stored: Norm::None,
            norm_projection: Norm::None,
            stored: Projection::Static,
            state: Projection::Static,
            values: ValueProjection::Static,
            output_projection: false,
            ..Config::new(FEATURES)
        };
        let hidden = candle_nn::linear(FEATURES, FEATURES, vb.pp("hidden"))?;
        let pooling = HopfieldPooling::new(&PoolingConfig::default(), &config, vb)?;
        Ok(Box::new(move |x: &Tensor| {
            let compared = hidden.forward(x)?.tanh()?;
            Ok(pooling.retrieve(&compared, x, Call::default())?.output)
        }))
    })
}

/// Ilse et al. 2018: weights softmax(w tanh(V x)).
fn attention(vb: &VarBuilder) -> Result<Pooling> {
    let hidden = candle_nn::linear(FEATURES, FEATURES, vb.pp("hidden"))?;
    let score = candle_nn::linear_no_bias(FEATURES, 1, vb.pp("score"))?;
    Ok(Box::new(move |x: &Tensor| {
        let weights = Association::Softmax
            .apply(&score.forward(&hidden.forward(x)?.tanh()?)?.squeeze(D::Minus1)?)?;
        weights.unsqueeze(1)?.matmul(&x.contiguous()?)?.squeeze(1)
    }))
}
