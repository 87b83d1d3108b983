//! Variables that start from a seed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Device, Result, Shape, Tensor, Var, bail};
use candle_nn::init::{Init, NormalOrUniform};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{VarBuilder, VarMap};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// A set of variables whose random start depends on a seed and their names alone, not on the order in
/// which they are made, nor on a global random state (candle's on the CPU cannot be seeded).
///
/// ```
/// use candle_core::{DType, Device};
/// use candle_hopfield::{Config, Hopfield, SeededVars};
///
/// # fn main() -> candle_core::Result<()> {
/// let vars = SeededVars::new(1);
/// let layer = Hopfield::new(&Config::new(8), vars.builder(DType::F32, &Device::Cpu))?;
/// assert_eq!(vars.variables().len(), 14); // hand these to an optimiser
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SeededVars {
    seed: u64,
    vars: Arc<Mutex<BTreeMap<String, Var>>>,
}

impl SeededVars {
    /// A set without variables.
    pub fn new(seed: u64) -> Self {
        Self { seed, vars: Arc::default() }
    }

    /// A builder that makes variables here, or hands out those already made.
    pub fn builder(&self, dtype: DType, device: &Device) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), dtype, device.clone())
    }

    /// All variables, by name.
    pub fn named(&self) -> BTreeMap<String, Var> {
        self.vars.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All variables in the order of their names.
    pub fn variables(&self) -> Vec<Var> {
        self.named().into_values().collect()
    }

    /// Gives all variables new values by their names, weights of a trained layer for example.
    ///
    /// # Errors
    /// A variable without a value or a value without a variable, or another shape.
    pub fn assign(&self, values: &HashMap<String, Tensor>) -> Result<()> {
        let vars = self.named();
        if let Some(name) = values.keys().filter(|name| !vars.contains_key(*name)).min() {
            bail!("there is no variable `{name}`");
        }
        for (name, var) in &vars {
            let Some(value) = values.get(name) else { bail!("no value for the variable `{name}`") };
            if value.dims() != var.dims() {
                bail!("`{name}` has shape {:?}: expected {:?}", value.dims(), var.dims());
            }
            var.set(&value.to_dtype(var.dtype())?.to_device(var.device())?)?;
        }
        Ok(())
    }

    /// The same variables as candle's own collection, which can save and load them.
    pub fn var_map(&self) -> VarMap {
        let map = VarMap::new();
        map.data().lock().unwrap_or_else(PoisonError::into_inner).extend(self.named());
        map
    }
}

impl SimpleBackend for SeededVars {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        init: Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let mut vars = self.vars.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(var) = vars.get(name) {
            if var.shape() != &shape {
                bail!("`{name}` has shape {:?}: expected {:?}", var.dims(), shape.dims());
            }
            return Ok(var.as_tensor().clone());
        }
        let values = start(init, &shape, self.seed ^ hash(name));
        let var = Var::from_tensor(&Tensor::from_vec(values, &shape, device)?.to_dtype(dtype)?)?;
        vars.insert(name.to_owned(), var.clone());
        Ok(var.as_tensor().clone())
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        let vars = self.vars.lock().unwrap_or_else(PoisonError::into_inner);
        match vars.get(name) {
            Some(var) => Ok(var.as_tensor().clone()),
            None => bail!("no variable `{name}` yet, and no shape to make it"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.vars.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }
}

/// The start that candle's `Init` means.
fn start(init: Init, shape: &Shape, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (kind, mean, spread) = match init {
        Init::Const(value) => return vec![value; shape.elem_count()],
        Init::Randn { mean, stdev } => (NormalOrUniform::Normal, mean, stdev),
        Init::Uniform { lo, up } => {
            (NormalOrUniform::Uniform, f64::midpoint(lo, up), (up - lo) / 2.0)
        }
        Init::Kaiming { dist, fan, non_linearity } => {
            let deviation = non_linearity.gain() / (fan.for_shape(shape).max(1) as f64).sqrt();
            let widen = if matches!(dist, NormalOrUniform::Uniform) { 3f64.sqrt() } else { 1.0 };
            (dist, 0.0, deviation * widen)
        }
    };
    let mut draw = || match kind {
        NormalOrUniform::Normal => rng.sample::<f64, _>(StandardNormal),
        NormalOrUniform::Uniform => rng.random_range(-1.0..1.0),
    };
    (0..shape.elem_count()).map(|_| mean + spread * draw()).collect()
}

/// FNV-1a: the standard library's hash may change between versions, this one does not.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
