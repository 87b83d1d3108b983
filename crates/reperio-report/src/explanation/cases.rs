//! The training repertoires that a score leans on.

use reperio_model::labels::{Target, TargetKind};

use super::Explanation;
use crate::ReportError;
use crate::element::Element;
use crate::page::{number, paragraph, section};
use crate::table::table;

const TEXT: &str = "A case memory: a modern Hopfield network stores what the model says of every training repertoire, feature by feature (filters of the network, k-mers, public clonotypes, genes), and this repertoire is associated with the cases that are alike for the same reasons. Weights sum to 1 over all cases; distance is Euclidean, in the unit of a logit. Held out as is what parts of the model said of the case that had not seen it. The score above does not use the cases. Training repertoires of the same name or the same person are left out, as far as the tables say who is who.";

impl Explanation<'_> {
    /// A section for each target with the cases of the repertoire at `place`; none where the model did not lie in the folder of
    /// its training.
    pub(super) fn leans_on(&self, place: usize) -> Result<Vec<Element>, ReportError> {
        let Some(all) = &self.cases else { return Ok(Vec::new()) };
        let id = self.scores.ids[place].as_str();
        let (of, targets) = (all.text("repertoire_id")?, all.text("target")?);
        let texts = ["case_id", "label", "class"].map(|name| all.text(name));
        let numbers = ["logit", "value", "distance"].map(|name| all.numbers(name));
        let weights = all.numbers("weight")?;
        let texts = texts.into_iter().collect::<Result<Vec<_>, _>>()?;
        let numbers = numbers.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut sections = Vec::new();
        for (t, (target, first)) in self.targets(place).enumerate() {
            let own = |i: &usize| of[*i] == id && targets[*i] == target.column;
            let rows: Vec<usize> = (0..all.len()).filter(own).collect();
            if rows.is_empty() {
                continue;
            }
            let labels: Vec<&str> = rows.iter().map(|&i| texts[1][i]).collect();
            let listed: Vec<f64> = rows.iter().map(|&i| weights[i].unwrap_or(0.0)).collect();
            let cells = rows.iter().map(|&i| {
                let mut row = vec![texts[0][i].to_owned(), number(weights[i])];
                row.extend(texts[1..].iter().map(|own| own[i].to_owned()));
                row.extend(numbers.iter().map(|own| number(own[i])));
                row
            });
            let names = [
                "training repertoire",
                "weight",
                "label",
                "held out as",
                "logit",
                "value",
                "distance",
            ];
            let title = if self.origin.targets.len() > 1 {
                format!("{}: cases that the score leans on", target.column)
            } else {
                "Cases that the score leans on".to_owned()
            };
            let made = section(&format!("cases-{}", t + 1), &title, Some(TEXT));
            let made = made.with(paragraph(&sentence(target, &labels, &listed)));
            let made = made.all(self.alone(target, first).as_deref().map(paragraph));
            sections.push(made.with(table("Training repertoires by their weight", &names, cells)));
        }
        Ok(sections)
    }

    /// What all cases of a repertoire by themselves predict.
    fn alone(&self, target: &Target, first: usize) -> Option<String> {
        let row = self.predicted(target, first);
        let memory = self.scores.memory.as_ref()?[row];
        let text = number(Some(memory?));
        Some(match &target.kind {
            TargetKind::Regression { .. } => {
                format!("All cases together, by their weights, have {} {text}.", target.column)
            }
            _ => format!(
                "All cases together, by their weights, give {text} for {}; the score is {}.",
                self.scores.outputs[row],
                self.score(target, first)
            ),
        })
    }
}

/// "4 of the 5 heaviest cases, with 0.800 of all weight, are cmv."
fn sentence(target: &Target, labels: &[&str], weights: &[f64]) -> String {
    let n = labels.len();
    if let TargetKind::Regression { .. } = target.kind {
        let mut numbers: Vec<f64> = labels.iter().filter_map(|own| own.parse().ok()).collect();
        numbers.sort_by(f64::total_cmp);
        let ends = [numbers.first(), numbers.last()].map(|own| number(own.copied()));
        let all = number(Some(weights.iter().sum()));
        return format!(
            "{} of the {n} heaviest cases, with {all} of all weight: {} to {}.",
            target.column, ends[0], ends[1]
        );
    }
    let weight = |label: &str| -> f64 {
        labels.iter().zip(weights).filter(|(own, _)| **own == label).map(|(_, own)| own).sum()
    };
    let mut distinct: Vec<&str> = labels.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    // The heaviest label, the first in order of equally heavy ones.
    let most = distinct.into_iter().rev().max_by(|a, b| weight(a).total_cmp(&weight(b)));
    let most = most.unwrap_or_default();
    let count = labels.iter().filter(|own| **own == most).count();
    let all = number(Some(weight(most)));
    format!("{count} of the {n} heaviest cases, with {all} of all weight, are {most}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    #[test]
    fn the_sentence_says_what_the_heaviest_label_is() {
        let target = |kind| Target { column: "status".to_owned(), kind };
        let binary = target(TargetKind::Binary { positive: "cmv".into(), negative: "no".into() });
        assert_snapshot!(sentence(&binary, &["cmv", "no", "cmv"], &[0.5, 0.25, 0.125]), @"2 of the 3 heaviest cases, with 0.625 of all weight, are cmv.");
        assert_snapshot!(sentence(&binary, &["no", "cmv", "cmv"], &[0.75, 0.125, 0.0625]), @"1 of the 3 heaviest cases, with 0.750 of all weight, are no.");
        let number = target(TargetKind::Regression { mean: 0.0, sd: 1.0 });
        assert_snapshot!(sentence(&number, &["41", "7.25", "33"], &[0.5, 0.25, 0.125]), @"status of the 3 heaviest cases, with 0.875 of all weight: 7.250 to 41.000.");
    }
}
