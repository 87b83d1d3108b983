//! Options of a contrastive loss.

use candle_core::{DType, Device, Result, Tensor, bail};

/// What a pair is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// All other pairs (leave one out). The loss has no lower bound.
    #[default]
    InfoLoob,
    /// All pairs, itself among them. The loss is never below 0, and `ln n` minus a side is a lower bound of
    /// the mutual information of the views.
    InfoNce,
}

/// How the two sides become one number.
///
/// ```text
///            InfoLOOB              InfoNCE
/// Paper      side x + side y       side x + side y
/// Release    (side x + side y)/t   (side x + side y)/2
/// ```
///
/// The paper's form is the default: it is one definition for all four combinations of objective and
/// retrieval, and its losses are in nats. The factor of the released program, `tau = 1 / t` before `InfoLOOB`,
/// keeps the gradients by embeddings of one size whatever the temperature, so its learning rates belong to
/// its form. With a fixed temperature both forms have their minima at the same places. If `t` is learned, they
/// differ: the released `InfoLOOB` never has a positive gradient by `t`, which therefore only rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As the paper and its authors' post write the losses.
    #[default]
    Paper,
    /// As the released program computes them. There `InfoNCE` has no retrieval and `InfoLOOB` always has; here
    /// its rule holds with and without.
    Release,
}

/// A positive number that is fixed, or one that is learned.
#[derive(Clone, Debug)]
pub enum Scale {
    /// A constant.
    Number(f64),
    /// A tensor of one element; the loss has a gradient by it.
    Tensor(Tensor),
}

impl From<f64> for Scale {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<Tensor> for Scale {
    fn from(tensor: Tensor) -> Self {
        Self::Tensor(tensor)
    }
}

impl Scale {
    /// The number as (1, 1) in the type of the embeddings; refused if it is not positive and finite.
    pub(super) fn tensor(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let tensor = match self {
            Self::Number(number) => Tensor::new(*number, device)?,
            Self::Tensor(tensor) if tensor.elem_count() == 1 => tensor.clone(),
            Self::Tensor(tensor) => {
                bail!("`{name}` has shape {:?}: expected one number", tensor.dims())
            }
        };
        let tensor = tensor.to_dtype(dtype)?.reshape((1, 1))?;
        let value = tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?[0];
        if value > 0.0 && value.is_finite() {
            return Ok(tensor);
        }
        bail!("`{name}` is {value}: expected a positive number")
    }
}

/// Options of a contrastive loss.
///
/// Inverse temperatures are dimensionless. A learned one is positive if its logarithm is the variable:
/// `ContrastiveConfig { inverse_temperature: log_t.exp()?.into(), ..config }`.
#[derive(Clone, Debug)]
pub struct ContrastiveConfig {
    /// What a pair is compared with.
    pub objective: Objective,
    /// Inverse temperature beta of the retrieval; `None`: embeddings are compared as they are.
    pub retrieval: Option<Scale>,
    /// Inverse temperature `t = 1 / tau` of the comparison.
    pub inverse_temperature: Scale,
    /// How the two sides become one number.
    pub form: Form,
}

impl ContrastiveConfig {
    /// `InfoLOOB` with retrieval, in the paper's form. The released program starts from 14.3 for both.
    pub fn cloob(beta: impl Into<Scale>, inverse_temperature: impl Into<Scale>) -> Self {
        Self {
            objective: Objective::InfoLoob,
            retrieval: Some(beta.into()),
            inverse_temperature: inverse_temperature.into(),
            form: Form::Paper,
        }
    }

    /// `InfoNCE` of the embeddings as they are, as in CLIP (<https://arxiv.org/abs/2103.00020>), in the
    /// paper's form.
    pub fn clip(inverse_temperature: impl Into<Scale>) -> Self {
        Self {
            objective: Objective::InfoNce,
            retrieval: None,
            inverse_temperature: inverse_temperature.into(),
            form: Form::Paper,
        }
    }
}
