//! The figures of one target: AUC or R2 beside the control, and all others in a table.

use reperio_model::evaluate::Metrics;

use super::HeldOut;
use crate::element::{Element, element};
use crate::forest::{Forest, Marker, Row};
use crate::page::{interval, number, or_dash, section};
use crate::table::table;

impl HeldOut<'_> {
    /// The section of the figures.
    pub(super) fn figures(&self) -> Element {
        section(&self.id, &format!("{}: figures", self.labels.column), None)
            .with(element("div").set("class", "forests").with(self.forest()))
            .with(self.table())
    }

    /// The main figure with its folds and the control.
    fn forest(&self) -> Element {
        let summary = self.summary;
        let (title, chance, value, spread) = match &summary.pooled {
            Metrics::Regression(metrics) => ("R2", 0.0, metrics.r2, &summary.fold_r2),
            _ => ("AUC", 0.5, summary.auc, &summary.fold_auc),
        };
        let own = summary.auc_ci.or(summary.r2_ci);
        let mut rows = vec![Row {
            interval: own,
            spread: if spread.len() > 1 {
                spread.iter().copied().flatten().collect()
            } else {
                vec![]
            },
            text: with_interval(value, own),
            ..Row::of("reperio", "own", Marker::Disc, value)
        }];
        if summary.control.is_some() {
            rows.push(Row::of("depth and V/J usage", "control", Marker::Small, summary.control));
        }
        let forest = Forest {
            id: &format!("{}-forest", self.id),
            title,
            description: "All held-out predictions together, with the 95 % interval where there is one. Each small dot is one fold. The dashed line marks chance.",
            nothing: chance,
        };
        forest.draw(&rows)
    }

    fn table(&self) -> Element {
        let summary = self.summary;
        let balanced = |value| with_interval(value, summary.balanced_accuracy_ci);
        let mut rows: Vec<(&str, String)> = match &summary.pooled {
            Metrics::Binary(own) => vec![
                ("repertoires with a label", own.n.to_string()),
                ("AUC", with_interval(own.auc, summary.auc_ci)),
                ("average precision", number(own.average_precision)),
                ("balanced accuracy", balanced(own.balanced_accuracy)),
                ("F1", number(own.f1)),
                ("Brier score", number(own.brier)),
                ("log loss", number(own.log_loss)),
                ("calibration error", number(own.calibration_error)),
                ("sensitivity at 95 % specificity", number(own.sensitivity_at_95_specificity)),
                ("sensitivity at 99 % specificity", number(own.sensitivity_at_99_specificity)),
            ],
            Metrics::Classes(own) => vec![
                ("macro AUC", with_interval(own.auc, summary.auc_ci)),
                ("macro average precision", number(own.average_precision)),
                ("balanced accuracy", balanced(own.balanced_accuracy)),
                ("macro F1", number(own.macro_f1)),
                ("log loss", number(own.log_loss)),
            ],
            Metrics::Regression(own) => vec![
                ("R2", with_interval(own.r2, summary.r2_ci)),
                ("mean absolute error", number(own.mae)),
                ("rank correlation", number(own.spearman)),
            ],
        };
        let folds = summary.fold_auc.iter().chain(&summary.fold_r2).copied().flatten();
        let folds: Vec<String> = folds.map(|value| number(Some(value))).collect();
        let batches = self.by_batch();
        rows.extend(batches.iter().map(|(name, value)| (name.as_str(), value.clone())));
        if folds.len() > 1 {
            rows.push(("by fold", folds.join(", ")));
            rows.push(("mean of the folds' AUCs", number(summary.mean_fold_auc)));
        }
        rows.push(("control: depth and V/J usage", number(summary.control)));
        rows.push(("P value of 999 permutations", number(summary.p_value)));
        let known = rows.into_iter().filter(|(_, value)| !value.is_empty());
        let cells = known.map(|(name, value)| vec![name.to_owned(), value]);
        table(&format!("Figures for {}", self.labels.column), &["figure", "held out"], cells)
    }
}

impl HeldOut<'_> {
    /// The figure of each batch that was left out.
    fn by_batch(&self) -> Vec<(String, String)> {
        let of = |(fold, name): (usize, &String)| {
            let at = |all: &[Option<f64>]| all.get(fold).copied().flatten();
            let value = at(&self.summary.fold_auc).or_else(|| at(&self.summary.fold_r2));
            (
                format!("batch {name}, left out"),
                value.map_or_else(|| "one label only".to_owned(), |own| number(Some(own))),
            )
        };
        self.batches.iter().enumerate().map(of).collect()
    }
}

/// "0.912 (0.880 to 0.940)", without an interval the value alone.
fn with_interval(value: Option<f64>, ends: Option<[f64; 2]>) -> String {
    let (value, ends) = (or_dash(number(value)), interval(ends));
    if ends.is_empty() { value } else { format!("{value} ({ends})") }
}
