//! Two views of made-up objects whose features occur together.

use candle_core::{Device, Result, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Groups of features; a strong one and the weak ones that mostly go with it.
const GROUPS: usize = 16;
const FEATURES: usize = 3;
/// Numbers that a view consists of.
pub(crate) const WIDTH: usize = 64;
/// Size of a weak feature; a strong one has 1.
const WEAK: f32 = 0.4;
/// How often a weak feature does not go with the strong one of its group.
const ALONE: f64 = 0.1;
/// Standard deviation of the noise of every number, each view its own.
const NOISE: f32 = 0.3;

/// Which features of an object can be seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    All,
    WeakAlone,
}

/// A world of objects: in each view every feature has a direction of its own.
pub(crate) struct Task {
    directions: [Tensor; 2], // (features, width)
    rng: ChaCha8Rng,
}

impl Task {
    pub(crate) fn new(seed: u64) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let directions = [orthonormal(&mut rng)?, orthonormal(&mut rng)?];
        Ok(Self { directions, rng })
    }

    /// Both views of `n` objects, (n, width) each.
    pub(crate) fn draw(&mut self, n: usize, seen: Seen) -> Result<[Tensor; 2]> {
        let mut signs = Vec::with_capacity(n * GROUPS * FEATURES);
        for _ in 0..n * GROUPS {
            let strong = self.rng.random_bool(0.5);
            signs.push(if seen == Seen::All { sign(strong) } else { 0.0 });
            for _ in 1..FEATURES {
                signs.push(WEAK * sign(strong != self.rng.random_bool(ALONE)));
            }
        }
        let signs = Tensor::from_vec(signs, (n, GROUPS * FEATURES), &Device::Cpu)?;
        let [x, y] = self.directions.clone();
        Ok([self.view(&signs, &x)?, self.view(&signs, &y)?])
    }

    fn view(&mut self, signs: &Tensor, directions: &Tensor) -> Result<Tensor> {
        let n = signs.dim(0)?;
        let noise: Vec<f32> = (&mut self.rng)
            .sample_iter(StandardNormal)
            .take(n * WIDTH)
            .map(|number: f32| NOISE * number)
            .collect();
        signs.matmul(directions)? + Tensor::from_vec(noise, (n, WIDTH), &Device::Cpu)?
    }
}

fn sign(positive: bool) -> f32 {
    if positive { 1.0 } else { -1.0 }
}

/// Random directions at right angles to each other (Gram and Schmidt).
fn orthonormal(rng: &mut ChaCha8Rng) -> Result<Tensor> {
    let mut rows: Vec<Vec<f32>> = Vec::new();
    for _ in 0..GROUPS * FEATURES {
        let mut row: Vec<f32> = rng.sample_iter(StandardNormal).take(WIDTH).collect();
        for other in &rows {
            let along = dot(&row, other);
            row.iter_mut().zip(other).for_each(|(value, o)| *value -= along * o);
        }
        let length = dot(&row, &row).sqrt();
        rows.push(row.iter().map(|value| value / length).collect());
    }
    Tensor::from_vec(rows.concat(), (rows.len(), WIDTH), &Device::Cpu)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
