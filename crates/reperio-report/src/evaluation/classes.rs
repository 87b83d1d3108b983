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
    pub(super) fn decisions(&self, scored: &Scored, positive: &str) -> Element {
        let row = |threshold: f64| {
            let mut counts = [[0_usize; 2]; 2];
            for (logit, label) in scored.logits.iter().zip(&scored.labels) {
                counts[usize::from(*label)][usize::from(probability(*logit) >= threshold)] += 1;
            }
            let [[true_negative, false_positive], [false_negative, true_positive]] = counts;
            let share = |part: usize, other: usize| {
                let all = part + other;
                number((all > 0).then(|| part as f64 / all as f64))
            };
            vec![
                format!("{threshold}"),
                (true_positive + false_positive).to_string(),
                share(true_positive, false_negative),
                share(true_negative, false_positive),
                share(true_positive, false_positive),
                share(true_negative, false_negative),
            ]
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
            THRESHOLDS.map(row),
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
