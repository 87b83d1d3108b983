//! A comparison as lines for a terminal, Markdown, TSV and JSON.

use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_baselines::compare::{
    ComparedPrediction, ComparisonCohort, Figures, MethodSummary, Outcome, REFERENCE, Summary,
};

use super::Compared;
use crate::shell::output::{align, row};
use crate::shell::{paths, table};

/// The table of a terminal: what fits into a line.
pub(super) fn lines(compared: &Compared) -> Vec<String> {
    let mut rows = vec![row([
        &"method",
        &"AUC",
        &"95 % interval",
        &"folds",
        &"vs reperio",
        &"AP",
        &"Brier",
        &"fit s",
    ])];
    for MethodSummary { figures, .. } in &compared.summary.methods {
        let cells = Cells::of(figures);
        let Cells { auc, interval, folds, difference, .. } = &cells;
        let (ap, brier) = (number(figures.average_precision), number(figures.brier));
        let fit = format!("{:.1}", figures.fit_seconds);
        rows.push(row([&figures.method, auc, interval, folds, difference, &ap, &brier, &fit]));
    }
    let mut lines = align(&rows);
    lines.push(String::new());
    lines.push(about(compared));
    lines.push(format!("Written to {}", compared.out.display()));
    lines
}

/// "label: 1 against 0, 100 repertoires (50 positive, ...".
pub(super) fn about(compared: &Compared) -> String {
    let Summary { target, repertoires, positive, clonotypes, folds, repeats, .. } =
        &compared.summary;
    let repeats = if *repeats > 1 { format!(", {repeats} repeats") } else { String::new() };
    format!(
        "{target}; {repertoires} repertoires, {positive} positive, median {clonotypes} clonotypes; {folds} folds{repeats}"
    )
}

/// Cells that several tables share.
pub(super) struct Cells {
    pub(super) auc: String,
    /// "0.81 to 0.95"
    pub(super) interval: String,
    /// "0.90 ± 0.03"
    pub(super) folds: String,
    /// "-0.02 (-0.05 to 0.01)"
    pub(super) difference: String,
}

impl Cells {
    pub(super) fn of(figures: &Figures) -> Self {
        let between = |ci: Option<[f64; 2]>| {
            ci.map_or_else(String::new, |[low, high]| format!("{low:.3} to {high:.3}"))
        };
        let difference = match (figures.difference, figures.difference_ci) {
            (Some(_), _) if figures.method == REFERENCE => String::new(),
            (Some(value), ci) => with_interval(&format!("{value:+.3}"), &between(ci)),
            (None, _) => String::new(),
        };
        let folds = match (figures.mean_auc, figures.sd_auc) {
            (Some(mean), Some(sd)) => format!("{mean:.3} ± {sd:.3}"),
            (mean, _) => number(mean),
        };
        let (auc, interval) = (number(figures.auc), between(figures.auc_ci));
        Self { auc, interval, folds, difference }
    }
}

/// "0.90 (0.81 to 0.95)", or the value alone.
pub(super) fn with_interval(value: &str, interval: &str) -> String {
    if interval.is_empty() { value.to_owned() } else { format!("{value} ({interval})") }
}

/// Three decimals, or nothing.
pub(super) fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.3}"))
}

/// Writes compare.json, compare.tsv, compare.md and predictions.tsv.
pub(super) fn write(
    out: &Path,
    compared: &Compared,
    labelled: &ComparisonCohort<'_>,
    outcomes: &[Outcome],
) -> Result<()> {
    table::write(&out.join("predictions.tsv"), predictions(&labelled.predictions(outcomes))?)?;
    table::write(&out.join("compare.tsv"), figures(compared)?)?;
    paths::write_text(&out.join("compare.md"), &markdown(compared))?;
    paths::write_text(&out.join("compare.json"), &serde_json::to_string_pretty(compared)?)
}

