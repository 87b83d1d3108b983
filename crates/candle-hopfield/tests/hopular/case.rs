//! A network computed with the weights of a fixture, beside the numbers of the fixture.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Error, Result, Tensor, Var};
use candle_hopfield::hopular::{Arithmetic, Hopular, HopularConfig, Pass, Schema};
use candle_nn::VarBuilder;

use crate::distance::distance;

/// One case of a fixture, under our names.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) schema: Schema,
    pub(crate) config: HopularConfig,
    /// Weights and their gradients.
    pub(crate) params: HashMap<String, Tensor>,
    pub(crate) grads: HashMap<String, Tensor>,
    /// `asked` and `stored` rows, and their gradients.
    pub(crate) inputs: HashMap<String, Tensor>,
    pub(crate) input_grads: HashMap<String, Tensor>,
    pub(crate) hidden: Option<Tensor>,
    /// The scalar that is differentiated is the sum of the output times these.
    pub(crate) out_weight: Tensor,
    /// `out`, and what else the fixture has of the way: `embedding`, `stored`, `block0_sample`, `block0`, ...
    pub(crate) expected: BTreeMap<String, Tensor>,
}

/// Largest differences, relative to numbers above 1: of values, of gradients.
pub(crate) type Gap = (f64, f64);

impl Case {
    /// Computes everything in this type.
    pub(crate) fn compare(&self, dtype: DType, arithmetic: Arithmetic) -> Result<Gap> {
        let params = variables(&self.params, dtype)?;
        let inputs = variables(&self.inputs, dtype)?;
        let tensors = params.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone()));
        let vb = VarBuilder::from_tensors(tensors.collect(), dtype, &Device::Cpu);
        let config = HopularConfig { arithmetic, ..self.config.clone() };
        let network = Hopular::new(&self.schema, &config, vb)?;
        let pass = Pass { hidden: self.hidden.as_ref(), dropout: None };
        let trace =
            network.trace(inputs["asked"].as_tensor(), inputs["stored"].as_tensor(), pass)?;
        let mut found = BTreeMap::from([
            ("out".to_owned(), trace.output.clone()),
            ("embedding".to_owned(), trace.embedding),
            ("stored".to_owned(), trace.stored),
        ]);
        for (number, step) in trace.steps.into_iter().enumerate() {
            found.insert(format!("block{number}_sample"), step.sample);
            found.insert(format!("block{number}_association"), step.association);
            found.insert(format!("block{number}"), step.output);
        }
        let mut values = 0f64;
        for (name, expected) in &self.expected {
            let found = found.get(name).ok_or_else(|| missing(name))?;
            values = values.max(relative(found, expected)?);
        }
        let weights = self.out_weight.to_dtype(trace.output.dtype())?;
        let scalar = (trace.output * weights)?.sum_all()?;
        let grads = scalar.backward()?;
        let mut gradients = 0f64;
        for (expected, vars) in [(&self.grads, &params), (&self.input_grads, &inputs)] {
            assert_eq!(expected.len(), vars.len(), "{}: gradients and variables", self.name);
            let expected: BTreeMap<&String, &Tensor> = expected.iter().collect();
            for (name, expected) in expected {
                let var = vars.get(name).ok_or_else(|| missing(name))?;
                let found = grads.get(var).cloned().map_or_else(|| var.zeros_like(), Ok)?;
                gradients = gradients.max(relative(&found, expected)?);
            }
        }
        Ok((values, gradients))
    }
}

fn missing(name: &str) -> Error {
    Error::Msg(format!("nothing is called `{name}`"))
}

fn variables(tensors: &HashMap<String, Tensor>, dtype: DType) -> Result<HashMap<String, Var>> {
    let variable = |(name, tensor): (&String, &Tensor)| {
        Ok((name.clone(), Var::from_tensor(&tensor.to_dtype(dtype)?)?))
    };
    tensors.iter().map(variable).collect()
}

/// Largest difference, relative to the largest expected number if that is above 1.
pub(crate) fn relative(found: &Tensor, expected: &Tensor) -> Result<f64> {
    let expected = expected.to_dtype(DType::F64)?;
    let scale = expected.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>()?.max(1.0);
    Ok(distance(found, &expected)? / scale)
}
