//! The losses in plain `f64`, term by term, and what the real ones share with them.

use candle_core::{Device, Result, Tensor, Var};
use candle_hopfield::contrastive::{ContrastiveConfig, Form, Objective, loss, unit_length};
use proptest::prelude::*;

use crate::support::{matrix, normals, rng, seeded};

/// One batch and how its loss is computed.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) x: Vec<Vec<f64>>,
    pub(crate) y: Vec<Vec<f64>>,
    pub(crate) objective: Objective,
    pub(crate) form: Form,
    pub(crate) beta: Option<f64>,
    pub(crate) t: f64,
}

impl Batch {
    pub(crate) fn config(&self) -> ContrastiveConfig {
        ContrastiveConfig {
            objective: self.objective,
            retrieval: self.beta.map(Into::into),
            inverse_temperature: self.t.into(),
            form: self.form,
        }
    }

    pub(crate) fn loss(&self) -> Result<f64> {
        loss(&matrix(&self.x)?, &matrix(&self.y)?, &self.config())?.value.to_scalar()
    }

    fn twin(&self) -> f64 {
        let (x, y) = (&self.x, &self.y);
        let ask = |stored: &[Vec<f64>], asking: &[Vec<f64>]| match self.beta {
            None => asking.to_vec(),
            Some(beta) => asking.iter().map(|a| retrieved(stored, a, beta)).collect(),
        };
        let sides = self.side(&ask(x, x), &ask(x, y)) + self.side(&ask(y, y), &ask(y, x));
        match (self.form, self.objective) {
            (Form::Paper, _) => sides,
            (Form::Release, Objective::InfoLoob) => sides / self.t,
            (Form::Release, Objective::InfoNce) => sides / 2.0,
        }
    }

    fn side(&self, anchors: &[Vec<f64>], candidates: &[Vec<f64>]) -> f64 {
        let mut sum = 0.0;
        for (i, anchor) in anchors.iter().enumerate() {
            let mut others = 0.0;
            for (j, candidate) in candidates.iter().enumerate() {
                if i != j || self.objective == Objective::InfoNce {
                    others += (self.t * dot(anchor, candidate)).exp();
                }
            }
            sum += others.ln() - self.t * dot(anchor, &candidates[i]);
        }
        sum / anchors.len() as f64
    }
}

