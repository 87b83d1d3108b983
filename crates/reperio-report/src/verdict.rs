//! The verdict of an evaluation in a sentence, and the next step; what more repertoires or less depth would give.

use reperio_model::evaluate::learning_curve::{Expected, Outlook, Point, TargetCurve};
use reperio_model::evaluate::{AgainstControl, Figure, Metrics, TargetSummary, Verdict};

/// Width of an interval from which on it says nothing.
const TOO_WIDE: f64 = 0.2;

/// A gain below this is none, if its interval ends below [`NO_GAIN_AT_BEST`].
const NO_GAIN: f64 = 0.02;
const NO_GAIN_AT_BEST: f64 = 0.05;

/// The verdict on one target; `permuted` if its labels were permuted.
pub fn of(target: &TargetSummary, permuted: bool) -> String {
    let column = &target.column;
    let name = if matches!(target.pooled, Metrics::Regression(_)) { "R2" } else { "AUC" };
    let figure = |Figure { value, p_value }| format!("{name} {value:.3}, P {p_value:.3}");
    let (own, against) = match (target.verdict(), permuted) {
        (Verdict::Nothing, _) => {
            return format!(
                "Verdict for {column}: none, because the labels are not of two classes. Next: label more repertoires"
            );
        }
        (Verdict::AtChance(own), true) => {
            let own = figure(own);
            return format!(
                "Verdict for {column}: at chance ({own}), as expected with permuted labels"
            );
        }
        (Verdict::AboveChance(own, _), true) => {
            let own = figure(own);
            return format!(
                "Verdict for {column}: above chance ({own}) although the labels were permuted. Next: try another seed of --permute-labels; if the result stays, look for one person's repertoires in several folds (--group)"
            );
        }
        (Verdict::AtChance(own), false) => {
            let own = figure(own);
            return format!(
                "Verdict for {column}: not above chance ({own}). Next: add repertoires or check the labels; do not score with this model"
            );
        }
        (Verdict::AboveChance(own, against), false) => (figure(own), against),
    };
    let (against, next, control) = match against {
        AgainstControl::Unknown => {
            return format!("Verdict for {column}: above chance ({own}) on these repertoires");
        }
        AgainstControl::Clear(control) => {
            ("and above", "train on all repertoires, then score and explain", control)
        }
        AgainstControl::Unclear(control) => (
            "but not clearly above",
            "add repertoires, or use --rarefy to see what is left at equal depth",
            control,
        ),
        AgainstControl::Below(control) => (
            "but not above",
            "use --rarefy, and check whether cases and controls were sequenced alike: the model may see only depth and gene usage",
            control,
        ),
    };
    format!(
        "Verdict for {column}: above chance ({own}), {against} depth and V/J usage alone ({control:.3}). Next: {next}"
    )
}

/// What more repertoires would give, by the learning curve of a target.
///
/// Nothing is said beyond four times as many, nor where no size is above chance, nor where the interval is too wide.
pub fn more_repertoires(curve: &TargetCurve, target: &TargetSummary) -> String {
    let TargetCurve { column, figure, outlook, .. } = curve;
    let start = format!("More repertoires for {column}:");
    if matches!(target.verdict(), Verdict::Nothing | Verdict::AtChance(_)) {
        return format!(
            "{start} the curve cannot say, because the {figure} of all repertoires is not above chance"
        );
    }
    let known = outlook.as_ref().and_then(|own| Some((own, own.expected.last()?)));
    let Some((Outlook { gain, gain_interval, .. }, last)) = known else {
        return format!("{start} the curve cannot say, because it has fewer than three points");
    };
    let Expected { times, value, interval: [low, high], .. } = last;
    let ends = format!("{low:.2} to {high:.2}");
    if high - low > TOO_WIDE {
        return format!(
            "{start} the curve is too uncertain to say; with {times:.0} times as many, the {figure} may be anything from {ends}"
        );
    }
    if *gain < NO_GAIN && gain_interval[1] < NO_GAIN_AT_BEST {
        return format!(
            "{start} more of this kind are not expected to help; with {times:.0} times as many, {figure} {value:.2} is expected ({ends})"
        );
    }
    format!("{start} with {times:.0} times as many, {figure} {value:.2} is expected ({ends})")
}

