//! `model_card.md`: what a model is, what it learned from, how good it is and what it is not for.

use std::path::Path;

use reperio_model::evaluate::TargetSummary;
use reperio_model::train::{OutOfFold, TermReport};

use crate::element::visible;
use crate::evaluation::Evaluation;
use crate::folder::Run;
use crate::labels::Labels;
use crate::page::{interval, number, or_dash};
use crate::training::{self, Training};
use crate::{ReportError, confounding, verdict};

/// Sentences that hold for every model.
const LIMITS: [&str; 4] = [
    "The model knows only repertoires like those that it was trained on. Another laboratory, primer set, sequencing depth, tissue or population can change its scores without any change of the disease. The command score warns of repertoires that are unlike the training population, but it cannot see every difference.",
    "Labels that go with depth, V/J usage or a batch can be predicted without any receptor that answers to the disease. Compare the figures with those of the control that sees only depth and V/J usage.",
    "Probabilities are calibrated for the class shares of the training cohort. Where the disease is rarer, they are too high.",
    "A sequence with high evidence goes with the label in this cohort. That does not show that it binds an antigen.",
];

/// The card of a training.
pub(crate) fn training(folder: &Path, run: &Run, metrics: &str) -> Result<String, ReportError> {
    let own = Training::of(folder, metrics)?;
    let mut card = head(run, &own.labels, "Model card", "Trained");
    card.push(format!("Labelled repertoires that were used: {}.", own.report.repertoires));
    card.extend(data(&own.labels));
    card.push("## Parts".to_owned());
    card.push("The score is a bias plus the weighted outputs of these terms, each a sum over clonotypes. \"Alone\" is the held-out AUC (R2 for a number) of a term by itself. \"Reach\" is its weight times the standard deviation of its held-out outputs.".to_owned());
    for (terms, held_out) in own.report.terms.iter().zip(&own.report.out_of_fold) {
        card.push(format!("### {}", text(&held_out.column)));
        card.push(parts(terms));
    }
    card.push("## Performance".to_owned());
    card.push("On repertoires that inner folds of the training held out. The command evaluate repeats the whole training in every fold, and its figures are the ones to publish.".to_owned());
    card.push(table(
        &["target", "folds", "AUC", "95 % interval", "R2", "P", "log loss", "of the class shares"],
        own.report.out_of_fold.iter().map(held_out),
    ));
    card.extend(own.report.out_of_fold.iter().map(|own| text(&training::verdict(own))));
    card.extend(confounders(folder)?);
    card.extend(limits());
    Ok(card.join("\n\n") + "\n")
}

/// The card of an evaluation.
pub(crate) fn evaluation(folder: &Path, run: &Run, metrics: &str) -> Result<String, ReportError> {
    let own = Evaluation::of(folder, metrics)?;
    let tested = own.training.is_empty();
    let what = if tested { "Tested on a cohort" } else { "Cross-validated" };
    let mut card = head(run, &own.labels, "Evaluation card", what);
    let permuted = run.has("--permute-labels");
    if permuted {
        card.push("**The labels were permuted: this is a control, not a result.**".to_owned());
    }
    card.extend(data(&own.labels));
    card.push("## Performance".to_owned());
    card.push("On repertoires that the model, and the choice of all its parts, had not seen. The control sees only depth and V/J usage.".to_owned());
    card.push(table(
        &[
            "target",
            "AUC",
            "R2",
            "95 % interval",
            "by fold",
            "P",
            "control",
            "sets that hold the label",
        ],
        own.targets.iter().map(summary),
    ));
    card.extend(own.targets.iter().map(|own| text(&verdict::of(own, permuted))));
    let curves = own.learning_curve.iter().zip(&own.targets);
    card.extend(curves.map(|(curve, own)| text(&verdict::more_repertoires(curve, own))));
    card.extend(confounders(folder)?);
    card.extend(limits());
    Ok(card.join("\n\n") + "\n")
}

fn head(run: &Run, labels: &[Labels], title: &str, what: &str) -> Vec<String> {
    let columns: Vec<String> = labels.iter().map(|own| text(&own.column)).collect();
    let commit =
        if run.commit.is_empty() { String::new() } else { format!(", commit {}", run.commit) };
    vec![
        format!("# {title}: {}", columns.join(", ")),
        "**For research use only: not for diagnosis or treatment.**".to_owned(),
        format!("{what} by Reperio {}{}.", text(&run.version), text(&commit)),
        "## Data".to_owned(),
        format!("Fingerprint of the cohort (SHA-256): {}", text(&run.cohort)),
    ]
}

