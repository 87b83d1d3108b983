//! What is predicted, and how many repertoires have each label.

use reperio_model::target::{Labels, Target, TargetKind, why_positive};
use serde::Serialize;

/// One target as its labels were read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TargetCounts {
    /// Column name.
    column: String,
    /// "binary", "classes" or "regression".
    kind: &'static str,
    /// Repertoires with each value: of a binary target the positive one first; none for a regression.
    values: Vec<(String, usize)>,
    /// Repertoires with a label.
    labelled: usize,
    /// Repertoires without one; they are scored, not trained on.
    unlabelled: usize,
    /// Why the positive value of a binary target is that one.
    positive_because: Option<&'static str>,
}

impl TargetCounts {
    /// The targets of `labels`; `because` says who chose the positive values, if they were not inferred from the labels.
    pub(crate) fn of(labels: &Labels, because: Option<&'static str>) -> Vec<Self> {
        labels
            .targets
            .iter()
            .zip(&labels.values)
            .map(|(target, own)| Self::one(target, own, because))
            .collect()
    }

    fn one(target: &Target, own: &[Option<f64>], because: Option<&'static str>) -> Self {
        let count = |wanted: f64| own.iter().filter(|value| **value == Some(wanted)).count();
        let (kind, values) = match &target.kind {
            TargetKind::Binary { positive, negative } => {
                ("binary", vec![(positive.clone(), count(1.0)), (negative.clone(), count(0.0))])
            }
            TargetKind::Classes { classes } => {
                let each = classes.iter().enumerate();
                ("classes", each.map(|(at, class)| (class.clone(), count(at as f64))).collect())
            }
            TargetKind::Regression { .. } => ("regression", Vec::new()),
        };
        let labelled = own.iter().flatten().count();
        let column = target.column.clone();
        let seen = || match (kind, &values[..]) {
            ("binary", [(yes, n_yes), (no, n_no)]) => {
                Some(because.unwrap_or_else(|| why_positive((yes, *n_yes), (no, *n_no))))
            }
            _ => None,
        };
        let positive_because = seen();
        Self { column, kind, values, labelled, unlabelled: own.len() - labelled, positive_because }
    }

    /// For a person.
    pub(crate) fn line(&self) -> String {
        let Self { column, kind, values, labelled, unlabelled, positive_because } = self;
        let each: Vec<String> = values.iter().map(|(value, n)| format!("{value:?} {n}")).collect();
        let what = match *kind {
            "binary" => format!("{} against {}", each[0], each[1]),
            "classes" => format!("{} classes: {}", each.len(), each.join(", ")),
            _ => format!("a number, known for {labelled}"),
        };
        let missing = match unlabelled {
            0 => String::new(),
            n => format!("; {n} without a label"),
        };
        let positive = positive_because.map_or_else(String::new, |why| {
            format!(
                "; {:?} is positive because {why} (--positive VALUE chooses another)",
                values[0].0
            )
        });
        format!("Target {column}: {what}{missing}{positive}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn line(kind: TargetKind, values: &[Option<f64>]) -> String {
        let target = Target { column: "x".to_owned(), kind };
        let labels = Labels { targets: vec![target], values: vec![values.to_vec()] };
        TargetCounts::of(&labels, None)[0].line()
    }

    #[test]
    fn labels_are_told_as_they_were_understood() {
        let values = [Some(1.0), None, Some(0.0), Some(1.0)];
        let kind = TargetKind::Binary { positive: "yes".to_owned(), negative: "no|?".to_owned() };
        assert_snapshot!(line(kind, &values), @r#"Target x: "yes" 2 against "no|?" 1; 1 without a label; "yes" is positive because the other value means no (--positive VALUE chooses another)"#);
        let classes = ["Yes", "no", "yes"].map(str::to_owned).to_vec();
        assert_snapshot!(line(TargetKind::Classes { classes }, &values), @r#"Target x: 3 classes: "Yes" 1, "no" 2, "yes" 0; 1 without a label"#);
        let kind = TargetKind::Regression { mean: 0.0, sd: 1.0 };
        assert_snapshot!(line(kind, &values), @"Target x: a number, known for 3; 1 without a label");
    }
}
