//! Predictions of many repertoires as columns of a table.

use polars::prelude::{Column, NamedFrom as _, Series};
use reperio_model::labels::{Target, TargetKind};
use reperio_model::model::{Prediction, TargetPrediction};

/// The columns of `predictions`: for a binary target `logit`, `probability` and `class`; for classes
/// `logit_<class>` and `probability_<class>` each, and `class`; for a regression `value`. With
/// several targets every name begins with `<target>.`. What is not known is empty.
pub(crate) fn columns(targets: &[Target], predictions: &[&Prediction]) -> Vec<Column> {
    let mut columns = Vec::new();
    for (t, target) in targets.iter().enumerate() {
        let of: Vec<&TargetPrediction> = predictions.iter().map(|own| &own.targets[t]).collect();
        let prefix = target.prefix(targets);
        let mut numbers = |name: String, value: &dyn Fn(&TargetPrediction) -> Option<f64>| {
            let values: Vec<Option<f64>> = of.iter().map(|prediction| value(prediction)).collect();
            columns.push(Series::new(format!("{prefix}{name}").into(), values).into());
        };
        match &target.kind {
            TargetKind::Binary { .. } => {
                numbers("logit".to_owned(), &|p| p.logits.first().copied());
                numbers("probability".to_owned(), &|p| p.probabilities.first().copied());
            }
            TargetKind::Classes { classes } => {
                for (c, class) in classes.iter().enumerate() {
                    numbers(format!("logit_{class}"), &|p| p.logits.get(c).copied());
                }
                for (c, class) in classes.iter().enumerate() {
                    numbers(format!("probability_{class}"), &|p| p.probabilities.get(c).copied());
                }
            }
            TargetKind::Regression { .. } => {
                numbers("value".to_owned(), &|p| p.value);
                continue;
            }
        }
        let classes: Vec<Option<String>> = of.iter().map(|p| p.class.clone()).collect();
        columns.push(Series::new(format!("{prefix}class").into(), classes).into());
    }
    columns
}
