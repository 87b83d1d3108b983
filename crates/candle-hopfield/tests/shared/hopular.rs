//! Agreement with the released Hopular network.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Result, Tensor};
use candle_hopfield::hopular::{self, Arithmetic, Attribute, Form, HopularConfig, Schema};
use serde_json::Value;

use crate::case::{Case, Gap};
use crate::common::under;

/// Type of the variables, how the network computes, and how far values and gradients may be off.
const LIMITS: [(DType, Arithmetic, Gap); 3] = [
    (DType::F32, Arithmetic::Double, (1e-5, 1e-4)),
    (DType::F64, Arithmetic::Double, (1e-11, 1e-9)),
    // Two draws miss the first line's limits: 2 (factor 1000) and 5 (nearly equal features to normalise).
    (DType::F32, Arithmetic::OfRows, (2e-5, 2e-4)),
];

#[test]
fn outputs_and_gradients_are_those_of_the_released_network() -> Result<()> {
    let cases = cases()?;
    assert_eq!(cases.len(), 36);
    let mut wrong = Vec::new();
    for (value, tensors) in &cases {
        let case = read(value, tensors)?;
        for (dtype, arithmetic, (values, gradients)) in LIMITS {
            let gap: Gap = case.compare(dtype, arithmetic)?;
            println!("{dtype:?} {}: values {:.1e}, gradients {:.1e}", case.name, gap.0, gap.1);
            if !(gap.0 <= values && gap.1 <= gradients) {
                wrong.push(format!("{dtype:?} {}: values {:.1e}, gradients {:.1e}", case.name, gap.0, gap.1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn folder() -> PathBuf {
    let shared = std::env::var("REPERIO_SHARED").expect("the folder of the shared files");
    Path::new(&shared).join("fixtures/hopular")
}

/// All draws with their tensors.
fn cases() -> Result<Vec<(Value, HashMap<String, Tensor>)>> {
    let text = std::fs::read_to_string(folder().join("cases.json"))?;
    let file: Value = serde_json::from_str(&text).map_err(candle_core::Error::wrap)?;
    let tensors = candle_core::safetensors::load(folder().join("cases.safetensors"), &Device::Cpu)?;
    let cases = file["cases"].as_array().cloned().unwrap_or_default();
    let with_tensors = |case: Value| {
        let prefix = format!("{:03}.", case["case"].as_u64().unwrap_or(999));
        let tensors = under(&tensors, &prefix);
        (case, tensors)
    };
    Ok(cases.into_iter().map(with_tensors).collect())
}

fn read(value: &Value, tensors: &HashMap<String, Tensor>) -> Result<Case> {
    let (schema, config) = (schema(value)?, config(value));
    let mut expected = BTreeMap::from([("out".to_owned(), tensors["out"].clone())]);
    for (name, tensor) in under(tensors, "mid.") {
        let name = if name == "embedding_memory" { "stored".to_owned() } else { name };
        let tensor = if tensor.rank() == 3 { tensor.squeeze(0)? } else { tensor };
        expected.insert(name, tensor);
    }
    let pair = |asked: &str, stored: &str| {
        HashMap::from([
            ("asked".to_owned(), tensors[asked].clone()),
            ("stored".to_owned(), tensors[stored].clone()),
        ])
    };
    Ok(Case {
        name: format!("draw {} (factor {})", value["case"], value["scaling_factor"]),
        params: hopular::rename(&under(tensors, "param."), &schema, &config)?,
        grads: hopular::rename(&under(tensors, "grad."), &schema, &config)?,
        inputs: pair("in.batch", "in.memory"),
        input_grads: pair("grad_in.batch", "grad_in.memory"),
        hidden: tensors.get("in.memory_mask").cloned(),
        out_weight: tensors["out_weight"].clone(),
        expected,
        schema,
        config,
    })
}

fn places(value: &Value) -> Vec<usize> {
    let numbers = value.as_array().into_iter().flatten();
    numbers.filter_map(|number| number.as_u64().map(|number| number as usize)).collect()
}

fn schema(value: &Value) -> Result<Schema> {
    let discrete = places(&value["discrete"]);
    let attribute = |(column, classes): (usize, usize)| match discrete.contains(&column) {
        true => Attribute::Categorical { classes },
        false => Attribute::Continuous,
    };
    let attributes = places(&value["sizes"]).into_iter().enumerate().map(attribute).collect();
    let targets = ["target_numeric", "target_discrete"].map(|kind| places(&value[kind])).concat();
    Schema::new(attributes, targets)
}

fn config(value: &Value) -> HopularConfig {
    let size = |name: &str| value[name].as_u64().unwrap_or(0) as usize;
    HopularConfig {
        form: Form::Release,
        embedding: size("feature_size"),
        heads: size("num_heads"),
        blocks: size("num_blocks"),
        hidden_size: Some(size("hidden_size")).filter(|size| *size > 0),
        hidden_factor: value["hidden_size_factor"].as_f64().unwrap_or(1.0),
        factor: value["scaling_factor"].as_f64().unwrap_or(1.0),
        ..HopularConfig::default()
    }
}
