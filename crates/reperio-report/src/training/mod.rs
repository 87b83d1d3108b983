//! The page of a training: what the model is made of, what its parts found, and what it is worth.

mod network;
mod terms;

use std::path::Path;

use reperio_model::train::{OutOfFold, TrainingReport};
use serde::Deserialize;

use crate::ReportError;
use crate::element::Element;
use crate::folder::{self, Run};
use crate::labels::Labels;
use crate::page::{Page, interval, number, paragraph, section, table};
use crate::tsv::Table;
pub(crate) use terms::by_fold;

/// Findings of a term, and sequences, that are shown.
const SHOWN: usize = 20;

/// `metrics.json` of a training.
#[derive(Deserialize)]
pub(crate) struct Training {
    /// What the labels mean.
    pub(crate) labels: Vec<Labels>,
    /// How it went.
    #[serde(flatten)]
    pub(crate) report: TrainingReport,
}

impl Training {
    /// Reads the text of `metrics.json`.
    pub(crate) fn of(folder: &Path, metrics: &str) -> Result<Self, ReportError> {
        let own: Self = folder::metrics(folder, metrics)?;
        Labels::check(&own.labels, folder)?;
        Ok(own)
    }

    /// What it was trained on, in words.
    pub(crate) fn facts(&self) -> String {
        let counted: Vec<String> = self.labels.iter().map(Labels::counted).collect();
        format!("{} labelled repertoires ({})", self.report.repertoires, counted.join("; "))
    }
}

pub(crate) fn page(folder: &Path, run: &Run, metrics: &str) -> Result<String, ReportError> {
    let training = Training::of(folder, metrics)?;
    let report = &training.report;
    let sequences = Table::read(&folder.join("sequences.tsv.gz"), usize::MAX)?;
    let mut sections = Vec::new();
    for (t, (terms, held_out)) in report.terms.iter().zip(&report.out_of_fold).enumerate() {
        sections.push(terms::section(t, terms, held_out));
        sections.extend(terms::findings(t, terms, held_out));
    }
    sections.push(ranking(&sequences)?);
    if !report.members.is_empty() {
        sections.push(network::section(&report.members));
    }
    sections.push(section("reading", "How to read this page", None).all(READING.map(paragraph)));
    let columns: Vec<&str> =
        report.out_of_fold.iter().map(|target| target.column.as_str()).collect();
    let page = Page {
        command: "train",
        title: &columns.join(", "),
        facts: &training.facts(),
        verdict: report.out_of_fold.iter().map(verdict).collect(),
        sections,
        words: &run.command,
        version: &run.version,
    };
    Ok(page.html())
}

const READING: [&str; 3] = [
    "The score of a repertoire is a bias plus the weighted outputs of the terms, and each of these is a sum over clonotypes. Weights are learned from outputs for repertoires that the term had not seen. A term that does not help gets no weight.",
    "\"Alone\" is the held-out AUC of a term by itself (R2 for a number). \"Reach\" is its weight times the standard deviation of its held-out outputs. It says how far the term moves a logit.",
    "These figures come from inner folds of the training repertoires. `reperio evaluate` repeats the whole training in every fold. Publish the figures of that command.",
];

/// What the inner folds say of the model, in a sentence.
pub(crate) fn verdict(own: &OutOfFold) -> String {
    let OutOfFold { column, folds, auc, auc_ci, r2, p_value, beats_shares, .. } = own;
    let figure = match (auc, r2) {
        (Some(auc), _) => {
            let ci = interval(*auc_ci);
            let ci = if ci.is_empty() { ci } else { format!(" ({ci})") };
            format!("AUC {auc:.3}{ci}")
        }
        (None, Some(r2)) => format!("R2 {r2:.3}"),
        (None, None) => return format!("{column}: nothing was held out. Run `reperio evaluate`."),
    };
    let p = p_value.map_or_else(String::new, |p| format!(", P {p:.3}"));
    let found = if *beats_shares {
        "The model is better than the class shares"
    } else {
        "No signal was found: the model is no better than the class shares"
    };
    format!("{column}: {found}. Held out by {folds} inner folds: {figure}{p}.")
}

/// The sequences with the highest evidence over all training repertoires.
fn ranking(sequences: &Table) -> Result<Element, ReportError> {
    let columns = [
        ("output", "output"),
        ("rank", "rank"),
        ("junction_aa", "junction"),
        ("v_call", "V"),
        ("j_call", "J"),
        ("evidence", "evidence"),
        ("carriers", "carriers"),
        ("positive_carriers", "positive"),
        ("negative_carriers", "negative"),
    ];
    let known: Vec<(&str, Vec<&str>)> = columns
        .iter()
        .filter_map(|(name, title)| Some((*title, sequences.optional(name)?)))
        .collect();
    let ranks = sequences.numbers("rank")?;
    let evidence = sequences.numbers("evidence")?;
    let leads = |row: &usize| ranks[*row].is_some_and(|rank| rank <= SHOWN as f64);
    let rows: Vec<Vec<String>> = (0..sequences.len())
        .filter(leads)
        .map(|row| {
            let cell = |(title, values): &(&str, Vec<&str>)| match *title {
                "evidence" => number(evidence[row]),
                _ => values[row].to_owned(),
            };
            known.iter().map(cell).collect()
        })
        .collect();
    let names: Vec<&str> = known.iter().map(|(title, _)| *title).collect();
    let text = "Distinct clonotypes of the training repertoires, ranked by their highest evidence, with the number of repertoires that carry them. `sequences.tsv.gz` has more.";
    Ok(section("sequences", "Sequences with the highest evidence", Some(text)).with(table(
        "Sequences with the highest evidence",
        &names,
        rows,
    )))
}
