//! The page of a training: what the model is made of, what its parts found, and what it is worth.

mod motifs;
mod network;
mod terms;

use std::path::Path;

use reperio_model::train::{OutOfFold, TrainingReport};
use serde::Deserialize;

use crate::folder::{self, Run};
use crate::labels::Labels;
use crate::page::{Page, interval, paragraph, section};
use crate::{ReportError, confounding, sequences};
pub(crate) use terms::{TERM, by_fold, term};

/// Findings of a term that are shown.
const SHOWN: usize = 20;

const SEQUENCES: &str = "Distinct clonotypes of the training repertoires, ranked by their highest evidence, with the number of repertoires that carry them.";

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
    let (sentences, without) = confounding::sections(folder)?;
    let mut sections = Vec::new();
    for (t, (terms, held_out)) in report.terms.iter().zip(&report.out_of_fold).enumerate() {
        sections.push(terms::section(t, terms, held_out));
        sections.extend(terms::findings(t, terms, held_out));
    }
    sections.extend(without);
    sections.extend(motifs::motifs(folder)?);
    sections.push(sequences::ranking(folder, SEQUENCES)?);
    if !report.members.is_empty() {
        sections.push(network::section(&report.members));
    }
    let confounders = confounding::READING.iter().filter(|_| !sentences.is_empty());
    let reading = READING.iter().chain(confounders).map(|text| paragraph(text));
    sections.push(section("reading", "How to read this page", None).all(reading));
    let columns: Vec<&str> =
        report.out_of_fold.iter().map(|target| target.column.as_str()).collect();
    let page = Page {
        command: "train",
        title: &columns.join(", "),
        facts: &training.facts(),
        verdict: report.out_of_fold.iter().map(verdict).chain(sentences).collect(),
        sections,
        words: &run.command,
        version: &run.version,
    };
    Ok(page.html())
}

const READING: [&str; 3] = [
    "The score of a repertoire is a bias plus the weighted outputs of the terms, and each of these is a sum over clonotypes. Weights are learned from outputs for repertoires that the term had not seen. A term that does not help gets no weight.",
    "\"Alone\" is the held-out AUC of a term by itself (R2 for a number). \"Reach\" is its weight times the standard deviation of its held-out outputs. It says how far the term moves a logit.",
    "These figures come from inner folds of the training repertoires. The command evaluate repeats the whole training in every fold. Its figures are the ones to publish.",
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
        (None, None) => {
            return format!(
                "{column}: nothing was held out. The command evaluate measures how good the model is."
            );
        }
    };
    let p = p_value.map_or_else(String::new, |p| format!(", P {p:.3}"));
    let found = if *beats_shares {
        "The model is better than the class shares"
    } else {
        "No signal was found: the model is no better than the class shares"
    };
    format!("{column}: {found}. Held out by {folds} inner folds: {figure}{p}.")
}