/// The labels and how many repertoires have each.
fn data(labels: &[Labels]) -> Vec<String> {
    let rows = labels.iter().flat_map(|own| {
        let column = &own.column;
        let value =
            |(value, n): &(String, usize)| vec![column.clone(), value.clone(), n.to_string()];
        let mut rows: Vec<Vec<String>> = own.values.iter().map(value).collect();
        if rows.is_empty() {
            rows.push(vec![column.clone(), "a number".to_owned(), own.labelled.to_string()]);
        }
        if own.unlabelled > 0 {
            rows.push(vec![column.clone(), "no label".to_owned(), own.unlabelled.to_string()]);
        }
        rows
    });
    let mut lines = vec![table(&["target", "label", "repertoires"], rows)];
    for own in labels {
        if let Some([positive, negative]) = own.binary() {
            let because = own.positive_because.as_ref();
            let because = because.map_or_else(String::new, |why| format!(", because {why}"));
            let column = &own.column;
            lines.push(text(&format!(
                "The score of {column} is the probability of {positive:?} against {negative:?}{because}."
            )));
        }
    }
    lines
}

fn parts(terms: &[TermReport]) -> String {
    table(&training::TERM, terms.iter().map(training::term))
}

fn held_out(own: &OutOfFold) -> Vec<String> {
    vec![
        own.column.clone(),
        own.folds.to_string(),
        number(own.auc),
        interval(own.auc_ci),
        number(own.r2),
        number(own.p_value),
        number(own.loss),
        number(own.shares_loss),
    ]
}

fn summary(own: &TargetSummary) -> Vec<String> {
    let folds = own.fold_auc.iter().chain(&own.fold_r2).copied().flatten();
    let folds: Vec<String> = folds.map(|value| number(Some(value))).collect();
    vec![
        own.column.clone(),
        number(own.auc),
        number(own.pooled.r2()),
        interval(own.auc_ci.or(own.r2_ci)),
        folds.join(", "),
        number(own.p_value),
        number(own.control),
        own.coverage.map_or_else(String::new, |share| format!("{:.1} %", 100.0 * share)),
    ]
}

/// What predicts the labels without sequences; nothing in a folder where that was not measured.
fn confounders(folder: &Path) -> Result<Vec<String>, ReportError> {
    let all = confounding::read(folder)?;
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let mut lines = vec!["## Confounders".to_owned()];
    lines.push("How well depth, V/J usage, junction lengths and other columns of the metadata predict each target by themselves, without any sequence.".to_owned());
    lines.extend(all.iter().map(|own| text(&own.sentence())));
    let mut titles = vec!["target"];
    titles.extend(confounding::SOURCE);
    titles.push("called out");
    let rows = all.iter().flat_map(|own| {
        own.sources.iter().map(|source| {
            let mut row = vec![own.column.clone()];
            row.extend(confounding::row(source));
            row.push(if source.confounds { "yes" } else { "no" }.to_owned());
            row
        })
    });
    lines.push(table(&titles, rows));
    Ok(lines)
}

fn limits() -> Vec<String> {
    let list: Vec<String> = LIMITS.iter().map(|limit| format!("- {limit}")).collect();
    vec!["## Limits".to_owned(), list.join("\n")]
}

/// A table of Markdown.
fn table(names: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let mut lines = vec![line(names.iter().map(|name| (*name).to_owned()).collect())];
    lines.push(line(vec!["---".to_owned(); names.len()]));
    lines.extend(
        rows.into_iter()
            .map(|row| line(row.iter().map(|cell| text(&or_dash(cell.clone()))).collect())),
    );
    lines.join("\n")
}

/// `text` without the characters that mean something in Markdown.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\`*_{}[]<>#|~!&$".contains(letter) {
            out.push('\\');
        }
        out.push(visible(letter));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_are_text() {
        assert_eq!(text("a|b <i>*c*\n# d"), "a\\|b \\<i\\>\\*c\\*␊\\# d");
        let card = table(&["x"], [vec!["a | b".to_owned()], vec![String::new()]]);
        assert_eq!(card, "| x |\n| --- |\n| a \\| b |\n| – |");
    }
}
