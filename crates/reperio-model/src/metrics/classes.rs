//! More than two classes.

use serde::{Deserialize, Serialize};

use super::{auc, average_precision, labelled, mean};

/// Summary of predictions among several classes. A value that the data do not define is `None`.
///
/// The called class is that of the highest logit, the first of equals. Macro means are over classes,
/// each class counting the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// Predictions with a label.
    pub n: usize,
    /// Predictions with a label, per class.
    pub class_n: Vec<usize>,
    /// Mean of the one-against-the-rest AUCs that are defined.
    pub auc: Option<f64>,
    /// AUC of each class against the rest.
    pub class_auc: Vec<Option<f64>>,
    /// Mean of the one-against-the-rest average precisions that are defined.
    pub average_precision: Option<f64>,
    /// Share called correctly.
    pub accuracy: Option<f64>,
    /// Mean recall over the classes that occur among the labels.
    pub balanced_accuracy: Option<f64>,
    /// Mean F1 over the classes that occur among labels or calls.
    pub macro_f1: Option<f64>,
    /// Mean cross-entropy, in nats.
    pub log_loss: Option<f64>,
    /// `confusion[label][call]`.
    pub confusion: Vec<Vec<usize>>,
}

impl ClassMetrics {
    /// Compares `logits`, a row of K a repertoire, with `labels` in 0..K; rows without a label are
    /// skipped. With a logit that is not finite, only the counts are defined.
    ///
    /// # Panics
    ///
    /// If the lengths differ, rows differ in length or a label is out of range.
    pub fn of(logits: &[Vec<f64>], labels: &[Option<usize>]) -> Self {
        let n_classes = logits.first().map_or(0, Vec::len);
        assert!(logits.iter().all(|row| row.len() == n_classes), "rows of {n_classes} logits");
        let (logits, labels) = labelled(logits, labels);
        let mut class_n = vec![0; n_classes];
        for &label in &labels {
            class_n[label] += 1;
        }
        let counts = Self { n: labels.len(), class_n, ..Self::default() };
        if logits.iter().flatten().any(|logit| !logit.is_finite()) {
            return counts;
        }
        let confusion = confusion(&logits, &labels, n_classes);
        let hits: usize = (0..n_classes).map(|k| confusion[k][k]).sum();
        let against_rest = |metric: fn(&[f64], &[bool]) -> Option<f64>| -> Vec<Option<f64>> {
            (0..n_classes).map(|k| metric(&log_odds(&logits, k), &one_hot(&labels, k))).collect()
        };
        let class_auc = against_rest(auc);
        let losses = logits.iter().zip(&labels).map(|(row, &label)| -log_softmax(row)[label]);
        Self {
            auc: mean(class_auc.iter().copied().flatten()),
            average_precision: mean(against_rest(average_precision).into_iter().flatten()),
            accuracy: super::ratio(hits as f64, labels.len() as f64),
            balanced_accuracy: mean(recalls(&confusion).into_iter().flatten()),
            macro_f1: mean(f1s(&confusion).into_iter().flatten()),
            log_loss: mean(losses),
            class_auc,
            confusion,
            ..counts
        }
    }
}

/// Logarithms of the softmax of `logits`, stable.
pub fn log_softmax(logits: &[f64]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = max + logits.iter().map(|logit| (logit - max).exp()).sum::<f64>().ln();
    logits.iter().map(|logit| logit - log_sum).collect()
}

/// `ln(p / (1 - p))` of class `k`: orders as its probability does, but does not saturate.
fn log_odds(logits: &[Vec<f64>], k: usize) -> Vec<f64> {
    let of = |row: &Vec<f64>| {
        let rest = row.iter().enumerate().filter(|(i, _)| *i != k).map(|(_, logit)| *logit);
        let max = rest.clone().fold(f64::NEG_INFINITY, f64::max);
        row[k] - (max + rest.map(|logit| (logit - max).exp()).sum::<f64>().ln())
    };
    logits.iter().map(of).collect()
}

fn one_hot(labels: &[usize], k: usize) -> Vec<bool> {
    labels.iter().map(|&label| label == k).collect()
}

/// Position of the highest logit, the first of equals.
fn called(logits: &[f64]) -> usize {
    let mut best = 0;
    for (k, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = k;
        }
    }
    best
}

