//! Seeded patterns, slow obvious definitions, and small helpers on tensors.

use candle_core::{Device, Result, Tensor};
use proptest::test_runner::{Config, RngSeed};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// So many cases, the same in every run.
pub(crate) fn seeded(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() }
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A standard normal number (Box and Muller).
pub(crate) fn normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

pub(crate) fn normals(rng: &mut impl Rng, n: usize) -> Vec<f64> {
    (0..n).map(|_| normal(rng)).collect()
}

/// A random direction of the given length.
pub(crate) fn direction(rng: &mut impl Rng, dim: usize, length: f64) -> Vec<f64> {
    let vector = normals(rng, dim);
    let norm = norm(&vector);
    vector.iter().map(|x| x * length / norm).collect()
}

/// `n` random patterns on the sphere of the given radius.
pub(crate) fn sphere(rng: &mut impl Rng, n: usize, dim: usize, radius: f64) -> Vec<Vec<f64>> {
    (0..n).map(|_| direction(rng, dim, radius)).collect()
}

pub(crate) fn matrix(rows: &[Vec<f64>]) -> Result<Tensor> {
    let dim = rows.first().map_or(0, Vec::len);
    Tensor::from_vec(rows.concat(), (rows.len(), dim), &Device::Cpu)
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

pub(crate) fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

pub(crate) fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| x + y).collect()
}

pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
}

pub(crate) fn mean(rows: &[Vec<f64>]) -> Vec<f64> {
    let sum = rows.iter().fold(vec![0.0; rows[0].len()], |sum, row| add(&sum, row));
    sum.iter().map(|x| x / rows.len() as f64).collect()
}

/// The energy of Eq. (2), term by term.
pub(crate) fn slow_energy(stored: &[Vec<f64>], state: &[f64], beta: f64) -> f64 {
    let scores: Vec<f64> = stored.iter().map(|x| beta * dot(x, state)).collect();
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let lse = (top + scores.iter().map(|s| (s - top).exp()).sum::<f64>().ln()) / beta;
    let largest = stored.iter().map(|x| dot(x, x)).fold(0.0, f64::max);
    -lse + 0.5 * dot(state, state) + (stored.len() as f64).ln() / beta + 0.5 * largest
}

/// The update of Eq. (3), term by term.
pub(crate) fn slow_update(stored: &[Vec<f64>], state: &[f64], beta: f64) -> Vec<f64> {
    let scores: Vec<f64> = stored.iter().map(|x| beta * dot(x, state)).collect();
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|s| (s - top).exp()).collect();
    let total: f64 = weights.iter().sum();
    let mut new = vec![0.0; state.len()];
    for (weight, pattern) in weights.iter().zip(stored) {
        for (sum, x) in new.iter_mut().zip(pattern) {
            *sum += weight / total * x;
        }
    }
    new
}

/// Least-squares slope of `y` against `x`.
pub(crate) fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (mx, my) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let sxy: f64 = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum();
    let sxx: f64 = points.iter().map(|p| (p.0 - mx).powi(2)).sum();
    sxy / sxx
}