/// What the smallest depth gives, beside the whole depth; nothing if one of them has no figure.
pub fn less_depth(curve: &TargetCurve) -> Option<String> {
    let (small, whole) = (curve.depth.first()?, curve.depth.last()?);
    let of = |own: &Point| Some(format!("{:.2} at {:.0} clonotypes", own.value?, own.clonotypes));
    let (column, figure) = (&curve.column, &curve.figure);
    let (small, whole) = (of(small)?, of(whole)?);
    Some(format!("Less depth for {column}: {figure} {small} of a repertoire (median), {whole}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use reperio_stats::metrics::BinaryMetrics;
    use reperio_stats::power_law::PowerLaw;

    fn target(auc: f64, p_value: f64, control: Option<f64>) -> TargetSummary {
        let pooled = BinaryMetrics::of(&[1.0, 0.0], &[Some(true), Some(false)]);
        TargetSummary {
            column: "status".to_owned(),
            pooled: Metrics::Binary(pooled),
            auc: Some(auc),
            auc_ci: Some([auc - 0.1, auc + 0.1]),
            balanced_accuracy_ci: None,
            r2_ci: None,
            fold_auc: vec![],
            mean_fold_auc: None,
            fold_r2: vec![],
            coverage: None,
            decided: None,
            control,
            p_value: Some(p_value),
        }
    }

    fn check(auc: f64, p_value: f64, control: Option<f64>, permuted: bool) -> String {
        of(&target(auc, p_value, control), permuted)
    }

    fn point(value: f64, clonotypes: f64) -> Point {
        let (by_class, interval, fitted) = (vec![], None, None);
        let (share, training, repeats) = (1.0, 40.0, 1);
        let value = Some(value);
        Point { share, training, by_class, clonotypes, repeats, value, interval, fitted }
    }

    fn curve(gain: f64, width: f64) -> TargetCurve {
        let law = PowerLaw { limit: 1.0, gap: 1.0, rate: 1.0 };
        let interval = [0.88 - width / 2.0, 0.88 + width / 2.0];
        let expected = vec![Expected { times: 4.0, training: 160.0, value: 0.88, interval }];
        let gain_interval = [0.0, gain + 0.01];
        TargetCurve {
            column: "status".to_owned(),
            figure: "AUC".to_owned(),
            repertoires: vec![],
            depth: vec![point(0.71, 250.0), point(0.85, 2000.0)],
            outlook: Some(Outlook { law, expected, gain, gain_interval }),
        }
    }

    #[test]
    fn a_curve_promises_only_what_it_shows() {
        let check = |gain, width, p_value| {
            more_repertoires(&curve(gain, width), &target(0.85, p_value, None))
        };
        assert_snapshot!(check(0.05, 0.1, 0.001), @"More repertoires for status: with 4 times as many, AUC 0.88 is expected (0.83 to 0.93)");
        assert_snapshot!(check(0.01, 0.1, 0.001), @"More repertoires for status: more of this kind are not expected to help; with 4 times as many, AUC 0.88 is expected (0.83 to 0.93)");
        assert_snapshot!(check(0.05, 0.3, 0.001), @"More repertoires for status: the curve is too uncertain to say; with 4 times as many, the AUC may be anything from 0.73 to 1.03");
        assert_snapshot!(check(0.05, 0.1, 0.2), @"More repertoires for status: the curve cannot say, because the AUC of all repertoires is not above chance");
        let short = TargetCurve { outlook: None, ..curve(0.0, 0.1) };
        assert_snapshot!(more_repertoires(&short, &target(0.85, 0.001, None)), @"More repertoires for status: the curve cannot say, because it has fewer than three points");
        assert_snapshot!(less_depth(&short).unwrap(), @"Less depth for status: AUC 0.71 at 250 clonotypes of a repertoire (median), 0.85 at 2000 clonotypes");
    }

    #[test]
    fn the_verdict_names_chance_and_control() {
        assert_snapshot!(check(0.9, 0.001, Some(0.6), false), @"Verdict for status: above chance (AUC 0.900, P 0.001), and above depth and V/J usage alone (0.600). Next: train on all repertoires, then score and explain");
        assert_snapshot!(check(0.9, 0.001, Some(0.85), false), @"Verdict for status: above chance (AUC 0.900, P 0.001), but not clearly above depth and V/J usage alone (0.850). Next: add repertoires, or use --rarefy to see what is left at equal depth");
        assert_snapshot!(check(0.9, 0.001, Some(0.95), false), @"Verdict for status: above chance (AUC 0.900, P 0.001), but not above depth and V/J usage alone (0.950). Next: use --rarefy, and check whether cases and controls were sequenced alike: the model may see only depth and gene usage");
        assert_snapshot!(check(0.55, 0.3, Some(0.5), false), @"Verdict for status: not above chance (AUC 0.550, P 0.300). Next: add repertoires or check the labels; do not score with this model");
        assert_snapshot!(check(0.19, 0.001, Some(0.1), false), @"Verdict for status: not above chance (AUC 0.190, P 0.001). Next: add repertoires or check the labels; do not score with this model");
        assert_snapshot!(check(0.9, 0.001, None, false), @"Verdict for status: above chance (AUC 0.900, P 0.001) on these repertoires");
        assert_snapshot!(check(0.5, 0.5, None, true), @"Verdict for status: at chance (AUC 0.500, P 0.500), as expected with permuted labels");
    }
}
