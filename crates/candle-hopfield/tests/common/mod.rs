//! A layer computed with the parameters of a fixture, beside the numbers of the fixture.

pub(crate) mod distance;

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Error, Result, Tensor, Var};
use candle_hopfield::{
    Call, Config, Hopfield, HopfieldLayer, HopfieldPooling, LookupConfig, PoolingConfig, Retrieval,
};
use candle_nn::VarBuilder;
use distance::distance;

/// Which layer a case is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Hopfield,
    Pooling,
    Lookup,
}

/// One case of a fixture, under our names.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) config: Config,
    pub(crate) quantity: usize,
    pub(crate) separate_targets: bool,
    /// Parameters and their gradients.
    pub(crate) params: HashMap<String, Tensor>,
    pub(crate) grads: BTreeMap<String, Tensor>,
    /// Inputs, masks and weights, and their gradients.
    pub(crate) inputs: HashMap<String, Tensor>,
    pub(crate) input_grads: BTreeMap<String, Tensor>,
    pub(crate) out: Tensor,
    pub(crate) association: Option<Tensor>,
    pub(crate) out_weight: Tensor,
}

/// The tensors of a file whose names start with the prefix, without it.
pub(crate) fn under(tensors: &HashMap<String, Tensor>, prefix: &str) -> HashMap<String, Tensor> {
    let named = |(name, tensor): (&String, &Tensor)| {
        Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone()))
    };
    tensors.iter().filter_map(named).collect()
}

impl Case {
    /// Largest differences of the output (with the association) and of the gradients, each relative to
    /// numbers above 1.
    pub(crate) fn compare(&self) -> Result<(f64, f64)> {
        let variable =
            |(name, tensor): (&String, &Tensor)| Ok((name.clone(), Var::from_tensor(tensor)?));
        let vars: HashMap<String, Var> = self.params.iter().map(variable).collect::<Result<_>>()?;
        let inputs: HashMap<String, Var> =
            self.inputs.iter().map(variable).collect::<Result<_>>()?;
        let tensors =
            vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
        let retrieval =
            self.retrieve(VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu), &inputs)?;
        let mut forward = distance(&retrieval.output, &self.out)?;
        if let Some(association) = &self.association {
            forward = forward.max(distance(&retrieval.association, association)?);
        }
        let loss = (retrieval.output * &self.out_weight)?.sum_all()?;
        let grads = loss.backward()?;
        let mut backward = 0f64;
        for (expected, vars) in [(&self.grads, &vars), (&self.input_grads, &inputs)] {
            for (name, expected) in expected {
                let var =
                    vars.get(name).ok_or_else(|| Error::Msg(format!("no variable `{name}`")))?;
                let found = grads.get(var).cloned().map_or_else(|| expected.zeros_like(), Ok)?;
                let scale = expected.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?.max(1.0);
                backward = backward.max(distance(&found, expected)? / f64::from(scale));
            }
        }
        Ok((forward, backward))
    }

    fn retrieve(&self, vb: VarBuilder, inputs: &HashMap<String, Var>) -> Result<Retrieval> {
        let input = |name: &str| inputs.get(name).map(Var::as_tensor);
        let needed =
            |name: &str| input(name).ok_or_else(|| Error::Msg(format!("no input `{name}`")));
        let call = Call {
            padding_mask: input("padding_mask"),
            association_mask: input("association_mask"),
            log_weights: input("log_weights"),
            ..Call::default()
        };
        match self.kind {
            Kind::Hopfield => {
                let layer = Hopfield::new(&self.config, vb)?;
                layer.retrieve(needed("stored")?, needed("state")?, needed("projection")?, call)
            }
            Kind::Pooling => {
                let pooling = PoolingConfig { quantity: self.quantity, trainable: true };
                let layer = HopfieldPooling::new(&pooling, &self.config, vb)?;
                layer.retrieve(needed("input")?, needed("input")?, call)
            }
            Kind::Lookup => {
                let lookup = LookupConfig {
                    separate_targets: self.separate_targets,
                    ..LookupConfig::new(self.quantity)
                };
                HopfieldLayer::new(&lookup, &self.config, vb)?.retrieve(needed("input")?, call)
            }
        }
    }
}