fn retrieved(stored: &[Vec<f64>], asking: &[f64], beta: f64) -> Vec<f64> {
    let weights: Vec<f64> = stored.iter().map(|x| (beta * dot(x, asking)).exp()).collect();
    let mut state = vec![0.0; asking.len()];
    for (weight, pattern) in weights.iter().zip(stored) {
        for (sum, value) in state.iter_mut().zip(pattern) {
            *sum += weight * value; // the total weight goes with the length
        }
    }
    scaled(&state)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn scaled(row: &[f64]) -> Vec<f64> {
    row.iter().map(|value| value / dot(row, row).sqrt()).collect()
}

/// Pairs whose views are `noise` apart, of unit length or not.
pub(crate) fn batch() -> impl Strategy<Value = Batch> {
    let objective = prop_oneof![Just(Objective::InfoLoob), Just(Objective::InfoNce)];
    let form = prop_oneof![Just(Form::Paper), Just(Form::Release)];
    let beta = prop::option::of(0.1..20.0);
    let sizes = (2..12_usize, 2..8_usize, any::<bool>(), any::<u64>());
    (objective, form, beta, 0.1..20.0, sizes).prop_map(|(objective, form, beta, t, sizes)| {
        let (pairs, width, unit, seed) = sizes;
        let rng = &mut rng(seed);
        let mut row = || {
            let row = normals(rng, width);
            if unit { scaled(&row) } else { row }
        };
        let x: Vec<_> = (0..pairs).map(|_| row()).collect();
        let y = (0..pairs).map(|_| row()).collect();
        Batch { x, y, objective, form, beta, t }
    })
}

proptest! {
    #![proptest_config(seeded(200))]

    #[test]
    fn is_the_definition(batch in batch()) {
        let (found, expected) = (batch.loss().unwrap(), batch.twin());
        let off = (found - expected).abs() / expected.abs().max(1.0);
        prop_assert!(off < 1e-11, "{found} != {expected}");
    }

    /// `l_i` of both sides make up the loss; `InfoNCE` is never below 0.
    #[test]
    fn pairs_add_up(batch in batch()) {
        let found = loss(&matrix(&batch.x).unwrap(), &matrix(&batch.y).unwrap(), &batch.config()).unwrap();
        let terms = |side: &Tensor| side.to_vec1::<f64>().unwrap();
        let all = [terms(&found.side_x), terms(&found.side_y)].concat();
        let sum = all.iter().sum::<f64>() / batch.x.len() as f64;
        let paper = Batch { form: Form::Paper, ..batch.clone() };
        prop_assert!((sum - paper.loss().unwrap()).abs() < 1e-10 * sum.abs().max(1.0));
        if batch.objective == Objective::InfoNce {
            prop_assert!(all.iter().all(|l| *l > -1e-12), "{all:?}");
        }
    }

    #[test]
    fn the_order_of_pairs_is_nothing(batch in batch(), by in 1..11_usize) {
        let mut turned = batch.clone();
        turned.x.rotate_left(by % batch.x.len());
        turned.y.rotate_left(by % batch.x.len());
        prop_assert!((turned.loss().unwrap() - batch.loss().unwrap()).abs() < 1e-10);
    }

    /// Both sides turned and mirrored by a reflection at one plane, then at another.
    #[test]
    fn rotating_both_sides_is_nothing(batch in batch(), seed: u64) {
        let rng = &mut rng(seed);
        let mut turned = batch.clone();
        for _ in 0..2 {
            let normal = scaled(&normals(rng, batch.x[0].len()));
            for row in turned.x.iter_mut().chain(&mut turned.y) {
                let along = 2.0 * dot(row, &normal);
                row.iter_mut().zip(&normal).for_each(|(value, n)| *value -= along * n);
            }
        }
        let (found, expected) = (turned.loss().unwrap(), batch.loss().unwrap());
        prop_assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{found} {expected}");
    }
}

proptest! {
    #![proptest_config(seeded(60))]

    /// Along a random direction of all inputs, through the lengths; fourth-order central differences.
    #[test]
    fn the_gradient_is_the_slope(batch in batch(), seed: u64) {
        let (n, d) = (batch.x.len(), batch.x[0].len());
        let rng = &mut rng(seed);
        let start = [batch.x.concat(), batch.y.concat(), vec![batch.t, batch.beta.unwrap_or(1.0)]].concat();
        let step = normals(rng, start.len());
        let at = |by: f64| -> Vec<f64> { start.iter().zip(&step).map(|(a, b)| a + by * b).collect() };
        let value = |numbers: Vec<f64>| -> (f64, Vec<f64>) {
            let var = Var::from_vec(numbers, start.len(), &Device::Cpu).unwrap();
            let part = |from: usize| unit_length(&var.narrow(0, from, n * d).unwrap().reshape((n, d)).unwrap()).unwrap();
            let number = |at: usize| var.narrow(0, at, 1).unwrap();
            let config = ContrastiveConfig {
                retrieval: batch.beta.map(|_| number(2 * n * d + 1).into()),
                inverse_temperature: number(2 * n * d).into(),
                ..batch.config()
            };
            let value = loss(&part(0), &part(n * d), &config).unwrap().value;
            let grad = value.backward().unwrap().get(&var).unwrap().to_vec1().unwrap();
            (value.to_scalar().unwrap(), grad)
        };
        let h = 1e-4;
        let difference = |by: f64| value(at(by)).0 - value(at(-by)).0;
        let slope = (8.0 * difference(h) - difference(2.0 * h)) / (12.0 * h);
        let found = dot(&value(start.clone()).1, &step);
        prop_assert!((found - slope).abs() < 1e-6 * slope.abs().max(1.0), "{found} != {slope}");
    }
}
