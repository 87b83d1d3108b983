//! What a network output is contrasted by: one centred number a training repertoire.

use crate::target::{Labels, TargetKind};

/// One number a repertoire; missing where the label is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Contrast {
    /// Label of each repertoire, minus the mean over the labelled ones.
    pub values: Vec<Option<f64>>,
    /// Mean that was taken away.
    pub mean: f64,
    /// Sum of the squares of `values`.
    pub sum_of_squares: f64,
    /// Whether labels were 0 or 1, so that a logit is meant.
    pub is_class: bool,
}

impl Contrast {
    /// Centres `labels`.
    pub fn new(labels: &[Option<f64>], is_class: bool) -> Self {
        let known: Vec<f64> = labels.iter().copied().flatten().collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let values: Vec<_> = labels.iter().map(|label| label.map(|value| value - mean)).collect();
        let sum_of_squares = values.iter().flatten().map(|value| value * value).sum();
        Self { values, mean, sum_of_squares, is_class }
    }

    /// One contrast a network output: positive against negative, each class against the rest, or
    /// the standardised number.
    pub fn of(labels: &Labels) -> Vec<Self> {
        let mut contrasts = Vec::new();
        for (target, values) in labels.targets.iter().zip(&labels.values) {
            match &target.kind {
                TargetKind::Binary { .. } => contrasts.push(Self::new(values, true)),
                TargetKind::Classes { classes } => {
                    for class in 0..classes.len() {
                        let is_class = |value: f64| f64::from(u8::from(value as usize == class));
                        let values: Vec<_> = values.iter().map(|v| v.map(is_class)).collect();
                        contrasts.push(Self::new(&values, true));
                    }
                }
                TargetKind::Regression { mean, sd } => {
                    let values: Vec<_> =
                        values.iter().map(|v| v.map(|value| (value - mean) / sd)).collect();
                    contrasts.push(Self::new(&values, false));
                }
            }
        }
        contrasts
    }

    /// Labelled repertoires.
    pub fn n(&self) -> usize {
        self.values.iter().flatten().count()
    }
}
