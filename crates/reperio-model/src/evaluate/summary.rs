//! Metrics of an evaluation: pooled over the held-out predictions, and by fold for the spread.

use reperio_stats::Groups;
use reperio_stats::metrics::{BinaryMetrics, ClassMetrics, RegressionMetrics};
use reperio_stats::moments::mean;
use reperio_stats::permutation::Permutable;
use serde::{Deserialize, Serialize};

use super::{HeldOut, intervals};
use crate::combine::{Chance, PredictionSet, Scores};
use crate::labels::{Labels, Target, TargetKind};

/// The metrics of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetSummary {
    /// Column name.
    pub column: String,
    /// Pooled over all held-out predictions.
    pub pooled: Metrics,
    /// AUC pooled over the folds (macro over classes; none for a regression).
    pub auc: Option<f64>,
    /// Its 95 % interval: DeLong's, or a bootstrap over subjects where a subject has several
    /// repertoires or there are more than two classes.
    pub auc_ci: Option<[f64; 2]>,
    /// 95 % interval of the balanced accuracy, by a bootstrap over subjects; none for a regression.
    #[serde(default)]
    pub balanced_accuracy_ci: Option<[f64; 2]>,
    /// 95 % interval of R², by a bootstrap over subjects; none for classes.
    #[serde(default)]
    pub r2_ci: Option<[f64; 2]>,
    /// AUC of each fold.
    pub fold_auc: Vec<Option<f64>>,
    /// Mean of `fold_auc`. Unlike the pooled AUC, it is not biased when small folds without
    /// one class shift the scores of different folds against each other.
    pub mean_fold_auc: Option<f64>,
    /// R² of each fold of a regression.
    pub fold_r2: Vec<Option<f64>>,
    /// Share of the repertoires whose label is in their prediction set, which is to be
    /// [`COVERAGE`](super::COVERAGE). None for models without held-out outputs.
    pub coverage: Option<f64>,
    /// Share of the prediction sets that hold one class only; none for a regression.
    pub decided: Option<f64>,
    /// The control's pooled AUC, or R² for a regression: depth and V/J usage alone. None where a
    /// trained model was tested.
    pub control: Option<f64>,
    /// How often chance would give as good a pooled AUC (rank correlation for a regression), by 999 permutations of the
    /// labels between groups. After a cross-validation what they give is widened by the square root of two, because
    /// folds learn from each other's labels. Labels change places inside the strata of the plan only.
    #[serde(default)]
    pub p_value: Option<f64>,
}

/// Metrics by kind of target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Metrics {
    /// Two classes.
    Binary(BinaryMetrics),
    /// More classes.
    Classes(ClassMetrics),
    /// A number.
    Regression(RegressionMetrics),
}

impl Metrics {
    /// Compares the outputs of one target with its labels.
    pub fn of(kind: &TargetKind, outputs: &[Vec<f64>], labels: &[Option<f64>]) -> Self {
        let first: Vec<f64> = outputs.iter().map(|row| row[0]).collect();
        match kind {
            TargetKind::Binary { .. } => {
                let labels: Vec<_> = labels.iter().map(|l| l.map(|l| l > 0.5)).collect();
                Self::Binary(BinaryMetrics::of(&first, &labels))
            }
            TargetKind::Classes { .. } => {
                let labels: Vec<_> = labels.iter().map(|l| l.map(|l| l as usize)).collect();
                Self::Classes(ClassMetrics::of(outputs, &labels))
            }
            TargetKind::Regression { .. } => {
                Self::Regression(RegressionMetrics::of(&first, labels))
            }
        }
    }

    /// AUC, macro over classes.
    pub fn auc(&self) -> Option<f64> {
        match self {
            Self::Binary(metrics) => metrics.auc,
            Self::Classes(metrics) => metrics.auc,
            Self::Regression(_) => None,
        }
    }

    /// Mean recall of the classes.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        match self {
            Self::Binary(metrics) => metrics.balanced_accuracy,
            Self::Classes(metrics) => metrics.balanced_accuracy,
            Self::Regression(_) => None,
        }
    }

    /// R2 of a number.
    pub fn r2(&self) -> Option<f64> {
        match self {
            Self::Regression(metrics) => metrics.r2,
            _ => None,
        }
    }
}

