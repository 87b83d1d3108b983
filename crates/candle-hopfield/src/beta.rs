//! The inverse temperature beta: how sharply a state pattern separates stored patterns.

use candle_core::{DType, Device, Result, Tensor, bail};
use candle_nn::{Init, VarBuilder};

/// Inverse temperature of a layer's heads, dimensionless.
///
/// A small beta averages over all stored patterns, a large one retrieves a single one.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Beta {
    /// 1 / sqrt(`hidden_size`); 1 where nothing is projected.
    #[default]
    InverseRoot,
    /// The same for all heads.
    Number(f64),
    /// One number a head.
    PerHead(Vec<f64>),
    /// A variable `beta`, one number per head, that starts here.
    Learnable(f64),
}

impl Beta {
    /// The betas of `heads` heads, (heads), as constants or as the variable `beta` of `vb`.
    pub(crate) fn tensor(
        &self,
        heads: usize,
        hidden: Option<usize>,
        vb: &VarBuilder,
    ) -> Result<Tensor> {
        let constant = |values: Vec<f64>| as_tensor(&values, vb.dtype(), vb.device());
        match self {
            Self::InverseRoot => {
                constant(vec![hidden.map_or(1.0, |width| 1.0 / (width as f64).sqrt()); heads])
            }
            Self::Number(beta) => constant(vec![*beta; heads]),
            Self::PerHead(betas) => constant(betas.clone()),
            Self::Learnable(start) => vb.get_with_hints(heads, "beta", Init::Const(*start)),
        }
    }

    /// Refuses numbers that are not an inverse temperature, and lists of the wrong length.
    pub(crate) fn check(&self, heads: usize) -> Result<()> {
        let betas = match self {
            Self::InverseRoot => return Ok(()),
            Self::Number(beta) | Self::Learnable(beta) => std::slice::from_ref(beta),
            Self::PerHead(betas) => {
                if betas.len() != heads {
                    bail!("{} betas for {heads} heads: expected one per head", betas.len());
                }
                betas
            }
        };
        betas.iter().try_for_each(|beta| check(*beta))
    }
}

/// Refuses what is not a number, also after rounding to single precision.
pub(crate) fn check(beta: f64) -> Result<()> {
    if beta.abs() <= f64::from(f32::MAX) {
        return Ok(());
    }
    bail!("beta is {beta}: expected a finite number")
}

pub(crate) fn as_tensor(values: &[f64], dtype: DType, device: &Device) -> Result<Tensor> {
    Tensor::new(values, device)?.to_dtype(dtype)
}

/// How beta moves during training; hand [`BetaSchedule::at`] to [`Call::beta`](crate::Call).
///
/// With a rising beta, a head averages at first and singles out patterns later, as in annealing.
///
/// ```
/// use candle_hopfield::BetaSchedule;
///
/// let schedule = BetaSchedule::Linear { start: 1.0, end: 3.0, steps: 4 };
/// assert_eq!([0, 2, 9].map(|step| schedule.at(step)), [1.0, 2.0, 3.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BetaSchedule {
    /// Always the same.
    Constant(f64),
    /// From `start` to `end` in equal steps.
    Linear {
        /// Beta of step 0.
        start: f64,
        /// Beta of step `steps` and all later ones.
        end: f64,
        /// Number of steps between them.
        steps: usize,
    },
    /// From `start` to `end` by equal factors; both positive.
    Exponential {
        /// Beta of step 0.
        start: f64,
        /// Beta of step `steps` and all later ones.
        end: f64,
        /// Number of steps between them.
        steps: usize,
    },
}

impl BetaSchedule {
    /// Beta at a step, counted from 0.
    pub fn at(&self, step: usize) -> f64 {
        let share =
            |steps: usize| if steps == 0 { 1.0 } else { (step as f64 / steps as f64).min(1.0) };
        match *self {
            Self::Constant(beta) => beta,
            Self::Linear { start, end, steps } => start + (end - start) * share(steps),
            Self::Exponential { start, end, steps } => start * (end / start).powf(share(steps)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_starts_ends_and_stays() {
        let linear = BetaSchedule::Linear { start: 1.0, end: 3.0, steps: 4 };
        let exponential = BetaSchedule::Exponential { start: 1.0, end: 16.0, steps: 4 };
        let table: Vec<(f64, f64)> =
            [0, 2, 4, 9].map(|step| (linear.at(step), exponential.at(step))).to_vec();
        let expected = [(1.0, 1.0), (2.0, 4.0), (3.0, 16.0), (3.0, 16.0)];
        for ((linear, exponential), (a, b)) in table.iter().zip(expected) {
            assert!((linear - a).abs() < 1e-12 && (exponential - b).abs() < 1e-12, "{table:?}");
        }
    }
}
