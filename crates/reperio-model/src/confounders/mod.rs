//! What predicts a target without any sequence: depth, gene usage, junction lengths, or another column of the metadata.
//!
//! Cases and controls that were sequenced in different laboratories differ in all of these. A model can then predict
//! labels without any receptor that answers to a disease. So every such source predicts the target by itself, in the same
//! folds. In the same way depth, V/J usage and lengths predict the other columns of the metadata: what they predict well
//! are batches that a model can see.

mod effects;
mod sentence;
mod source;

use reperio_data::split;
use reperio_stats::Groups;
use reperio_stats::permutation::Permutable;
use reperio_stats::ridge::Ridge;
use serde::{Deserialize, Serialize};

use crate::combine::{Chance, Scores};
use crate::discover::contrast::Contrast;
use crate::evaluate::{Metrics, items};
use crate::features::FeatureCache;
use crate::labelled::LabelledCohort;
use crate::labels::{Labels, Target, TargetKind};
use source::Source;

pub use effects::batch_effects;
pub use source::SourceKind;

/// Seed of the folds in which sources predict a target.
const SEED: u64 = 1;

/// Folds where there are enough groups of every label.
const FOLDS: usize = 5;

/// Penalty over the number of repertoires, as in the control of an evaluation; never tuned.
const PENALTY: f64 = 1.0;

/// P values below this, shared among the sources of a target, are not chance.
const LEVEL: f64 = 0.05;

/// Held-out AUC, and R2, from which a source is a confounder worth a warning.
const STRONG: [f64; 2] = [0.65, 0.1];

/// One target and how well each source predicts it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confounders {
    /// Column name of the target.
    pub column: String,
    /// Every source, in a fixed order; none if the labels are too few for folds.
    pub sources: Vec<Confounder>,
}

/// How well one source predicts a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confounder {
    /// What it is.
    pub kind: SourceKind,
    /// Its name for people.
    pub name: String,
    /// Repertoires with a label.
    pub repertoires: usize,
    /// Held-out AUC, macro over classes; none for a number.
    pub auc: Option<f64>,
    /// Held-out R2 of a number.
    pub r2: Option<f64>,
    /// How often chance would do as well.
    pub p_value: Option<f64>,
    /// Whether it predicts the target well, and not by chance.
    pub confounds: bool,
}

/// How well each source predicts each target, in a cross-validation of which the folds keep groups whole. `cache` holds
/// features of the repertoires of `data`; those that are made here stay in it. The column `batch` is a source however many
/// values it has: an evaluation leaves out its batches.
pub fn of(
    data: LabelledCohort<'_>,
    cache: &FeatureCache<'_>,
    batch: Option<&str>,
) -> Vec<Confounders> {
    let metadata = data.cohort.metadata();
    let mut sources = source::of_repertoires(cache);
    sources.extend(source::of_columns(metadata, data.labels, batch));
    measure_all(&sources, data)
}

/// How well each of `sources` predicts each target.
fn measure_all(sources: &[Source], data: LabelledCohort<'_>) -> Vec<Confounders> {
    let mut labels = data.labels.clone();
    labels.standardise();
    let all = items(data.cohort.metadata().ids(), data.labels, data.groups);
    let of = |(target, values): (&Target, &Vec<Option<f64>>)| {
        let known: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
        let items: Vec<split::Item> = known.iter().map(|&i| all[i].clone()).collect();
        let own = Labels { targets: vec![target.clone()], values: vec![values.clone()] };
        let own = own.select(&known);
        let groups = data.groups.select(&known);
        let Ok(folds) = split::folds(&items, FOLDS, SEED) else {
            return Confounders { column: target.column.clone(), sources: Vec::new() };
        };
        let task = Task { labels: &own, groups: &groups, folds: &folds };
        let mut found: Vec<Confounder> =
            sources.iter().map(|source| task.measure(source, &known)).collect();
        let n = found.len().max(1) as f64;
        for one in &mut found {
            one.confounds = one.is_strong() && one.p_value.is_some_and(|p| p * n < LEVEL);
        }
        Confounders { column: target.column.clone(), sources: found }
    };
    labels.targets.iter().zip(&labels.values).map(of).collect()
}

impl Confounder {
    fn is_strong(&self) -> bool {
        let [auc, r2] = STRONG;
        self.auc.is_some_and(|own| own >= auc) || self.r2.is_some_and(|own| own >= r2)
    }
}

/// The labelled repertoires of one target.
struct Task<'a> {
    labels: &'a Labels,
    groups: &'a Groups,
    folds: &'a [usize],
}

impl Task<'_> {
    /// Predicts every repertoire by `source` when its fold is held out. `known` are the places of the repertoires.
    fn measure(&self, source: &Source, known: &[usize]) -> Confounder {
        let rows: Vec<&[f64]> = known.iter().map(|&i| &source.rows[i][..]).collect();
        let contrasts = Contrast::of(self.labels);
        let outputs: Vec<Vec<f64>> =
            contrasts.iter().map(|contrast| self.held_out(contrast, &rows)).collect();
        let (kind, values) = (&self.labels.targets[0].kind, &self.labels.values[0]);
        let own_unit = |output: f64| match kind {
            TargetKind::Regression { mean, sd } => mean + sd * output,
            _ => output,
        };
        let row = |i: usize| outputs.iter().map(|own| own_unit(own[i])).collect::<Vec<f64>>();
        let said: Vec<Vec<f64>> = (0..known.len()).map(row).collect();
        let metrics = Metrics::of(kind, &said, values);
        let scores = Scores::new(kind, &outputs);
        let answers: Vec<f64> = values.iter().copied().flatten().collect();
        let answers = Permutable::new(&answers, self.groups.members());
        let chance = Chance::CrossValidated;
        Confounder {
            kind: source.kind,
            name: source.name.clone(),
            repertoires: known.len(),
            auc: metrics.auc(),
            r2: metrics.r2(),
            p_value: chance.p_value(answers, |answers| scores.skill(answers)),
            confounds: false,
        }
    }

    fn held_out(&self, contrast: &Contrast, rows: &[&[f64]]) -> Vec<f64> {
        let mut outputs = vec![0.0; rows.len()];
        for fold in 0..self.folds.iter().max().map_or(0, |last| last + 1) {
            let fitted: Vec<usize> = (0..rows.len()).filter(|&i| self.folds[i] != fold).collect();
            let own: Vec<&[f64]> = fitted.iter().map(|&i| rows[i]).collect();
            let y: Vec<f64> = fitted.iter().filter_map(|&i| contrast.values[i]).collect();
            let linear = Ridge::new(&own, PENALTY * y.len() as f64, 1e-6).fit(&y);
            for i in (0..rows.len()).filter(|&i| self.folds[i] == fold) {
                outputs[i] = linear.score(rows[i]);
            }
        }
        outputs
    }
}
