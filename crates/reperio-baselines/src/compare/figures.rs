//! One row of metrics per method.

use reperio_stats::bootstrap::Bootstrap;
use reperio_stats::metrics::{
    BinaryMetrics, CalibrationBin, auc, auc_interval, calibration, precision_recall_curve,
    probability, roc_curve,
};
use reperio_stats::moments::sample_variance;
use serde::{Deserialize, Serialize};

use super::{Comparison, Outcome};

/// Bins of a calibration curve.
const BINS: usize = 10;

/// Figures of one method. What a cohort does not define is `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// [`Entry::name`](super::Entry::name).
    pub method: String,
    /// Whether its labels were permuted ones: a control.
    pub permuted: bool,
    /// AUC of every fold of every repeat.
    pub fold_auc: Vec<Option<f64>>,
    /// Mean over the folds that have both classes.
    pub mean_auc: Option<f64>,
    /// Standard deviation over those folds.
    pub sd_auc: Option<f64>,
    /// AUC over all held-out predictions of a repeat, mean over the repeats.
    pub auc: Option<f64>,
    /// Its 95 % interval: DeLong's; a bootstrap over subjects where one has several repertoires or there
    /// are several repeats.
    pub auc_ci: Option<[f64; 2]>,
    /// The pooled AUC less the reference method's; none for a control with other labels.
    pub difference: Option<f64>,
    /// Its 95 % interval: a bootstrap over subjects, both methods on the same draws.
    pub difference_ci: Option<[f64; 2]>,
    /// Average precision, mean over the repeats like all that follow.
    pub average_precision: Option<f64>,
    /// Brier score.
    pub brier: Option<f64>,
    /// Sensitivity where the specificity is at least 95 %.
    pub sensitivity_95: Option<f64>,
    /// Sensitivity where the specificity is at least 99 %.
    pub sensitivity_99: Option<f64>,
    /// Average precision of the implanted sequences by evidence, mean over the folds.
    pub recovery_ap: Option<f64>,
    /// Jaccard index of the first n and the n implanted ones, mean over the folds.
    pub recovery_jaccard: Option<f64>,
    /// Seconds for features that need no label, in all.
    pub prepare_seconds: f64,
    /// Seconds to fit, hyper-parameters included, mean over the folds.
    pub fit_seconds: f64,
    /// Seconds to score the held-out repertoires, mean over the folds.
    pub score_seconds: f64,
    /// Highest resident memory of the process.
    pub peak_bytes: Option<u64>,
}

/// Points to draw, of the first repeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// [`Entry::name`](super::Entry::name).
    pub method: String,
    /// (false positive rate, true positive rate)
    pub roc: Vec<[f64; 2]>,
    /// (recall, precision)
    pub precision_recall: Vec<[f64; 2]>,
    /// Bins of the predicted probability.
    pub calibration: Vec<CalibrationBin>,
}

/// Held-out predictions of one method and repeat, in the order of the cohort.
struct Pooled<'a> {
    logits: Vec<f64>,
    labels: &'a [bool],
    metrics: BinaryMetrics,
}

/// One row per method, in the order of their first outcome; differences are to the method `reference`.
pub fn figures(
    comparison: &Comparison<'_>,
    outcomes: &[Outcome],
    reference: &str,
) -> (Vec<Figures>, Vec<Curves>) {
    let mut names: Vec<&str> = Vec::new();
    for outcome in outcomes {
        if !names.contains(&outcome.method.as_str()) {
            names.push(&outcome.method);
        }
    }
    let of = |name: &str| -> Vec<&Outcome> {
        outcomes.iter().filter(|outcome| outcome.method == name).collect()
    };
    let reference = pooled(comparison, &of(reference));
    let row = |name: &&str| {
        let own = of(name);
        let pooled = pooled(comparison, &own);
        let curves = curves(name, &pooled[0]);
        (figure(comparison, &own, &pooled, &reference), curves)
    };
    names.iter().map(row).unzip()
}

/// Predictions by repeat; the labels are permuted ones for a control.
fn pooled<'a>(comparison: &'a Comparison<'_>, outcomes: &[&Outcome]) -> Vec<Pooled<'a>> {
    let permuted = outcomes.first().is_some_and(|first| first.permuted);
    let mut all: Vec<Pooled<'_>> = Vec::new();
    for (repeat, labels) in comparison.labels.iter().enumerate() {
        let mut logits = vec![0.0; comparison.repertoires.len()];
        let mut seen = false;
        for outcome in outcomes.iter().filter(|outcome| outcome.repeat == repeat) {
            seen = true;
            for (&i, &logit) in outcome.held.iter().zip(&outcome.logits) {
                logits[i] = logit;
            }
        }
        if seen {
            let labels = labels.of(permuted);
            let known: Vec<Option<bool>> = labels.iter().copied().map(Some).collect();
            all.push(Pooled { metrics: BinaryMetrics::of(&logits, &known), logits, labels });
        }
    }
    all
}

