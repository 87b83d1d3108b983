//! Prediction sets that contain the true class with the stated coverage.

use reperio_stats::metrics::log_softmax;
use serde::{Deserialize, Serialize};

use crate::labels::{Target, TargetKind};

/// Nonconformity of each training repertoire to its own class when its fold was held out.
///
/// ```text
/// strangeness of class c = -ln P(c | outputs)
/// p_c = (1 + number of training repertoires of class c at least as strange) / (1 + their number)
/// set = classes with p_c > 1 - coverage
/// ```
///
/// For a number the interval of the value plus or minus the quantile of the held-out errors. Each class has
/// its own repertoires, so that the coverage holds in each class.
///
/// # References
///
/// - Vovk, *Cross-conformal predictors*, Annals of Mathematics and Artificial Intelligence 2015.
///   <https://doi.org/10.1007/s10472-013-9368-4>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conformal {
    /// Strangeness of the repertoires of each class, increasing; one list of absolute errors for a number.
    strangeness: Vec<Vec<f64>>,
}

/// The classes or the interval that a prediction does not rule out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PredictionSet {
    /// Classes, in the target's order: the negative before the positive one.
    Classes(Vec<String>),
    /// An interval of the number, in its own unit.
    Interval([f64; 2]),
}

impl PredictionSet {
    /// The classes, joined by `|`, or the ends of the interval; "none" if no class is plausible.
    pub fn text(&self) -> String {
        match self {
            Self::Classes(names) if names.is_empty() => "none".to_owned(),
            Self::Classes(names) => names.join("|"),
            Self::Interval([low, high]) => format!("{low:.4}..{high:.4}"),
        }
    }

    /// Whether the set holds a label of `target`.
    pub fn holds(&self, target: &Target, label: f64) -> bool {
        match (self, &target.kind) {
            (Self::Interval([low, high]), _) => (*low..=*high).contains(&label),
            (Self::Classes(names), TargetKind::Binary { positive, negative }) => {
                names.contains(if label > 0.5 { positive } else { negative })
            }
            (Self::Classes(names), _) => names.contains(&target.outputs()[label as usize]),
        }
    }
}

/// ln of the probability of each class, the negative before the positive one.
fn log_probabilities(kind: &TargetKind, outputs: &[f64]) -> Vec<f64> {
    match kind {
        TargetKind::Binary { .. } => log_softmax(&[0.0, outputs[0]]),
        _ => log_softmax(outputs),
    }
}

impl Conformal {
    /// From held-out outputs, one row per output, and answers: the index of the class or the standardised number.
    pub(crate) fn new(kind: &TargetKind, held_out: &[Vec<f64>], answers: &[f64]) -> Self {
        let classes = match kind {
            TargetKind::Binary { .. } => 2,
            TargetKind::Classes { classes } => classes.len(),
            TargetKind::Regression { .. } => 1,
        };
        let mut strangeness = vec![Vec::new(); classes];
        for (i, &answer) in answers.iter().enumerate() {
            let outputs: Vec<f64> = held_out.iter().map(|own| own[i]).collect();
            if matches!(kind, TargetKind::Regression { .. }) {
                strangeness[0].push((outputs[0] - answer).abs());
            } else {
                let class = answer as usize;
                strangeness[class].push(-log_probabilities(kind, &outputs)[class]);
            }
        }
        for own in &mut strangeness {
            own.sort_by(f64::total_cmp);
        }
        Self { strangeness }
    }

    /// Whether there is a list for each class of `kind`, sorted, or none at all.
    pub(crate) fn fits(&self, kind: &TargetKind) -> bool {
        let lists = match kind {
            TargetKind::Binary { .. } => 2,
            TargetKind::Classes { classes } => classes.len(),
            TargetKind::Regression { .. } => 1,
        };
        let own = &self.strangeness;
        own.is_empty() || (own.len() == lists && own.iter().all(|list| list.is_sorted()))
    }

    /// Whether there is anything to compare with.
    pub fn is_empty(&self) -> bool {
        self.strangeness.iter().all(Vec::is_empty)
    }