/// Summarises `predictions`, one per repertoire, against `labels`.
pub(super) fn summaries(
    labels: &Labels,
    predictions: &[HeldOut],
    groups: &Groups,
    (chance, strata): (Chance, Option<&[usize]>),
) -> Vec<TargetSummary> {
    let n_folds = predictions.iter().map(|p| p.fold + 1).max().unwrap_or(0);
    let mut column = 0;
    let mut summaries = Vec::new();
    for (target, values) in labels.targets.iter().zip(&labels.values) {
        let range = column..column + target.width();
        column = range.end;
        let rows = |of: fn(&HeldOut) -> &Vec<f64>| -> Vec<Vec<f64>> {
            predictions.iter().map(|p| of(p)[range.clone()].to_vec()).collect()
        };
        let outputs = rows(|p| &p.outputs);
        let pooled = Metrics::of(&target.kind, &outputs, values);
        let controlled = predictions.iter().all(|p| !p.control.is_empty());
        let control = controlled
            .then(|| Metrics::of(&target.kind, &rows(|p| &p.control), values))
            .and_then(|control| control.auc().or(control.r2()));
        let fold = |fold: usize| {
            let inside: Vec<usize> =
                (0..predictions.len()).filter(|&i| predictions[i].fold == fold).collect();
            let outputs: Vec<Vec<f64>> = inside.iter().map(|&i| outputs[i].clone()).collect();
            let values: Vec<Option<f64>> = inside.iter().map(|&i| values[i]).collect();
            Metrics::of(&target.kind, &outputs, &values)
        };
        let by_fold: Vec<Metrics> = (0..n_folds).map(fold).collect();
        let found = (&target.kind, &outputs[..], &values[..]);
        let (coverage, decided) = coverage(predictions, summaries.len(), target, values);
        summaries.push(TargetSummary {
            column: target.column.clone(),
            auc: pooled.auc(),
            auc_ci: intervals::of_auc(&target.kind, &outputs, values, groups),
            balanced_accuracy_ci: intervals::of(Metrics::balanced_accuracy, found, groups),
            r2_ci: intervals::of(Metrics::r2, found, groups),
            mean_fold_auc: mean(by_fold.iter().filter_map(Metrics::auc)),
            fold_auc: by_fold.iter().map(Metrics::auc).collect(),
            fold_r2: by_fold.iter().map(Metrics::r2).collect(),
            coverage,
            decided,
            control,
            p_value: p_value(chance, found, groups, strata),
            pooled,
        });
    }
    summaries
}

/// How often chance would give as good a figure.
fn p_value(
    chance: Chance,
    (kind, outputs, values): (&TargetKind, &[Vec<f64>], &[Option<f64>]),
    groups: &Groups,
    strata: Option<&[usize]>,
) -> Option<f64> {
    let known: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
    let output = |o: usize| known.iter().map(|&i| outputs[i][o]).collect();
    let width = outputs.first().map_or(0, Vec::len);
    let scores = Scores::new(kind, &(0..width).map(output).collect::<Vec<_>>());
    let answers: Vec<f64> = known.iter().filter_map(|&i| values[i]).collect();
    let mut answers = Permutable::new(&answers, groups.select(&known).members());
    if let Some(strata) = strata {
        answers = answers.within(&known.iter().map(|&i| strata[i]).collect::<Vec<_>>());
    }
    chance.p_value(answers, |answers| scores.skill(answers))
}

/// Share of the sets of target `t` that hold the label, and of those that hold one class.
fn coverage(
    predictions: &[HeldOut],
    t: usize,
    target: &Target,
    values: &[Option<f64>],
) -> (Option<f64>, Option<f64>) {
    let labelled = predictions.iter().zip(values).filter_map(|(own, value)| {
        let set = own.sets.get(t)?.as_ref()?;
        value.map(|value| (set, value))
    });
    let (mut n, mut held, mut single) = (0, 0, 0);
    for (set, value) in labelled {
        n += 1;
        held += u32::from(set.holds(target, value));
        single += u32::from(matches!(set, PredictionSet::Classes(names) if names.len() == 1));
    }
    let share = |count: u32| (n > 0).then(|| f64::from(count) / f64::from(n));
    let classes = !matches!(target.kind, TargetKind::Regression { .. });
    (share(held), share(single).filter(|_| classes))
}
