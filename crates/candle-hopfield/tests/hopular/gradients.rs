//! Gradients against finite differences, and what candle's own operations would have given.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_hopfield::SeededVars;
use candle_hopfield::hopular::{Attribute, Form, Hopular, HopularConfig, Pass, Schema};

fn numbers(shape: (usize, usize), phase: f64) -> Result<Tensor> {
    let values: Vec<f64> = (0..shape.0 * shape.1).map(|i| (i as f64 * 1.7 + phase).sin()).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

/// A weighted sum of the outputs; dropout makes its own pattern, the same every time.
fn scalar(network: &Hopular, asked: &Tensor, stored: &Tensor) -> Result<Tensor> {
    let hidden: Vec<u8> = vec![1, 0, 0, 0, 0, 1, 0, 0];
    let hidden = Tensor::from_vec(hidden, (2, 4), &Device::Cpu)?;
    let output =
        network.forward(asked, stored, Pass { hidden: Some(&hidden), dropout: Some(3) })?;
    (&output * numbers((2, output.dim(1)?), 0.4)?)?.sum_all()
}

#[test]
fn gradients_are_those_of_finite_differences() -> Result<()> {
    let attributes =
        vec![Attribute::Continuous, Attribute::Categorical { classes: 3 }, Attribute::Continuous];
    let schema = Schema::new(attributes, vec![1])?;
    for (form, factor) in
        [(Form::Release, 1.0), (Form::Release, 30.0), (Form::Paper, 1.0), (Form::Paper, 30.0)]
    {
        let config = HopularConfig {
            form,
            factor,
            embedding: 4,
            heads: 2,
            blocks: 2,
            ..HopularConfig::default()
        };
        let vars = SeededVars::new(5);
        let network = Hopular::new(&schema, &config, vars.builder(DType::F64, &Device::Cpu))?;
        let asked = Var::from_tensor(&numbers((2, 8), 0.1)?)?;
        let stored = Var::from_tensor(&numbers((4, 8), 0.7)?)?;
        let of = || scalar(&network, asked.as_tensor(), stored.as_tensor());
        let grads = of()?.backward()?;
        let mut all: BTreeMap<String, Var> = vars.named();
        all.extend([("asked".to_owned(), asked.clone()), ("stored".to_owned(), stored.clone())]);
        for (name, var) in &all {
            let Some(grad) = grads.get(var.as_tensor()) else { panic!("no gradient of {name}") };
            let grad: Vec<f64> = grad.flatten_all()?.to_vec1()?;
            let values: Vec<f64> = var.flatten_all()?.to_vec1()?;
            // Some entries of every variable.
            for i in (0..values.len()).step_by(values.len().div_ceil(4)) {
                let at = |by: f64| -> Result<f64> {
                    let mut values = values.clone();
                    values[i] += by;
                    var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu)?)?;
                    of()?.to_scalar()
                };
                let found = (at(1e-5)? - at(-1e-5)?) / 2e-5;
                at(0.0)?;
                let scale = grad[i].abs().max(1.0);
                assert!(
                    (found - grad[i]).abs() / scale < 1e-6,
                    "{form:?} {factor} {name} {i}: {found} {}",
                    grad[i]
                );
            }
        }
    }
    Ok(())
}

/// The trap: the derivative of candle's own GELU has constants of six digits.
#[test]
fn the_gradient_of_gelu_is_rounded() -> Result<()> {
    let var = Var::new(&[0.8f64], &Device::Cpu)?;
    let grads = var.gelu_erf()?.sum_all()?.backward()?;
    let Some(found) = grads.get(&var) else { panic!("no gradient") };
    let at = |x: f64| -> Result<f64> {
        Ok(Tensor::new(&[x], &Device::Cpu)?.gelu_erf()?.to_vec1::<f64>()?[0])
    };
    let exact = (at(0.8 + 1e-6)? - at(0.8 - 1e-6)?) / 2e-6;
    let gap = (found.to_vec1::<f64>()?[0] - exact).abs();
    assert!(gap > 1e-8, "mended upstream ({gap}): `hopular::columns::gelu` can go");
    Ok(())
}

#[test]
fn a_row_that_may_see_nobody_gets_a_number() -> Result<()> {
    let schema = Schema::new(vec![Attribute::Continuous, Attribute::Continuous], vec![1])?;
    let config = HopularConfig { embedding: 4, heads: 1, blocks: 2, ..HopularConfig::default() };
    let vars = SeededVars::new(1);
    let network = Hopular::new(&schema, &config, vars.builder(DType::F32, &Device::Cpu))?;
    let rows = numbers((1, 4), 0.2)?;
    let hidden = Tensor::new(&[[1u8]], &Device::Cpu)?;
    let output = network.forward(&rows, &rows, Pass { hidden: Some(&hidden), dropout: None })?;
    let grads = output.sqr()?.sum_all()?.backward()?;
    let seen = network.forward(&rows, &rows, Pass::default())?;
    assert!(output.to_vec2::<f64>()?.concat().iter().all(|value| value.is_finite()));
    assert_ne!(output.to_vec2::<f64>()?, seen.to_vec2::<f64>()?);
    for (name, var) in vars.named() {
        let grad = grads
            .get(var.as_tensor())
            .map(|grad| grad.flatten_all()?.to_vec1::<f32>())
            .transpose()?;
        assert!(grad.iter().flatten().all(|value| value.is_finite()), "{name}");
    }
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused() -> Result<()> {
    let schema = Schema::new(vec![Attribute::Continuous, Attribute::Continuous], vec![1])?;
    let config = HopularConfig { embedding: 4, heads: 1, blocks: 1, ..HopularConfig::default() };
    let network =
        Hopular::new(&schema, &config, SeededVars::new(1).builder(DType::F32, &Device::Cpu))?;
    let (rows, wide) = (numbers((2, 4), 0.2)?, numbers((2, 5), 0.2)?);
    let error =
        |found: Result<Tensor>| found.err().map(|error| error.to_string()).unwrap_or_default();
    let wrong = error(network.forward(&wide, &rows, Pass::default()));
    assert!(
        wrong.contains("`asked` rows have shape [2, 5]: expected at least one of width 4"),
        "{wrong}"
    );
    let hidden = Tensor::new(&[[1u8, 0]], &Device::Cpu)?;
    let wrong = error(network.forward(&rows, &rows, Pass { hidden: Some(&hidden), dropout: None }));
    assert!(wrong.contains("`hidden` is [1, 2] of U8: expected [2, 2]"), "{wrong}");
    Ok(())
}
