//! Area under the ROC curve and its uncertainty.

use serde::{Deserialize, Serialize};

use super::bootstrap::Bootstrap;
use super::ranks::midranks;

/// Two-sided 95 % quantile of the standard normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// Share of (positive, negative) pairs that `scores` order correctly; a tie counts one half.
///
/// ```text
/// auc = (R - m (m + 1) / 2) / (m n)      R: rank sum of the m positives, ties at their mean rank
/// ```
///
/// Equal to the area under the ROC curve and to the Mann-Whitney statistic over m n. `None` if a
/// class is empty or a score is NaN.
///
/// # Panics
///
/// If the lengths differ.
pub fn auc(scores: &[f64], labels: &[bool]) -> Option<f64> {
    let (m, n) = class_sizes(scores, labels)?;
    let ranks = midranks(scores);
    let rank_sum: f64 = ranks.iter().zip(labels).filter(|(_, label)| **label).map(|(r, _)| r).sum();
    Some((rank_sum - m * (m + 1.0) / 2.0) / (m * n))
}

/// An AUC with its standard error and interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeLong {
    /// The area.
    pub auc: f64,
    /// Standard error of the area.
    pub standard_error: f64,
    /// 95 % interval.
    pub interval: [f64; 2],
}

/// DeLong's variance of the AUC, and a 95 % interval on the logit scale.
///
/// ```text
/// variance = var(V10) / m + var(V01) / n       V10: share of negatives below each positive
/// interval = logistic( logit(auc) ± 1.96 se / (auc (1 - auc)) )
/// ```
///
/// The logit keeps the interval inside (0, 1) and is closer to its nominal cover near 1 than the
/// clipped symmetric one. An AUC of exactly 1 (or 0) has variance 0, which does not mean certainty: its
/// interval is the exact binomial one of min(m, n) right trials out of min(m, n). Predictions are
/// taken as independent; with several repertoires of one person use
/// [`bootstrap`](super::bootstrap) over persons. `None` with fewer than 2 of a class.
///
/// # Panics
///
/// If the lengths differ.
///
/// # References
///
/// - DeLong, DeLong and Clarke-Pearson, *Biometrics* 44 (1988) 837-845.
/// - Sun and Xu, *IEEE Signal Processing Letters* 21 (2014) 1389-1393 (by ranks).
pub fn delong(scores: &[f64], labels: &[bool]) -> Option<DeLong> {
    let (m, n) = class_sizes(scores, labels)?;
    if m < 2.0 || n < 2.0 {
        return None;
    }
    let area = auc(scores, labels)?;
    let of = |class: bool| -> Vec<f64> {
        scores.iter().zip(labels).filter(|(_, l)| **l == class).map(|(s, _)| *s).collect()
    };
    let ranks = midranks(scores);
    // Rank among all less rank among one's own class = members of the other class below.
    let placements = |class: bool, others: f64| -> Vec<f64> {
        let own = midranks(&of(class));
        let all = ranks.iter().zip(labels).filter(|(_, l)| **l == class).map(|(r, _)| *r);
        all.zip(own).map(|(all, own)| (all - own) / others).collect()
    };
    let variance = variance(&placements(true, n)) / m + variance(&placements(false, m)) / n;
    let standard_error = variance.sqrt();
    Some(DeLong { auc: area, standard_error, interval: interval(area, standard_error, m.min(n)) })
}

/// 95 % interval of the AUC where rows come in `units`, as those of one person: [`delong`]'s where every row is a unit
/// of its own, else a bootstrap over units. See [`units_of`](super::bootstrap::units_of).
///
/// # Panics
///
/// If the lengths differ.
pub fn auc_interval(scores: &[f64], labels: &[bool], units: &[Vec<usize>]) -> Option<[f64; 2]> {
    let independent = || delong(scores, labels).map(|delong| delong.interval);
    if units.len() == scores.len() {
        return independent();
    }
    let area = |rows: &[usize]| {
        let (scores, labels): (Vec<f64>, Vec<bool>) =
            rows.iter().map(|&i| (scores[i], labels[i])).unzip();
        auc(&scores, &labels)
    };
    let interval = Bootstrap::default().interval(units, area)?;
    // Without an error every draw is perfect, which is no certainty.
    if interval[1] - interval[0] > 1e-12 { Some(interval) } else { independent() }
}

/// The interval of [`delong`]; `fewest` is the size of the smaller class.
fn interval(auc: f64, standard_error: f64, fewest: f64) -> [f64; 2] {
    let exact = 0.025_f64.powf(1.0 / fewest);
    if auc >= 1.0 {
        return [exact, 1.0];
    }
    if auc <= 0.0 {
        return [0.0, 1.0 - exact];
    }
    let logit = (auc / (1.0 - auc)).ln();
    let half = Z_95 * standard_error / (auc * (1.0 - auc));
    [logit - half, logit + half].map(|z| 1.0 / (1.0 + (-z).exp()))
}