fn confusion(logits: &[Vec<f64>], labels: &[usize], n_classes: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; n_classes]; n_classes];
    for (row, &label) in logits.iter().zip(labels) {
        counts[label][called(row)] += 1;
    }
    counts
}

/// Recall of each class that occurs.
fn recalls(confusion: &[Vec<usize>]) -> Vec<Option<f64>> {
    let recall = |(k, row): (usize, &Vec<usize>)| {
        super::ratio(row[k] as f64, row.iter().sum::<usize>() as f64)
    };
    confusion.iter().enumerate().map(recall).collect()
}

/// F1 of each class that occurs among labels or calls.
fn f1s(confusion: &[Vec<usize>]) -> Vec<Option<f64>> {
    let f1 = |k: usize| {
        let labelled: usize = confusion[k].iter().sum();
        let called: usize = confusion.iter().map(|row| row[k]).sum();
        super::ratio(2.0 * confusion[k][k] as f64, (labelled + called) as f64)
    };
    (0..confusion.len()).map(f1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(got: Option<f64>, want: f64) {
        assert!(got.is_some_and(|got| (got - want).abs() < 1e-12), "{got:?} != {want}");
    }

    /// scikit-learn 1.9.1, `y` the labels, `p` the softmax of the logits, `c` their argmax:
    /// `roc_auc_score(y, p, multi_class="ovr", average="macro")`,
    /// `average_precision_score(eye(3)[y], p, average="macro")`, `accuracy_score(y, c)`,
    /// `balanced_accuracy_score(y, c)`, `f1_score(y, c, average="macro")`, `log_loss(y, p)`.
    #[test]
    fn matches_scikit_learn() {
        let logits = [
            [1.2, 0.1, -0.4],
            [0.3, 0.9, 0.2],
            [-1.0, 0.5, 1.5],
            [0.7, 0.6, 0.5],
            [0.0, -0.3, 0.8],
            [2.0, 1.9, -1.0],
            [-0.5, 0.4, 0.3],
        ];
        let labels = [0, 1, 2, 1, 0, 1, 2].map(Some);
        let metrics = ClassMetrics::of(&logits.map(|row| row.to_vec()), &labels);
        near(metrics.auc, 0.838_888_888_888_888_9);
        near(metrics.average_precision, 0.816_666_666_666_666_5);
        near(metrics.accuracy, 3.0 / 7.0);
        near(metrics.balanced_accuracy, 4.0 / 9.0);
        near(metrics.macro_f1, 0.433_333_333_333_333_35);
        near(metrics.log_loss, 0.814_765_123_788_885_2);
        assert_eq!(metrics.confusion, [[1, 0, 1], [2, 1, 0], [0, 1, 1]]);
    }

    #[test]
    fn two_classes_agree_with_the_binary_summary() {
        let logits = [0.4, -1.0, 2.0, 0.3, -0.2];
        let labels = [true, false, true, false, true];
        let rows: Vec<Vec<f64>> = logits.iter().map(|z| vec![0.0, *z]).collect();
        let classes = ClassMetrics::of(&rows, &labels.map(|l| Some(usize::from(l))));
        let binary = super::super::BinaryMetrics::of(&logits, &labels.map(Some));
        assert_eq!(classes.class_auc, [binary.auc, binary.auc]);
        assert_eq!(classes.balanced_accuracy, binary.balanced_accuracy);
        near(classes.log_loss, binary.log_loss.unwrap());
    }

    #[test]
    fn an_absent_class_is_left_out_and_missing_labels_are_skipped() {
        let rows = [vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0], vec![f64::NAN, 0.0, 0.0]];
        let metrics = ClassMetrics::of(&rows, &[Some(0), Some(1), None]);
        assert_eq!(metrics.class_n, [1, 1, 0]);
        assert_eq!(metrics.class_auc, [Some(1.0), Some(1.0), None]);
        assert_eq!((metrics.auc, metrics.balanced_accuracy), (Some(1.0), Some(1.0)));
    }

    #[test]
    fn nothing_defines_nothing() {
        assert_eq!(ClassMetrics::of(&[], &[]), ClassMetrics::default());
    }
}
