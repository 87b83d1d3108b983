//! The random start of the memories' matrices.

use candle_core::{DType, Device, Result, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};

/// Uniform between `-1 / sqrt(fan_in)` and `1 / sqrt(fan_in)`.
pub(crate) fn uniform(fan_in: usize) -> Init {
    let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
    Init::Uniform { lo: -bound, up: bound }
}

/// Makes the variables of a [`Hopfield`](crate::Hopfield) layer with this start, instead of its own.
struct FanIn<'a> {
    vb: VarBuilder<'a>,
    /// Width of the patterns.
    width: usize,
    /// Width of what the output projection reads.
    joined: usize,
}

/// A builder for a layer without normalisations, over patterns of `width`, whose heads return `joined` numbers
/// together.
pub(crate) fn fan_in(vb: VarBuilder<'_>, width: usize, joined: usize) -> VarBuilder<'_> {
    let (dtype, device) = (vb.dtype(), vb.device().clone());
    VarBuilder::from_backend(Box::new(FanIn { vb, width, joined }), dtype, device)
}

impl SimpleBackend for FanIn<'_> {
    fn get(&self, s: Shape, name: &str, _: Init, _: DType, _: &Device) -> Result<Tensor> {
        let reads = if name.starts_with("output_projection") { self.joined } else { self.width };
        self.vb.get_with_hints(s, name, uniform(reads))
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        self.vb.get_unchecked(name)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.vb.contains_tensor(name)
    }
}
