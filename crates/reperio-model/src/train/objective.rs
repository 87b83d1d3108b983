//! The training objective over all targets at once, in candle for gradients and in `f64` for
//! validation.
//!
//! ```text
//! loss = mean over targets of ( sum_i w_i l(y_i, label_i) / sum_i w_i )      labelled i only
//! ```
//!
//! Cross-entropy for classes, squared error of the standardised number for a regression. With
//! balanced classes `w_i` is inverse to the share of its class in the training part.

use candle_core::{Result, Tensor};

use crate::loss;
use crate::target::{Labels, TargetKind};

/// Weights of the classes of each target, mean 1 over the training labels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Objective {
    labels: Labels,
    class_weights: Vec<Vec<f64>>,
}

impl Objective {
    /// An objective for `labels`, its class weights from the repertoires at `training`.
    pub(crate) fn new(labels: &Labels, training: &[usize], balance: bool) -> Self {
        let weights = |(t, values): (usize, &Vec<Option<f64>>)| {
            let classes = match &labels.targets[t].kind {
                TargetKind::Binary { .. } => 2,
                TargetKind::Classes { classes } => classes.len(),
                TargetKind::Regression { .. } => return vec![],
            };
            let mut counts = vec![0.0_f64; classes];
            for value in training.iter().filter_map(|&i| values[i]) {
                counts[value as usize] += 1.0;
            }
            let total: f64 = counts.iter().sum();
            let weight = |count: f64| total / (classes as f64 * count.max(1.0));
            counts.into_iter().map(|n| if balance { weight(n) } else { 1.0 }).collect()
        };
        let class_weights = labels.values.iter().enumerate().map(weights).collect();
        Self { labels: labels.clone(), class_weights }
    }

    fn weight(&self, target: usize, label: f64) -> f64 {
        self.class_weights[target].get(label as usize).copied().unwrap_or(1.0)
    }

    /// Label of repertoire `i` as the loss takes it (a regression's number standardised), and weight.
    fn label(&self, target: usize, i: usize) -> Option<(f64, f64)> {
        let value = self.labels.values[target][i]?;
        Some(match self.labels.targets[target].kind {
            TargetKind::Regression { mean, sd } => ((value - mean) / sd, 1.0),
            _ => (value, self.weight(target, value)),
        })
    }

    /// Loss of a minibatch as part of the graph: `outputs` (B, T) of the repertoires at `batch`.
    pub(crate) fn loss(&self, outputs: &Tensor, batch: &[usize]) -> Result<Tensor> {
        let device = outputs.device();
        let mut losses = Vec::new();
        let mut column = 0;
        for (t, target) in self.labels.targets.iter().enumerate() {
            let rows: Vec<Option<(f64, f64)>> = batch.iter().map(|&i| self.label(t, i)).collect();
            let labels: Vec<f32> = rows.iter().map(|row| row.map_or(0.0, |row| row.0 as f32)).collect();
            let weights: Vec<f32> = rows.iter().map(|row| row.map_or(0.0, |row| row.1 as f32)).collect();
            let width = target.width();
            let part = outputs.narrow(1, column, width)?; // (B, width)
            column += width;
            if weights.iter().all(|&weight| weight == 0.0) {
                continue;
            }
            let weights = Tensor::new(weights, device)?; // (B,)
            losses.push(match &target.kind {
                TargetKind::Binary { .. } => {
                    let labels = Tensor::new(labels, device)?;
                    loss::binary_cross_entropy(&part.squeeze(1)?, &labels, &weights)?
                }
                TargetKind::Classes { .. } => {
                    let labels: Vec<u32> = labels.iter().map(|&label| label as u32).collect();
                    loss::cross_entropy(&part, &Tensor::new(labels, device)?, &weights)?
                }
                TargetKind::Regression { .. } => {
                    let labels = Tensor::new(labels, device)?;
                    loss::squared_error(&part.squeeze(1)?, &labels, &weights)?
                }
            });
        }
        if losses.is_empty() {
            return outputs.zeros_like()?.sum_all();
        }
        Tensor::stack(&losses, 0)?.mean_all()
    }

    /// The same objective in `f64` without gradients: `outputs[k]` are those of repertoire `rows[k]`.
    pub(crate) fn value(&self, outputs: &[Vec<f64>], rows: &[usize]) -> f64 {
        let mut losses = Vec::new();
        let mut column = 0;
        for (t, target) in self.labels.targets.iter().enumerate() {
            let width = target.width();
            let (mut sum, mut total) = (0.0, 0.0);
            for (outputs, &i) in outputs.iter().zip(rows) {
                if let Some((label, weight)) = self.label(t, i) {
                    sum += weight * point_loss(&target.kind, &outputs[column..column + width], label);
                    total += weight;
                }
            }
            column += width;
            if total > 0.0 {
                losses.push(sum / total);
            }
        }
        losses.iter().sum::<f64>() / losses.len().max(1) as f64
    }
}

fn point_loss(kind: &TargetKind, outputs: &[f64], label: f64) -> f64 {
    match kind {
        TargetKind::Binary { .. } => {
            let z = outputs[0];
            z.max(0.0) - z * label + (-z.abs()).exp().ln_1p()
        }
        TargetKind::Classes { .. } => {
            let most = outputs.iter().copied().fold(f64::MIN, f64::max);
            let sum: f64 = outputs.iter().map(|z| (z - most).exp()).sum();
            most + sum.ln() - outputs[label as usize]
        }
        TargetKind::Regression { .. } => (outputs[0] - label).powi(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;
    use candle_core::Device;

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
    fn graph_and_scalar_agree_with_missing_labels_and_class_weights() {
        let objective = Objective::new(&labels(), &[0, 1, 2, 3], true);
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
    }
}
