//! The whole learning curve: all trainings, then the figures of every point.

use reperio_data::progress::Progress;
use reperio_data::repertoire::Repertoire;
use reperio_data::split::Fold;
use reperio_stats::moments::quantile;

use super::outlook::{self, Drawn};
use super::points::Judge;
use super::training::{Trained, Trainer, labelled, thin};
use super::{CurvePlan, Point, TargetCurve, Work, classes, code, repeats};
use crate::evaluate::{EvaluateError, Evaluation};
use crate::labels::{Labels, TargetKind};
use crate::train::{Dataset, first_output};

/// A point before its figures are computed.
struct Size {
    share: f64,
    /// Median clonotypes.
    clonotypes: f64,
    repeats: Vec<Trained>,
}

/// All points, by repertoires and by depth, the evaluation the last of each.
struct Sizes {
    repertoires: Vec<Size>,
    depth: Vec<Size>,
}

/// Measures the learning curve of an evaluation, one of each target.
///
/// With a checkpoint folder, each training has a checkpoint of its own below `curve` in it, so that an interrupted
/// measurement continues where it stopped.
///
/// # Errors
///
/// See [`EvaluateError`].
///
/// # Panics
///
/// If the evaluation is not one of this dataset and plan.
pub fn measure(
    dataset: Dataset<'_>,
    evaluation: &Evaluation,
    curve: &CurvePlan,
    work: Work<'_>,
) -> Result<Vec<TargetCurve>, EvaluateError> {
    let labels = work.plan.standardised(dataset);
    let folds = Fold::all(&work.plan.folds);
    let total = curve.trainings() * folds.len();
    let mut trainer = Trainer { labels: &labels, folds: &folds, work, done: 0, total };
    let sizes = trainer.sizes(dataset, evaluation, curve)?;
    let mut curves = Vec::new();
    let n = labels.targets.len();
    for t in 0..n {
        let (task, done, total) = ("learning curve, intervals", t as u64, n as u64);
        work.observer.progress(Progress { task, done, total, unit: "targets" });
        curves.push(sizes.curve(dataset, evaluation, (&labels, t)));
    }
    Ok(curves)
}

impl Trainer<'_> {
    /// All trainings.
    fn sizes(
        &mut self,
        dataset: Dataset<'_>,
        evaluation: &Evaluation,
        curve: &CurvePlan,
    ) -> Result<Sizes, EvaluateError> {
        let all = dataset.cache.repertoires();
        let clonotypes = median(dataset.members.iter().map(|&i| all[i].len()));
        let groups = dataset.groups();
        let mut repertoires = Vec::new();
        for &share in &curve.shares {
            let mut own = Size { share, clonotypes, repeats: Vec::new() };
            for repeat in 0..repeats(share) {
                let parts = self.thinned(&groups, share, repeat);
                let name = format!("repertoires-{share}-{}", repeat + 1);
                own.repeats.push(self.train(dataset, &name, parts)?);
            }
            repertoires.push(own);
        }
        let mut depth = Vec::new();
        let thinned = thin(all, &curve.depths, self.work.config.training.seed);
        for (&share, thinned) in curve.depths.iter().zip(&thinned) {
            let of = |i: &usize| Repertoire::len(&thinned[*i]);
            let clonotypes = median(dataset.members.iter().map(of));
            let trained = self.train_at_depth(dataset, thinned, &format!("depth-{share}"))?;
            depth.push(Size { share, clonotypes, repeats: vec![trained] });
        }
        for sizes in [&mut repertoires, &mut depth] {
            let parts = self.folds.iter().map(|fold| fold.fitted.clone()).collect();
            let outputs = evaluation.predictions.iter().map(|own| own.outputs.clone()).collect();
            let repeats = vec![Trained { parts, outputs }];
            sizes.push(Size { share: 1.0, clonotypes, repeats });
        }
        Ok(Sizes { repertoires, depth })
    }
}

