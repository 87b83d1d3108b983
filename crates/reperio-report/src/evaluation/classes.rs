//! What the scores of two classes say: their distribution, decisions at thresholds, prediction sets.

use reperio_model::labels::KindName;
use reperio_stats::metrics::probability;

use super::HeldOut;
use super::curves::Scored;
use crate::element::Element;
use crate::histogram;
use crate::page::{number, section};
use crate::table::table;

/// Thresholds on the probability of the decision table.
const THRESHOLDS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

/// What follows from calling every repertoire positive whose probability reaches a threshold.
pub(super) struct Decision {
    threshold: f64,
    /// Repertoires called positive.
    called: usize,
    sensitivity: Option<f64>,
    specificity: Option<f64>,
    positive_predictive_value: Option<f64>,
    negative_predictive_value: Option<f64>,
}

impl Decision {
    /// At every threshold.
    pub(super) fn all(scored: &Scored) -> Vec<Self> {
        THRESHOLDS.map(|threshold| Self::at(threshold, scored)).into()
    }

    fn at(threshold: f64, scored: &Scored) -> Self {
        let mut counts = [[0_usize; 2]; 2];
        for (logit, label) in scored.logits.iter().zip(&scored.labels) {
            counts[usize::from(*label)][usize::from(probability(*logit) >= threshold)] += 1;
        }
        let [[true_negative, false_positive], [false_negative, true_positive]] = counts;
        let share = |part: usize, other: usize| {
            let all = part + other;
            (all > 0).then(|| part as f64 / all as f64)
        };
        Self {
            threshold,
            called: true_positive + false_positive,
            sensitivity: share(true_positive, false_negative),
            specificity: share(true_negative, false_positive),
            positive_predictive_value: share(true_positive, false_positive),
            negative_predictive_value: share(true_negative, false_negative),
        }
    }

    fn shares(&self) -> [Option<f64>; 4] {
        [
            self.sensitivity,
            self.specificity,
            self.positive_predictive_value,
            self.negative_predictive_value,
        ]
    }

    /// A row of `decisions.tsv`, without target and class.
    pub(super) fn row(&self) -> Vec<String> {
        let mut cells = vec![self.threshold.to_string(), self.called.to_string()];
        let known = |value: Option<f64>| value.map_or_else(String::new, |own| own.to_string());
        cells.extend(self.shares().map(known));
        cells
    }
}

impl HeldOut<'_> {
    /// Scores by class.
    pub(super) fn scores(&self, scored: &Scored, classes: [&str; 2]) -> Element {
        let of = |positive: bool| -> Vec<f64> {
            let rows = scored.logits.iter().zip(&scored.labels);
            rows.filter(|(_, label)| **label == positive).map(|(logit, _)| *logit).collect()
        };
        let title = format!("{}: scores by class", self.labels.column);
        let text = format!(
            "Held-out logits. To the right of the dashed line the model favours {}.",
            classes[1]
        );
        section(&format!("{}-scores", self.id), &title, Some(&text)).with(histogram::by_class(
            &format!("{}-histogram", self.id),
            &[(classes[0], of(false)), (classes[1], of(true))],
        ))
    }

    /// What follows from calling everything above a threshold positive.
    pub(super) fn decisions(&self, decisions: &[Decision], positive: &str) -> Element {
        let row = |own: &Decision| {
            let mut cells = vec![own.threshold.to_string(), own.called.to_string()];
            cells.extend(own.shares().map(number));
            cells
        };
        let names = [
            "probability at least",
            "called",
            "sensitivity",
            "specificity",
            "positive predictive value",
            "negative predictive value",
        ];
        let caption = format!("Repertoires called {positive} at a threshold");
        let title = format!("{}: decisions", self.labels.column);
        let text = "Predictive values hold only where positive repertoires are as common as in this cohort.";
        section(&format!("{}-decisions", self.id), &title, Some(text)).with(table(
            &caption,
            &names,
            decisions.iter().map(row),
        ))
    }

    /// How many repertoires of each class have which prediction set.
    pub(super) fn sets(&self) -> Option<Element> {
        let sets = self.sets.as_ref()?;
        let coverage = self.summary.coverage?;
        if self.labels.kind == KindName::Regression {
            return None;
        }
        let mut kinds: Vec<&str> = sets.iter().copied().filter(|set| !set.is_empty()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let row = |class: &str| {
            let of = |kind: &&str| {
                let rows = self.known.iter().zip(sets);
                rows.filter(|(label, set)| **label == class && *set == kind).count().to_string()
            };
            std::iter::once(class.to_owned()).chain(kinds.iter().map(of)).collect::<Vec<_>>()
        };
        let mut names = vec!["label"];
        names.extend(&kinds);
        let decided = self.summary.decided.map_or_else(String::new, |own| {
            format!(" {:.0} % of the sets name one class.", 100.0 * own)
        });
        let text = format!(
            "A prediction set should hold the label of 90 % of the repertoires. Here {:.1} % do.{decided}",
            100.0 * coverage
        );
        let title = format!("{}: prediction sets", self.labels.column);
        let own = section(&format!("{}-sets", self.id), &title, Some(&text));
        let rows: Vec<Vec<String>> = self.labels.classes().into_iter().map(row).collect();
        Some(own.with(table("Repertoires by label and prediction set", &names, rows)))
    }
}
