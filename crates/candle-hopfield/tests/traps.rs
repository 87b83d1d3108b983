//! What candle 0.11 computes wrongly, and that this crate does not depend on it.
//!
//! Each test shows the trap first: the day it fails, upstream has mended it and the detour can go.

#[path = "common/distance.rs"]
mod distance;

use candle_core::{D, DType, Device, Module, Result, Tensor, Var};
use candle_hopfield::{Association, Config, Hopfield, SeededVars};
use distance::distance;

fn numbers(shape: &[usize]) -> Result<Tensor> {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|i| (i as f32 * 0.7).sin()).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

#[test]
fn a_tied_maximum_gives_everybody_the_whole_gradient() -> Result<()> {
    let var = Var::new(&[[1f32, 3., 3., 3.]], &Device::Cpu)?;
    let grad = |loss: Tensor| -> Result<Vec<f32>> {
        let grads = loss.backward()?;
        let grad = grads.get(&var).cloned().map_or_else(|| var.zeros_like(), Ok)?;
        grad.flatten_all()?.to_vec1()
    };
    assert_eq!(
        grad(var.max_keepdim(D::Minus1)?.sum_all()?)?,
        [0., 1., 1., 1.],
        "mended upstream: use `max` again"
    );
    // The sum of all weights is 1, whatever the scores: its gradient is 0, ties or not.
    for association in
        [Association::Softmax, Association::Sparsemax, Association::Entmax15, Association::TopK(2)]
    {
        let found = grad(association.apply(&var)?.sum_all()?)?;
        assert!(found.iter().all(|grad| grad.abs() < 1e-6), "{association:?}: {found:?}");
    }
    Ok(())
}

#[test]
fn the_fused_softmax_loses_its_gradient() -> Result<()> {
    let var = Var::from_tensor(&numbers(&[2, 5])?)?;
    let weight = numbers(&[2, 5])?;
    let fused = (candle_nn::ops::softmax_last_dim(&var)? * &weight)?.sum_all()?;
    assert!(
        fused.backward().map_or(true, |grads| grads.get(&var).is_none()),
        "mended upstream: use it in `dense`"
    );
    let ours = (Association::Softmax.apply(&var)? * &weight)?.sum_all()?.backward()?;
    let slow = (candle_nn::ops::softmax(&var, D::Minus1)? * &weight)?.sum_all()?.backward()?;
    let (Some(ours), Some(slow)) = (ours.get(&var), slow.get(&var)) else {
        panic!("a gradient is missing")
    };
    assert!(distance(ours, slow)? < 1e-6);
    Ok(())
}

#[test]
fn the_fused_layer_norm_loses_its_gradient() -> Result<()> {
    let var = Var::from_tensor(&numbers(&[3, 8])?)?;
    let vars = SeededVars::new(0);
    let vb = vars.builder(DType::F32, &Device::Cpu);
    let fused = candle_nn::layer_norm(8, 1e-5, vb.pp("fused"))?.forward(&var)?.sqr()?.sum_all()?;
    assert!(
        fused.backward().map_or(true, |grads| grads.get(&var).is_none()),
        "mended upstream: use it in `norm`"
    );
    let layer = Hopfield::new(&Config::new(8), vb.pp("layer"))?;
    let patterns = var.unsqueeze(0)?;
    let grads = layer.forward(&patterns, &patterns, &patterns)?.sqr()?.sum_all()?.backward()?;
    let grad = grads.get(&var).map(|grad| grad.abs()?.sum_all()?.to_scalar::<f32>()).transpose()?;
    assert!(grad.is_some_and(|size| size > 0.0), "{grad:?}");
    Ok(())
}

#[test]
fn a_strided_product_with_a_broadcast_matrix_is_wrong() -> Result<()> {
    let channels_first = numbers(&[3, 5, 8])?; // (batch, width, patterns)
    let turned = channels_first.transpose(1, 2)?; // a view (batch, patterns, width)
    let weight = numbers(&[5, 4])?;
    let right = turned.contiguous()?.reshape((24, 5))?.matmul(&weight)?.reshape((3, 8, 4))?;
    let wrong = turned.matmul(&weight.broadcast_left(3)?)?;
    assert!(distance(&wrong, &right)? > 0.1, "mended upstream: `Linear` of candle-nn will do");
    let vars = SeededVars::new(1);
    let layer = Hopfield::new(&Config::new(5), vars.builder(DType::F32, &Device::Cpu))?;
    let of = |patterns: &Tensor| layer.forward(patterns, patterns, patterns);
    assert!(distance(&of(&turned)?, &of(&turned.contiguous()?)?)? < 1e-7);
    Ok(())
}

#[test]
fn the_gradient_of_a_convolution_is_wrong() -> Result<()> {
    let (input, kernel) = (Var::from_tensor(&numbers(&[2, 3, 6])?)?, numbers(&[2, 3, 3])?);
    let loss = |input: &Tensor| input.conv1d(&kernel, 0, 1, 1, 1)?.sqr()?.sum_all();
    let found = loss(&input)?
        .backward()?
        .get(&input)
        .map_or_else(|| input.zeros_like(), |grad| Ok(grad.clone()))?;
    let found = found.flatten_all()?.to_vec1::<f32>()?;
    let values = input.flatten_all()?.to_vec1::<f32>()?;
    let mut gap = 0f32;
    for i in 0..values.len() {
        let at = |by: f32| -> Result<f32> {
            let mut values = values.clone();
            values[i] += by;
            loss(&Tensor::from_vec(values, (2, 3, 6), &Device::Cpu)?)?.to_scalar()
        };
        gap = gap.max(((at(1e-2)? - at(-1e-2)?) / 2e-2 - found[i]).abs());
    }
    assert!(gap > 0.1, "mended upstream ({gap}): convolutions may be trained; this crate has none");
    Ok(())
}

#[test]
fn the_loss_on_logits_overflows() -> Result<()> {
    let logit = Tensor::new(&[100f32, -100.], &Device::Cpu)?;
    let label = Tensor::new(&[0f32, 1.], &Device::Cpu)?;
    let loss =
        candle_nn::loss::binary_cross_entropy_with_logit(&logit, &label)?.to_scalar::<f32>()?;
    assert!((loss - 100.0).abs() > 1.0, "mended upstream ({loss}): the examples may use it");
    Ok(())
}

#[test]
fn the_gradient_of_selu_is_no_number_for_large_values() -> Result<()> {
    let var = Var::new(&[100f32], &Device::Cpu)?;
    let grads = candle_nn::ops::selu(&var, 1.673_263_2, 1.050_701)?.sum_all()?.backward()?;
    let grad = grads.get(&var).map(Tensor::to_vec1::<f32>).transpose()?;
    assert!(grad.is_some_and(|grad| grad[0].is_nan()), "mended upstream: this crate has no SELU");
    Ok(())
}

#[test]
fn the_random_state_of_the_cpu_cannot_be_seeded() -> Result<()> {
    assert!(Device::Cpu.set_seed(1).is_err(), "mended upstream: `SeededVars` may use it");
    let values = |seed: u64| -> Result<Vec<f32>> {
        let vars = SeededVars::new(seed);
        Hopfield::new(&Config::new(4), vars.builder(DType::F32, &Device::Cpu))?;
        let all: Vec<Tensor> =
            vars.variables().iter().map(|var| var.flatten_all()).collect::<Result<_>>()?;
        Tensor::cat(&all, 0)?.to_vec1()
    };
    assert_eq!(values(1)?, values(1)?);
    assert_ne!(values(1)?, values(2)?);
    Ok(())
}
