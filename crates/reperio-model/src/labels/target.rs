//! What is predicted: a column of the metadata and the meaning of its values.

use serde::{Deserialize, Serialize};

/// A column of the metadata to predict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetSpec {
    /// Column name.
    pub column: String,
    /// Value of the positive class; every other value is negative. `None`: inferred from the values.
    pub positive: Option<String>,
    /// Kind; `None`: inferred from the values.
    pub kind: Option<KindName>,
}

/// The kinds of target by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KindName {
    /// Two classes.
    Binary,
    /// Three classes or more.
    Classes,
    /// A number.
    Regression,
}

/// The kind of a target, with the meaning of its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TargetKind {
    /// One logit: the log-odds of `positive`.
    Binary {
        /// Value of the positive class.
        positive: String,
        /// The negative value; several values are joined by `|`.
        negative: String,
    },
    /// One logit a class.
    Classes {
        /// Classes, sorted.
        classes: Vec<String>,
    },
    /// One output; `mean` and `sd` are those of the training part.
    Regression {
        /// Mean of the training labels.
        mean: f64,
        /// Standard deviation of the training labels, above 0.
        sd: f64,
    },
}

/// One target of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Column name in the metadata.
    pub column: String,
    /// Meaning of its values.
    #[serde(flatten)]
    pub kind: TargetKind,
}

impl Target {
    /// Outputs of the network for this target.
    pub fn width(&self) -> usize {
        match &self.kind {
            TargetKind::Binary { .. } | TargetKind::Regression { .. } => 1,
            TargetKind::Classes { classes } => classes.len(),
        }
    }

    /// Whether a number is predicted.
    pub fn is_regression(&self) -> bool {
        matches!(self.kind, TargetKind::Regression { .. })
    }

    /// Names of the outputs: the positive value, the classes, or the column.
    pub fn outputs(&self) -> Vec<String> {
        match &self.kind {
            TargetKind::Binary { positive, .. } => vec![positive.clone()],
            TargetKind::Classes { classes } => classes.clone(),
            TargetKind::Regression { .. } => vec![self.column.clone()],
        }
    }
}
