//! Agreement with the released Hopular network.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_hopfield::hopular::{
    self, Arithmetic, Attribute, Column, Form, Gaps, HopularConfig, Losses, Rows, Schema,
    Standardiser, Table,
};
use serde_json::Value;

use crate::case::{Case, Gap, relative};
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
            if !(gap.0 <= values && gap.1 <= gradients) {
                wrong.push(format!(
                    "{dtype:?} {}: values {:.1e}, gradients {:.1e}",
                    case.name, gap.0, gap.1
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn rows_are_standardised_and_encoded_as_in_the_released_code() -> Result<()> {
    for (value, tensors) in &cases()? {
        let (stored, units) = stored(value, tensors)?;
        let attributes = stored.schema().attributes().iter().enumerate();
        let owners: Vec<usize> = attributes.clone().flat_map(|(c, a)| vec![c; a.width()]).collect();
        for (column, attribute) in attributes {
            if *attribute == Attribute::Continuous {
                let of = |name: &str| -> Result<f64> {
                    tensors[name].to_dtype(DType::F64)?.get(column)?.to_scalar()
                };
                let mean = (units.means()[column] - of("raw.mean")?).abs();
                // A deviation of 0 is kept as 1: the column is only centred.
                let deviation = (units.deviations()[column] - of("raw.stdv")?).abs();
                assert!(
                    mean < 1e-6 && (deviation < 1e-6 || of("raw.stdv")? == 0.0),
                    "draw {}",
                    value["case"]
                );
            }
        }
        let found = Rows::of(&stored, &units).stored(DType::F64, &Device::Cpu)?;
        assert!(relative(&found, &tensors["in.memory"])? < 1e-6, "draw {}", value["case"]);
        let asked = Rows::of(&table(value, tensors, "raw.batch")?, &units);
        let truth = asked.truth(DType::F64, &Device::Cpu)?;
        // The release has a number where there is none, and does not use it.
        let known = |cell: usize| {
            f64::from(u8::from(asked.is_known(cell / owners.len(), owners[cell % owners.len()])))
        };
        let known: Vec<f64> = (0..truth.elem_count()).map(known).collect();
        let known = Tensor::from_vec(known, truth.shape(), &Device::Cpu)?;
        let expected = (tensors["in.unmasked"].to_dtype(DType::F64)? * known)?;
        assert!(relative(&truth, &expected)? < 1e-6, "draw {}", value["case"]);
    }
    Ok(())
}

#[test]
fn losses_and_accuracies_are_those_of_the_released_code() -> Result<()> {
    for (value, tensors) in &cases()? {
        let (_, units) = stored(value, tensors)?;
        let rows = Rows::of(&table(value, tensors, "raw.batch")?, &units);
        let noise = tensors["in.noise"].to_vec2::<u8>()?;
        let counts = |row: usize, column: usize| {
            rows.is_known(row, column)
                && (noise[row][column] != 0 || rows.schema().is_target(column))
        };
        let columns = rows.schema().attributes().len();
        let counted: Vec<bool> =
            (0..rows.rows() * columns).map(|cell| counts(cell / columns, cell % columns)).collect();
        let output = Var::from_tensor(&tensors["out"].to_dtype(DType::F64)?)?;
        for (kind, own) in [("train", None), ("eval", Some(&units))] {
            let losses = Losses::of(&output.to_vec2()?, &rows, &counted, own)?;
            let found = [
                ("loss_feature", losses.feature),
                ("loss_target", losses.target),
                ("accuracy_feature", losses.feature_accuracy),
                ("accuracy_target", losses.target_accuracy),
            ];
            for (name, found) in found {
                let expected = value[kind][name].as_f64().unwrap_or(f64::NAN);
                let gap = (found - expected).abs() / expected.max(1.0);
                assert!(gap < 1e-6, "draw {} {kind} {name}: {found} {expected}", value["case"]);
            }
        }
        let gamma = value["gamma"].as_f64().unwrap_or(f64::NAN);
        let total = hopular::loss(output.as_tensor(), &rows, &counted, gamma)?;
        let expected = value["loss"].as_f64().unwrap_or(f64::NAN);
        assert!(
            (total.to_scalar::<f64>()? - expected).abs() < 1e-6 * expected.max(1.0),
            "draw {}",
            value["case"]
        );
        let grads = total.backward()?;
        let Some(grad) = grads.get(&output) else { panic!("no gradient") };
        assert!(relative(grad, &tensors["grad_loss.out"])? < 1e-6, "draw {}", value["case"]);
    }
    Ok(())
}

/// The stored rows, and their units.
fn stored(value: &Value, tensors: &HashMap<String, Tensor>) -> Result<(Table, Standardiser)> {
    let stored = table(value, tensors, "raw.memory")?;
    let units = Standardiser::of(&stored, Gaps::AsZero);
    Ok((stored, units))
}

/// Raw values (rows, S) as a table.
fn table(value: &Value, tensors: &HashMap<String, Tensor>, name: &str) -> Result<Table> {
    let raw: Vec<Vec<f64>> = tensors[name].to_dtype(DType::F64)?.to_vec2()?;
    let missing: Vec<Vec<u8>> = tensors[&format!("{name}_missing")].to_vec2()?;
    let schema = schema(value)?;
    let mut start = 0;
    let mut columns = Vec::new();
    for (place, attribute) in schema.attributes().iter().enumerate() {
        let cells = start..start + attribute.width();
        start = cells.end;
        let rows = || {
            raw.iter()
                .zip(&missing)
                .map(|(row, missing)| (&row[cells.clone()], missing[place] != 0))
        };
        columns.push(match attribute {
            Attribute::Continuous => Column::Continuous(
                rows().map(|(cell, gap)| if gap { f64::NAN } else { cell[0] }).collect(),
            ),
            Attribute::Categorical { .. } => Column::Categorical(
                rows()
                    .map(|(cell, gap)| cell.iter().position(|one| *one > 0.5).filter(|_| !gap))
                    .collect(),
            ),
        });
    }
    Table::new(&schema, columns)
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
    let on_the_way: BTreeMap<String, Tensor> = under(tensors, "mid.").into_iter().collect();
    for (name, tensor) in on_the_way {
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
    let attribute = |(column, classes): (usize, usize)| {
        if discrete.contains(&column) {
            Attribute::Categorical { classes }
        } else {
            Attribute::Continuous
        }
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
