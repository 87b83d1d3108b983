//! The page of an evaluation: how good the classifier is on repertoires that it has not seen.

mod classes;
mod curves;
mod figures;
mod learning_curve;
mod tables;

use std::path::Path;

use reperio_model::evaluate::TargetSummary;
use reperio_model::evaluate::learning_curve::TargetCurve;
use reperio_model::labels::KindName;
use reperio_model::pretrain::BaseUse;
use reperio_model::train::TrainingReport;
use reperio_stats::metrics::log_odds;
use serde::Deserialize;

use crate::element::Element;
use crate::folder::{self, Run};
use crate::labels::{Labels, prefix};
use crate::page::{Page, paragraph, section};
use crate::tsv::Table;
use crate::{ReportError, confounding, training, verdict};
use classes::Decision;
use curves::{Drawn, Scored};
use tables::{Named, Tables};

/// `metrics.json` of an evaluation.
#[derive(Deserialize)]
pub(crate) struct Evaluation {
    pub(crate) targets: Vec<TargetSummary>,
    /// What the labels mean.
    pub(crate) labels: Vec<Labels>,
    /// The batch or batches of each fold, if the folds are batches.
    #[serde(default)]
    pub(crate) batches: Vec<String>,
    /// How each fold was trained; nothing where a trained model was tested.
    pub(crate) training: Vec<TrainingReport>,
    /// The learning curve of each target, if it was measured.
    #[serde(default)]
    pub(crate) learning_curve: Vec<TargetCurve>,
    /// What the networks started from, if not from random numbers.
    #[serde(default)]
    base: Option<BaseUse>,
}

impl Evaluation {
    /// Reads the text of `metrics.json`.
    pub(crate) fn of(folder: &Path, metrics: &str) -> Result<Self, ReportError> {
        let own: Self = folder::metrics(folder, metrics)?;
        Labels::check(&own.labels, folder)?;
        Ok(own)
    }

    /// What was scored, in words.
    pub(crate) fn facts(&self, repertoires: usize, permuted: bool) -> String {
        let counted: Vec<String> = self.labels.iter().map(Labels::counted).collect();
        let facts = format!("{repertoires} repertoires ({})", counted.join("; "));
        let folds = self.targets.first().map_or(0, |own| own.fold_auc.len());
        let how = if self.training.is_empty() {
            ", scored by a trained model".to_owned()
        } else if !self.batches.is_empty() {
            format!(", each of {folds} batches tested by a model of the others")
        } else if folds > 1 {
            format!(", {folds} folds")
        } else {
            String::new()
        };
        let control = if permuted { ". Labels were permuted: a control" } else { "" };
        let base = self.base.as_ref().map_or_else(String::new, |own| {
            let seen = match own.seen {
                0 => "none of these".to_owned(),
                n => format!("{n} of these too: figures may be too good for people whom it has not seen"),
            };
            let others = own.repertoires;
            format!(". The network started from a base that had seen {others} repertoires without labels, {seen}")
        });
        format!("{facts}{how}{control}{base}")
    }
}

/// The page, and the tables of what it draws, by name.
pub(crate) fn page(
    folder: &Path,
    run: &Run,
    metrics: &str,
) -> Result<(String, [Named; 2]), ReportError> {
    let evaluation = Evaluation::of(folder, metrics)?;
    let predictions = Table::read(&folder.join("predictions.tsv"), usize::MAX)?;
    let permuted = run.has("--permute-labels");
    let (mut sections, mut tables) = (Vec::new(), Tables::default());
    for (t, (labels, summary)) in evaluation.labels.iter().zip(&evaluation.targets).enumerate() {
        let prefix = prefix(&evaluation.labels, labels);
        let own = HeldOut {
            batches: &evaluation.batches,
            ..HeldOut::read(&predictions, labels, summary, &prefix, t)?
        };
        sections.extend(own.sections(&mut tables));
        let curve = evaluation.learning_curve.get(t);
        sections.extend(curve.map(|curve| learning_curve::of(curve, summary, t)));
    }
    let (sentences, without) = confounding::sections(folder)?;
    sections.extend(without);
    sections.extend(terms(&evaluation));
    let confounders = confounding::READING.iter().filter(|_| !sentences.is_empty());
    let reading = READING.iter().chain(confounders).map(|text| paragraph(text));
    sections.push(section("reading", "How to read this page", None).all(reading));
    let columns: Vec<&str> = evaluation.targets.iter().map(|own| own.column.as_str()).collect();
    let own = evaluation.targets.iter().map(|own| verdict::of(own, permuted));
    let page = Page {
        command: "evaluate",
        title: &columns.join(", "),
        facts: &evaluation.facts(predictions.len(), permuted),
        verdict: own.chain(sentences).collect(),
        sections,
        words: &run.command,
        version: &run.version,
    };
    Ok((page.html(), tables.texts()))
}