fn figure(
    comparison: &Comparison<'_>,
    outcomes: &[&Outcome],
    pooled: &[Pooled<'_>],
    reference: &[Pooled<'_>],
) -> Figures {
    let groups = comparison.groups;
    let fold_auc: Vec<Option<f64>> =
        outcomes.iter().map(|outcome| fold_auc(outcome, &pooled[outcome.repeat])).collect();
    let known: Vec<f64> = fold_auc.iter().copied().flatten().collect();
    let over =
        |pick: fn(&BinaryMetrics) -> Option<f64>| mean(pooled.iter().map(|own| pick(&own.metrics)));
    let auc_ci = match pooled {
        [only] => auc_interval(&only.logits, only.labels, groups),
        _ => Bootstrap::default().interval(groups, |rows| mean_auc(pooled, rows)),
    };
    let all: Vec<usize> = (0..comparison.repertoires.len()).collect();
    let same = pooled.iter().map(|own| own.labels).eq(reference.iter().map(|own| own.labels));
    let difference = |rows: &[usize]| {
        Some(mean_auc(pooled, rows)? - mean_auc(reference, rows)?).filter(|_| same)
    };
    let recovery = |pick: fn(&super::Recovery) -> f64| {
        mean(
            outcomes.iter().filter(|o| o.recovery.is_some()).map(|o| o.recovery.as_ref().map(pick)),
        )
    };
    let n = outcomes.len().max(1) as f64;
    let costs = |outcome: &&Outcome| [outcome.prepare, outcome.fit, outcome.score];
    Figures {
        method: outcomes[0].method.clone(),
        permuted: outcomes[0].permuted,
        mean_auc: mean(known.iter().copied().map(Some)),
        sd_auc: (known.len() > 1).then(|| sample_variance(&known).sqrt()),
        auc: over(|own| own.auc),
        auc_ci,
        difference: difference(&all),
        difference_ci: Bootstrap::default().interval(groups, difference),
        average_precision: over(|own| own.average_precision),
        brier: over(|own| own.brier),
        sensitivity_95: over(|own| own.sensitivity_at_95_specificity),
        sensitivity_99: over(|own| own.sensitivity_at_99_specificity),
        recovery_ap: recovery(|own| own.average_precision),
        recovery_jaccard: recovery(|own| own.jaccard),
        prepare_seconds: outcomes.iter().map(|o| o.prepare.seconds).sum(),
        fit_seconds: outcomes.iter().map(|o| o.fit.seconds).sum::<f64>() / n,
        score_seconds: outcomes.iter().map(|o| o.score.seconds).sum::<f64>() / n,
        peak_bytes: outcomes.iter().flat_map(costs).filter_map(|cost| cost.peak_bytes).max(),
        fold_auc,
    }
}

fn fold_auc(outcome: &Outcome, pooled: &Pooled<'_>) -> Option<f64> {
    let labels: Vec<bool> = outcome.held.iter().map(|&i| pooled.labels[i]).collect();
    auc(&outcome.logits, &labels)
}

/// Mean over the repeats of the AUC of `rows`.
fn mean_auc(repeats: &[Pooled<'_>], rows: &[usize]) -> Option<f64> {
    let one = |own: &Pooled<'_>| {
        let (logits, labels): (Vec<f64>, Vec<bool>) =
            rows.iter().map(|&i| (own.logits[i], own.labels[i])).unzip();
        auc(&logits, &labels)
    };
    mean(repeats.iter().map(one))
}

/// `None` of nothing, or if any value is missing.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn curves(name: &str, own: &Pooled<'_>) -> Curves {
    let probabilities: Vec<f64> = own.logits.iter().map(|&logit| probability(logit)).collect();
    let roc = roc_curve(&own.logits, own.labels);
    let precision_recall = precision_recall_curve(&own.logits, own.labels);
    Curves {
        method: name.to_owned(),
        roc: roc.iter().map(|at| [at.false_positive_rate, at.true_positive_rate]).collect(),
        precision_recall: precision_recall.iter().map(|at| [at.recall, at.precision]).collect(),
        calibration: calibration(&probabilities, own.labels, BINS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Cost, RepeatLabels};
    use reperio_data::repertoire::Builder;
    use reperio_stats::Groups;

    fn outcome(method: &str, permuted: bool, logits: [f64; 8]) -> Outcome {
        let cost = Cost::default();
        Outcome {
            method: method.to_owned(),
            permuted,
            repeat: 0,
            fold: 0,
            held: (0..8).collect(),
            logits: logits.to_vec(),
            choices: serde_json::Value::Null,
            learned: String::new(),
            recovery: None,
            prepare: cost,
            fit: cost,
            score: cost,
        }
    }

    #[test]
    fn differences_are_of_methods_that_saw_the_same_labels() {
        let one = Builder::default().finish("r".to_owned());
        let (repertoires, groups) = ([&one; 8], Groups::each(8));
        let given = (0..8).map(|i| i % 2 == 1).collect();
        let permuted = (0..8).map(|i| i / 2 % 2 == 1).collect();
        let comparison = Comparison {
            repertoires: &repertoires,
            groups: &groups,
            labels: vec![RepeatLabels { given, permuted }],
            folds: vec![vec![0; 8]],
            truth: None,
            seed: 0,
        };
        let right = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
        let outcomes = [
            outcome("a", false, right),
            outcome("b", false, [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]),
            outcome("a-permuted", true, right),
        ];
        let rows = figures(&comparison, &outcomes, "a").0;
        let found: Vec<_> = rows.iter().map(|row| (row.auc, row.difference)).collect();
        let expected = [(1.0, Some(0.0)), (0.75, Some(-0.25)), (0.5, None)];
        assert_eq!(found, expected.map(|(auc, difference)| (Some(auc), difference)));
    }
}