    /// The set of `outputs` (of this target) at a coverage in (0, 1).
    pub fn set(&self, target: &Target, outputs: &[f64], coverage: f64) -> PredictionSet {
        if let TargetKind::Regression { mean, sd } = target.kind {
            let errors = &self.strangeness[0];
            let rank = ((errors.len() + 1) as f64 * coverage).ceil() as usize;
            let error = errors.get(rank.max(1) - 1).copied().unwrap_or(f64::INFINITY);
            return PredictionSet::Interval(
                [-1.0, 1.0].map(|s| mean + sd * (outputs[0] + s * error)),
            );
        }
        let names = match &target.kind {
            TargetKind::Binary { positive, negative } => vec![negative.clone(), positive.clone()],
            _ => target.outputs(),
        };
        let logs = log_probabilities(&target.kind, outputs);
        let plausible = |(own, log): (&Vec<f64>, &f64)| {
            let below = own.partition_point(|other| *other < -log);
            let p = (1 + own.len() - below) as f64 / (1 + own.len()) as f64;
            p > 1.0 - coverage + 1e-12
        };
        let classes = names.into_iter().zip(self.strangeness.iter().zip(&logs));
        PredictionSet::Classes(
            classes.filter(|(_, own)| plausible(*own)).map(|(name, _)| name).collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        let kind =
            TargetKind::Binary { positive: "case".to_owned(), negative: "control".to_owned() };
        Target { column: "status".to_owned(), kind }
    }

    /// New logits from the same distribution are in the set of their own class with the requested coverage.
    #[test]
    fn coverage_is_kept_in_each_class() {
        let logit = |i: usize, class: usize| {
            let noise = ((i * 7_919 + 13) % 1_000) as f64 / 250.0 - 2.0;
            noise + if class == 1 { 1.0 } else { -0.5 }
        };
        let answers: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let held: Vec<f64> = (0..400).map(|i| logit(i, i % 2)).collect();
        let conformal = Conformal::new(&target().kind, &[held], &answers);
        for (class, name) in [(0, "control"), (1, "case")] {
            let covered = (1_000..2_000).filter(|&i| {
                let set = conformal.set(&target(), &[logit(i, class)], 0.9);
                matches!(set, PredictionSet::Classes(names) if names.iter().any(|n| n == name))
            });
            let share = covered.count() as f64 / 1_000.0;
            assert!((share - 0.9).abs() < 0.02, "{name}: {share}");
        }
    }

    #[test]
    fn a_number_has_an_interval_in_its_own_unit() {
        let kind = TargetKind::Regression { mean: 50.0, sd: 10.0 };
        let answers = vec![0.0; 9];
        let held: Vec<f64> = (1..=9).map(|i| f64::from(i) / 10.0).collect();
        let conformal = Conformal::new(&kind, &[held], &answers);
        let target = Target { column: "age".to_owned(), kind };
        let PredictionSet::Interval([low, high]) = conformal.set(&target, &[1.0], 0.5) else {
            panic!("an interval");
        };
        // The fifth of nine errors, 0.5 standard deviations.
        assert!((low - 55.0).abs() < 1e-9 && (high - 65.0).abs() < 1e-9, "{low} {high}");
        // Of ten places, the own one among them, 85 % are nine; more than nine errors do not tell.
        let PredictionSet::Interval([low, high]) = conformal.set(&target, &[1.0], 0.85) else {
            panic!("an interval");
        };
        assert!((low - 51.0).abs() < 1e-9 && (high - 69.0).abs() < 1e-9, "{low} {high}");
        let all = conformal.set(&target, &[1.0], 0.95);
        assert_eq!(all, PredictionSet::Interval([f64::NEG_INFINITY, f64::INFINITY]));
    }

    #[test]
    fn a_sure_logit_rules_the_other_class_out() {
        let answers: Vec<f64> = (0..40).map(|i| f64::from(i % 2)).collect();
        let held: Vec<f64> = (0..40).map(|i| f64::from(i % 2 * 4 - 2 + i % 5)).collect();
        let conformal = Conformal::new(&target().kind, &[held], &answers);
        let set = |logit: f64| conformal.set(&target(), &[logit], 0.8).text();
        assert_eq!([set(5.0), set(-1.5)], ["case", "control"]);
    }
}
