//! Values and gradients of our own PyTorch program, `fixtures/contrastive.py`.

use std::path::Path;

use candle_core::{DType, Device, Result};
use candle_hopfield::contrastive::{Form, Objective};
use serde_json::Value;

use crate::case::{Case, cases, wrong};

#[test]
fn values_and_gradients_are_those_of_the_formulas() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let text = std::fs::read_to_string(folder.join("contrastive.json"))?;
    let lines: Value = serde_json::from_str(&text).map_err(candle_core::Error::wrap)?;
    let tensors =
        candle_core::safetensors::load(folder.join("contrastive.safetensors"), &Device::Cpu)?;
    let cases = cases((&lines, &tensors), read);
    assert_eq!(cases.len(), 48);
    assert_eq!(wrong(&cases, DType::F32, (1e-5, 1e-4))?, "");
    Ok(())
}

fn read(line: &Value) -> Case {
    Case {
        name: String::new(),
        objective: match line["objective"].as_str() {
            Some("InfoNCE") => Objective::InfoNce,
            _ => Objective::InfoLoob,
        },
        form: match line["form"].as_str() {
            Some("release") => Form::Release,
            _ => Form::Paper,
        },
        beta: line["beta"].as_f64(),
        inverse_temperature: line["t"].as_f64().unwrap_or(f64::NAN),
        scaled: line["scaled"].as_bool() == Some(true),
        loss: line["loss"].as_f64().unwrap_or(f64::NAN),
        grad_t: line["grad_t"].as_f64().unwrap_or(f64::NAN),
        grad_beta: line["grad_beta"].as_f64(),
        tensors: std::collections::HashMap::new(),
    }
}
