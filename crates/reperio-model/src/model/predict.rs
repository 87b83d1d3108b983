//! Scoring and explaining one repertoire.

use std::sync::Arc;

use reperio_data::encode::EncodedRepertoire;
use reperio_data::repertoire::Repertoire;
use reperio_stats::metrics::{log_softmax, probability};
use serde::{Deserialize, Serialize};

use super::{Model, TargetModel, Term};
use crate::bag::{Bag, Pooled};
use crate::combine::PredictionSet;
use crate::labels::{Target, TargetKind};
use crate::network::Weights;
use crate::parts::{Part, Table};
use crate::patient::Patient;
use crate::prepare;

/// A model's prediction for one repertoire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Clonotypes scored.
    pub clonotypes: usize,
    /// One entry per target.
    pub targets: Vec<TargetPrediction>,
    /// Reasons why the repertoire is unlike the training population, or why the model is of little use.
    pub warnings: Vec<String>,
}

/// A model's prediction for one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetPrediction {
    /// Column name.
    pub column: String,
    /// Raw outputs: one logit (binary), one per class, or the standardised number; none without clonotypes.
    pub logits: Vec<f64>,
    /// Probability of the positive class, or of each class; empty for a regression.
    pub probabilities: Vec<f64>,
    /// The more probable class; none for a regression.
    pub class: Option<String>,
    /// The predicted number, in its own unit; none for classes.
    pub value: Option<f64>,
}

impl TargetPrediction {
    /// Nothing is known.
    fn none(target: &Target) -> Self {
        let (column, logits, probabilities) = (target.column.clone(), vec![], vec![]);
        Self { column, logits, probabilities, class: None, value: None }
    }

    /// What the raw outputs of `target` say.
    ///
    /// # Panics
    ///
    /// If there is not one output for each that the target has.
    pub fn new(target: &Target, logits: &[f64]) -> Self {
        assert_eq!(logits.len(), target.width(), "one number for each output");
        let mut prediction = Self { logits: logits.to_vec(), ..Self::none(target) };
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

/// The contribution of each sequence to a prediction.
///
/// For every output, the evidence of all sequences, what the covariates add, and the bias equal the logit: explanations are sums,
/// not approximations. The bias is the logit of a training repertoire between the classes. Evidence is
/// what a sequence adds to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// Logit of each output, (T).
    pub logits: Vec<f64>,
    /// Bias of each output, (T).
    pub bias: Vec<f64>,
    /// Evidence, (n, T), in the order of the repertoire's clonotypes.
    pub evidence: Vec<f64>,
    /// The share of each part in `evidence`, (n, T) each: they add up to it.
    pub parts: Vec<(Part, Vec<f64>)>,
    /// The share of each part in `bias`, (T) each, in the order of `parts`; the rest is the bias of the combination.
    pub part_bias: Vec<Vec<f64>>,
    /// Attention of each head of each member, (n, heads of all members); each column sums to 1.
    pub attention: Vec<f32>,
    /// Columns of `attention`.
    pub heads: usize,
    /// Pooled embeddings of each member of the network, (H, D).
    pub pooled: Vec<Vec<f32>>,
    /// What the covariates add, which no clonotype does.
    pub covariates: Vec<CovariateShare>,
}

/// What a covariate adds to the logits of a repertoire.
#[derive(Clone, Debug, PartialEq)]
pub struct CovariateShare {
    /// Name of its column.
    pub column: String,
    /// Its value as text; "" where it is missing.
    pub value: String,
    /// What it adds to each output, (T).
    pub added: Vec<f64>,
}

/// A repertoire as one member of the network pooled it.
struct Seen<'a> {
    weights: &'a Weights,
    /// The sequences that it scores.
    bag: Bag,
    /// Their places in the repertoire; all if `None`.
    kept: Option<Vec<u32>>,
    pooled: Pooled,
}

impl Model {
    /// Pools a repertoire with every member of the network; nothing where the network is left out.
    fn seen(&self, repertoire: &Repertoire) -> Vec<Seen<'_>> {
        if self.weights.is_empty() {
            return vec![];
        }
        let encoded = Arc::new(EncodedRepertoire::new(repertoire, &self.info.genes));
        let whole = prepare::whole(&self.info.config.model, &encoded);
        let members = self.weights.iter().map(|weights| {
            let (bag, kept) = self.reduced(weights, &whole);
            let pooled = weights.pool(&[bag.input()]).remove(0);
            Seen { weights, bag, kept, pooled }
        });
        members.collect()
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

    /// What each member of the network pools a repertoire to, (H, D) each: the representation that its linear head reads;
    /// nothing where the network is left out.
    pub fn pooled(&self, repertoire: &Repertoire) -> Vec<Vec<f32>> {
        self.seen(repertoire).into_iter().map(|seen| seen.pooled.z).collect()
    }

