//! Gaussian averaging (appendix A.5.1.5).

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_hopfield::analysis::{OperatingClass, PAPER_SHARE, heads};
use candle_hopfield::{GaussianAveraging, GaussianConfig};
use candle_nn::{Module, VarBuilder, VarMap};

use crate::support::{normals, rng};

const CONFIG: GaussianConfig = GaussianConfig { heads: 2, states: 3 };

/// A layer whose parameters are these, `(heads, states)` row by row.
fn layer(shift: &[f64], log_width: &[f64]) -> Result<(GaussianAveraging, [Var; 2])> {
    let shape = (CONFIG.heads, CONFIG.states);
    let map = VarMap::new();
    let layer =
        GaussianAveraging::new(&CONFIG, VarBuilder::from_varmap(&map, DType::F64, &Device::Cpu))?;
    let data = map.data().lock().expect("no other holder");
    let vars = [data["shift"].clone(), data["log_width"].clone()];
    for (var, values) in vars.iter().zip([shift, log_width]) {
        var.set(&Tensor::from_vec(values.to_vec(), shape, &Device::Cpu)?)?;
    }
    Ok((layer, vars))
}

fn patterns(batch: usize, n: usize, d: usize) -> Result<Tensor> {
    let values = normals(&mut rng(51), batch * CONFIG.heads * n * d);
    Tensor::from_vec(values, (batch, CONFIG.heads, n, d), &Device::Cpu)
}

/// The formula of the appendix, one weight at a time.
fn slow_association(shift: &[f64], log_width: &[f64], n: usize) -> Vec<Vec<f64>> {
    let point = |j: usize, n: usize| {
        let half = 0.5 * (n as f64 - 1.0);
        if n == 1 { 0.0 } else { (j as f64 - half) / half }
    };
    let window = |at: usize| -> Vec<f64> {
        let (mu, sigma) =
            (point(at % CONFIG.states, CONFIG.states) + shift[at], log_width[at].exp());
        let weights: Vec<f64> =
            (0..n).map(|j| (-0.5 * ((point(j, n) - mu) / sigma).powi(2)).exp()).collect();
        let z: f64 = weights.iter().sum();
        weights.iter().map(|w| w / z).collect()
    };
    (0..CONFIG.heads * CONFIG.states).map(window).collect()
}

const SHIFT: [f64; 6] = [0.1, -0.2, 0.3, 0.0, 0.5, -1.0];
const LOG_WIDTH: [f64; 6] = [-1.0, 0.0, 0.4, -2.0, 1.0, -0.5];

#[test]
fn the_association_equals_its_formula() -> Result<()> {
    let (layer, _) = layer(&SHIFT, &LOG_WIDTH)?;
    for n in [1, 2, 7, 40] {
        let found = layer.association(n)?.reshape((6, n))?.to_vec2::<f64>()?;
        for (row, expected) in found.iter().zip(slow_association(&SHIFT, &LOG_WIDTH, n)) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-14);
            assert!(row.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14), "n {n}: {row:?}");
        }
    }
    Ok(())
}

#[test]
fn the_output_is_the_weighted_mean_of_each_head() -> Result<()> {
    let (layer, _) = layer(&SHIFT, &LOG_WIDTH)?;
    let (batch, n, d) = (2, 5, 4);
    let patterns = patterns(batch, n, d)?;
    let weights = slow_association(&SHIFT, &LOG_WIDTH, n);
    // A strided view of the same patterns must give the same: candle multiplies some of them wrongly.
    let strided = patterns.transpose(2, 3)?.contiguous()?.transpose(2, 3)?;
    for input in [&patterns, &strided] {
        let found = layer.forward(input)?;
        assert_eq!(found.dims(), [batch, CONFIG.heads, CONFIG.states, d]);
        for b in 0..batch {
            for (at, weights) in weights.iter().enumerate() {
                let (head, state) = (at / CONFIG.states, at % CONFIG.states);
                let rows = patterns.get(b)?.get(head)?.to_vec2::<f64>()?;
                let found = found.get(b)?.get(head)?.get(state)?.to_vec1::<f64>()?;
                for (k, value) in found.iter().enumerate() {
                    let expected: f64 = weights.iter().zip(&rows).map(|(w, row)| w * row[k]).sum();
                    assert!((value - expected).abs() < 1e-13, "{b} {at} {k}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn gradients_pass_finite_differences() -> Result<()> {
    let patterns = patterns(2, 6, 3)?;
    let value = |shift: &[f64], log_width: &[f64]| -> Result<f64> {
        layer(shift, log_width)?.0.forward(&patterns)?.sqr()?.sum_all()?.to_scalar()
    };
    let (layer, vars) = layer(&SHIFT, &LOG_WIDTH)?;
    let grads = layer.forward(&patterns)?.sqr()?.sum_all()?.backward()?;
    for (which, var) in vars.iter().enumerate() {
        let gradient = grads.get(var).expect("a parameter").flatten_all()?.to_vec1::<f64>()?;
        for (i, found) in gradient.iter().enumerate() {
            let at = |step: f64| {
                let mut parameters = [SHIFT, LOG_WIDTH];
                parameters[which][i] += step;
                value(&parameters[0], &parameters[1])
            };
            let expected = (at(1e-5)? - at(-1e-5)?) / 2e-5;
            assert!((found - expected).abs() < 1e-8, "{which} {i}: {found} {expected}");
        }
    }
    Ok(())
}

#[test]
fn a_fresh_layer_averages_and_a_narrow_one_looks_at_one_place() -> Result<()> {
    let (fresh, _) = layer(&[0.0; 6], &[0.0; 6])?;
    let association = fresh.association(64)?.unsqueeze(0)?;
    for head in heads(&association, PAPER_SHARE)? {
        assert_eq!(head.class, OperatingClass::I, "{head:?}");
    }
    // So narrow that every weight is zero before it is normalised, and off the range besides.
    let (narrow, _) = layer(&[3.0; 6], &[-8.0; 6])?;
    let row = narrow.association(11)?.get(0)?.get(2)?.to_vec1::<f64>()?;
    assert!(row[10] > 0.999_999, "{row:?}");
    Ok(())
}

#[test]
fn wrong_shapes_are_errors() -> Result<()> {
    let (layer, _) = layer(&SHIFT, &LOG_WIDTH)?;
    assert!(layer.forward(&patterns(1, 4, 2)?.narrow(1, 0, 1)?).is_err(), "one head of two");
    assert!(layer.forward(&patterns(1, 4, 2)?.get(0)?).is_err(), "no batch");
    assert!(layer.association(0).is_err());
    let vb = VarBuilder::zeros(DType::F32, &Device::Cpu);
    assert!(GaussianAveraging::new(&GaussianConfig { heads: 0, states: 1 }, vb).is_err());
    Ok(())
}
