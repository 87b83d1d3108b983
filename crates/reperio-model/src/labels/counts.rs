//! What is predicted, and how many repertoires have each label.

use serde::Serialize;

use super::read::why_positive;
use super::{KindName, Labels, Target, TargetKind};

/// Who chose the positive value of a binary target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChosenBy {
    /// It was inferred from the values.
    Values,
    /// The person.
    Person,
    /// The model, when it was trained.
    Model,
}

/// One target as its labels were read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetCounts {
    /// Column name.
    pub column: String,
    /// Kind of target.
    pub kind: KindName,
    /// Repertoires with each value: of a binary target the positive one first; none for a regression.
    pub values: Vec<(String, usize)>,
    /// Repertoires with a label.
    pub labelled: usize,
    /// Repertoires without one; they are scored, not trained on.
    pub unlabelled: usize,
    /// Why the positive value of a binary target is that one.
    pub positive_because: Option<&'static str>,
}

impl TargetCounts {
    /// The targets of `labels`, whose positive values were `chosen` so.
    pub fn of(labels: &Labels, chosen: ChosenBy) -> Vec<Self> {
        labels
            .targets
            .iter()
            .zip(&labels.values)
            .map(|(target, own)| Self::one(target, own, chosen))
            .collect()
    }

    fn one(target: &Target, own: &[Option<f64>], chosen: ChosenBy) -> Self {
        let count = |wanted: f64| own.iter().filter(|value| **value == Some(wanted)).count();
        let (kind, values) = match &target.kind {
            TargetKind::Binary { positive, negative } => {
                let values = vec![(positive.clone(), count(1.0)), (negative.clone(), count(0.0))];
                (KindName::Binary, values)
            }
            TargetKind::Classes { classes } => {
                let each = classes.iter().enumerate();
                let each = each.map(|(at, class)| (class.clone(), count(at as f64)));
                (KindName::Classes, each.collect())
            }
            TargetKind::Regression { .. } => (KindName::Regression, Vec::new()),
        };
        let labelled = own.iter().flatten().count();
        let column = target.column.clone();
        let positive_because = match (kind, &values[..]) {
            (KindName::Binary, [(yes, n_yes), (no, n_no)]) => Some(match chosen {
                ChosenBy::Values => why_positive((yes, *n_yes), (no, *n_no)),
                ChosenBy::Person => "you chose it",
                ChosenBy::Model => "the model was trained that way",
            }),
            _ => None,
        };
        Self { column, kind, values, labelled, unlabelled: own.len() - labelled, positive_because }
    }
}