/// Unbiased sample variance of at least two values.
fn variance(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// Positives and negatives, unless a class is empty or a score is NaN.
fn class_sizes(scores: &[f64], labels: &[bool]) -> Option<(f64, f64)> {
    assert_eq!(scores.len(), labels.len(), "one label a score");
    let m = labels.iter().filter(|label| **label).count();
    let n = labels.len() - m;
    let defined = m > 0 && n > 0 && scores.iter().all(|score| !score.is_nan());
    defined.then_some((m as f64, n as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition: every pair, one half for a tie.
    fn pair_count(scores: &[f64], labels: &[bool]) -> Option<f64> {
        let (mut won, mut pairs) = (0.0, 0.0);
        for (positive, _) in scores.iter().zip(labels).filter(|(_, label)| **label) {
            for (negative, _) in scores.iter().zip(labels).filter(|(_, label)| !**label) {
                pairs += 1.0;
                won += match positive.total_cmp(negative) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        (pairs > 0.0).then(|| won / pairs)
    }

    /// DeLong's variance from its definition, pair by pair.
    fn delong_variance(scores: &[f64], labels: &[bool]) -> f64 {
        let share = |i: usize, class: bool| {
            let (s, l): (Vec<f64>, Vec<bool>) = (0..scores.len())
                .filter(|&j| j == i || labels[j] != class)
                .map(|j| (scores[j], labels[j]))
                .unzip();
            pair_count(&s, &l).expect("both classes")
        };
        let part = |class: bool| {
            let rows: Vec<usize> = (0..labels.len()).filter(|&i| labels[i] == class).collect();
            let shares: Vec<f64> = rows.iter().map(|&i| share(i, class)).collect();
            variance(&shares) / shares.len() as f64
        };
        part(true) + part(false)
    }

    fn table() -> impl Strategy<Value = (Vec<f64>, Vec<bool>)> {
        // Few distinct scores, so that ties are the rule.
        prop::collection::vec((-6_i32..6, any::<bool>()), 0..60)
            .prop_map(|rows| rows.into_iter().map(|(s, l)| (f64::from(s) / 4.0, l)).unzip())
    }

    proptest! {
        #[test]
        fn equals_pair_counting_with_ties((scores, labels) in table()) {
            prop_assert_eq!(auc(&scores, &labels), pair_count(&scores, &labels));
        }

        #[test]
        fn delong_equals_its_definition((scores, labels) in table()) {
            if let Some(got) = delong(&scores, &labels) {
                let want = delong_variance(&scores, &labels).sqrt();
                prop_assert!((got.standard_error - want).abs() < 1e-12, "{got:?} != {want}");
                let [low, high] = got.interval;
                prop_assert!(0.0 <= low && low <= got.auc + 1e-12 && got.auc <= high + 1e-12 && high <= 1.0);
            }
        }

        #[test]
        fn turning_the_scores_round_mirrors_the_area((scores, labels) in table()) {
            let turned: Vec<f64> = scores.iter().map(|s| -s).collect();
            let sum = auc(&scores, &labels).zip(auc(&turned, &labels)).map(|(a, b)| a + b);
            prop_assert!(sum.is_none_or(|sum| (sum - 1.0).abs() < 1e-12));
        }
    }

    #[test]
    fn one_class_or_nan_is_undefined() {
        assert_eq!(auc(&[1.0, 2.0], &[true, true]), None);
        assert_eq!(auc(&[], &[]), None);
        assert_eq!(auc(&[f64::NAN, 2.0], &[true, false]), None);
        assert_eq!(delong(&[1.0, 2.0, 3.0], &[true, false, false]), None);
    }

    #[test]
    fn a_perfect_area_is_not_certain() {
        let (scores, labels) = ([1.0, 2.0, 3.0, 4.0], [false, false, true, true]);
        let delong = delong(&scores, &labels).unwrap();
        assert_eq!((delong.auc, delong.standard_error), (1.0, 0.0));
        assert!((delong.interval[0] - 0.025_f64.sqrt()).abs() < 1e-12, "{delong:?}");
        assert_eq!(Some(delong.interval[1]), Some(1.0));
        // Nor where persons have several rows.
        let units = [vec![0, 2], vec![1, 3]];
        assert_eq!(auc_interval(&scores, &labels, &units), Some(delong.interval));
    }

    #[test]
    fn rows_of_a_person_travel_together() {
        let scores: Vec<f64> = (0..80).map(|i| f64::from(i * 37 % 80)).collect();
        let labels: Vec<bool> = (0..80).map(|i| i < 40).collect();
        let single: Vec<Vec<usize>> = (0..80).map(|i| vec![i]).collect();
        let independent = delong(&scores, &labels).map(|delong| delong.interval);
        assert_eq!(auc_interval(&scores, &labels, &single), independent);
        let tens: Vec<Vec<usize>> =
            (0..8).map(|unit| (unit * 10..unit * 10 + 10).collect()).collect();
        let grouped = auc_interval(&scores, &labels, &tens);
        assert!(grouped.is_some() && grouped != independent, "{grouped:?}");
    }
}
