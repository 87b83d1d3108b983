//! The verdict of an evaluation in a sentence, and the next step.

use reperio_model::evaluate::{AgainstControl, Figure, Metrics, TargetSummary, Verdict};

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

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use reperio_stats::metrics::BinaryMetrics;

    fn check(auc: f64, p_value: f64, control: Option<f64>, permuted: bool) -> String {
        let pooled = BinaryMetrics::of(&[1.0, 0.0], &[Some(true), Some(false)]);
        let target = TargetSummary {
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
        };
        of(&target, permuted)
    }

    #[test]
    fn the_verdict_names_chance_and_control() {
        assert_snapshot!(check(0.9, 0.001, Some(0.6), false), @"Verdict for status: above chance (AUC 0.900, P 0.001), and above depth and V/J usage alone (0.600). Next: train on all repertoires, then score and explain");
        assert_snapshot!(check(0.9, 0.001, Some(0.85), false), @"Verdict for status: above chance (AUC 0.900, P 0.001), but not clearly above depth and V/J usage alone (0.850). Next: add repertoires, or use --rarefy to see what is left at equal depth");
        assert_snapshot!(check(0.9, 0.001, Some(0.95), false), @"Verdict for status: above chance (AUC 0.900, P 0.001), but not above depth and V/J usage alone (0.950). Next: use --rarefy, and check whether cases and controls were sequenced alike: the model may see only depth and gene usage");
        assert_snapshot!(check(0.55, 0.3, Some(0.5), false), @"Verdict for status: not above chance (AUC 0.550, P 0.300). Next: add repertoires or check the labels; do not score with this model");
        assert_snapshot!(check(0.9, 0.001, None, false), @"Verdict for status: above chance (AUC 0.900, P 0.001) on these repertoires");
        assert_snapshot!(check(0.5, 0.5, None, true), @"Verdict for status: at chance (AUC 0.500, P 0.500), as expected with permuted labels");
    }
}
