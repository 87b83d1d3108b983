//! The training objective over all targets at once, in candle for gradients and in `f64` for
//! validation.
//!
//! ```text
//! loss = mean over targets of mean over labelled i of w_i l(y_i, label_i)
//! ```
//!
//! Cross-entropy for classes, squared error of the standardised number for a regression. With
//! balanced classes `w_i` is inverse to the share of its class in the training part. Label smoothing mixes
//! each label with the uniform distribution over the classes.

use candle_core::{Device, Result, Tensor};
use reperio_stats::metrics::{log_sum_exp, soft_cross_entropy};

use crate::config::TrainingConfig;
use crate::labels::{Labels, Target, TargetKind};
use crate::loss;

/// Weights of the classes of each target, mean 1 over the training labels.
#[derive(Clone, Debug)]
pub(crate) struct Objective {
    labels: Labels,
    class_weights: Vec<Vec<f64>>,
    smoothing: f64,
    /// What is known of each output of each repertoire beforehand, (T, n); none where nothing is.
    offsets: Vec<Vec<f64>>,
}

impl Objective {
    /// An objective for `labels`, its class weights from the repertoires at `training`.
    pub(crate) fn new(labels: &Labels, training: &[usize], config: &TrainingConfig) -> Self {
        let weights = |(target, values): (&Target, &Vec<Option<f64>>)| {
            let classes = match &target.kind {
                TargetKind::Binary { .. } => 2,
                TargetKind::Classes { classes } => classes.len(),
                TargetKind::Regression { .. } => return vec![],
            };
            let mut counts = vec![0; classes];
            for value in training.iter().filter_map(|&i| values[i]) {
                counts[value as usize] += 1;
            }
            if config.balance_classes {
                loss::balanced_weights(&counts)
            } else {
                vec![1.0; classes]
            }
        };
        let class_weights = labels.targets.iter().zip(&labels.values).map(weights).collect();
        let (smoothing, offsets) = (config.label_smoothing, Vec::new());
        Self { labels: labels.clone(), class_weights, smoothing, offsets }
    }

    /// The objective of outputs that stand beside `offsets`, what is known of each beforehand: (T, n), or none.
    pub(crate) fn beside(self, offsets: &[Vec<f64>]) -> Self {
        Self { offsets: offsets.to_vec(), ..self }
    }

    /// The offsets of `batch`, if there are any: (B, T)
    fn known(&self, batch: &[usize]) -> Result<Option<Tensor>> {
        if self.offsets.is_empty() {
            return Ok(None);
        }
        let row = |&i: &usize| self.offsets.iter().map(move |own| own[i] as f32);
        let values: Vec<f32> = batch.iter().flat_map(row).collect();
        Tensor::from_vec(values, (batch.len(), self.offsets.len()), &Device::Cpu).map(Some)
    }

    /// Label of repertoire `i` as the loss takes it: a regression's number is standardised.
    fn label(&self, target: usize, i: usize) -> Option<f64> {
        let value = self.labels.values[target][i]?;
        Some(match self.labels.targets[target].kind {
            TargetKind::Regression { mean, sd } => (value - mean) / sd,
            _ => value,
        })
    }

    /// Loss of a minibatch as part of the graph: `outputs` (B, T) of the repertoires at `batch`.
    pub(crate) fn loss(&self, outputs: &Tensor, batch: &[usize]) -> Result<Tensor> {
        let outputs = match self.known(batch)? {
            Some(known) => &(outputs + known)?,
            None => outputs,
        };
        let mut losses = Vec::new();
        let mut column = 0;
        for (t, target) in self.labels.targets.iter().enumerate() {
            let labels: Vec<Option<f64>> = batch.iter().map(|&i| self.label(t, i)).collect();
            let part = outputs.narrow(1, column, target.width())?.contiguous()?; // (B, width)
            column += target.width();
            let weights = &self.class_weights[t];
            let cross_entropy = |labels: &[Option<f64>]| cross_entropy(&part, labels, weights);
            losses.push(match &target.kind {
                TargetKind::Regression { .. } => {
                    loss::mean_squared_error(&part.squeeze(1)?, &labels)?
                }
                _ if self.smoothing > 0.0 => {
                    let classes = weights.len();
                    let mut sum = (cross_entropy(&labels)? * (1.0 - self.smoothing))?;
                    for class in 0..classes {
                        let other: Vec<_> =
                            labels.iter().map(|l| l.map(|_| class as f64)).collect();
                        sum =
                            (sum + (cross_entropy(&other)? * (self.smoothing / classes as f64))?)?;
                    }
                    sum
                }
                _ => cross_entropy(&labels)?,
            });
        }
        Tensor::stack(&losses, 0)?.mean_all()
    }

    /// Loss of one repertoire.
    fn point(&self, t: usize, outputs: &[f64], label: f64) -> f64 {
        let (kind, weights) = (&self.labels.targets[t].kind, &self.class_weights[t]);
        let at = |class: usize| weights[class] * point_loss(kind, outputs, class as f64);
        if weights.is_empty() {
            return point_loss(kind, outputs, label);
        }
        let others: f64 = (0..weights.len()).map(at).sum();
        (1.0 - self.smoothing) * at(label as usize) + self.smoothing / weights.len() as f64 * others
    }

