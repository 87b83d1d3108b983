//! LAMB inside Lookahead, against its definition in plain numbers.

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var};
use candle_hopfield::hopular::{Cosine, Lamb, LambConfig, clip};

/// Gradients of variables: those of the sum of their products with these numbers.
fn grads(vars: &[(&Var, &[f64])]) -> Result<GradStore> {
    let mut sum = Tensor::new(0f64, &Device::Cpu)?;
    for (var, grad) in vars {
        sum = (sum + (var.as_tensor() * Tensor::new(*grad, &Device::Cpu)?)?.sum_all()?)?;
    }
    sum.backward()
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[test]
fn steps_are_those_of_the_definition() -> Result<()> {
    for (every, share, synchronise, decay) in
        [(1, 0.005, false, 0.1), (3, 0.5, true, 0.1), (2, 0.8, false, 0.0)]
    {
        let config = LambConfig {
            lookahead_every: every,
            lookahead_share: share,
            synchronise,
            weight_decay: decay,
            ..LambConfig::default()
        };
        let start = [8.0, -9.0, 0.5]; // A norm above 10.
        let var = Var::new(&start, &Device::Cpu)?;
        let zero = Var::new(&[0f64, 0.0, 0.0], &Device::Cpu)?;
        let still = Var::new(&[1f64], &Device::Cpu)?;
        let mut lamb = Lamb::new(vec![var.clone(), zero.clone(), still.clone()], config)?;
        let (mut fast, mut slow) = (start, start);
        let (mut m, mut v) = ([0.0; 3], [0.0; 3]);
        for t in 1..=7i32 {
            let grad = [0.3 * f64::from(t), -0.2, (f64::from(t) * 1.3).sin()];
            let ratios = lamb.step(&grads(&[(&var, &grad), (&zero, &grad)])?, 0.01)?;
            let mut update = [0.0; 3];
            for i in 0..3 {
                m[i] = 0.9 * m[i] + 0.1 * grad[i];
                v[i] = 0.999 * v[i] + 0.001 * grad[i] * grad[i];
                update[i] = m[i] / (v[i].sqrt() + 1e-6) + decay * fast[i];
            }
            let ratio = norm(&fast).min(10.0) / norm(&update);
            assert!(ratios[0].is_some_and(|found| (found - ratio).abs() < 1e-12));
            assert_eq!(
                (ratios[1].is_some_and(|ratio| t > 1 || (ratio - 1.0).abs() < 1e-12), ratios[2]),
                (true, None)
            );
            let size = 0.01 * (1.0 - 0.999f64.powi(t)).sqrt() / (1.0 - 0.9f64.powi(t)) * ratio;
            for i in 0..3 {
                fast[i] -= size * update[i];
            }
            if (t as usize).is_multiple_of(every) {
                for i in 0..3 {
                    slow[i] += share * (fast[i] - slow[i]);
                }
                if synchronise {
                    fast = slow;
                }
            }
            let found = (var.to_vec1::<f64>()?, lamb.slow()[0].to_vec1::<f64>()?);
            for i in 0..3 {
                assert!(
                    (found.0[i] - fast[i]).abs() < 1e-12 && (found.1[i] - slow[i]).abs() < 1e-12,
                    "step {t}"
                );
            }
        }
        assert_eq!(still.to_vec1::<f64>()?, [1.0], "no gradient, no step, no decay");
    }
    Ok(())
}

#[test]
fn gradients_are_clipped_together() -> Result<()> {
    let (a, b) = (Var::new(&[0f64], &Device::Cpu)?, Var::new(&[0f64], &Device::Cpu)?);
    let vars = [a.clone(), b.clone()];
    for (most, expected) in [(1.0, [0.6, 0.8]), (10.0, [3.0, 4.0])] {
        let mut grads = grads(&[(&a, &[3.0]), (&b, &[4.0])])?;
        assert!((clip(&mut grads, &vars, most)? - 5.0).abs() < 1e-12);
        for (var, expected) in vars.iter().zip(expected) {
            let Some(grad) = grads.get(var.as_tensor()) else { panic!("no gradient") };
            assert!((grad.to_vec1::<f64>()?[0] - expected).abs() < 1e-6);
        }
    }
    let mut grads = grads(&[(&a, &[f64::NAN])])?;
    assert!(clip(&mut grads, &vars, 1.0).is_err());
    Ok(())
}

#[test]
fn options_of_the_optimiser_are_checked() {
    for wrong in [
        LambConfig { betas: (1.0, 0.9), ..LambConfig::default() },
        LambConfig { lookahead_every: 0, ..LambConfig::default() },
        LambConfig { lookahead_share: 1.5, ..LambConfig::default() },
        LambConfig { eps: 0.0, ..LambConfig::default() },
    ] {
        assert!(Lamb::new(Vec::new(), wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn rates_and_weights_fall_along_half_a_cosine() {
    let cosine = Cosine::new(2.0, 10);
    assert!((cosine.at(0) - 2.0).abs() < 1e-15 && (cosine.at(5) - 1.0).abs() < 1e-15);
    assert!((cosine.rate(4) - 1.0).abs() < 1e-15 && cosine.rate(9).abs() < 1e-15);
    assert!(
        cosine.at(10).abs() < 1e-15 && cosine.at(500).abs() < 1e-15,
        "0 at the end and after it"
    );
}