/// One row per method, repeat and held-out repertoire.
fn predictions(all: &[ComparedPrediction<'_>]) -> Result<DataFrame> {
    let texts = |text: fn(&ComparedPrediction<'_>) -> String| all.iter().map(text);
    let counts = |name: &str, count: fn(&ComparedPrediction<'_>) -> usize| {
        Column::new(name.into(), all.iter().map(|own| count(own) as u64).collect::<Vec<_>>())
    };
    let numbers = |name: &str, number: fn(&ComparedPrediction<'_>) -> f64| {
        Column::new(name.into(), all.iter().map(number).collect::<Vec<_>>())
    };
    let labels: Vec<u32> = all.iter().map(|own| u32::from(own.label)).collect();
    let columns = vec![
        table::text("method", texts(|own| own.method.to_owned())),
        counts("repeat", |own| own.repeat),
        counts("fold", |own| own.fold),
        table::text("repertoire_id", texts(|own| own.repertoire_id.to_owned())),
        Column::new("label".into(), labels),
        numbers("logit", |own| own.logit),
        numbers("probability", |own| own.probability),
    ];
    Ok(DataFrame::new(all.len(), columns)?)
}

/// A column of `compare.tsv`: its name and the figure in it.
type Figure = (&'static str, fn(&Figures) -> Option<f64>);

const FIGURES: [Figure; 18] = [
    ("auc", |f| f.auc),
    ("auc_low", |f| f.auc_ci.map(|ci| ci[0])),
    ("auc_high", |f| f.auc_ci.map(|ci| ci[1])),
    ("mean_auc", |f| f.mean_auc),
    ("sd_auc", |f| f.sd_auc),
    ("difference", |f| f.difference),
    ("difference_low", |f| f.difference_ci.map(|ci| ci[0])),
    ("difference_high", |f| f.difference_ci.map(|ci| ci[1])),
    ("average_precision", |f| f.average_precision),
    ("brier", |f| f.brier),
    ("sensitivity_95", |f| f.sensitivity_95),
    ("sensitivity_99", |f| f.sensitivity_99),
    ("recovery_ap", |f| f.recovery_ap),
    ("recovery_jaccard", |f| f.recovery_jaccard),
    ("prepare_seconds", |f| Some(f.prepare_seconds)),
    ("fit_seconds", |f| Some(f.fit_seconds)),
    ("score_seconds", |f| Some(f.score_seconds)),
    ("peak_megabytes", |f| f.peak_bytes.map(|bytes| bytes as f64 / 1e6)),
];

fn figures(compared: &Compared) -> Result<DataFrame> {
    let methods = &compared.summary.methods;
    let names: Vec<&str> = methods.iter().map(|row| row.figures.method.as_str()).collect();
    let mut columns = vec![Column::new("method".into(), names)];
    for (name, value) in FIGURES {
        let values: Vec<Option<f64>> = methods.iter().map(|row| value(&row.figures)).collect();
        columns.push(Series::new(name.into(), values).into());
    }
    Ok(DataFrame::new(methods.len(), columns)?)
}

fn markdown(compared: &Compared) -> String {
    let recovered = compared.summary.methods.iter().any(|row| row.figures.recovery_ap.is_some());
    let mut header = vec![
        "method",
        "AUC (95 %)",
        "folds, mean ± sd",
        "difference from reperio (95 %)",
        "average precision",
        "Brier",
        "sensitivity at 95 %",
        "at 99 %",
    ];
    if recovered {
        header.extend(["implanted: average precision", "Jaccard"]);
    }
    header.extend(["fit s", "score s", "peak MB"]);
    // Names of columns and labels are no markup.
    let mut lines = vec![about(compared).replace('<', "&lt;"), String::new()];
    lines.push(format!("| {} |", header.join(" | ")));
    lines.push(format!("|{}", "---|".repeat(header.len())));
    for MethodSummary { figures, control, .. } in &compared.summary.methods {
        let cells = Cells::of(figures);
        let name = if *control { format!("*{}*", figures.method) } else { figures.method.clone() };
        let auc = with_interval(&cells.auc, &cells.interval);
        let mut row = vec![name, auc, cells.folds, cells.difference];
        row.extend(
            [
                figures.average_precision,
                figures.brier,
                figures.sensitivity_95,
                figures.sensitivity_99,
            ]
            .map(number),
        );
        if recovered {
            row.extend([figures.recovery_ap, figures.recovery_jaccard].map(number));
        }
        let megabytes = figures.peak_bytes.map(|bytes| format!("{:.0}", bytes as f64 / 1e6));
        row.push(format!("{:.1}", figures.fit_seconds));
        row.push(format!("{:.1}", figures.score_seconds));
        row.push(megabytes.unwrap_or_default());
        lines.push(format!("| {} |", row.join(" | ")));
    }
    lines.join("\n") + "\n"
}
