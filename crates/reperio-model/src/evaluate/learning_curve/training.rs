//! The trainings of a learning curve.

use reperio_data::progress::Progress;
use reperio_data::rarefy;
use reperio_data::repertoire::Repertoire;
use reperio_data::split::Fold;
use reperio_stats::Groups;

use super::subsets::{Nested, stream};
use super::{EvaluateError, Work};
use crate::evaluate::{Prefixed, beside, raw};
use crate::features::FeatureCache;
use crate::labels::Labels;
use crate::patient::Patient;
use crate::score::check_finite;
use crate::train::{self, Dataset, TrainingContext};

/// What one training in every fold gave.
pub(super) struct Trained {
    /// Rows of the dataset that each fold was trained on.
    pub(super) parts: Vec<Vec<usize>>,
    /// Outputs of each repertoire that was held out, in the order of the dataset.
    pub(super) outputs: Vec<Vec<f64>>,
}

/// Trains in every fold, again and again.
pub(super) struct Trainer<'a> {
    pub(super) labels: &'a Labels,
    pub(super) folds: &'a [Fold],
    pub(super) work: Work<'a>,
    /// Trainings of all folds that are finished, and that there will be.
    pub(super) done: usize,
    pub(super) total: usize,
}

impl Trainer<'_> {
    /// Rows with a label of each fold's training part, thinned to a share.
    pub(super) fn thinned(&self, groups: &Groups, share: f64, repeat: usize) -> Vec<Vec<usize>> {
        let seed = self.work.config.training.seed;
        let part = |(fold, own): (usize, &Fold)| {
            let rows = labelled(self.labels, &own.fitted);
            let labels = self.labels.select(&rows);
            let strata: Vec<String> = (0..rows.len()).map(|i| labels.stratum(i)).collect();
            let nested = Nested::new(&strata, &groups.select(&rows), stream(seed, fold, repeat));
            let size = (share * rows.len() as f64).ceil() as usize;
            nested.first(size).into_iter().map(|i| rows[i]).collect()
        };
        self.folds.iter().enumerate().map(part).collect()
    }

    /// Trains on these rows of each fold, and scores what the fold holds out.
    pub(super) fn train(
        &mut self,
        dataset: Dataset<'_>,
        name: &str,
        parts: Vec<Vec<usize>>,
    ) -> Result<Trained, EvaluateError> {
        let observer = self.work.observer;
        let mut outputs = vec![None; dataset.members.len()];
        for (fold, rows) in parts.iter().enumerate() {
            observer.progress(Progress {
                task: "learning curve",
                done: self.done as u64,
                total: self.total as u64,
                unit: "trainings",
            });
            let members: Vec<usize> = rows.iter().map(|&i| dataset.members[i]).collect();
            let labels = self.labels.select(rows);
            let part = Dataset { cache: dataset.cache, members: &members, labels: &labels };
            let own = format!("{name}/fold{fold}");
            let folder = self.work.context.checkpoint.map(|root| root.join("curve").join(&own));
            let context = TrainingContext { checkpoint: folder.as_deref(), ..self.work.context };
            let observer = Prefixed { observer, prefix: format!("curve/{own}") };
            let model = train::fit(part, self.work.config, context, &observer)?.model;
            let covariates = beside(&model, dataset);
            for &i in &self.folds[fold].held {
                let repertoire = dataset.repertoire(i);
                let values = covariates.row(dataset.members[i]);
                let said = model.outputs(Patient::new(repertoire, &values));
                let own = raw(&model.info().targets, &said);
                check_finite(&repertoire.id, own.iter())?;
                outputs[i] = Some(own);
            }
            self.done += 1;
        }
        Ok(Trained { parts, outputs: outputs.into_iter().flatten().collect() })
    }

    /// Trains on the whole training parts of thinned repertoires, one for each of the dataset's cache.
    pub(super) fn train_at_depth(
        &mut self,
        dataset: Dataset<'_>,
        thinned: &[Repertoire],
        name: &str,
    ) -> Result<Trained, EvaluateError> {
        let views: Vec<&Repertoire> = thinned.iter().collect();
        let covariates = dataset.cache.covariates();
        let cache = FeatureCache::new(&views, dataset.cache.groups()).beside(&covariates);
        let cache = cache.against(dataset.cache.background());
        let parts = self.folds.iter().map(|fold| fold.fitted.clone()).collect();
        self.train(Dataset { cache: &cache, ..dataset }, name, parts)
    }
}

/// Those of `rows` with a label.
pub(super) fn labelled(labels: &Labels, rows: &[usize]) -> Vec<usize> {
    rows.iter().copied().filter(|&i| labels.is_labelled(i)).collect()
}

/// All repertoires thinned to each of `shares` of their copies, at least one, in the order of the shares, which
/// increase. A smaller sample is part of a larger one.
pub(super) fn thin(all: &[&Repertoire], shares: &[f64], seed: u64) -> Vec<Vec<Repertoire>> {
    let mut thinned: Vec<Vec<Repertoire>> = Vec::new();
    for (step, share) in shares.iter().rev().enumerate() {
        let copies = |own: &&Repertoire| ((share * own.templates() as f64).round() as u64).max(1);
        let copies: Vec<u64> = all.iter().map(copies).collect();
        let before: Vec<&Repertoire> = match thinned.last() {
            Some(before) => before.iter().collect(),
            None => all.to_vec(),
        };
        let seed = seed.wrapping_add(1 + step as u64);
        thinned.push(rarefy::to_copies(&before, &copies, seed));
    }
    thinned.reverse();
    thinned
}
