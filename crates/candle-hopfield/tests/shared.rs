//! Agreement with the released PyTorch layers on cases that are not part of this repository: a step of `.ci/run` of
//! its own, which says so where they are not there.

mod common;
#[path = "contrastive/case.rs"]
mod pairs;

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Result, Tensor};
use candle_hopfield::contrastive::{Form, Objective};
use candle_hopfield::{
    Activation, Beta, Config, Norm, Projection, Updates, ValueProjection, pytorch,
};
use common::{Case, Kind, distance, under};
use serde_json::Value;

#[test]
fn outputs_and_gradients_are_those_of_the_released_layers() -> Result<()> {
    let shared = std::env::var("REPERIO_SHARED").expect("the folder of the shared files");
    let folder = Path::new(&shared).join("fixtures/hopfield");
    let text = std::fs::read_to_string(folder.join("cases.json"))?;
    let cases: Vec<Value> = serde_json::from_str(&text).map_err(candle_core::Error::wrap)?;
    let tensors = candle_core::safetensors::load(folder.join("cases.safetensors"), &Device::Cpu)?;
    assert_eq!(cases.len(), 48);
    let mut wrong = Vec::new();
    for case in &cases {
        let case = read(case, &tensors)?;
        let (forward, backward) = case.compare()?;
        if !(forward <= 1e-5 && backward <= 1e-4) {
            wrong.push(format!("{}: outputs {forward:.1e}, gradients {backward:.1e}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn read(case: &Value, tensors: &HashMap<String, Tensor>) -> Result<Case> {
    let prefix = format!("{:03}.", case["case"].as_u64().unwrap_or(999));
    let tensors = under(tensors, &prefix);
    let options = &case["options"];
    let (config, kind) = (config(options), kind(case["kind"].as_str().unwrap_or_default()));
    let renamed = |part: &str| pytorch::rename(&under(&tensors, part), &config);
    let inputs = |part: &str| {
        let short = |name: String| name.replace("stored_pattern_padding_mask", "padding_mask");
        let named = under(&tensors, part).into_iter();
        named.map(|(name, tensor)| (short(name), tensor)).collect::<HashMap<_, _>>()
    };
    Ok(Case {
        name: case.to_string(),
        kind,
        quantity: options["quantity"].as_u64().unwrap_or(1) as usize,
        separate_targets: options["lookup_weights_as_separated"].as_bool() == Some(true),
        params: renamed("param.")?,
        grads: renamed("grad.")?.into_iter().collect(),
        inputs: inputs("in.").into_iter().collect(),
        input_grads: inputs("grad_in.").into_iter().collect(),
        out: tensors["out"].clone(),
        association: tensors.get("association").cloned(),
        out_weight: tensors["out_weight"].clone(),
        config,
    })
}

fn kind(name: &str) -> Kind {
    match name {
        "HopfieldPooling" => Kind::Pooling,
        "HopfieldLayer" => Kind::Lookup,
        _ => Kind::Hopfield,
    }
}

/// The options of the released layer under our names. Its bias pattern has no effect.
fn config(options: &Value) -> Config {
    let size = |name: &str| options[name].as_u64().map(|size| size as usize);
    let on = |name: &str, default: bool| options[name].as_bool().unwrap_or(default);
    let norm = |name: &str, default: bool| match (
        on(name, default),
        on(&format!("{name}_affine"), default),
    ) {
        (false, _) => Norm::None,
        (true, false) => Norm::Plain,
        (true, true) => Norm::Affine,
    };
    let projection =
        |name: &str| if on(name, false) { Projection::Static } else { Projection::Learned };
    let max =
        options.get("update_steps_max").map_or(Some(0), |max| max.as_u64().map(|max| max as usize));
    Config {
        stored_size: size("stored_pattern_size"),
        projection_size: size("pattern_projection_size"),
        hidden_size: size("hidden_size"),
        pattern_size: size("pattern_size"),
        output_size: size("output_size"),
        heads: size("num_heads").unwrap_or(1),
        beta: options["scaling"].as_f64().map_or(Beta::InverseRoot, Beta::Number),
        updates: Updates { max, eps: vec![options["update_steps_eps"].as_f64().unwrap_or(1e-4)] },
        norm_stored: norm("normalize_stored_pattern", true),
        norm_state: norm("normalize_state_pattern", true),
        norm_projection: norm("normalize_pattern_projection", true),
        norm_hopfield: norm("normalize_hopfield_space", false),
        stored: projection("stored_pattern_as_static"),
        state: projection("state_pattern_as_static"),
        values: match (
            on("pattern_projection_as_static", false),
            on("pattern_projection_as_connected", false),
        ) {
            (true, true) => ValueProjection::Stored,
            (true, false) => ValueProjection::Static,
            (false, true) => ValueProjection::Connected,
            (false, false) => ValueProjection::Learned,
        },
        bias: on("input_bias", true),
        zero_association: on("add_zero_association", false),
        output_projection: !on("disable_out_projection", false),
        activation: match options["association_activation"].as_str() {
            Some("relu") => Some(Activation::Relu),
            Some("tanh") => Some(Activation::Tanh),
            _ => None,
        },
        ..Config::new(size("input_size").unwrap_or(0))
    }
}

#[test]
fn contrastive_losses_are_those_of_the_released_program() -> Result<()> {
    let shared = std::env::var("REPERIO_SHARED").expect("the folder of the shared files");
    let folder = Path::new(&shared).join("fixtures/cloob");
    let text = std::fs::read_to_string(folder.join("cases.json"))?;
    let file: Value = serde_json::from_str(&text).map_err(candle_core::Error::wrap)?;
    let tensors = candle_core::safetensors::load(folder.join("cases.safetensors"), &Device::Cpu)?;
    let cases = pairs::cases((&file["cases"], &tensors), pair);
    assert_eq!(cases.len(), 34);
    assert_eq!(pairs::wrong(&cases, DType::F32, (1e-5, 1e-4))?, "");
    assert_eq!(pairs::wrong(&cases, DType::F64, (1e-11, 1e-11))?, "");
    Ok(())
}

fn pair(line: &Value) -> pairs::Case {
    let number = |name: &str| line[name].as_f64().unwrap_or(f64::NAN);
    let kind = line["kind"].as_str().unwrap_or_default();
    let retrieval = matches!(kind, "cloob" | "infonce_hopfield");
    pairs::Case {
        name: String::new(),
        objective: match kind {
            "clip" | "infonce_hopfield" => Objective::InfoNce,
            _ => Objective::InfoLoob,
        },
        form: Form::Release,
        beta: retrieval.then(|| number("beta")),
        inverse_temperature: number("inv_tau"),
        scaled: false,
        loss: number("loss"),
        grad_t: number("grad_inv_tau"),
        grad_beta: retrieval.then(|| number("grad_beta")),
        tensors: HashMap::new(),
    }
}
