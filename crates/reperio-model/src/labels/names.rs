//! How tables name targets and labels.

use super::{Target, TargetKind};

impl Target {
    /// What the names of its outputs begin with beside those of `targets`: nothing if it is the only one.
    pub fn prefix(&self, targets: &[Self]) -> String {
        if targets.len() == 1 { String::new() } else { format!("{}.", self.column) }
    }

    /// The label that a value of [`Labels::values`](super::Labels::values) stands for.
    pub fn label(&self, value: f64) -> String {
        match &self.kind {
            TargetKind::Binary { positive, negative } => {
                if value > 0.5 { positive } else { negative }.clone()
            }
            TargetKind::Classes { classes } => classes[value as usize].clone(),
            TargetKind::Regression { .. } => value.to_string(),
        }
    }
}
