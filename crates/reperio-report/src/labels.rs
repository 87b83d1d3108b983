//! What the labels of a run mean, and how many repertoires have each.

use std::path::Path;

use reperio_model::labels::KindName;
use serde::Deserialize;

use crate::ReportError;
use crate::folder::{METRICS, content};

/// One target as its labels were read.
#[derive(Debug, Deserialize)]
pub(crate) struct Labels {
    /// Column name.
    pub(crate) column: String,
    pub(crate) kind: KindName,
    /// Repertoires with each value: of a binary target the positive one first; none for a regression.
    pub(crate) values: Vec<(String, usize)>,
    /// Repertoires with a label.
    pub(crate) labelled: usize,
    /// Repertoires without one.
    pub(crate) unlabelled: usize,
    /// Why the positive value of a binary target is that one.
    #[serde(default)]
    pub(crate) positive_because: Option<String>,
}

impl Labels {
    /// Refuses a binary target that has not two values.
    pub(crate) fn check(all: &[Self], folder: &Path) -> Result<(), ReportError> {
        let wrong = |own: &&Self| own.kind == KindName::Binary && own.values.len() != 2;
        match all.iter().find(wrong) {
            None => Ok(()),
            Some(Self { column, values, .. }) => {
                let n = values.len();
                let problem = format!("{column:?} has {n} values, expected two of a binary target");
                Err(content(&folder.join(METRICS), &problem))
            }
        }
    }

    /// The positive and the negative value of a binary target.
    pub(crate) fn binary(&self) -> Option<[&str; 2]> {
        match (self.kind, &self.values[..]) {
            (KindName::Binary, [(positive, _), (negative, _)]) => Some([positive, negative]),
            _ => None,
        }
    }

    /// Names of the columns of outputs in a table of predictions.
    pub(crate) fn outputs(&self) -> Vec<String> {
        match self.kind {
            KindName::Binary => vec!["logit".to_owned()],
            KindName::Classes => {
                self.values.iter().map(|(class, _)| format!("logit_{class}")).collect()
            }
            KindName::Regression => vec!["value".to_owned()],
        }
    }

    /// Classes; of a binary target the negative one first.
    pub(crate) fn classes(&self) -> Vec<&str> {
        let names = self.values.iter().map(|(name, _)| name.as_str());
        if self.kind == KindName::Binary { names.rev().collect() } else { names.collect() }
    }

    /// How many repertoires have which label, in words.
    pub(crate) fn counted(&self) -> String {
        let known = self.values.iter().map(|(name, n)| format!("{name}: {n}"));
        let mut each: Vec<String> = known.collect();
        if each.is_empty() {
            each.push(format!("{} known", self.labelled));
        }
        if self.unlabelled > 0 {
            each.push(format!("no label: {}", self.unlabelled));
        }
        each.join(", ")
    }
}

/// What a column of a table begins with where there are several targets.
pub(crate) fn prefix(all: &[Labels], own: &Labels) -> String {
    if all.len() > 1 { format!("{}.", own.column) } else { String::new() }
}
