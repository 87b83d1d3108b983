//! Training on tables, and what becomes of it.

use std::process::Command;

use candle_core::{DType, Result};
use candle_hopfield::hopular::{
    Attribute, Column, HopularConfig, HopularModel, Noise, Prediction, Schema, Table, Training, fit,
};

/// Rows of a number, a sex, and a class that is whether the number is above the limit of the sex.
fn table(rows: usize, missing: bool) -> Result<Table> {
    let attributes = vec![
        Attribute::Continuous,
        Attribute::Categorical { classes: 2 },
        Attribute::Categorical { classes: 2 },
    ];
    let schema = Schema::new(attributes, vec![2])?;
    let number = |i: usize| 40.0 + 30.0 * (i as f64 * 2.4).sin();
    let class = |i: usize| usize::from(number(i) > if i.is_multiple_of(2) { 30.0 } else { 50.0 });
    let gap = |i: usize| missing && i % 7 == 3;
    Table::new(
        &schema,
        vec![
            Column::Continuous(
                (0..rows).map(|i| if gap(i) { f64::NAN } else { number(i) }).collect(),
            ),
            Column::Categorical((0..rows).map(|i| (!gap(i + 1)).then_some(i % 2)).collect()),
            Column::Categorical((0..rows).map(|i| (!gap(i + 2)).then_some(class(i))).collect()),
        ],
    )
}

fn quick() -> Training {
    Training { epochs: 25, ..Training::default() }
}

/// All numbers of a model, one after the other.
fn weights(model: &HopularModel) -> Result<Vec<f64>> {
    let mut all = Vec::new();
    for tensor in model.tensors()?.values() {
        all.extend(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?);
    }
    Ok(all)
}

#[test]
fn a_rule_with_two_limits_is_learned() -> Result<()> {
    let table = table(90, false)?;
    let rows = table.take(&(0..60).collect::<Vec<_>>())?;
    let fitted =
        fit(&rows, &HopularConfig::small(), &Training { epochs: 200, ..Training::default() })?;
    let losses = fitted.model.losses(&table.take(&(60..90).collect::<Vec<_>>())?, false)?;
    assert!(losses.target_accuracy >= 0.9, "{losses:?}");
    assert_eq!(fitted.validation.len(), 12);
    assert!(fitted.validated.iter().any(|(epoch, _)| *epoch == fitted.epoch));
    Ok(())
}

#[test]
fn a_number_is_predicted_in_its_own_unit() -> Result<()> {
    let schema = Schema::new(vec![Attribute::Continuous; 2], vec![1])?;
    let x: Vec<f64> = (0..60).map(|i| (f64::from(i) * 2.4).sin()).collect();
    let y: Vec<f64> = x.iter().map(|x| 1000.0 + 50.0 * x).collect();
    let table = Table::new(&schema, vec![Column::Continuous(x), Column::Continuous(y.clone())])?;
    let fitted =
        fit(&table, &HopularConfig::small(), &Training { epochs: 200, ..Training::default() })?;
    let Prediction::Numbers(found) = &fitted.model.predict(&table)?[0] else { panic!("numbers") };
    let error = found.iter().zip(&y).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / 60.0;
    assert!(error.sqrt() < 9.0, "the root of {error}: the deviation is 35");
    let losses = fitted.model.losses(&table, true)?;
    assert!((losses.target - error).abs() < 1e-6 * error, "{losses:?} {error}");
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_model_with_missing_cells() -> Result<()> {
    let table = table(40, true)?;
    let of = |seed: u64| fit(&table, &HopularConfig::small(), &Training { seed, ..quick() });
    let (first, again, other) = (of(1)?, of(1)?, of(2)?);
    assert_eq!(weights(&first.model)?, weights(&again.model)?);
    assert_ne!(weights(&first.model)?, weights(&other.model)?);
    assert!(weights(&first.model)?.iter().all(|weight| weight.is_finite()));
    Ok(())
}

#[test]
fn a_model_comes_back_from_its_tensors() -> Result<()> {
    let table = table(40, true)?;
    let model = fit(&table, &HopularConfig::small(), &quick())?.model;
    let mut tensors = model.tensors()?;
    let again = HopularModel::from_tensors(model.schema(), model.config(), &tensors)?;
    assert_eq!(again.predict(&table)?, model.predict(&table)?);
    tensors.remove("stored");
    assert!(HopularModel::from_tensors(model.schema(), model.config(), &tensors).is_err());
    Ok(())
}

#[test]
fn a_row_is_predicted_alone_as_beside_others_and_its_target_is_not_read() -> Result<()> {
    let table = table(40, true)?;
    let model = fit(&table, &HopularConfig::small(), &quick())?.model;
    let Prediction::Logits(all) = &model.predict(&table)?[0] else { panic!("logits") };
    let mut columns = table.columns().to_vec();
    columns[2] = Column::Categorical(vec![None; 40]);
    let blank = Table::new(table.schema(), columns)?;
    for (row, expected) in all.iter().enumerate() {
        let alone = model.predict(&blank.take(&[row])?)?;
        let Prediction::Logits(alone) = &alone[0] else { panic!("logits") };
        for (a, b) in alone[0].iter().zip(expected) {
            assert!((a - b).abs() < 1e-9, "row {row}: {a} {b}");
        }
    }
    let Some(probabilities) = model.predict(&table)?[0].probabilities() else { panic!("classes") };
    assert!(probabilities.iter().all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
    Ok(())
}

#[test]
fn associations_name_stored_rows_and_new_rows_can_be_stored() -> Result<()> {
    let table = table(40, false)?;
    let mut model = fit(&table, &HopularConfig::small(), &quick())?.model;
    let associations = model.associations(&table)?;
    assert_eq!(associations.dims(), [2, 4, 40, 32]);
    let sums = associations.sum(3)?.flatten_all()?.to_vec1::<f64>()?;
    assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-12));
    let before = model.predict(&table)?;
    model.store(&table)?;
    assert_eq!(model.associations(&table)?.dims(), [2, 4, 40, 40]);
    assert_ne!(model.predict(&table)?, before);
    Ok(())
}

