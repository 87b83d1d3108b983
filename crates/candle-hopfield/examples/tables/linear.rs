//! Two methods to be better than: the commonest class, and a logistic regression.

use candle_core::{DType, Device, Result, Var};
use candle_hopfield::hopular::{Column, Gaps, Lamb, LambConfig, Rows, Standardiser, Table, loss};

/// Share of test rows that are predicted right after training.
pub(crate) type Method = fn(&Table, &Table) -> Result<f64>;

/// Classes of the last column.
fn classes(table: &Table) -> Vec<usize> {
    match table.columns().last() {
        Some(Column::Categorical(classes)) => classes.iter().flatten().copied().collect(),
        _ => Vec::new(),
    }
}

/// The commonest class.
pub(crate) fn constant(training: &Table, test: &Table) -> f64 {
    let (seen, asked) = (classes(training), classes(test));
    let count = |class: usize| seen.iter().filter(|other| **other == class).count();
    let best = seen.iter().copied().max_by_key(|class| count(*class)).unwrap_or(0);
    asked.iter().filter(|class| **class == best).count() as f64 / asked.len() as f64
}

/// Multinomial regression on standardised features, with a light penalty on the weights.
pub(crate) fn logistic(training: &Table, test: &Table) -> Result<f64> {
    let units = Standardiser::of(training, Gaps::LeftOut);
    let (training, asked) = (Rows::of(training, &units), Rows::of(test, &units));
    let features = |rows: &Rows| rows.asked(DType::F64, &Device::Cpu);
    let (width, outputs) = (training.schema().input_width(), training.schema().width());
    let columns = training.schema().attributes().len();
    let weight = Var::zeros((width, outputs), DType::F64, &Device::Cpu)?;
    let mut optimiser = Lamb::new(vec![weight.clone()], LambConfig::default())?;
    let x = features(&training)?;
    let counted: Vec<bool> =
        (0..training.rows() * columns).map(|cell| cell % columns == columns - 1).collect();
    for step in 0..300 {
        let fit = loss(&x.matmul(weight.as_tensor())?, &training, &counted, 0.0)?;
        let penalised = (fit + (weight.sqr()?.sum_all()? * 1e-3)?)?;
        optimiser.step(&penalised.backward()?, 0.3 / f64::from(step + 3))?;
    }
    let found = features(&asked)?.matmul(weight.as_tensor())?;
    let losses = candle_hopfield::hopular::Losses::of(
        &found.to_vec2()?,
        &asked,
        &(0..asked.rows() * columns).map(|cell| cell % columns == columns - 1).collect::<Vec<_>>(),
        None,
    )?;
    Ok(losses.target_accuracy)
}