    /// The same objective in `f64` without gradients: `outputs[k]` are those of repertoire `rows[k]`.
    pub(crate) fn value(&self, outputs: &[Vec<f64>], rows: &[usize]) -> f64 {
        let mut losses = Vec::new();
        let mut column = 0;
        for (t, target) in self.labels.targets.iter().enumerate() {
            let width = target.width();
            let (mut sum, mut total) = (0.0, 0.0_f64);
            for (outputs, &i) in outputs.iter().zip(rows) {
                if let Some(label) = self.label(t, i) {
                    let mut own = outputs[column..column + width].to_vec();
                    for (own, offsets) in own.iter_mut().zip(self.offsets.iter().skip(column)) {
                        *own += offsets[i];
                    }
                    sum += self.point(t, &own, label);
                    total += 1.0;
                }
            }
            column += width;
            losses.push(sum / total.max(1.0));
        }
        losses.iter().sum::<f64>() / losses.len().max(1) as f64
    }
}

/// Weighted cross-entropy of one logit per row (two classes) or one per class.
fn cross_entropy(outputs: &Tensor, labels: &[Option<f64>], weights: &[f64]) -> Result<Tensor> {
    if outputs.dim(1)? == 1 {
        let labels: Vec<_> = labels.iter().map(|label| label.map(|label| label > 0.5)).collect();
        loss::binary_cross_entropy(&outputs.squeeze(1)?, &labels, [weights[0], weights[1]])
    } else {
        let labels: Vec<_> = labels.iter().map(|label| label.map(|label| label as usize)).collect();
        loss::softmax_cross_entropy(outputs, &labels, weights)
    }
}

fn point_loss(kind: &TargetKind, outputs: &[f64], label: f64) -> f64 {
    match kind {
        TargetKind::Binary { .. } => soft_cross_entropy(outputs[0], label),
        TargetKind::Classes { .. } => {
            log_sum_exp(outputs.iter().copied()) - outputs[label as usize]
        }
        TargetKind::Regression { .. } => (outputs[0] - label).powi(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        let class = |name: &str| name.to_owned();
        let kinds = [
            TargetKind::Binary { positive: class("1"), negative: class("0") },
            TargetKind::Classes { classes: vec![class("a"), class("b"), class("c")] },
            TargetKind::Regression { mean: 2.0, sd: 3.0 },
        ];
        Labels {
            targets: kinds.map(|kind| Target { column: class("t"), kind }).into(),
            values: vec![
                vec![Some(1.0), Some(0.0), None, Some(0.0)],
                vec![Some(2.0), None, Some(0.0), Some(0.0)],
                vec![None, Some(-1.0), Some(4.5), None],
            ],
        }
    }

    #[test]
    fn a_number_is_standardised() {
        let objective = Objective::new(&labels(), &[0, 1, 2, 3], &TrainingConfig::default());
        let found = [0, 1, 2].map(|i| objective.label(2, i));
        assert_eq!(found, [None, Some(-1.0), Some(2.5 / 3.0)]);
        assert_eq!(objective.label(1, 0), Some(2.0), "a class is its number");
    }

    #[test]
    fn graph_and_scalar_agree_with_missing_labels_and_class_weights() {
        let objective = Objective::new(&labels(), &[0, 1, 2, 3], &TrainingConfig::default());
        let outputs: Vec<Vec<f64>> = vec![
            vec![0.3, 1.0, -2.0, 0.5, 0.1],
            vec![-1.3, 0.0, 0.0, 0.5, -0.7],
            vec![40.0, 3.0, -60.0, 0.5, 2.0],
            vec![90.0, 3.0, 2.0, 1.0, 0.0],
        ];
        let flat: Vec<f32> = outputs.iter().flatten().map(|&value| value as f32).collect();
        let tensor = Tensor::from_vec(flat, (4, 5), &Device::Cpu).unwrap();
        let rows = [0, 1, 2, 3];
        let graph: f32 = objective.loss(&tensor, &rows).unwrap().to_scalar().unwrap();
        let scalar = objective.value(&outputs, &rows);
        assert!((f64::from(graph) - scalar).abs() < 1e-5 * scalar, "{graph} != {scalar}");
        // Beside offsets it is the loss of the sums.
        let offset = |t: usize, i: usize| (t as f64 - 1.5) * (i as f64 - 1.0) / 3.0;
        let offsets: Vec<Vec<f64>> = (0..5).map(|t| rows.map(|i| offset(t, i)).into()).collect();
        let sums: Vec<Vec<f64>> =
            rows.map(|i| (0..5).map(|t| outputs[i][t] + offset(t, i)).collect()).into();
        let expected = objective.value(&sums, &rows);
        let objective = objective.beside(&offsets);
        let graph: f32 = objective.loss(&tensor, &rows).unwrap().to_scalar().unwrap();
        assert!((objective.value(&outputs, &rows) - expected).abs() < 1e-12);
        assert!((f64::from(graph) - expected).abs() < 1e-5 * expected, "{graph} != {expected}");
    }
}
