//! AdamW whose state can be saved, so that a resumed run equals an undisturbed one to the last bit.
//!
//! Parameters stay in the order in which they were given; nothing here depends on hash order, the
//! clock or a random state.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};
use serde::{Deserialize, Serialize};

/// What is added to the norm before dividing by it, as in PyTorch's `clip_grad_norm_`.
const NORM_EPS: f64 = 1e-6;

/// Name of the step counter among the saved tensors.
const STEP: &str = "step";

/// A trained tensor.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name in model files and checkpoints, unique.
    pub name: String,
    /// The tensor itself.
    pub var: Var,
    /// Whether weight decay, L1 and L2 apply: for weights yes, for biases and scales no.
    pub decay: bool,
}

/// Settings of [`AdamW`]. With `weight_decay` 0 it is Adam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamWConfig {
    /// Decay of the mean gradient, in [0, 1).
    pub beta1: f64,
    /// Decay of the mean squared gradient, in [0, 1).
    pub beta2: f64,
    /// Added to the root of the mean squared gradient.
    pub eps: f64,
    /// Share of a parameter that is subtracted per step, times the learning rate; not in the gradient.
    pub weight_decay: f64,
    /// Factor of the parameter's sign that is added to the gradient.
    pub l1: f64,
    /// Factor of the parameter that is added to the gradient.
    pub l2: f64,
    /// Largest norm of all gradients of the loss together; larger ones are scaled down to it.
    pub max_gradient_norm: Option<f64>,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.0,
            l1: 0.0,
            l2: 0.0,
            max_gradient_norm: None,
        }
    }
}

/// Adam with decoupled weight decay.
///
/// ```text
/// g ← g · min(1, max_gradient_norm / ‖all g‖) + l2·p + l1·sign(p)
/// m ← β1 m + (1 - β1) g          v ← β2 v + (1 - β2) g²
/// p ← (1 - lr·weight_decay) p - lr · m / (1 - β1ᵗ) / (√(v / (1 - β2ᵗ)) + eps)
/// ```
///
/// # References
///
/// - Loshchilov and Hutter, *Decoupled Weight Decay Regularization*, ICLR 2019.
///   <https://arxiv.org/abs/1711.05101>
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    parameters: Vec<Parameter>,
    moments: Vec<Moments>,
    step: u64,
}

/// Running means of a parameter's gradient and of its square.
#[derive(Debug)]
struct Moments {
    first: Tensor,
    second: Tensor,
}

impl AdamW {
    /// An optimizer that has not stepped yet.
    ///
    /// # Errors
    ///
    /// If two parameters share a name.
    pub fn new(parameters: Vec<Parameter>, config: AdamWConfig) -> Result<Self> {
        for (i, parameter) in parameters.iter().enumerate() {
            if parameters[..i].iter().any(|other| other.name == parameter.name) {
                bail!("optimizer: two parameters are named `{}`", parameter.name);
            }
        }
        let zeros = |parameter: &Parameter| {
            Ok(Moments { first: parameter.var.zeros_like()?, second: parameter.var.zeros_like()? })
        };
        let moments = parameters.iter().map(zeros).collect::<Result<_>>()?;
        Ok(Self { config, parameters, moments, step: 0 })
    }

