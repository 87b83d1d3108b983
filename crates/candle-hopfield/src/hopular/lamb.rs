//! The optimiser: LAMB inside Lookahead.

use candle_core::backprop::GradStore;
use candle_core::{DType, Result, Tensor, Var, bail};

/// Options of [`Lamb`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LambConfig {
    /// Of both moments.
    pub betas: (f64, f64),
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Of every variable, biases and normalisations too.
    pub weight_decay: f64,
    /// The slow weights move every so many steps.
    pub lookahead_every: usize,
    /// By this share of the way to the fast ones.
    pub lookahead_share: f64,
    /// Whether the fast weights then go to where the slow ones are.
    pub synchronise: bool,
}

impl Default for LambConfig {
    /// The command line of the release.
    fn default() -> Self {
        Self {
            betas: (0.9, 0.999),
            eps: 1e-6,
            weight_decay: 0.1,
            lookahead_every: 1,
            lookahead_share: 0.005,
            synchronise: false,
        }
    }
}

/// A variable with what the optimiser knows of it.
#[derive(Debug)]
struct Followed {
    var: Var,
    first: Tensor,
    second: Tensor,
    slow: Tensor,
    steps: i32,
}

/// LAMB with slow weights beside the fast ones.
///
/// ```text
/// m <- b1 m + (1 - b1) g          v <- b2 v + (1 - b2) g^2
/// u = m / (sqrt(v) + eps) + decay p
/// p <- p - lr sqrt(1 - b2^t) / (1 - b1^t) ratio u,    ratio = min(|p|, 10) / |u|, 1 if either is 0
/// slow <- slow + share (p - slow)                      every k steps
/// ```
///
/// A variable without gradient stays.
///
/// # References
/// You et al., *Large Batch Optimization for Deep Learning*, <https://arxiv.org/abs/1904.00962>;
/// Zhang et al., *Lookahead Optimizer*, <https://arxiv.org/abs/1907.08610>
#[derive(Debug)]
pub struct Lamb {
    config: LambConfig,
    followed: Vec<Followed>,
    steps: usize,
}

/// Largest norm of a variable in the ratio.
const LARGEST_NORM: f64 = 10.0;

impl Lamb {
    /// Follows these variables from where they are.
    ///
    /// # Errors
    /// Betas outside of [0, 1), slow weights that never move, or numbers that are none.
    pub fn new(variables: Vec<Var>, config: LambConfig) -> Result<Self> {
        let LambConfig { betas, eps, weight_decay, lookahead_every, lookahead_share, .. } = config;
        let is_share = |share: f64| (0.0..1.0).contains(&share);
        if !is_share(betas.0) || !is_share(betas.1) || lookahead_every == 0 {
            bail!("{config:?}: expected `betas` in [0, 1) and `lookahead_every` of at least 1");
        }
        if !(eps > 0.0 && weight_decay >= 0.0 && (0.0..=1.0).contains(&lookahead_share)) {
            bail!(
                "{config:?}: expected a positive `eps`, `weight_decay` of at least 0 and `lookahead_share` in [0, 1]"
            );
        }
        let follow = |var: Var| {
            let zeros = var.zeros_like()?;
            let slow = var.as_tensor().copy()?.detach();
            Ok(Followed { first: zeros.clone(), second: zeros, slow, steps: 0, var })
        };
        let followed = variables.into_iter().map(follow).collect::<Result<_>>()?;
        Ok(Self { config, followed, steps: 0 })
    }

    /// One step; returns the ratio of every variable, `None` without gradient.
    ///
    /// # Errors
    /// Gradients of another shape.
    pub fn step(&mut self, grads: &GradStore, rate: f64) -> Result<Vec<Option<f64>>> {
        self.steps += 1;
        let mut ratios = Vec::with_capacity(self.followed.len());
        for followed in &mut self.followed {
            let grad = grads.get(followed.var.as_tensor());
            let ratio = grad.map(|grad| followed.step(grad, rate, &self.config)).transpose()?;
            ratios.push(ratio);
        }
        if self.steps.is_multiple_of(self.config.lookahead_every) {
            for followed in &mut self.followed {
                let fast = followed.var.as_tensor().copy()?.detach();
                let way = ((fast - &followed.slow)? * self.config.lookahead_share)?;
                followed.slow = (&followed.slow + way)?;
                if self.config.synchronise {
                    followed.var.set(&followed.slow)?;
                }
            }
        }
        Ok(ratios)
    }

    /// The slow weights, in the order of the variables.
    pub fn slow(&self) -> Vec<Tensor> {
        self.followed.iter().map(|followed| followed.slow.clone()).collect()
    }
}

impl Followed {
    fn step(&mut self, grad: &Tensor, rate: f64, config: &LambConfig) -> Result<f64> {
        self.steps += 1;
        let ((b1, b2), grad) = (config.betas, grad.detach());
        self.first = ((&self.first * b1)? + (&grad * (1.0 - b1))?)?;
        self.second = ((&self.second * b2)? + (grad.sqr()? * (1.0 - b2))?)?;
        let fast = self.var.as_tensor().detach();
        let update = (&self.first / (self.second.sqrt()? + config.eps)?)?;
        let update = (update + (&fast * config.weight_decay)?)?;
        let (size, change) = (norm(&fast)?.min(LARGEST_NORM), norm(&update)?);
        let ratio = if size == 0.0 || change == 0.0 { 1.0 } else { size / change };
        let unbiased = (1.0 - b2.powi(self.steps)).sqrt() / (1.0 - b1.powi(self.steps));
        self.var.set(&(fast - (update * (rate * unbiased * ratio))?)?)?;
        Ok(ratio)
    }
}

fn norm(tensor: &Tensor) -> Result<f64> {
    Ok(tensor.to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar::<f64>()?.sqrt())
}

/// Scales all gradients down so that they are no longer than `most` together, and returns how long they were.
///
/// ```text
/// g <- g min(1, most / (|g| + 1e-6))
/// ```
///
/// # Errors
/// A gradient that is no number.
pub fn clip(grads: &mut GradStore, variables: &[Var], most: f64) -> Result<f64> {
    let mut squares = 0.0;
    for var in variables {
        squares += grads.get(var.as_tensor()).map_or(Ok(0.0), norm)?.powi(2);
    }
    let length = squares.sqrt();
    if !length.is_finite() {
        bail!("the gradients have the norm {length}: expected a number; lower the learning rate");
    }
    let factor = most / (length + 1e-6);
    if factor < 1.0 {
        for var in variables {
            if let Some(grad) = grads.remove(var.as_tensor()) {
                grads.insert(var.as_tensor(), (grad * factor)?);
            }
        }
    }
    Ok(length)
}
