//! What is pooled, drawn, and the padded attention that it must equal.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_hopfield::ragged::{Bags, RaggedPatterns, ragged_pool};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Inputs of a call, all variables, in f64.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) bags: Bags,
    pub(crate) stored: Var,
    pub(crate) projected: Option<Var>,
    pub(crate) log_weights: Option<Var>,
    pub(crate) states: Var,
    pub(crate) betas: Var,
    /// Gradient of z, (B, H, e).
    pub(crate) dz: Tensor,
}

pub(crate) struct Source(pub(crate) ChaCha8Rng);

impl Source {
    pub(crate) fn tensor(&mut self, shape: &[usize]) -> Result<Tensor> {
        let values: Vec<f64> =
            (0..shape.iter().product()).map(|_| self.0.random_range(-1.0..1.0)).collect();
        // Rounded, so that both dtypes hold the same values.
        Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(DType::F32)?.to_dtype(DType::F64)
    }

    pub(crate) fn var(&mut self, shape: &[usize]) -> Result<Var> {
        Var::from_tensor(&self.tensor(shape)?)
    }
}

impl Case {
    pub(crate) fn draw(
        lengths: &[usize],
        (heads, dim, width): (usize, usize, usize),
        (is_projected, is_weighted): (bool, bool),
        seed: u64,
    ) -> Result<Self> {
        let bags = Bags::from_lengths(lengths).expect("few patterns");
        let (n, width) = (bags.patterns(), if is_projected { width } else { dim });
        let mut from = Source(ChaCha8Rng::seed_from_u64(seed));
        Ok(Self {
            stored: from.var(&[n, dim])?,
            projected: if is_projected { Some(from.var(&[n, width])?) } else { None },
            log_weights: if is_weighted { Some(from.var(&[n])?) } else { None },
            states: from.var(&[heads, dim])?,
            betas: Var::from_tensor(&(from.tensor(&[heads])? + 1.5)?)?,
            dz: from.tensor(&[bags.len(), heads, width])?,
            bags,
        })
    }

    pub(crate) fn vars(&self) -> Vec<&Var> {
        let optional = [&self.projected, &self.log_weights];
        let required = [&self.stored, &self.states, &self.betas];
        required.into_iter().chain(optional.into_iter().flatten()).collect()
    }

    pub(crate) fn map(&self, f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
        let var = |var: &Var| Var::from_tensor(&f(var)?);
        Ok(Self {
            bags: self.bags.clone(),
            stored: var(&self.stored)?,
            projected: self.projected.as_ref().map(var).transpose()?,
            log_weights: self.log_weights.as_ref().map(var).transpose()?,
            states: var(&self.states)?,
            betas: var(&self.betas)?,
            dz: f(&self.dz)?,
        })
    }

    /// The same with the patterns of each bag in reverse order.
    pub(crate) fn reversed(&self) -> Result<Self> {
        let order: Vec<u32> = self.bags.iter().flat_map(Iterator::rev).map(|i| i as u32).collect();
        if order.is_empty() {
            return Ok(self.clone());
        }
        let order = Tensor::from_slice(&order, order.len(), &Device::Cpu)?;
        let var = |var: &Var| Var::from_tensor(&var.index_select(&order, 0)?);
        Ok(Self {
            stored: var(&self.stored)?,
            projected: self.projected.as_ref().map(var).transpose()?,
            log_weights: self.log_weights.as_ref().map(var).transpose()?,
            ..self.clone()
        })
    }

    pub(crate) fn patterns(&self) -> RaggedPatterns<'_> {
        RaggedPatterns {
            stored: &self.stored,
            projected: self.projected.as_deref(),
            log_weights: self.log_weights.as_deref(),
        }
    }

    pub(crate) fn pool(&self) -> Result<Tensor> {
        ragged_pool(&self.bags, &self.patterns(), &self.states, &self.betas)
    }

    /// Softmax attention over bags padded to the longest, from candle's operations.
    pub(crate) fn padded(&self) -> Result<Tensor> {
        let (heads, dim) = self.states.dims2()?;
        let values = self.projected.as_ref().unwrap_or(&self.stored);
        let longest = self.bags.iter().map(|bag| bag.len()).max().unwrap_or(0);
        let (dtype, device) = (self.states.dtype(), self.states.device());
        let mut pooled = Vec::new();
        for bag in self.bags.iter() {
            if bag.is_empty() {
                pooled.push(Tensor::zeros((heads, values.dim(1)?), dtype, device)?);
                continue;
            }
            let rest = longest - bag.len();
            let pad = |of: &Tensor| of.narrow(0, bag.start, bag.len())?.pad_with_zeros(0, 0, rest);
            let keys = pad(&self.stored)?; // (longest, d)
            assert_eq!(keys.dims(), [longest, dim]);
            let scores = self.states.matmul(&keys.t()?.contiguous()?)?; // (H, longest)
            let mut scores = scores.broadcast_mul(&self.betas.unsqueeze(1)?)?;
            if let Some(weights) = &self.log_weights {
                scores = scores.broadcast_add(&pad(weights)?)?;
            }
            let mask: Vec<f64> =
                (0..longest).map(|i| if i < bag.len() { 0.0 } else { f64::NEG_INFINITY }).collect();
            let mask = Tensor::new(mask, device)?.to_dtype(dtype)?;
            let associations = candle_nn::ops::softmax(&scores.broadcast_add(&mask)?, 1)?;
            pooled.push(associations.matmul(&pad(values)?)?); // (H, e)
        }
        Tensor::stack(&pooled, 0)
    }

    /// z and the gradient of each variable.
    pub(crate) fn answers(&self, z: &Tensor) -> Result<Vec<Tensor>> {
        let gradients = (z * &self.dz)?.sum_all()?.backward()?;
        let mut answers = vec![z.detach()];
        for var in self.vars() {
            let gradient = gradients.get(var).cloned();
            answers.push(gradient.map_or_else(|| var.zeros_like(), Ok)?);
        }
        Ok(answers)
    }
}
