//! Layer normalisation whose gradient exists on every device.

use candle_core::{D, Result, Tensor};
use candle_nn::{Init, VarBuilder};

use crate::Norm;

/// `(x - mean) / sqrt(variance + eps) * weight + bias` over the last axis.
///
/// `candle_nn::LayerNorm` takes a fused operation where it can, and that one has no backward: the
/// gradient would be lost without a word. The arithmetic is in the type of x, whatever that of the variables.
#[derive(Clone, Debug)]
pub(crate) struct LayerNorm {
    affine: Option<(Tensor, Tensor)>,
    eps: f64,
}

impl LayerNorm {
    /// The normalisation that `norm` asks for.
    pub(crate) fn new(norm: Norm, width: usize, eps: f64, vb: &VarBuilder) -> Result<Option<Self>> {
        match norm {
            Norm::None => Ok(None),
            Norm::Plain => Ok(Some(Self { affine: None, eps })),
            Norm::Affine => Self::affine(width, eps, vb).map(Some),
        }
    }

    /// With variables `weight` and `bias`.
    pub(crate) fn affine(width: usize, eps: f64, vb: &VarBuilder) -> Result<Self> {
        let weight = vb.get_with_hints(width, "weight", Init::Const(1.0))?;
        let bias = vb.get_with_hints(width, "bias", Init::Const(0.0))?;
        Ok(Self { affine: Some((weight, bias)), eps })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?; // (.., width)
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?; // (.., 1)
        let normal = centred.broadcast_div(&(variance + self.eps)?.sqrt()?)?;
        match &self.affine {
            None => Ok(normal),
            Some((weight, bias)) => normal
                .broadcast_mul(&weight.to_dtype(x.dtype())?)?
                .broadcast_add(&bias.to_dtype(x.dtype())?),
        }
    }
}

/// [`LayerNorm::forward`], or `x` itself where there is no normalisation.
pub(crate) fn normalise(norm: Option<&LayerNorm>, x: &Tensor) -> Result<Tensor> {
    norm.map_or_else(|| Ok(x.clone()), |norm| norm.forward(x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    /// Variances 1 and 0.
    #[test]
    fn eps_is_added_to_the_variance() -> Result<()> {
        let norm = LayerNorm { affine: None, eps: 0.25 };
        let x = Tensor::new(&[[1.0_f64, -1.0], [3.0, 3.0]], &Device::Cpu)?;
        let found = norm.forward(&x)?.to_vec2::<f64>()?;
        let expected = 1.0 / 1.25_f64.sqrt();
        assert!((found[0][0] - expected).abs() < 1e-12 && (found[0][1] + expected).abs() < 1e-12);
        assert_eq!(found[1], [0.0, 0.0]);
        Ok(())
    }
}
