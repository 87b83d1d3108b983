//! Agreement with an own PyTorch program, written from the formulas (`fixtures/hopular.py`), in both forms.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_hopfield::hopular::{
    Arithmetic, Attribute, Cell, Column, Form, HopularConfig, Losses, Rows, Schema, Standardiser,
    Table, loss,
};
use serde_json::Value;

use crate::case::{Case, relative};

/// A drawn table with its tensors.
struct Drawn {
    value: Value,
    tensors: HashMap<String, Tensor>,
    schema: Schema,
}

#[test]
fn outputs_and_gradients_are_those_of_the_formulas() -> Result<()> {
    let drawn = drawn()?;
    assert_eq!(drawn.len(), 44);
    let mut wrong = Vec::new();
    for drawn in &drawn {
        let case = drawn.case();
        let (values, gradients) = case.compare(DType::F32, Arithmetic::Double)?;
        if !(values <= 1e-5 && gradients <= 1e-4) {
            wrong.push(format!("{}: values {values:.1e}, gradients {gradients:.1e}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

#[test]
fn rows_are_told_as_the_program_encodes_them() -> Result<()> {
    for drawn in drawn()? {
        let stored = drawn.rows("stored")?.stored(DType::F32, &Device::Cpu)?;
        assert!(relative(&stored, &drawn.tensors["in.stored"])? < 1e-7, "{}", drawn.value["case"]);
        let told = |row: usize, column: usize| {
            let told = &drawn.value["told"][row][column];
            match (told.as_str(), told.as_f64()) {
                (Some("true"), _) => Cell::True,
                (Some("masked"), _) => Cell::Masked,
                (_, Some(number)) => Cell::Replaced(number),
                _ => Cell::Missing,
            }
        };
        let asked = drawn.rows("rows")?.told(told, DType::F32, &Device::Cpu)?;
        assert!(relative(&asked, &drawn.tensors["in.asked"])? < 1e-7, "{}", drawn.value["case"]);
    }
    Ok(())
}

#[test]
fn losses_and_their_gradients_are_those_of_the_formulas() -> Result<()> {
    for drawn in drawn()? {
        let (rows, counted) = (drawn.rows("rows")?, drawn.counted());
        let gamma = number(&drawn.value["gamma"]);
        let output = Var::from_tensor(&drawn.tensors["out"].to_dtype(DType::F64)?)?;
        let losses = Losses::of(&output.to_vec2()?, &rows, &counted, None)?;
        let expected = &drawn.value["losses"];
        let found = [
            ("feature", losses.feature),
            ("target", losses.target),
            ("feature_accuracy", losses.feature_accuracy),
            ("target_accuracy", losses.target_accuracy),
            ("features", losses.features as f64),
            ("targets", losses.targets as f64),
        ];
        for (name, found) in found {
            let (expected, draw) = (number(&expected[name]), &drawn.value["case"]);
            assert!(
                (found - expected).abs() < 1e-5 * expected.max(1.0),
                "{draw} {name}: {found} {expected}"
            );
        }
        let total = loss(output.as_tensor(), &rows, &counted, gamma)?;
        assert!((total.to_scalar::<f64>()? - losses.total(gamma)).abs() < 1e-12);
        assert!(
            (losses.total(gamma) - number(&drawn.value["loss"])).abs()
                < 1e-5 * losses.total(gamma).max(1.0)
        );
        let grads = total.backward()?;
        let Some(grad) = grads.get(&output) else { panic!("no gradient") };
        assert!(relative(grad, &drawn.tensors["grad_loss"])? < 1e-5);
    }
    Ok(())
}

fn drawn() -> Result<Vec<Drawn>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let text = std::fs::read_to_string(folder.join("hopular.json"))?;
    let cases: Vec<Value> = serde_json::from_str(&text).map_err(candle_core::Error::wrap)?;
    let tensors = candle_core::safetensors::load(folder.join("hopular.safetensors"), &Device::Cpu)?;
    let drawn = |value: Value| {
        let prefix = format!("{:03}.", value["case"].as_u64().unwrap_or(999));
        let attribute = |width: &Value| match width.as_u64() {
            Some(1) | None => Attribute::Continuous,
            Some(classes) => Attribute::Categorical { classes: classes as usize },
        };
        let attributes = list(&value["widths"]).iter().map(attribute).collect();
        let targets =
            list(&value["targets"]).iter().map(|target| number(target) as usize).collect();
        Ok(Drawn {
            schema: Schema::new(attributes, targets)?,
            tensors: under(&tensors, &prefix),
            value,
        })
    };
    cases.into_iter().map(drawn).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// The tensors whose names start with the prefix, without it.
fn under(tensors: &HashMap<String, Tensor>, prefix: &str) -> HashMap<String, Tensor> {
    let named = |(name, tensor): (&String, &Tensor)| {
        Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone()))
    };
    tensors.iter().filter_map(named).collect()
}

impl Drawn {
    fn case(&self) -> Case {
        let options = &self.value["options"];
        let size = |name: &str| options[name].as_u64().map(|size| size as usize);
        let value = |name: &str| matches!(name, "out") || name.ends_with("_association");
        let named = self.tensors.iter().filter(|(name, _)| value(name));
        Case {
            name: format!("draw {} {options}", self.value["case"]),
            schema: self.schema.clone(),
            config: HopularConfig {
                form: if options["form"] == "paper" { Form::Paper } else { Form::Release },
                embedding: size("embedding").unwrap_or(0),
                heads: size("heads").unwrap_or(0),
                blocks: size("blocks").unwrap_or(0),
                hidden_size: size("hidden_size"),
                hidden_factor: number(&options["hidden_factor"]),
                factor: number(&options["factor"]),
                ..HopularConfig::default()
            },
            params: under(&self.tensors, "param."),
            grads: under(&self.tensors, "grad."),
            inputs: under(&self.tensors, "in.")
                .into_iter()
                .filter(|(name, _)| name != "hidden")
                .collect(),
            input_grads: under(&self.tensors, "grad_in."),
            hidden: self.tensors.get("in.hidden").cloned(),
            out_weight: self.tensors["out_weight"].clone(),
            expected: named
                .map(|(name, tensor)| (name.clone(), tensor.clone()))
                .collect::<BTreeMap<_, _>>(),
        }
    }

    /// Rows that are in standard units already.
    fn rows(&self, which: &str) -> Result<Rows> {
        let rows = list(&self.value[which]);
        let column = |(place, attribute): (usize, &Attribute)| match attribute {
            Attribute::Continuous => {
                Column::Continuous(rows.iter().map(|row| number(&row[place])).collect())
            }
            Attribute::Categorical { .. } => {
                let class = |row: &Value| row[place].as_u64().map(|class| class as usize);
                Column::Categorical(rows.iter().map(class).collect())
            }
        };
        let attributes = self.schema.attributes();
        let table = Table::new(&self.schema, attributes.iter().enumerate().map(column).collect())?;
        let (means, deviations) = (vec![0.0; attributes.len()], vec![1.0; attributes.len()]);
        Ok(Rows::of(&table, &Standardiser::new(&self.schema, means, deviations)?))
    }

    fn counted(&self) -> Vec<bool> {
        let cells = list(&self.value["counted"]).iter().flat_map(list);
        cells.map(|cell| cell.as_bool() == Some(true)).collect()
    }
}
