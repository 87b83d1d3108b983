//! Agreement with an own PyTorch program, written from the paper's formulas (`fixtures/hopfield.py`),
//! over drawn combinations of all options.

mod common;

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Result, Tensor};
use candle_hopfield::{
    Activation, Association, Beta, Config, Norm, Projection, Updates, ValueProjection,
};
use common::{Case, Kind, under};
use serde_json::Value;

#[test]
fn outputs_and_gradients_are_those_of_the_formulas() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let text = std::fs::read_to_string(folder.join("hopfield.json"))?;
    let cases: Vec<Value> = serde_json::from_str(&text).map_err(candle_core::Error::wrap)?;
    let tensors =
        candle_core::safetensors::load(folder.join("hopfield.safetensors"), &Device::Cpu)?;
    assert_eq!(cases.len(), 120);
    let mut wrong = Vec::new();
    for case in &cases {
        let case = read(case, &tensors);
        let (forward, backward) = case.compare()?;
        if !(forward <= 1e-5 && backward <= 1e-4) {
            wrong.push(format!("{}: outputs {forward:.1e}, gradients {backward:.1e}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

fn read(case: &Value, tensors: &HashMap<String, Tensor>) -> Case {
    let tensors = under(tensors, &format!("{:03}.", case["case"].as_u64().unwrap_or(999)));
    let options = &case["options"];
    Case {
        name: case.to_string(),
        kind: match case["kind"].as_str() {
            Some("pooling") => Kind::Pooling,
            Some("lookup") => Kind::Lookup,
            _ => Kind::Hopfield,
        },
        config: config(options),
        quantity: options["quantity"].as_u64().unwrap_or(1) as usize,
        separate_targets: options["separate_targets"].as_bool() == Some(true),
        params: under(&tensors, "param."),
        grads: under(&tensors, "grad.").into_iter().collect(),
        inputs: under(&tensors, "in."),
        input_grads: under(&tensors, "grad_in.").into_iter().collect(),
        out: tensors["out"].clone(),
        association: tensors.get("association").cloned(),
        out_weight: tensors["out_weight"].clone(),
    }
}

fn config(options: &Value) -> Config {
    let size = |name: &str| options[name].as_u64().map(|size| size as usize);
    let on = |name: &str| options[name].as_bool() == Some(true);
    let norm = |name: &str| match options[name].as_str() {
        Some("none") => Norm::None,
        Some("plain") => Norm::Plain,
        _ => Norm::Affine,
    };
    let projection = |name: &str| if on(name) { Projection::Static } else { Projection::Learned };
    Config {
        stored_size: size("stored_size"),
        projection_size: size("projection_size"),
        hidden_size: size("hidden_size"),
        pattern_size: size("pattern_size"),
        output_size: size("output_size"),
        heads: size("heads").unwrap_or(0),
        beta: beta(&options["beta"]),
        updates: Updates {
            max: size("update_steps_max"),
            eps: vec![options["update_steps_eps"].as_f64().unwrap_or(-1.0)],
        },
        association: association(&options["association"]),
        norm_stored: norm("norm_stored"),
        norm_state: norm("norm_state"),
        norm_projection: norm("norm_projection"),
        norm_hopfield: norm("norm_hopfield"),
        stored: projection("static_stored"),
        state: projection("static_state"),
        values: match (on("static_projection"), on("connected")) {
            (true, _) => ValueProjection::Static,
            (false, true) => ValueProjection::Connected,
            (false, false) => ValueProjection::Learned,
        },
        bias: on("input_bias"),
        bias_pattern: on("bias_pattern"),
        zero_association: on("zero_association"),
        output_projection: on("output_projection"),
        activation: match options["activation"].as_str() {
            Some("relu") => Some(Activation::Relu),
            Some("tanh") => Some(Activation::Tanh),
            _ => None,
        },
        ..Config::new(size("input_size").unwrap_or(0))
    }
}

fn beta(option: &Value) -> Beta {
    let numbers =
        |list: &Value| list.as_array().map(|list| list.iter().filter_map(Value::as_f64).collect());
    if let Some(beta) = option.as_f64() {
        return Beta::Number(beta);
    }
    if option["learnable"].is_array() {
        return Beta::Learnable(1.0); // the fixture holds the variable
    }
    numbers(option).map_or(Beta::InverseRoot, Beta::PerHead)
}

fn association(option: &Value) -> Association {
    match (option.as_str(), option["top_k"].as_u64()) {
        (Some("sparsemax"), _) => Association::Sparsemax,
        (Some("entmax15"), _) => Association::Entmax15,
        (_, Some(k)) => Association::TopK(k as usize),
        _ => Association::Softmax,
    }
}