    /// The trained tensors, in the order given.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Gradients in the order of [`Self::parameters`]; a parameter that the loss does not depend on
    /// has a gradient of zeros.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn gradients(&self, grads: &GradStore) -> Result<Vec<Tensor>> {
        let of = |parameter: &Parameter| match grads.get(&parameter.var) {
            Some(grad) => grad.contiguous(),
            None => parameter.var.zeros_like(),
        };
        self.parameters.iter().map(of).collect()
    }

    /// Takes one step along `gradients`, in the order of [`Self::parameters`], and returns their
    /// norm before clipping.
    ///
    /// # Errors
    ///
    /// If number or shapes of the gradients differ from the parameters', or if a gradient is not
    /// finite; then nothing has changed.
    pub fn step(&mut self, gradients: &[Tensor], learning_rate: f64) -> Result<f64> {
        let norm = self.checked_norm(gradients)?;
        let limit = self.config.max_gradient_norm.unwrap_or(f64::INFINITY);
        let scale = (limit / (norm + NORM_EPS)).min(1.0);
        self.step += 1;
        let exponent = self.step as f64;
        let first_correction = 1.0 - self.config.beta1.powf(exponent);
        let second_correction = (1.0 - self.config.beta2.powf(exponent)).sqrt();
        let rows = self.parameters.iter().zip(&mut self.moments).zip(gradients);
        for ((parameter, moments), gradient) in rows {
            let gradient = regularised(&self.config, parameter, gradient, scale)?;
            moments.update(&self.config, &gradient)?;
            let spread = ((moments.second.sqrt()? / second_correction)? + self.config.eps)?;
            let direction = ((&moments.first / spread)? * (learning_rate / first_correction))?;
            let decay = if parameter.decay { self.config.weight_decay } else { 0.0 };
            let kept = (parameter.var.as_tensor() * (1.0 - learning_rate * decay))?;
            parameter.var.set(&(kept - direction)?)?;
        }
        Ok(norm)
    }

    /// Norm of all gradients together.
    fn checked_norm(&self, gradients: &[Tensor]) -> Result<f64> {
        if gradients.len() != self.parameters.len() {
            bail!("optimizer: {} gradients, expected {}", gradients.len(), self.parameters.len());
        }
        let mut squares = 0.0;
        for (gradient, Parameter { name, var, .. }) in gradients.iter().zip(&self.parameters) {
            if gradient.shape() != var.shape() {
                let (found, expected) = (gradient.shape(), var.shape());
                bail!("optimizer: gradient of `{name}` {found:?}, expected {expected:?}");
            }
            let square = gradient.to_dtype(candle_core::DType::F64)?.sqr()?.sum_all()?;
            let square: f64 = square.to_scalar()?;
            if !square.is_finite() {
                bail!("optimizer: gradient of `{name}` is not finite");
            }
            squares += square;
        }
        Ok(squares.sqrt())
    }

    /// Everything that a later [`Self::load_state`] needs besides the parameters: the moments as
    /// `<name>.first` and `<name>.second`, and the number of steps.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut state = BTreeMap::new();
        for (Parameter { name, .. }, moments) in self.parameters.iter().zip(&self.moments) {
            state.insert(format!("{name}.first"), moments.first.copy()?);
            state.insert(format!("{name}.second"), moments.second.copy()?);
        }
        let step = Tensor::new(self.step.cast_signed(), &candle_core::Device::Cpu)?;
        state.insert(STEP.to_owned(), step);
        Ok(state)
    }

    /// Takes over what [`Self::state`] returned.
    ///
    /// # Errors
    ///
    /// If a tensor is missing or has another shape; then nothing has changed.
    pub fn load_state(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        let find = |key: String, like: &Var| match state.get(&key) {
            Some(tensor) if tensor.shape() == like.shape() => {
                tensor.to_dtype(like.dtype())?.to_device(like.device())?.copy()
            }
            Some(tensor) => {
                bail!(
                    "optimizer state: `{key}` is {:?}, expected {:?}",
                    tensor.shape(),
                    like.shape()
                )
            }
            None => bail!("optimizer state: `{key}` is missing"),
        };
        let moments_of = |Parameter { name, var, .. }: &Parameter| {
            let first = find(format!("{name}.first"), var)?;
            Ok(Moments { first, second: find(format!("{name}.second"), var)? })
        };
        let moments = self.parameters.iter().map(moments_of).collect::<Result<_>>()?;
        let Some(step) = state.get(STEP) else {
            bail!("optimizer state: `{STEP}` is missing");
        };
        self.step = step.to_scalar::<i64>()?.cast_unsigned();
        self.moments = moments;
        Ok(())
    }
}

impl Moments {
    fn update(&mut self, config: &AdamWConfig, gradient: &Tensor) -> Result<()> {
        let (beta1, beta2) = (config.beta1, config.beta2);
        self.first = ((&self.first * beta1)? + (gradient * (1.0 - beta1))?)?;
        self.second = ((&self.second * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?;
        Ok(())
    }
}

/// The clipped gradient with its L1 and L2 terms, outside the graph.
fn regularised(
    config: &AdamWConfig,
    parameter: &Parameter,
    gradient: &Tensor,
    scale: f64,
) -> Result<Tensor> {
    let mut gradient = (gradient.detach() * scale)?;
    let value = parameter.var.as_detached_tensor();
    if parameter.decay && config.l2 != 0.0 {
        gradient = (gradient + (&value * config.l2)?)?;
    }
    if parameter.decay && config.l1 != 0.0 {
        gradient = (gradient + (value.sign()? * config.l1)?)?;
    }
    Ok(gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, safetensors};

    /// A weight that decays and a bias that does not.
    fn parameters() -> Vec<Parameter> {
        let a = Var::new(&[[0.5_f32, -1.0], [2.0, 0.1]], &Device::Cpu).unwrap();
        let b = Var::new(&[0.3_f32, -0.7], &Device::Cpu).unwrap();
        vec![
            Parameter { name: "a".to_owned(), var: a, decay: true },
            Parameter { name: "b".to_owned(), var: b, decay: false },
        ]
    }

    /// Step `t` on the squared distance of `a x + b` from (1, -2), `x = (1, t - 2)`.
    fn step(optimizer: &mut AdamW, t: usize, learning_rate: f64) -> f64 {
        let [a, b] = [0, 1].map(|i| optimizer.parameters()[i].var.as_tensor().clone());
        let x = Tensor::new(&[[1.0_f32], [t as f32 - 2.0]], &Device::Cpu).unwrap();
        let target = Tensor::new(&[1.0_f32, -2.0], &Device::Cpu).unwrap();
        let y = (a.matmul(&x).unwrap().flatten_all().unwrap() + b).unwrap();
        let loss = (y - target).unwrap().sqr().unwrap().sum_all().unwrap();
        let gradients = optimizer.gradients(&loss.backward().unwrap()).unwrap();
        optimizer.step(&gradients, learning_rate).unwrap()
    }

    fn values(optimizer: &AdamW) -> Vec<f32> {
        let of = |p: &Parameter| p.var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        optimizer.parameters().iter().flat_map(of).collect()
    }

    #[track_caller]
    fn near(got: &[f32], want: &[f32]) {
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() < 1e-6, "{got} != {want}");
        }
    }

