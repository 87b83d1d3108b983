//! An evaluation as a table of predictions and as lines for people.

use polars::prelude::{Column, NamedFrom as _, Series};
use reperio_model::combine::PredictionSet;
use reperio_model::evaluate::{Evaluation, HeldOut, Metrics, TargetSummary};
use reperio_model::labels::{ChosenBy, Labels, Target, TargetCounts, TargetKind};
use reperio_stats::metrics::probability;

use crate::shell::output::align;
use crate::shell::table;

/// The labels of the evaluation, as they were read.
pub(crate) fn counts(evaluation: &Evaluation, chosen: ChosenBy) -> Vec<TargetCounts> {
    let (targets, values) = (evaluation.targets.clone(), evaluation.labels.clone());
    TargetCounts::of(&Labels { targets, values }, chosen)
}

/// For each target its `label`, then `logit` and `probability` of the positive class, or `logit_<class>`
/// each, or `value`; and `control` in the same way where there is one.
pub(crate) fn columns(evaluation: &Evaluation) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut first = 0;
    for (t, (target, labels)) in evaluation.targets.iter().zip(&evaluation.labels).enumerate() {
        let prefix = target.prefix(&evaluation.targets);
        let label = |value: &Option<f64>| value.map_or_else(String::new, |own| target.label(own));
        columns.push(table::text(&format!("{prefix}label"), labels.iter().map(label)));
        let numbers = |name: String, values: Vec<Option<f64>>| -> Column {
            Series::new(format!("{prefix}{name}").into(), values).into()
        };
        for (o, name) in output_columns(target).into_iter().enumerate() {
            let column = first + o;
            let outputs = || evaluation.predictions.iter().map(|p| p.outputs[column]);
            columns.push(numbers(name.clone(), outputs().map(Some).collect()));
            if matches!(target.kind, TargetKind::Binary { .. }) {
                let probabilities = outputs().map(|logit| Some(probability(logit))).collect();
                columns.push(numbers("probability".to_owned(), probabilities));
            }
            let controls = evaluation.predictions.iter().map(|p| p.control.get(column).copied());
            columns.push(numbers(format!("control_{name}"), controls.collect()));
        }
        let set = |own: &HeldOut| {
            own.sets.get(t).and_then(Option::as_ref).map_or_else(String::new, PredictionSet::text)
        };
        columns.push(table::text(
            &format!("{prefix}prediction_set"),
            evaluation.predictions.iter().map(set),
        ));
        first += target.width();
    }
    columns
}

fn output_columns(target: &Target) -> Vec<String> {
    match &target.kind {
        TargetKind::Binary { .. } => vec!["logit".to_owned()],
        TargetKind::Classes { classes } => {
            classes.iter().map(|class| format!("logit_{class}")).collect()
        }
        TargetKind::Regression { .. } => vec!["value".to_owned()],
    }
}

/// The figures of one target, a line each; `batches` names the folds that are batches.
pub(crate) fn lines(target: &TargetSummary, batches: Option<&[String]>) -> Vec<String> {
    let mut rows = vec![vec![target.column.clone(), "held-out".to_owned()]];
    let mut add = |name: &str, value: Option<f64>| {
        if let Some(value) = value {
            rows.push(vec![name.to_owned(), format!("{value:.4}")]);
        }
    };
    match &target.pooled {
        Metrics::Binary(metrics) => {
            add("AUC", metrics.auc);
            add("average precision", metrics.average_precision);
            add("balanced accuracy", metrics.balanced_accuracy);
            add("F1", metrics.f1);
            add("Brier score", metrics.brier);
            add("log-loss", metrics.log_loss);
            add("sensitivity at 95 % specificity", metrics.sensitivity_at_95_specificity);
            add("sensitivity at 99 % specificity", metrics.sensitivity_at_99_specificity);
            add("control AUC (depth and V/J usage)", target.control);
        }
        Metrics::Classes(metrics) => {
            add("macro AUC", metrics.auc);
            add("macro average precision", metrics.average_precision);
            add("balanced accuracy", metrics.balanced_accuracy);
            add("macro F1", metrics.macro_f1);
            add("log-loss", metrics.log_loss);
            add("control macro AUC (depth and V/J usage)", target.control);
        }
        Metrics::Regression(metrics) => {
            add("R2", metrics.r2);
            add("mean absolute error", metrics.mae);
            add("rank correlation", metrics.spearman);
            add("control R2 (depth and V/J usage)", target.control);
        }
    }
    if let Some(coverage) = target.coverage {
        let decided = target
            .decided
            .map_or_else(String::new, |own| format!(", {:.0} % name one class", 100.0 * own));
        rows.push(vec![
            "prediction sets at 90 %".to_owned(),
            format!("{:.1} % contain the label{decided}", 100.0 * coverage),
        ]);
    }
    let mut lines = align(&rows);
    let of_classes =
        target.balanced_accuracy_ci.filter(|_| matches!(target.pooled, Metrics::Classes(_)));
    for (name, interval) in
        [("AUC", target.auc_ci), ("balanced accuracy", of_classes), ("R2", target.r2_ci)]
    {
        if let Some([low, high]) = interval {
            lines.push(format!("95 % interval of the {name}: {low:.4} to {high:.4}"));
        }
    }
    lines.extend(match batches {
        Some(names) => by_batch(target, names),
        None => by_fold(target),
    });
    if let Some(mean) = target.mean_fold_auc.filter(|_| target.fold_auc.len() > 1) {
        lines.push(format!("Mean of the folds' AUCs: {mean:.4}"));
    }
    lines
}

fn by_fold(target: &TargetSummary) -> Vec<String> {
    let figures = target.fold_auc.iter().chain(&target.fold_r2).flatten();
    let folds: Vec<String> = figures.map(|value| format!("{value:.3}")).collect();
    if folds.len() > 1 { vec![format!("By fold: {}", folds.join(", "))] } else { vec![] }
}

/// One line for each batch that was left out.
fn by_batch(target: &TargetSummary, names: &[String]) -> Vec<String> {
    let figure = |fold: usize| {
        let auc = target.fold_auc[fold].map(|auc| format!("AUC {auc:.3}"));
        let r2 = || target.fold_r2[fold].map(|r2| format!("R2 {r2:.3}"));
        auc.or_else(r2).unwrap_or_else(|| "one label only".to_owned())
    };
    let row = |(fold, name): (usize, &String)| vec![name.clone(), figure(fold)];
    let mut lines = vec!["Trained on the other batches, tested on".to_owned()];
    lines.extend(align(&names.iter().enumerate().map(row).collect::<Vec<_>>()));
    lines
}
