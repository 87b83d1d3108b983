//! From pooled z to the vectors that are compared.
//!
//! ```text
//! s = (z - mean) / sd        of each value, over both sides of the batch
//! x = P s / |P s|
//! ```
//!
//! Pooled repertoires are means over thousands of sequences and differ by little: without the first step all vectors would point
//! the same way. P is dropped at the end of pre-training.

use candle_core::{Device, Result, Tensor, Var};
use candle_hopfield::contrastive::unit_length;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

use crate::network::Network;
use crate::optimizer::Parameter;

/// Added to a variance: a value that is the same everywhere stays near 0. Differences of means are small, so this is smaller.
const EPS: f64 = 1e-12;

/// Linear maps of both sides: one for views of one kind, two for views that differ in kind.
#[derive(Debug)]
pub(super) struct Projections(Vec<Var>);

impl Projections {
    /// `n` random maps from `inputs` to `outputs` values.
    pub(super) fn new(
        n: usize,
        (inputs, outputs): (usize, usize),
        rng: &mut ChaCha8Rng,
    ) -> Result<Self> {
        let sd = (1.0 / inputs.max(1) as f64).sqrt();
        let normal = Normal::new(0.0, sd).expect("a finite standard deviation");
        let map = |_| {
            let values = (0..inputs * outputs).map(|_| normal.sample(rng) as f32).collect();
            Var::from_tensor(&Tensor::from_vec(values, (inputs, outputs), &Device::Cpu)?)
        };
        Ok(Self((0..n).map(map).collect::<Result<_>>()?))
    }

    /// The vectors of pooled `z` of both sides.
    ///
    /// # Shapes
    ///
    /// - `z`: two of `(n, E)`
    /// - returns: two of `(n, P)`, rows of length 1
    ///
    /// # Errors
    ///
    /// If candle fails, or a row has length 0.
    pub(super) fn vectors(&self, z: &[Tensor; 2]) -> Result<[Tensor; 2]> {
        let n = z[0].dim(0)?;
        let both = standardised(&Tensor::cat(z, 0)?)?; // (2 n, E)
        let side = |k: usize| {
            let own = both.narrow(0, k * n, n)?.contiguous()?; // (n, E)
            unit_length(&own.matmul(self.0[k % self.0.len()].as_tensor())?)
        };
        Ok([side(0)?, side(1)?])
    }

    /// The variables, by name.
    pub(super) fn parameters(&self) -> Vec<Parameter> {
        let named = |(k, var): (usize, &Var)| Parameter {
            name: format!("projection.{k}.weight"),
            var: var.clone(),
            decay: true,
        };
        self.0.iter().enumerate().map(named).collect()
    }

    /// How much of the vectors comes from each value of z: the squared length of its row, (E).
    pub(super) fn carried(&self) -> Result<Vec<f64>> {
        let mut all: Vec<f64> = Vec::new();
        for map in &self.0 {
            let rows = map.as_tensor().to_vec2::<f32>()?;
            all.resize(rows.len(), 0.0);
            for (sum, row) in all.iter_mut().zip(rows) {
                *sum += row.iter().map(|own| f64::from(*own).powi(2)).sum::<f64>();
            }
        }
        Ok(all)
    }
}

/// What is trained: the network without its head, and the projections.
pub(super) fn trainable(network: &Network, projections: &Projections) -> Vec<Parameter> {
    let own = network.trainable().into_iter();
    let own = own.filter(|parameter| !crate::network::is_of_head(&parameter.name));
    own.chain(projections.parameters()).collect()
}

/// Columns with mean 0 and variance 1.
fn standardised(z: &Tensor) -> Result<Tensor> {
    let centred = z.broadcast_sub(&z.mean_keepdim(0)?)?;
    let variance = centred.sqr()?.mean_keepdim(0)?; // (1, E)
    centred.broadcast_div(&(variance + EPS)?.sqrt()?)
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use proptest::prelude::*;

    use super::super::views::rng;
    use super::*;

    fn tensor(values: &[f64], n: usize) -> Tensor {
        let values: Vec<f32> = values.iter().map(|&own| own as f32).collect();
        let width = values.len() / n;
        Tensor::from_vec(values, (n, width), &Device::Cpu).unwrap()
    }

    /// The definition, in plain `f64`.
    fn reference(rows: &[Vec<f64>], map: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let n = rows.len() as f64;
        let mut own = rows.to_vec();
        for d in 0..rows[0].len() {
            let mean = rows.iter().map(|row| row[d]).sum::<f64>() / n;
            let variance = rows.iter().map(|row| (row[d] - mean).powi(2)).sum::<f64>() / n;
            for row in &mut own {
                row[d] = (row[d] - mean) / (variance + EPS).sqrt();
            }
        }
        let project = |row: &Vec<f64>| -> Vec<f64> {
            let value = |p: usize| row.iter().zip(map).map(|(s, own)| s * own[p]).sum::<f64>();
            let projected: Vec<f64> = (0..map[0].len()).map(value).collect();
            let length = projected.iter().map(|own| own * own).sum::<f64>().sqrt();
            projected.iter().map(|own| own / length).collect()
        };
        own.iter().map(project).collect()
    }

    proptest! {
        #[test]
        fn vectors_are_those_of_the_definition(
            values in prop::collection::vec(-3.0_f64..3.0, 40), seed: u64, offset in -5.0_f64..5.0,
        ) {
            // Common to all rows: it must not matter.
            let values: Vec<f64> = values.iter().map(|own| own + offset).collect();
            let projections = Projections::new(1, (5, 3), &mut rng(seed, 0)).unwrap();
            let z = [tensor(&values[..20], 4), tensor(&values[20..], 4)];
            let found = projections.vectors(&z).unwrap();
            let map = projections.0[0].to_dtype(DType::F64).unwrap().to_vec2::<f64>().unwrap();
            let rows: Vec<Vec<f64>> = values.chunks(5).map(<[f64]>::to_vec).collect();
            let want = reference(&rows, &map);
            let found: Vec<Vec<f32>> =
                found.iter().flat_map(|side| side.to_vec2::<f32>().unwrap()).collect();
            for (found, want) in found.iter().flatten().zip(want.iter().flatten()) {
                prop_assert!((f64::from(*found) - want).abs() < 1e-4, "{} != {}", found, want);
            }
        }
    }

    #[test]
    fn views_of_two_kinds_have_maps_of_their_own() {
        let one = Projections::new(1, (5, 3), &mut rng(1, 0)).unwrap();
        let two = Projections::new(2, (5, 3), &mut rng(1, 0)).unwrap();
        let values: Vec<f64> = (0..20).map(|i| f64::from(i * i % 7)).collect();
        let z = [tensor(&values, 4), tensor(&values, 4)];
        let values =
            |own: &Projections| own.vectors(&z).unwrap().map(|side| side.to_vec2::<f32>().unwrap());
        let [x, y] = values(&one);
        assert_eq!(x, y);
        let [x, y] = values(&two);
        assert_ne!(x, y);
        assert_eq!(two.carried().unwrap().len(), 5);
        let names: Vec<String> = two.parameters().into_iter().map(|own| own.name).collect();
        assert_eq!(names, ["projection.0.weight", "projection.1.weight"]);
    }
}
