//! Scoring and explaining one repertoire.

use std::sync::Arc;

use reperio_data::encode::EncodedRepertoire;
use reperio_data::repertoire::Repertoire;
use serde::{Deserialize, Serialize};

use super::Model;
use crate::bag::Bag;
use crate::metrics::{log_softmax, probability};
use crate::network::Weights;
use crate::prepare;
use crate::target::{Target, TargetKind};

/// What a model says about one repertoire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Clonotypes scored.
    pub clonotypes: usize,
    /// One entry a target.
    pub targets: Vec<TargetPrediction>,
    /// What makes the repertoire unlike the training population.
    pub warnings: Vec<String>,
}

/// What a model says about one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetPrediction {
    /// Column name.
    pub column: String,
    /// Raw outputs: one logit (binary), one a class, or the standardised number.
    pub logits: Vec<f64>,
    /// Probability of the positive class, or of each class; empty for a regression.
    pub probabilities: Vec<f64>,
    /// The more probable class; none for a regression.
    pub class: Option<String>,
    /// The predicted number, in its own unit; none for classes.
    pub value: Option<f64>,
}

impl TargetPrediction {
    fn new(target: &Target, logits: &[f64]) -> Self {
        let mut prediction = Self {
            column: target.column.clone(),
            logits: logits.to_vec(),
            probabilities: vec![],
            class: None,
            value: None,
        };
        match &target.kind {
            TargetKind::Binary { positive, negative } => {
                let p = probability(logits[0]);
                prediction.probabilities = vec![p];
                prediction.class = Some(if p >= 0.5 { positive } else { negative }.clone());
            }
            TargetKind::Classes { classes } => {
                let logs = log_softmax(logits);
                prediction.probabilities = logs.iter().map(|log| log.exp()).collect();
                // The first of equal ones.
                let best = (0..logits.len()).rev().max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
                prediction.class = best.map(|best| classes[best].clone());
            }
            TargetKind::Regression { mean, sd } => {
                prediction.value = Some(mean + sd * logits[0]);
            }
        }
        prediction
    }
}

/// Each sequence's part in a prediction.
///
/// For every output the evidences of all sequences plus the bias are the logit: explanations are sums,
/// not approximations. The bias is what a training repertoire between the classes would have, and
/// evidence what a sequence adds to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Logit of each output, (T).
    pub logits: Vec<f64>,
    /// Bias of each output, (T).
    pub bias: Vec<f64>,
    /// Evidence, (n, T), in the order of the repertoire's clonotypes.
    pub evidence: Vec<f64>,
    /// Attention of each head of each member, (n, M H); each column sums to 1.
    pub attention: Vec<f32>,
    /// Columns of `attention`.
    pub heads: usize,
}

impl Model {
    fn bag(&self, repertoire: &Repertoire) -> Bag {
        let encoded = Arc::new(EncodedRepertoire::new(repertoire, &self.info.genes));
        prepare::whole(&self.info.config.model, &encoded)
    }

    /// The sequences that `weights` scores, and their places in the repertoire (all if `None`).
    pub(super) fn reduced(&self, weights: &Weights, bag: &Bag) -> (Bag, Option<Vec<u32>>) {
        let fraction = self.info.config.model.top_fraction;
        if fraction < 1.0 && !bag.repertoire.is_empty() {
            let (bag, kept) = prepare::reduce(weights, bag, fraction);
            (bag, Some(kept))
        } else {
            (bag.clone(), None)
        }
    }

    /// Outputs of all targets, averaged over the members.
    pub fn outputs(&self, repertoire: &Repertoire) -> Vec<f64> {
        let bag = self.bag(repertoire);
        let mut mean = vec![0.0; self.n_outputs()];
        for weights in &self.weights {
            let (bag, _) = self.reduced(weights, &bag);
            let pooled = weights.pool(&[bag.input()]).remove(0);
            for (mean, output) in mean.iter_mut().zip(weights.outputs(&pooled)) {
                *mean += output / self.weights.len() as f64;
            }
        }
        mean
    }

    /// Scores one repertoire; the same alone and among others, on any number of threads.
    pub fn predict(&self, repertoire: &Repertoire) -> Prediction {
        let outputs = self.outputs(repertoire);
        let mut targets = Vec::new();
        let mut rest = &outputs[..];
        for target in &self.info.targets {
            let (own, others) = rest.split_at(target.width());
            targets.push(TargetPrediction::new(target, own));
            rest = others;
        }
        let warnings = self.info.population.warnings(repertoire);
        Prediction { clonotypes: repertoire.len(), targets, warnings }
    }

    /// Attention and evidence of every clonotype of one repertoire.
    ///
    /// Sequences that the published reduction leaves out have attention and evidence 0.
    pub fn explain(&self, repertoire: &Repertoire) -> Explanation {
        let (n, outputs, members) = (repertoire.len(), self.n_outputs(), self.weights.len());
        let per_member = self.info.config.model.heads;
        let heads = members * per_member;
        let mut out = Explanation {
            logits: self.outputs(repertoire),
            bias: vec![0.0; outputs],
            evidence: vec![0.0; n * outputs],
            attention: vec![0.0; n * heads],
            heads,
        };
        let bag = self.bag(repertoire);
        let share = 1.0 / members as f64;
        for (m, weights) in self.weights.iter().enumerate() {
            let origin = self.info.evidence_origin.get(m).cloned();
            let origin = origin.unwrap_or_else(|| vec![0.0; outputs * per_member]);
            let origin: Vec<&[f64]> = origin.chunks_exact(per_member).collect(); // (T, H)
            for ((bias, own), origin) in out.bias.iter_mut().zip(&weights.bias).zip(&origin) {
                *bias += (f64::from(*own) + origin.iter().sum::<f64>()) * share;
            }
            let (bag, kept) = self.reduced(weights, &bag);
            let input = bag.input();
            let pooled = weights.pool(&[input]).remove(0);
            let scores = weights.sequences(&input, &pooled);
            for k in 0..bag.repertoire.len() {
                let i = kept.as_ref().map_or(k, |kept| kept[k] as usize);
                let from = &scores.attention[k * per_member..(k + 1) * per_member];
                for (t, origin) in origin.iter().enumerate() {
                    let shift: f64 = from.iter().zip(*origin).map(|(a, c)| f64::from(*a) * c).sum();
                    let own = f64::from(scores.evidence[k * outputs + t]) - shift;
                    out.evidence[i * outputs + t] += own * share;
                }
                let at = i * heads + m * per_member;
                out.attention[at..at + per_member].copy_from_slice(from);
            }
        }
        out
    }
}
