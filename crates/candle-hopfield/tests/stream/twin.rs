//! What is pooled, and the definition in `f64`.

use candle_core::Result;
use candle_hopfield::stream::{Patterns, PoolingState, StatePatterns, pool};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Everything that a pooling reads, and a gradient of z.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) heads: usize,
    pub(crate) dim: usize,
    pub(crate) width: usize,
    pub(crate) states: Vec<f32>,
    pub(crate) betas: Vec<f32>,
    pub(crate) stored: Vec<f32>,
    pub(crate) projected: Option<Vec<f32>>,
    pub(crate) log_weights: Option<Vec<f32>>,
    pub(crate) dz: Vec<f32>,
}

/// Which optional inputs a case has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) projected: bool,
    pub(crate) weighted: bool,
}

impl Case {
    pub(crate) fn draw(
        n: usize,
        (heads, dim, width): (usize, usize, usize),
        with: Options,
        seed: u64,
    ) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let width = if with.projected { width } else { dim };
        let mut values =
            |len: usize| -> Vec<f32> { (0..len).map(|_| rng.random_range(-1.0..1.0)).collect() };
        let mut case = Self {
            heads,
            dim,
            width,
            states: values(heads * dim),
            betas: values(heads).iter().map(|value| value + 1.5).collect(),
            stored: values(n * dim),
            projected: with.projected.then(|| values(n * width)),
            log_weights: with.weighted.then(|| values(n)),
            dz: values(heads * width),
        };
        // Some patterns are left out.
        for weight in case.log_weights.iter_mut().flatten().step_by(5) {
            *weight = f32::NEG_INFINITY;
        }
        case
    }

    pub(crate) fn states(&self) -> Result<StatePatterns> {
        StatePatterns::new(&self.states, &self.betas)
    }

    pub(crate) fn n(&self) -> usize {
        self.stored.len() / self.dim
    }

    pub(crate) fn patterns(&self) -> Patterns<'_> {
        self.range(0, self.n())
    }

    pub(crate) fn range(&self, start: usize, end: usize) -> Patterns<'_> {
        let projected = self.projected.as_ref();
        Patterns {
            stored: &self.stored[start * self.dim..end * self.dim],
            projected: projected.map(|v| &v[start * self.width..end * self.width]),
            log_weights: self.log_weights.as_ref().map(|w| &w[start..end]),
        }
    }

    pub(crate) fn pooled(&self) -> Result<PoolingState> {
        pool(&self.states()?, self.width, &self.patterns())
    }
}

/// The definition, slow and obvious.
#[derive(Default)]
pub(crate) struct Twin {
    pub(crate) z: Vec<f64>,
    pub(crate) log_sum_exp: Vec<f64>,
    /// (n, H)
    pub(crate) associations: Vec<f64>,
    pub(crate) dstates: Vec<f64>,
    pub(crate) dbetas: Vec<f64>,
    pub(crate) dstored: Vec<f64>,
    pub(crate) dprojected: Vec<f64>,
    pub(crate) dlog_weights: Vec<f64>,
}

pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

impl Twin {
    pub(crate) fn new(case: &Case) -> Self {
        let (n, d, e) = (case.n(), case.dim, case.width);
        let mut twin = Self {
            associations: vec![0.0; n * case.heads],
            dstored: vec![0.0; n * d],
            dprojected: vec![0.0; n * e],
            dlog_weights: vec![0.0; n],
            ..Self::default()
        };
        for h in 0..case.heads {
            twin.pool(case, h);
        }
        if case.projected.is_none() {
            let sums = twin.dstored.iter_mut().zip(&twin.dprojected);
            sums.for_each(|(dy, dv)| *dy += dv);
        }
        twin
    }

    pub(crate) fn pool(&mut self, case: &Case, h: usize) {
        let (n, d, e) = (case.n(), case.dim, case.width);
        let values = case.projected.as_ref().unwrap_or(&case.stored);
        let (xi, beta) = (&case.states[h * d..(h + 1) * d], f64::from(case.betas[h]));
        let raw: Vec<f64> = case.stored.chunks_exact(d).map(|y| dot(xi, y)).collect();
        let weight = |i: usize| case.log_weights.as_ref().map_or(0.0, |w| f64::from(w[i]));
        let weights: Vec<f64> = (0..n).map(|i| (beta * raw[i] + weight(i)).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let a: Vec<f64> = weights.iter().map(|w| if sum > 0.0 { w / sum } else { 0.0 }).collect();
        let z: Vec<f64> =
            (0..e).map(|k| (0..n).map(|i| a[i] * f64::from(values[i * e + k])).sum()).collect();
        for (i, a) in a.iter().enumerate() {
            self.associations[i * case.heads + h] = *a;
        }
        self.differentiate(case, h, (&raw, &a, &z));
        self.z.extend(z);
        self.log_sum_exp.push(sum.ln());
    }

    pub(crate) fn differentiate(
        &mut self,
        case: &Case,
        h: usize,
        (raw, a, z): (&[f64], &[f64], &[f64]),
    ) {
        let (d, e) = (case.dim, case.width);
        let values = case.projected.as_ref().unwrap_or(&case.stored);
        let (xi, beta) = (&case.states[h * d..(h + 1) * d], f64::from(case.betas[h]));
        let dz = &case.dz[h * e..(h + 1) * e];
        let mean: f64 = z.iter().zip(dz).map(|(z, &dz)| z * f64::from(dz)).sum();
        let (mut dxi, mut dbeta) = (vec![0.0; d], 0.0);
        for i in 0..case.n() {
            let ds = a[i] * (dot(dz, &values[i * e..(i + 1) * e]) - mean);
            dbeta += ds * raw[i];
            self.dlog_weights[i] += ds;
            for k in 0..d {
                dxi[k] += beta * ds * f64::from(case.stored[i * d + k]);
                self.dstored[i * d + k] += beta * ds * f64::from(xi[k]);
            }
            for (dv, &dz) in self.dprojected[i * e..].iter_mut().zip(dz) {
                *dv += a[i] * f64::from(dz);
            }
        }
        self.dstates.extend(dxi);
        self.dbetas.push(dbeta);
    }
}
