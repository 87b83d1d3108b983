//! The training repertoires that the parts of the model see most alike.

use reperio_model::labels::{Target, TargetKind};

use super::Explanation;
use crate::ReportError;
use crate::element::Element;
use crate::page::{number, paragraph, section};
use crate::table::table;

const TEXT: &str = "Distance is Euclidean, between what each part of the model adds to the logit. For this repertoire that is what the finished model says. For a training repertoire it is what parts said that had not seen it, in inner folds of the training. So small distances are near, not exact. Training repertoires of the same name or the same person are left out, as far as the tables say who is who.";

impl Explanation<'_> {
    /// A section for each target with the most alike training repertoires of the one at `place`; none where the model did not
    /// lie in the folder of its training.
    pub(super) fn alike(&self, place: usize) -> Result<Vec<Element>, ReportError> {
        let Some(all) = &self.neighbours else { return Ok(Vec::new()) };
        let id = self.scores.ids[place].as_str();
        let (of, targets) = (all.text("repertoire_id")?, all.text("target")?);
        let texts = ["neighbour_id", "label", "class"].map(|name| all.text(name));
        let numbers = ["logit", "value", "distance"].map(|name| all.numbers(name));
        let texts = texts.into_iter().collect::<Result<Vec<_>, _>>()?;
        let numbers = numbers.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut sections = Vec::new();
        for (t, target) in self.origin.targets.iter().enumerate() {
            let own = |i: &usize| of[*i] == id && targets[*i] == target.column;
            let rows: Vec<usize> = (0..all.len()).filter(own).collect();
            if rows.is_empty() {
                continue;
            }
            let labels: Vec<&str> = rows.iter().map(|&i| texts[1][i]).collect();
            let cells = rows.iter().map(|&i| {
                let mut row: Vec<String> = texts.iter().map(|own| own[i].to_owned()).collect();
                row.extend(numbers.iter().map(|own| number(own[i])));
                row
            });
            let names =
                ["training repertoire", "label", "held out as", "logit", "value", "distance"];
            let title = if self.origin.targets.len() > 1 {
                format!("{}: most alike training patients", target.column)
            } else {
                "Most alike training patients".to_owned()
            };
            let made = section(&format!("alike-{}", t + 1), &title, Some(TEXT));
            let made = made.with(paragraph(&sentence(target, &labels)));
            sections.push(made.with(table("Most alike training repertoires", &names, cells)));
        }
        Ok(sections)
    }
}

/// "4 of the 5 most alike training repertoires are cmv."
fn sentence(target: &Target, labels: &[&str]) -> String {
    let n = labels.len();
    if let TargetKind::Regression { .. } = target.kind {
        let mut numbers: Vec<f64> = labels.iter().filter_map(|own| own.parse().ok()).collect();
        numbers.sort_by(f64::total_cmp);
        let ends = [numbers.first(), numbers.last()].map(|own| number(own.copied()));
        return format!(
            "{} of the {n} most alike training repertoires: {} to {}.",
            target.column, ends[0], ends[1]
        );
    }
    let count = |label: &str| labels.iter().filter(|own| **own == label).count();
    let mut distinct: Vec<&str> = labels.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    // The most frequent label, the first in order of equally frequent ones.
    let most = distinct.iter().rev().max_by_key(|label| count(label)).copied().unwrap_or_default();
    format!("{} of the {n} most alike training repertoires are {most}.", count(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    #[test]
    fn the_sentence_counts_the_most_frequent_label() {
        let target = |kind| Target { column: "status".to_owned(), kind };
        let binary = target(TargetKind::Binary { positive: "cmv".into(), negative: "no".into() });
        assert_snapshot!(sentence(&binary, &["cmv", "no", "cmv", "cmv", "cmv"]), @"4 of the 5 most alike training repertoires are cmv.");
        assert_snapshot!(sentence(&binary, &["no", "cmv"]), @"1 of the 2 most alike training repertoires are cmv.");
        let number = target(TargetKind::Regression { mean: 0.0, sd: 1.0 });
        assert_snapshot!(sentence(&number, &["41", "7.25", "33"]), @"status of the 3 most alike training repertoires: 7.250 to 41.000.");
    }
}
