//! Reproducible dropout.

use candle_core::{Result, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Sets each value to 0 with the probability and scales the others so that the expectation stays; the
/// values themselves without a seed.
///
/// `candle_nn::Dropout` draws from a global state that cannot be seeded on the CPU.
pub(crate) fn drop_out(values: &Tensor, probability: f64, seed: Option<u64>) -> Result<Tensor> {
    let Some(seed) = seed.filter(|_| probability > 0.0) else { return Ok(values.clone()) };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let kept = 1.0 / (1.0 - probability);
    let factor = |_| if rng.random_bool(probability) { 0.0 } else { kept };
    let factors: Vec<f64> = (0..values.elem_count()).map(factor).collect();
    let factors = Tensor::from_vec(factors, values.shape(), values.device())?;
    values * factors.to_dtype(values.dtype())?
}

/// The seed of the part of a layer with this number, from the seed of its call.
pub(crate) fn part(seed: Option<u64>, number: u64) -> Option<u64> {
    // An odd factor: parts of neighbouring seeds do not meet.
    seed.map(|seed| seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}