const READING: [&str; 3] = [
    "Every repertoire was scored by a model that saw neither it nor another repertoire of its group. Figures pool these held-out predictions over the folds. Each small dot is the AUC of one fold.",
    "Intervals of the AUC use DeLong's method, or a bootstrap over subjects if a subject has several repertoires. The P value comes from 999 permutations of the labels, inside batches if batches were left out.",
    "The control is a model that sees only depth and V/J usage, on the same folds. A model that is no better than this control has shown nothing about sequences.",
];

/// Held-out predictions of one target.
struct HeldOut<'a> {
    labels: &'a Labels,
    summary: &'a TargetSummary,
    /// The batch or batches of each fold, if the folds are batches.
    batches: &'a [String],
    /// Id prefix of its figures.
    id: String,
    /// Label of each repertoire.
    known: Vec<&'a str>,
    /// A column an output.
    outputs: Vec<Vec<Option<f64>>>,
    sets: Option<Vec<&'a str>>,
}

impl<'a> HeldOut<'a> {
    fn read(
        table: &'a Table,
        labels: &'a Labels,
        summary: &'a TargetSummary,
        prefix: &str,
        index: usize,
    ) -> Result<Self, ReportError> {
        let names = labels.outputs();
        let outputs = names.iter().map(|name| table.numbers(&format!("{prefix}{name}")));
        Ok(Self {
            labels,
            summary,
            batches: &[],
            id: format!("target-{}", index + 1),
            known: table.text(&format!("{prefix}label"))?,
            outputs: outputs.collect::<Result<_, _>>()?,
            sets: table.optional(&format!("{prefix}prediction_set")),
        })
    }

    fn sections(&self, tables: &mut Tables) -> Vec<Element> {
        let mut sections = vec![self.figures()];
        if let Some([positive, negative]) = self.labels.binary() {
            let scored = self.logits(positive);
            let decisions = Decision::all(&scored);
            tables.add_decisions([&self.labels.column, positive], &decisions);
            sections.push(self.drawn(&[(positive, &scored)], tables));
            sections.push(self.scores(&scored, [negative, positive]));
            sections.push(self.decisions(&decisions, positive));
        } else if self.labels.kind == KindName::Classes {
            let of = |(c, class): (usize, &&'a str)| (*class, self.against(c, class));
            let all: Vec<(&str, Scored)> =
                self.labels.classes().iter().enumerate().map(of).collect();
            let all: Vec<(&str, &Scored)> = all.iter().map(|(name, own)| (*name, own)).collect();
            sections.push(self.drawn(&all, tables));
        }
        sections.extend(self.sets());
        sections
    }

    /// The curves of some classes.
    fn drawn(&self, scored: &[(&str, &Scored)], tables: &mut Tables) -> Element {
        let drawn: Vec<Drawn> = scored.iter().map(|(_, own)| Drawn::of(own)).collect();
        for ((class, _), own) in scored.iter().zip(&drawn) {
            tables.add_curves([&self.labels.column, class], own);
        }
        self.curves(scored, &drawn)
    }

    /// Scores and labels of the repertoires that have both.
    fn logits(&self, positive: &str) -> Scored {
        let rows = self.outputs[0].iter().zip(&self.known);
        let known = rows.filter(|(_, label)| !label.is_empty());
        let known = known.filter_map(|(logit, label)| logit.map(|own| (own, *label == positive)));
        let (logits, labels) = known.unzip();
        Scored { logits, labels }
    }

    /// The log odds of class `c` against the others.
    fn against(&self, c: usize, class: &str) -> Scored {
        let row = |i: usize| self.outputs.iter().map(|own| own[i]).collect::<Option<Vec<f64>>>();
        let rows = self.known.iter().enumerate().filter(|(_, label)| !label.is_empty());
        let known = rows.filter_map(|(i, label)| Some((row(i)?, *label == class)));
        let (logits, labels): (Vec<Vec<f64>>, Vec<bool>) = known.unzip();
        Scored { logits: log_odds(&logits, c), labels }
    }
}

/// Weight of each term in each fold.
fn terms(evaluation: &Evaluation) -> Vec<Element> {
    let mut sections = Vec::new();
    for (t, target) in evaluation.targets.iter().enumerate() {
        let folds: Vec<_> =
            evaluation.training.iter().filter_map(|fold| fold.terms.get(t)).collect();
        if folds.iter().any(|terms| !terms.is_empty()) {
            sections.push(training::by_fold(&target.column, t, &folds));
        }
    }
    sections
}