impl Sizes {
    /// The curve of target `t`.
    fn curve(
        &self,
        dataset: Dataset<'_>,
        evaluation: &Evaluation,
        (labels, t): (&Labels, usize),
    ) -> TargetCurve {
        let (target, summary) = (&labels.targets[t], &evaluation.summaries[t]);
        let groups = dataset.groups().select(&tested(dataset, evaluation));
        let judge = Judge::new(&target.kind, &evaluation.labels[t], &groups);
        let sizes: Vec<&Size> = self.repertoires.iter().chain(&self.depth).collect();
        let outputs: Vec<_> = sizes.iter().map(|own| own.outputs(&judge, labels, t)).collect();
        let draws = judge.draws(&outputs.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let point = |i: usize| {
            let (value, interval) = if sizes[i].share >= 1.0 {
                (summary.auc.or(summary.pooled.r2()), summary.auc_ci.or(summary.r2_ci))
            } else {
                (judge.value(&outputs[i]), judge.interval(&outputs[i], &draws[i]))
            };
            Point { value, interval, ..sizes[i].point(labels, t) }
        };
        let mut points: Vec<Point> = (0..sizes.len()).map(point).collect();
        let depth = points.split_off(self.repertoires.len());
        let drawn = points.iter().zip(&draws).filter_map(|(own, draws)| {
            Some(Drawn { size: own.training, value: own.value?, interval: own.interval, draws })
        });
        let outlook = outlook::outlook(&drawn.collect::<Vec<_>>());
        for own in &mut points {
            own.fitted = outlook.as_ref().map(|found| found.law.at(own.training));
        }
        let (column, figure) = (target.column.clone(), name(&target.kind).to_owned());
        TargetCurve { column, figure, repertoires: points, depth, outlook }
    }
}

/// What is measured of a target.
fn name(kind: &TargetKind) -> &'static str {
    match kind {
        TargetKind::Binary { .. } => "AUC",
        TargetKind::Classes { .. } => "macro AUC",
        TargetKind::Regression { .. } => "R2",
    }
}

impl Size {
    /// Outputs of target `t` for the rows with a label, of each repeat.
    fn outputs(&self, judge: &Judge<'_>, labels: &Labels, t: usize) -> Vec<Vec<Vec<f64>>> {
        let first = first_output(&labels.targets, t);
        let width = labels.targets[t].width();
        let own = |repeat: &Trained| {
            let rows = repeat.outputs.iter().map(|row| row[first..first + width].to_vec());
            judge.known(&rows.collect::<Vec<_>>())
        };
        self.repeats.iter().map(own).collect()
    }

    /// The point without its figures.
    fn point(&self, labels: &Labels, t: usize) -> Point {
        let (target, values) = (&labels.targets[t], &labels.values[t]);
        let parts: Vec<Vec<usize>> = self
            .repeats
            .iter()
            .flat_map(|own| &own.parts)
            .map(|own| labelled(labels, own))
            .collect();
        let count = |wanted: &dyn Fn(Option<f64>) -> bool| {
            let all: usize =
                parts.iter().map(|part| part.iter().filter(|&&i| wanted(values[i])).count()).sum();
            all as f64 / parts.len().max(1) as f64
        };
        let class = |(at, name): (usize, String)| {
            let code = code(&target.kind, at);
            (name, count(&|value| value.is_some_and(|own| own as usize == code)))
        };
        Point {
            share: self.share,
            training: count(&|value| value.is_some()),
            by_class: classes(&target.kind).into_iter().enumerate().map(class).collect(),
            clonotypes: self.clonotypes,
            repeats: self.repeats.len(),
            value: None,
            interval: None,
            fitted: None,
        }
    }
}

/// Rows of the dataset that the evaluation held out, in order.
fn tested(dataset: Dataset<'_>, evaluation: &Evaluation) -> Vec<usize> {
    let mut predictions = evaluation.predictions.iter().peekable();
    let own = |&i: &usize| {
        let id = &dataset.repertoire(i).id;
        predictions.next_if(|own| own.repertoire_id == *id).is_some()
    };
    (0..dataset.members.len()).filter(own).collect()
}

/// The median of some numbers; 0 of none.
fn median(numbers: impl Iterator<Item = usize>) -> f64 {
    let mut sorted: Vec<f64> = numbers.map(|n| n as f64).collect();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5).unwrap_or(0.0)
}
