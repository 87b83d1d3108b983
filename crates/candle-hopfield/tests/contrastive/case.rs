//! A contrastive loss computed from the tensors of a fixture, beside the numbers of the fixture.

use std::collections::HashMap;

use candle_core::{DType, Device, Error, Result, Tensor, Var};
use candle_hopfield::contrastive::{
    ContrastiveConfig, Form, Loss, Objective, Retrieved, loss, unit_length,
};
use serde_json::Value;

use crate::distance::distance;

/// One case of a fixture.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) objective: Objective,
    pub(crate) form: Form,
    pub(crate) beta: Option<f64>,
    pub(crate) inverse_temperature: f64,
    /// Whether the rows are divided by their lengths on the way.
    pub(crate) scaled: bool,
    pub(crate) loss: f64,
    pub(crate) grad_t: f64,
    pub(crate) grad_beta: Option<f64>,
    /// `in.x`, `in.y`, `grad.x`, `grad.y`, and `retrieved.xx`, `.xy` (of x by y), `.yx`, `.yy`.
    pub(crate) tensors: HashMap<String, Tensor>,
}

/// The cases of two files, each made by `read` from its line and its number as a prefix of tensors.
pub(crate) fn cases(
    (text, tensors): (&Value, &HashMap<String, Tensor>),
    read: impl Fn(&Value) -> Case,
) -> Vec<Case> {
    let lines = text.as_array().cloned().unwrap_or_default();
    let case = |line: &Value| {
        let prefix = format!("{:03}.", line["case"].as_u64().unwrap_or(999));
        let own = tensors.iter().filter_map(|(name, tensor)| {
            Some((name.strip_prefix(&prefix)?.to_owned(), tensor.clone()))
        });
        Case { name: line.to_string(), tensors: own.collect(), ..read(line) }
    };
    lines.iter().map(case).collect()
}

impl Case {
    /// Largest differences of values and of gradients, each relative to numbers above 1.
    pub(crate) fn compare(&self, dtype: DType) -> Result<(f64, f64)> {
        let variable = |name: &str| Var::from_tensor(&self.tensor(name)?.to_dtype(dtype)?);
        let number = |value: f64| -> Result<Var> {
            Var::from_tensor(&Tensor::new(value, &Device::Cpu)?.to_dtype(dtype)?)
        };
        let (x, y) = (variable("in.x")?, variable("in.y")?);
        let t = number(self.inverse_temperature)?;
        let beta = self.beta.map(number).transpose()?;
        let config = ContrastiveConfig {
            objective: self.objective,
            retrieval: beta.as_ref().map(|beta| beta.as_tensor().clone().into()),
            inverse_temperature: t.as_tensor().clone().into(),
            form: self.form,
        };
        let found = if self.scaled {
            loss(&unit_length(&x)?, &unit_length(&y)?, &config)?
        } else {
            loss(&x, &y, &config)?
        };
        let grads = found.value.backward()?;
        let grad = |var: &Var| grads.get(var).cloned().map_or_else(|| var.zeros_like(), Ok);
        let mut backward = relative(&grad(&x)?, &self.tensor("grad.x")?)?
            .max(relative(&grad(&y)?, &self.tensor("grad.y")?)?)
            .max(relative(&grad(&t)?, &Tensor::new(self.grad_t, &Device::Cpu)?)?);
        if let (Some(beta), Some(expected)) = (&beta, self.grad_beta) {
            backward = backward.max(relative(&grad(beta)?, &Tensor::new(expected, &Device::Cpu)?)?);
        }
        Ok((self.forward(&found)?, backward))
    }

    fn forward(&self, found: &Loss) -> Result<f64> {
        let mut far = relative(&found.value, &Tensor::new(self.loss, &Device::Cpu)?)?;
        if let Some(Retrieved { u_x, u_y, v_x, v_y }) = &found.retrieved {
            for (state, name) in [(u_x, "xx"), (u_y, "xy"), (v_x, "yx"), (v_y, "yy")] {
                far = far.max(relative(state, &self.tensor(&format!("retrieved.{name}"))?)?);
            }
        }
        Ok(far)
    }

    fn tensor(&self, name: &str) -> Result<Tensor> {
        let tensor = self.tensors.get(name).cloned();
        tensor.ok_or_else(|| Error::Msg(format!("{}: no tensor `{name}`", self.name)))
    }
}

fn relative(found: &Tensor, expected: &Tensor) -> Result<f64> {
    let sizes = expected.to_dtype(DType::F64)?.abs()?.flatten_all()?.to_vec1::<f64>()?;
    Ok(distance(found, expected)? / sizes.into_iter().fold(1.0, f64::max))
}

/// What is further off than allowed, a line a case.
pub(crate) fn wrong(cases: &[Case], dtype: DType, (value, gradient): (f64, f64)) -> Result<String> {
    let mut lines = String::new();
    for case in cases {
        let (forward, backward) = case.compare(dtype)?;
        if !(forward <= value && backward <= gradient) {
            lines += &format!("{}: values {forward:.1e}, gradients {backward:.1e}\n", case.name);
        }
    }
    Ok(lines)
}
