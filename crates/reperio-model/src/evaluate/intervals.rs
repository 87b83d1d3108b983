//! 95 % intervals of what an evaluation found. Repertoires of one person are drawn together.

use reperio_stats::Groups;
use reperio_stats::bootstrap::Bootstrap;
use reperio_stats::metrics::auc_interval;

use super::Metrics;
use crate::labels::TargetKind;

/// Interval of the AUC: `DeLong`'s for two classes, or a bootstrap where a person has several repertoires; always a bootstrap
/// of the macro AUC for more classes. Rows without a label are skipped.
pub(crate) fn of_auc(
    kind: &TargetKind,
    outputs: &[Vec<f64>],
    values: &[Option<f64>],
    groups: &Groups,
) -> Option<[f64; 2]> {
    if let TargetKind::Binary { .. } = kind {
        let known = labelled(values);
        let scores: Vec<f64> = known.iter().map(|&i| outputs[i][0]).collect();
        let labels: Vec<bool> = known.iter().map(|&i| values[i] == Some(1.0)).collect();
        auc_interval(&scores, &labels, &groups.select(&known))
    } else {
        of(Metrics::auc, (kind, outputs, values), groups)
    }
}

/// Interval of a `metric` of outputs and labels, by a bootstrap over groups. None where the metric is not defined.
pub(super) fn of(
    metric: fn(&Metrics) -> Option<f64>,
    (kind, outputs, values): (&TargetKind, &[Vec<f64>], &[Option<f64>]),
    groups: &Groups,
) -> Option<[f64; 2]> {
    metric(&Metrics::of(kind, outputs, values))?;
    let known = labelled(values);
    Bootstrap::default().interval(&groups.select(&known), |rows| {
        let own: Vec<Vec<f64>> = rows.iter().map(|&row| outputs[known[row]].clone()).collect();
        let labels: Vec<Option<f64>> = rows.iter().map(|&row| values[known[row]]).collect();
        metric(&Metrics::of(kind, &own, &labels))
    })
}

fn labelled(values: &[Option<f64>]) -> Vec<usize> {
    (0..values.len()).filter(|&i| values[i].is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_classes() -> TargetKind {
        TargetKind::Classes { classes: ["a", "b", "c"].map(str::to_owned).to_vec() }
    }

    /// `n` rows of three classes; every fourth is called wrongly.
    fn rows(n: usize) -> (Vec<Vec<f64>>, Vec<Option<f64>>) {
        let call = |i: usize| (i + usize::from(i.is_multiple_of(4))) % 3;
        let logits = |i: usize| (0..3).map(|k| f64::from(u8::from(k == call(i)))).collect();
        ((0..n).map(logits).collect(), (0..n).map(|i| Some((i % 3) as f64)).collect())
    }

    #[test]
    fn an_accuracy_of_classes_has_the_width_of_a_share() {
        let (outputs, values) = rows(300);
        let kind = three_classes();
        let all = (&kind, &outputs[..], &values[..]);
        let [low, high] = of(Metrics::balanced_accuracy, all, &Groups::each(300)).unwrap();
        // A share of 0.75 in 300: standard error 0.025.
        assert!((low - 0.70).abs() < 0.01 && (high - 0.80).abs() < 0.01, "{low} to {high}");
        let people: Vec<String> = (0..300).map(|i| format!("p{}", i % 30)).collect();
        let [wide_low, wide_high] =
            of(Metrics::balanced_accuracy, all, &Groups::of(&people)).unwrap();
        assert!(wide_high - wide_low > 1.5 * (high - low), "{wide_low} to {wide_high}");
        let [low, high] = of_auc(&kind, &outputs, &values, &Groups::each(300)).unwrap();
        assert!(0.75 < low && low < high && high < 0.9, "{low} to {high}");
    }

    #[test]
    fn a_missing_label_is_as_no_row_and_what_is_not_defined_has_no_interval() {
        let (mut outputs, mut values) = rows(60);
        let kind = three_classes();
        let without = of_auc(&kind, &outputs, &values, &Groups::each(60));
        outputs.push(vec![9.0, 0.0, 0.0]);
        values.push(None);
        assert_eq!(of_auc(&kind, &outputs, &values, &Groups::each(61)), without);
        assert_eq!(of(Metrics::r2, (&kind, &outputs, &values), &Groups::each(61)), None);
        let one = vec![Some(0.0); 61];
        assert_eq!(of_auc(&kind, &outputs, &one, &Groups::each(61)), None);
    }
}