#[test]
fn a_row_alone_cannot_be_trained_on() -> Result<()> {
    let message = |table: Table, training: Training| {
        let error = fit(&table, &HopularConfig::small(), &training).err();
        error.map(|error| error.to_string()).unwrap_or_default()
    };
    let none = Training { validation: 0.0, ..quick() };
    let alone = message(table(1, false)?, none.clone());
    assert!(alone.contains("1 rows to train on: expected at least 2"), "{alone}");
    let schema = Schema::new(vec![Attribute::Continuous; 2], vec![1])?;
    let columns = vec![Column::Continuous(vec![1.0, 2.0]), Column::Continuous(vec![f64::NAN; 2])];
    let blank = message(Table::new(&schema, columns)?, none.clone());
    assert!(blank.contains("no row to train on has a target"), "{blank}");
    let wrong = message(table(9, false)?, Training { epochs: 0, ..none.clone() });
    assert!(wrong.contains("`epochs` is 0"), "{wrong}");
    // Two rows are enough, and without validation the last weights are kept.
    let fitted =
        fit(&table(2, false)?, &HopularConfig::small(), &Training { noise: Noise::NONE, ..none })?;
    assert_eq!((fitted.epoch, fitted.validated.len(), fitted.validation.len()), (25, 0, 0));
    Ok(())
}

/// Prints the numbers of a model; `any_number_of_threads_gives_the_same_model` runs it with several numbers of threads.
#[test]
fn model_of_this_process() -> Result<()> {
    let fitted = fit(
        &table(90, true)?,
        &HopularConfig { embedding: 16, ..HopularConfig::small() },
        &quick(),
    )?;
    let bits: Vec<u64> = weights(&fitted.model)?.into_iter().map(f64::to_bits).collect();
    let sum = bits.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, bits| {
        (hash ^ bits).wrapping_mul(0x0100_0000_01b3)
    });
    println!("bits of the model: {sum:x}");
    Ok(())
}

#[test]
fn any_number_of_threads_gives_the_same_model() -> Result<()> {
    let bits = |threads: &str| -> Result<String> {
        let output = Command::new(std::env::current_exe()?)
            .args(["--exact", "fit::model_of_this_process", "--nocapture"])
            .env("RAYON_NUM_THREADS", threads)
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text
            .split("bits of the model: ")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next());
        Ok(line.unwrap_or_default().to_owned())
    };
    let one = bits("1")?;
    assert!(!one.is_empty(), "the other process printed no model");
    assert_eq!([bits("2")?, bits("3")?], [one.clone(), one]);
    Ok(())
}
