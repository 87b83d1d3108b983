//! Learning curves: how good the classifier is with fewer repertoires and at lower depth, and what more would give.
//!
//! The folds are those of the evaluation. In each fold the training part is thinned to a share of its labelled
//! repertoires, everything is learned from this share (discovery and inner folds too), and the *same* held-out
//! repertoires are scored. Their predictions are pooled over the folds as in the evaluation. The last point, of the whole
//! training part, is the evaluation itself.
//!
//! - A share is stratified by label, keeps groups whole and is part of every larger one (`subsets`).
//! - Small shares are drawn several times, and the figure is the mean over these repeats.
//! - For depth, every repertoire is thinned to a share of its copies, those that are scored too, and all training
//!   repertoires are used.
//! - Intervals are a bootstrap over groups, which also draws among the repeats of a point.
//! - The [`Outlook`] is an inverse power law through the points, drawn on to four times as many repertoires.

mod measure;
mod outlook;
mod points;
mod subsets;
mod training;

use reperio_data::progress::Observer;
use reperio_data::split::Fold;
use reperio_stats::Groups;
use reperio_stats::power_law::PowerLaw;
use serde::{Deserialize, Serialize};

use super::{EvaluateError, Plan};
use crate::config::Config;
use crate::labels::{Labels, TargetKind};
use crate::train::{Dataset, TrainingContext};
pub use measure::measure;

/// The smallest share of a training part or of the depth.
const SMALLEST: f64 = 0.125;

/// Groups of the rarest class in the smallest share, about: enough for five inner folds.
const LEAST: usize = 6;

/// Trainings with the smallest share, each of other repertoires.
const REPEATS: f64 = 3.0;

/// The sizes of a learning curve.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePlan {
    /// Shares of the training repertoires, increasing, without the whole.
    shares: Vec<f64>,
    /// Shares of the depth, increasing, without the whole.
    depths: Vec<f64>,
}

/// What all trainings of a learning curve share.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// How models are made.
    pub config: &'a Config,
    /// The folds.
    pub plan: &'a Plan,
    /// Where trainings run and keep their state.
    pub context: TrainingContext<'a>,
    /// Who is told, and may stop the work.
    pub observer: &'a dyn Observer,
}

/// The learning curve of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetCurve {
    /// Column name.
    pub column: String,
    /// What is measured: `AUC`, `macro AUC` or `R2`.
    pub figure: String,
    /// Points by the number of training repertoires, increasing; the last is the evaluation.
    pub repertoires: Vec<Point>,
    /// Points by depth, increasing; the last is the evaluation.
    pub depth: Vec<Point>,
    /// What more repertoires would give; none with fewer than three points.
    pub outlook: Option<Outlook>,
}

/// A point of a learning curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Share of the training repertoires, or of the depth.
    pub share: f64,
    /// Labelled training repertoires, mean over folds and repeats.
    pub training: f64,
    /// How many of them have each value, the positive one of a binary target first; none for a regression.
    pub by_class: Vec<(String, f64)>,
    /// Clonotypes of a repertoire, median over the cohort.
    pub clonotypes: f64,
    /// Trainings in each fold, each of other repertoires.
    pub repeats: usize,
    /// The figure pooled over folds, mean over repeats; none if it is not defined.
    pub value: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// The power law here; none for depth.
    pub fitted: Option<f64>,
}

/// The inverse power law of a learning curve, and where it leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// The law.
    pub law: PowerLaw,
    /// What it says of as many repertoires, and of more up to four times as many.
    pub expected: Vec<Expected>,
    /// What four times as many would add to the law's figure today.
    pub gain: f64,
    /// Its 95 % interval.
    pub gain_interval: [f64; 2],
}

/// What a power law says of more repertoires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// How many times as many repertoires.
    pub times: f64,
    /// Training repertoires.
    pub training: f64,
    /// The figure.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: [f64; 2],
}

impl CurvePlan {
    /// Plans a curve of so many `points`, the evaluation included. Their sizes are a geometric series from an eighth, or
    /// from what inner folds need of the rarest class.
    ///
    /// # Errors
    ///
    /// [`EvaluateError::SmallCurve`] if a training part is so small that even half of it cannot be learned from.
    pub fn new(dataset: Dataset<'_>, plan: &Plan, points: usize) -> Result<Self, EvaluateError> {
        let labels = plan.standardised(dataset);
        let groups = dataset.groups();
        let parts = Fold::all(&plan.folds);
        let rarest = parts.iter().flat_map(|fold| rarest(&labels, &groups, &fold.fitted));
        let rarest = rarest.min_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        let (class, found) = rarest.unwrap_or_default();
        if found < 2 * LEAST {
            return Err(EvaluateError::SmallCurve { class, found, expected: 2 * LEAST });
        }
        let smallest = (LEAST as f64 / found as f64).max(SMALLEST);
        Ok(Self { shares: series(smallest, points), depths: series(SMALLEST, points) })
    }

    /// Trainings in each fold.
    fn trainings(&self) -> usize {
        self.shares.iter().map(|&share| repeats(share)).sum::<usize>() + self.depths.len()
    }
}

/// Shares from `smallest` on, whose quotients are equal, without the last of so many, which is 1.
fn series(smallest: f64, points: usize) -> Vec<f64> {
    let steps = points.max(2) - 1;
    let share = |i: usize| smallest.powf((steps - i) as f64 / steps as f64);
    (0..steps).map(|i| (share(i) * 1e4).round() / 1e4).collect()
}

/// How often a share is drawn: the smaller, the more often, at about the same cost.
fn repeats(share: f64) -> usize {
    (REPEATS * SMALLEST / share).ceil().clamp(1.0, REPEATS) as usize
}

/// Groups of `rows` with the rarest class of each target; of a number half of those with a label.
fn rarest(labels: &Labels, groups: &Groups, rows: &[usize]) -> Vec<(String, usize)> {
    let mut all = Vec::new();
    for (target, values) in labels.targets.iter().zip(&labels.values) {
        let with = |wanted: &dyn Fn(f64) -> bool| {
            let own = rows.iter().filter(|&&i| values[i].is_some_and(wanted));
            let mut own: Vec<usize> = own.map(|&i| groups.numbers()[i]).collect();
            own.sort_unstable();
            own.dedup();
            own.len()
        };
        let column = &target.column;
        for (at, class) in classes(&target.kind).into_iter().enumerate() {
            let code = code(&target.kind, at);
            all.push((format!("{column} {class:?}"), with(&|value| value as usize == code)));
        }
        if let TargetKind::Regression { .. } = target.kind {
            all.push((format!("half of all {column}"), with(&|_| true) / 2));
        }
    }
    all
}

/// Names of the values of a target, the positive one of a binary target first.
fn classes(kind: &TargetKind) -> Vec<String> {
    match kind {
        TargetKind::Binary { positive, negative } => vec![positive.clone(), negative.clone()],
        TargetKind::Classes { classes } => classes.clone(),
        TargetKind::Regression { .. } => Vec::new(),
    }
}

/// How the value at place `at` of [`classes`] is written in labels.
fn code(kind: &TargetKind, at: usize) -> usize {
    if let TargetKind::Binary { .. } = kind { usize::from(at == 0) } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_double_and_small_ones_are_drawn_more_often() {
        assert_eq!(series(0.125, 4), [0.125, 0.25, 0.5]);
        assert_eq!(series(0.49, 3), [0.49, 0.7]);
        assert_eq!([0.125, 0.2, 0.25, 0.5, 0.99].map(repeats), [3, 2, 2, 1, 1]);
    }
}
