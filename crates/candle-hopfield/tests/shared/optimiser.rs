//! Agreement with the optimiser and the schedules of the released Hopular.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{Device, Result, Tensor, Var};
use candle_hopfield::hopular::{Cosine, Lamb, LambConfig};
use serde_json::Value;

use crate::case::relative;
use crate::common::under;

fn file() -> Result<(Value, HashMap<String, Tensor>)> {
    let shared = std::env::var("REPERIO_SHARED").expect("the folder of the shared files");
    let folder = Path::new(&shared).join("fixtures/hopular");
    let text = std::fs::read_to_string(folder.join("optim.json"))?;
    let file = serde_json::from_str(&text).map_err(candle_core::Error::wrap)?;
    Ok((file, candle_core::safetensors::load(folder.join("optim.safetensors"), &Device::Cpu)?))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

#[test]
fn every_step_is_that_of_the_released_optimiser() -> Result<()> {
    let (file, tensors) = file()?;
    let cases = file["cases"].as_array().cloned().unwrap_or_default();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let tensors = under(&tensors, &format!("{:03}.", case["case"].as_u64().unwrap_or(999)));
        let config = LambConfig {
            betas: (number(&case["betas"][0]), number(&case["betas"][1])),
            eps: number(&case["eps"]),
            weight_decay: number(&case["weight_decay"]),
            lookahead_every: case["k"].as_u64().unwrap_or(0) as usize,
            lookahead_share: number(&case["alpha"]),
            synchronise: case["sync"] == true,
        };
        let start: BTreeMap<String, Tensor> = under(&tensors, "in.").into_iter().collect();
        let vars: BTreeMap<String, Var> = start
            .iter()
            .map(|(name, tensor)| Ok((name.clone(), Var::from_tensor(tensor)?)))
            .collect::<Result<_>>()?;
        let mut lamb = Lamb::new(vars.values().cloned().collect(), config)?;
        for step in 0..case["steps"].as_u64().unwrap_or(0) as usize {
            // A linear function has the given gradients.
            let mut sum = Tensor::new(0f64, &Device::Cpu)?;
            for (name, var) in &vars {
                if let Some(grads) = tensors.get(&format!("in_grad.{name}")) {
                    sum = (sum + (var.as_tensor() * grads.get(step)?)?.sum_all()?)?;
                }
            }
            let ratios = lamb.step(&sum.backward()?, number(&case["lr"]))?;
            for ((name, var), (slow, ratio)) in vars.iter().zip(lamb.slow().iter().zip(ratios)) {
                let expected = |kind: &str| tensors[&format!("{kind}.{name}")].get(step);
                assert!(
                    relative(var.as_tensor(), &expected("fast")?)? < 1e-12,
                    "{case} {name} {step}"
                );
                assert!(relative(slow, &expected("slow")?)? < 1e-12, "{case} {name} {step}");
                if let Some(ratio) = ratio {
                    let expected: f64 = expected("trust_ratio")?.to_scalar()?;
                    assert!(
                        (ratio - expected).abs() < 1e-12 * expected.max(1.0),
                        "{case} {name} {step}"
                    );
                }
            }
        }
    }
    Ok(())
}

#[test]
fn rates_and_weights_are_those_of_the_released_schedules() -> Result<()> {
    let schedule = &file()?.0["schedule"];
    let check = |name: &str, of: &dyn Fn(usize) -> f64| {
        let expected = schedule[name]["per_epoch"].as_array().cloned().unwrap_or_default();
        assert!(expected.len() > 5);
        for (epoch, expected) in expected.iter().enumerate() {
            assert!((of(epoch) - number(expected)).abs() < 1e-15, "{name} in epoch {epoch}");
        }
    };
    check("learning_rate", &|epoch| Cosine::new(1e-3, 10).rate(epoch));
    check("learning_rate_delayed", &|epoch| {
        Cosine { start: 1e-3, delay: 4, epochs: 5 }.rate(epoch)
    });
    check("feature_loss_weight", &|epoch| Cosine::new(1.0, 10).at(epoch));
    // Half of ten epochs come before the fall; the last of them is its first.
    check("feature_loss_weight_warm", &|epoch| {
        Cosine { start: 1.0, delay: 4, epochs: 5 }.at(epoch)
    });
    Ok(())
}
