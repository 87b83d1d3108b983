//! Tables and schemas that do not fit are refused with what was found and what was expected.

use candle_hopfield::hopular::{Attribute, Column, HopularConfig, Schema, Standardiser, Table};

fn message<T>(result: candle_core::Result<T>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn faults_of_tables_are_named() -> candle_core::Result<()> {
    let schema =
        Schema::new(vec![Attribute::Continuous, Attribute::Categorical { classes: 2 }], vec![1])?;
    let table = |number: Vec<f64>, class: Vec<Option<usize>>| {
        message(Table::new(&schema, vec![Column::Continuous(number), Column::Categorical(class)]))
    };
    assert_eq!(table(vec![f64::NAN], vec![None]), "");
    for (found, expected) in [
        (table(vec![1.0], vec![Some(0), None]), "column 1 has 2 rows: expected 1"),
        (table(vec![], vec![]), "a table without rows: expected at least 1"),
        (
            table(vec![1.0], vec![Some(2)]),
            "column 1 has Some(2) in row 0: expected a class below 2",
        ),
        (table(vec![f64::INFINITY], vec![None]), "column 0 is infinite in row 0"),
        (message(Table::new(&schema, vec![])), "0 columns: expected 2"),
        (
            message(Table::new(&schema, vec![Column::Continuous(vec![1.0]); 2])),
            "column 1 is of another kind: expected Categorical { classes: 2 }",
        ),
    ] {
        assert!(found.starts_with(expected), "{found:?}, not {expected:?}");
    }
    Ok(())
}

#[test]
fn faults_of_schemas_and_options_are_named() -> candle_core::Result<()> {
    let number = Attribute::Continuous;
    let class = Attribute::Categorical { classes: 1 };
    for (found, expected) in [
        (message(Schema::new(vec![], vec![0])), "0 columns with 1 targets"),
        (
            message(Schema::new(vec![number], vec![1])),
            "`targets` is [1]: expected different columns below 1",
        ),
        (message(Schema::new(vec![number; 2], vec![0, 0])), "`targets` is [0, 0]"),
        (message(Schema::new(vec![class], vec![0])), "column 0 has 1 classes: expected at least 2"),
    ] {
        assert!(found.starts_with(expected), "{found:?}, not {expected:?}");
    }
    let schema = Schema::new(vec![number], vec![0])?;
    assert!(
        message(Standardiser::new(&schema, vec![0.0], vec![0.0]))
            .contains("expected numbers, the latter positive")
    );
    assert!(
        message(Standardiser::new(&schema, vec![], vec![1.0]))
            .starts_with("0 means and 1 deviations")
    );
    for (config, expected) in [
        (HopularConfig { heads: 0, ..HopularConfig::small() }, "`heads` is 0: expected at least 1"),
        (
            HopularConfig { factor: -1.0, ..HopularConfig::small() },
            "`factor` is -1: expected a positive number",
        ),
        (HopularConfig { dropout_output: 1.0, ..HopularConfig::small() }, "`dropout_output` is 1"),
    ] {
        assert!(message(config.check()).starts_with(expected), "{expected}");
    }
    Ok(())
}