    /// Outputs of all targets.
    pub fn outputs<'a>(&self, patient: impl Into<Patient<'a>>) -> Vec<f64> {
        let patient = patient.into();
        self.combined(patient, &self.seen(patient.repertoire))
    }

    /// Outputs of all targets for a repertoire that the network has pooled.
    fn combined(&self, patient: Patient<'_>, seen: &[Seen<'_>]) -> Vec<f64> {
        let network = self.network_outputs(seen);
        let mut outputs = Vec::with_capacity(self.n_outputs());
        for target in &self.targets {
            for (o, bias) in target.bias.iter().enumerate() {
                let network = network.get(outputs.len()).map_or(0.0, |own| target.network * own);
                let terms = target.terms.iter();
                let terms = terms.map(|term| {
                    let table = &term.tables[o];
                    let shares = table.shares(patient.covariates).iter().sum::<f64>();
                    term.weight * (table.logit(patient.repertoire) + shares)
                });
                outputs.push(bias + network + terms.sum::<f64>());
            }
        }
        outputs
    }

    /// Outputs of the network, averaged over its members; nothing where it is left out.
    fn network_outputs(&self, seen: &[Seen<'_>]) -> Vec<f64> {
        if seen.is_empty() {
            return vec![];
        }
        let mut mean = vec![0.0; self.n_outputs()];
        for Seen { weights, pooled, .. } in seen {
            for (mean, output) in mean.iter_mut().zip(weights.outputs(pooled)) {
                *mean += output / seen.len() as f64;
            }
        }
        mean
    }

    /// Prediction sets of the outputs of a repertoire, one per target, at a coverage in (0, 1); none for a model
    /// without held-out outputs.
    pub fn sets(&self, outputs: &[f64], coverage: f64) -> Vec<Option<PredictionSet>> {
        let mut first = 0;
        let mut sets = Vec::new();
        for (target, own) in self.info.targets.iter().zip(&self.targets) {
            let range = first..first + target.width();
            first = range.end;
            let known = !own.conformal.is_empty();
            sets.push(known.then(|| own.conformal.set(target, &outputs[range], coverage)));
        }
        sets
    }

    /// Scores one repertoire. The score is the same alone and among others, on any number of threads. A repertoire without clonotypes gets
    /// no score.
    pub fn predict<'a>(&self, patient: impl Into<Patient<'a>>) -> Prediction {
        let patient = patient.into();
        let repertoire = patient.repertoire;
        if repertoire.is_empty() {
            let targets = self.info.targets.iter().map(TargetPrediction::none).collect();
            let warnings = self.info.population.warnings(repertoire);
            return Prediction { clonotypes: 0, targets, warnings };
        }
        self.prediction(patient, &self.outputs(patient))
    }

    /// What the outputs of a repertoire with clonotypes say.
    pub(crate) fn prediction(&self, patient: Patient<'_>, outputs: &[f64]) -> Prediction {
        let repertoire = patient.repertoire;
        let mut targets = Vec::new();
        let mut rest = outputs;
        for target in &self.info.targets {
            let (own, others) = rest.split_at(target.width());
            targets.push(TargetPrediction::new(target, own));
            rest = others;
        }
        let mut warnings = self.info.population.warnings(repertoire);
        warnings.extend(self.missing(patient.covariates));
        Prediction { clonotypes: repertoire.len(), targets, warnings }
    }

    /// A warning of covariates whose value is not known.
    fn missing(&self, values: &[Option<f64>]) -> Option<String> {
        let known = |c: usize| values.get(c).copied().flatten().is_some();
        let all = self.info.covariates.iter().enumerate();
        let missing: Vec<&str> =
            all.filter(|(c, _)| !known(*c)).map(|(_, own)| own.column.as_str()).collect();
        let names = missing.join(", ");
        (!missing.is_empty()).then(|| {
            format!("no value of {names} that the model knows: it adds nothing to the score")
        })
    }

    /// Attention and evidence of every clonotype of one repertoire.
    ///
    /// Sequences that the published reduction leaves out have attention and evidence 0.
    pub fn explain<'a>(&self, patient: impl Into<Patient<'a>>) -> Explanation {
        let patient = patient.into();
        let repertoire = patient.repertoire;
        let (n, outputs) = (repertoire.len(), self.n_outputs());
        let heads = self.heads().iter().sum();
        let seen = self.seen(repertoire);
        let mut out = Explanation {
            logits: self.combined(patient, &seen),
            bias: self.targets.iter().flat_map(|target| target.bias.iter().copied()).collect(),
            evidence: vec![0.0; n * outputs],
            parts: vec![],
            part_bias: vec![],
            attention: vec![0.0; n * heads],
            heads,
            pooled: seen.iter().map(|own| own.pooled.z.clone()).collect(),
            covariates: self.covariate_shares(patient.covariates),
        };
        for part in self.parts() {
            let mut evidence = vec![0.0; n * outputs];
            let before = out.bias.clone();
            if part == Part::Network {
                self.explain_network(&seen, &mut out, &mut evidence);
            } else {
                self.explain_terms(part, repertoire, &mut out.bias, &mut evidence);
            }
            for (all, own) in out.evidence.iter_mut().zip(&evidence) {
                *all += own;
            }
            out.parts.push((part, evidence));
            let own = out.bias.iter().zip(&before).map(|(after, before)| after - before);
            out.part_bias.push(own.collect());
        }
        out
    }

    /// What each covariate adds to each output.
    fn covariate_shares(&self, values: &[Option<f64>]) -> Vec<CovariateShare> {
        let mut all: Vec<CovariateShare> = Vec::new();
        for (c, covariate) in self.info.covariates.iter().enumerate() {
            let mut added = Vec::with_capacity(self.n_outputs());
            for target in &self.targets {
                for o in 0..target.bias.len() {
                    let share = |term: &Term| {
                        let shares = term.tables[o].shares(values);
                        term.weight * shares.get(c).copied().unwrap_or(0.0)
                    };
                    added.push(target.terms.iter().map(share).sum());
                }
            }
            let value = covariate.text(values.get(c).copied().flatten());
            all.push(CovariateShare { column: covariate.column.clone(), value, added });
        }
        all
    }

    /// What each residue of the junctions at `places` contributes to an output through the part `kmers`: for every
    /// junction, its evidence of this part is their sum. Nothing if the model has no such part.
    pub fn kmer_residues(
        &self,
        repertoire: &Repertoire,
        places: &[usize],
        output: usize,
    ) -> Option<Vec<Vec<f64>>> {
        let mut first = 0;
        let mut sum: Option<Vec<Vec<f64>>> = None;
        for target in &self.targets {
            let own = output.checked_sub(first).filter(|o| *o < target.bias.len());
            for term in &target.terms {
                let Some(Table::Kmers(table)) = own.and_then(|o| term.tables.get(o)) else {
                    continue;
                };
                let residues = table.residues(repertoire, places);
                let all = sum.get_or_insert_with(|| {
                    residues.iter().map(|own| vec![0.0; own.len()]).collect()
                });
                for (all, own) in all.iter_mut().zip(&residues) {
                    for (all, own) in all.iter_mut().zip(own) {
                        *all += term.weight * own;
                    }
                }
            }
            first += target.bias.len();
        }
        sum
    }

    /// Adds what the terms of `part` say: bias (T), evidence (n, T).
    fn explain_terms(
        &self,
        part: Part,
        repertoire: &Repertoire,
        bias: &mut [f64],
        evidence: &mut [f64],
    ) {
        let outputs = bias.len();
        let mut first = 0;
        for target in &self.targets {
            for term in target.terms.iter().filter(|term| term.part == part) {
                for (o, table) in term.tables.iter().enumerate() {
                    bias[first + o] += term.weight * table.bias();
                    let own = table.evidence(repertoire);
                    for (row, own) in evidence.chunks_exact_mut(outputs).zip(own) {
                        row[first + o] += term.weight * own;
                    }
                }
            }
            first += target.bias.len();
        }
    }

    /// Adds what the network says, and its attention.
    fn explain_network(&self, seen: &[Seen<'_>], out: &mut Explanation, evidence: &mut [f64]) {
        let outputs = self.n_outputs();
        let mut first = 0;
        // Weight of the network by output.
        let scale = |target: &TargetModel| vec![target.network; target.bias.len()];
        let scales: Vec<f64> = self.targets.iter().flat_map(scale).collect();
        let share = 1.0 / seen.len() as f64;
        for (m, Seen { weights, bag, kept, pooled }) in seen.iter().enumerate() {
            let heads = weights.heads();
            let origin = self.info.evidence_origin.get(m).cloned();
            let origin = origin.unwrap_or_else(|| vec![0.0; outputs * heads]);
            let origin: Vec<&[f64]> = origin.chunks_exact(heads).collect(); // (T, H)
            for (t, (own, origin)) in weights.bias.iter().zip(&origin).enumerate() {
                out.bias[t] += (f64::from(*own) + origin.iter().sum::<f64>()) * share * scales[t];
            }
            let scores = weights.sequences(&bag.input(), pooled);
            for k in 0..bag.repertoire.len() {
                let i = kept.as_ref().map_or(k, |kept| kept[k] as usize);
                let from = &scores.attention[k * heads..(k + 1) * heads];
                for (t, origin) in origin.iter().enumerate() {
                    let shift: f64 = from.iter().zip(*origin).map(|(a, c)| f64::from(*a) * c).sum();
                    let own = f64::from(scores.evidence[k * outputs + t]) - shift;
                    evidence[i * outputs + t] += own * share * scales[t];
                }
                let at = i * out.heads + first;
                out.attention[at..at + heads].copy_from_slice(from);
            }
            first += heads;
        }
    }
}
