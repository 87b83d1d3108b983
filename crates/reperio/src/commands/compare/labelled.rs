//! The labelled repertoires of a cohort, and their folds.

use std::path::Path;

use anyhow::{Result, bail};
use reperio_data::cohort::Cohort;
use reperio_data::repertoire::Repertoire;
use reperio_data::split::{Item, Splits};
use reperio_model::evaluate;
use reperio_model::target::{Labels, TargetKind};
use reperio_reference::compare::{Comparison, RepeatLabels, Truth};

use crate::arguments::cohort::TargetArgs;
use crate::arguments::folds::Division;
use crate::arguments::groups::Groups;
use crate::tables::labels::TargetCounts;

/// How repertoires are divided.
pub(super) struct FoldsWanted<'a> {
    pub(super) division: Division<'a>,
    /// Times that they are divided, each time with another seed.
    pub(super) repeats: usize,
    pub(super) seed: u64,
}

/// What methods are compared on.
pub(super) struct Labelled<'a> {
    /// Column and positive value.
    pub(super) target: String,
    pub(super) repertoires: Vec<&'a Repertoire>,
    groups: Vec<String>,
    items: Vec<Item>,
    /// One entry per repeat, as `folds`.
    pub(super) labels: Vec<RepeatLabels>,
    pub(super) folds: Vec<Vec<usize>>,
}

impl<'a> Labelled<'a> {
    /// Those of `cohort` that have a label and a sequence.
    pub(super) fn of(
        args: &TargetArgs,
        cohort: &'a Cohort,
        wanted: &FoldsWanted<'_>,
    ) -> Result<Self> {
        let labels = args.labels(&cohort.metadata)?;
        let [target] = &labels.targets[..] else {
            bail!("{} targets, expected exactly one to compare methods on", labels.targets.len());
        };
        let TargetKind::Binary { positive, negative } = &target.kind else {
            bail!(
                "column {:?} has more than two values, expected two classes: --positive VALUE compares one value with all others",
                target.column
            );
        };
        for counts in TargetCounts::of(&labels, args.because()) {
            tracing::info!("{}", counts.line());
        }
        let target = format!("{}: {positive} against {negative}", target.column);
        let usable = |&i: &usize| labels.is_labelled(i) && !cohort.repertoires[i].is_empty();
        let rows: Vec<usize> = (0..labels.len()).filter(usable).collect();
        let Groups { names: all_groups, line } = args.groups(&cohort.metadata)?;
        if let Some(line) = line {
            tracing::info!("{line}");
        }
        let groups: Vec<String> = rows.iter().map(|&i| all_groups[i].clone()).collect();
        let ids: Vec<String> = rows.iter().map(|&i| cohort.metadata.ids[i].clone()).collect();
        let labels = labels.select(&rows);
        let items = evaluate::items(&ids, &labels, &groups);
        let seeds = || (0..wanted.repeats as u64).map(|repeat| wanted.seed.wrapping_add(repeat));
        let folds = seeds().map(|seed| all_held_out(&wanted.division.of(&items, seed)?, &ids));
        let folds: Vec<Vec<usize>> = folds.collect::<Result<_>>()?;
        let labels = seeds().map(|seed| RepeatLabels {
            given: classes(&labels),
            permuted: classes(&evaluate::permuted(&labels, &groups, seed.wrapping_add(1))),
        });
        let repertoires = rows.iter().map(|&i| &cohort.repertoires[i]).collect();
        Ok(Self { target, repertoires, labels: labels.collect(), groups, items, folds })
    }

    pub(super) fn comparison(&'a self, truth: Option<&'a Truth>, seed: u64) -> Comparison<'a> {
        Comparison {
            repertoires: &self.repertoires,
            groups: &self.groups,
            labels: self.labels.clone(),
            folds: self.folds.clone(),
            truth,
            seed,
        }
    }

    /// `splits.tsv`, which `evaluate --splits` takes; of further repeats `splits-2.tsv` and so on.
    pub(super) fn write_splits(&self, out: &Path) -> Result<()> {
        for (repeat, folds) in self.folds.iter().enumerate() {
            let folds: Vec<Option<usize>> = folds.iter().copied().map(Some).collect();
            let mark = if repeat == 0 { String::new() } else { format!("-{}", repeat + 1) };
            Splits::new(&self.items, &folds).write(&out.join(format!("splits{mark}.tsv")))?;
        }
        Ok(())
    }
}

/// The fold of each repertoire; every one must be held out once, so that methods have the same predictions.
fn all_held_out(folds: &[Option<usize>], ids: &[String]) -> Result<Vec<usize>> {
    let without = ids.iter().zip(folds).find(|(_, fold)| fold.is_none());
    if let Some((id, _)) = without {
        bail!(
            "repertoire {id} has no fold, expected a fold for each repertoire: methods are compared on all of them"
        );
    }
    Ok(folds.iter().flatten().copied().collect())
}

/// Whether each repertoire is positive.
fn classes(labels: &Labels) -> Vec<bool> {
    labels.values[0].iter().map(|label| label.is_some_and(|label| label > 0.5)).collect()
}