    fn everything() -> AdamWConfig {
        AdamWConfig {
            beta2: 0.99,
            weight_decay: 0.1,
            l1: 0.01,
            l2: 0.05,
            max_gradient_norm: Some(1.5),
            ..AdamWConfig::default()
        }
    }

    /// `torch.optim.AdamW([{a, weight_decay 0.1}, {b, weight_decay 0}], lr=0.05, betas=(0.9, 0.99),
    /// eps=1e-8)` after `clip_grad_norm_([a, b], 1.5)` and `a.grad += 0.05 * a + 0.01 * a.sign()`,
    /// five steps, torch 2.15.0, float32, CPU.
    #[test]
    fn adamw_matches_pytorch() {
        let mut optimizer = AdamW::new(parameters(), everything()).unwrap();
        let norms: Vec<f64> = (0..5).map(|t| step(&mut optimizer, t, 0.05)).collect();
        near(
            &values(&optimizer),
            &[0.374_761_9, -0.763_697_5, 1.705_814_6, 0.235_906, 0.202_012_1, -0.946_078_7],
        );
        assert!((norms[4] - 19.321_842_19).abs() < 1e-4, "{norms:?}");
    }

    /// `torch.optim.Adam([a, b], lr=0.01, eps=1e-4)`, five steps, torch 2.15.0, float32, CPU.
    #[test]
    fn without_decay_it_is_adam() {
        let config = AdamWConfig { eps: 1e-4, ..AdamWConfig::default() };
        let mut optimizer = AdamW::new(parameters(), config).unwrap();
        for t in 0..5 {
            step(&mut optimizer, t, 0.01);
        }
        near(
            &values(&optimizer),
            &[0.476_454_6, -0.961_069_7, 1.949_896_7, 0.127_49, 0.276_454_6, -0.750_103_2],
        );
    }

    #[test]
    fn resuming_from_a_file_changes_no_bit() {
        let mut undisturbed = AdamW::new(parameters(), everything()).unwrap();
        let mut first = AdamW::new(parameters(), everything()).unwrap();
        for t in 0..3 {
            step(&mut undisturbed, t, 0.05);
            step(&mut first, t, 0.05);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let state = first.state().unwrap().into_iter().collect();
        safetensors::save(&state, &path).unwrap();
        let loaded = safetensors::load(&path, &Device::Cpu).unwrap().into_iter().collect();
        let mut resumed = AdamW::new(first.parameters().to_vec(), everything()).unwrap();
        resumed.load_state(&loaded).unwrap();
        for t in 3..9 {
            step(&mut undisturbed, t, 0.05);
            step(&mut resumed, t, 0.05);
        }
        assert_eq!(values(&undisturbed), values(&resumed));
        assert_eq!(resumed.steps(), 9);
    }

    #[test]
    fn a_gradient_that_is_not_finite_changes_nothing() {
        let mut optimizer = AdamW::new(parameters(), AdamWConfig::default()).unwrap();
        let before = values(&optimizer);
        let good = Tensor::ones((2, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
        let bad = Tensor::new(&[0.0_f32, f32::NAN], &Device::Cpu).unwrap();
        let err = optimizer.step(&[good.clone(), bad], 0.1).unwrap_err().to_string();
        assert!(err.contains("gradient of `b` is not finite"), "{err}");
        let err = optimizer.step(std::slice::from_ref(&good), 0.1).unwrap_err().to_string();
        assert!(err.contains("1 gradients, expected 2"), "{err}");
        let err = optimizer.step(&[good.clone(), good], 0.1).unwrap_err().to_string();
        assert!(err.contains("gradient of `b` [2, 2], expected [2]"), "{err}");
        assert_eq!((values(&optimizer), optimizer.steps()), (before, 0));
    }

    #[test]
    fn a_state_of_another_model_is_refused() {
        let mut optimizer = AdamW::new(parameters(), AdamWConfig::default()).unwrap();
        let mut state = optimizer.state().unwrap();
        state.insert(
            "b.second".to_owned(),
            Tensor::zeros(3, candle_core::DType::F32, &Device::Cpu).unwrap(),
        );
        let err = optimizer.load_state(&state).unwrap_err().to_string();
        assert!(err.contains("`b.second` is [3], expected [2]"), "{err}");
        state.remove("b.second");
        let err = optimizer.load_state(&state).unwrap_err().to_string();
        assert!(err.contains("`b.second` is missing"), "{err}");
    }

    #[test]
    fn two_parameters_of_one_name_are_an_error() {
        let twice = [parameters(), parameters()].concat();
        assert!(AdamW::new(twice, AdamWConfig::default()).is_err());
    }
}
