//! A labelled cohort, and how well a method tells its classes apart when whole groups are held out.

use reperio_data::progress::Silent;
use reperio_data::repertoire::Repertoire;
use reperio_data::split::{self, Item};
use reperio_model::features::{FeatureCache, TrainingPart};

use reperio_baselines::method::{Fitted, Method};
use reperio_stats::Groups;
use reperio_stats::metrics::auc;

/// Repertoires with labels, whole groups to a fold.
pub(crate) struct Case {
    pub(crate) repertoires: Vec<Repertoire>,
    pub(crate) labels: Vec<bool>,
    pub(crate) groups: Groups,
}

impl Case {
    fn folds(&self, k: usize, seed: u64) -> Vec<usize> {
        let item = |i: usize| Item {
            id: format!("{i:04}"),
            stratum: self.labels[i].to_string(),
            group: self.groups.name(i).to_owned(),
        };
        let items: Vec<Item> = (0..self.labels.len()).map(item).collect();
        split::folds(&items, k, seed).expect("enough groups")
    }

    /// Pooled AUC of held-out logits, and what was chosen in each fold.
    pub(crate) fn held_out_auc(
        &self,
        method: &dyn Method,
        k: usize,
        seed: u64,
    ) -> (f64, Vec<String>) {
        let views: Vec<&Repertoire> = self.repertoires.iter().collect();
        let cache = FeatureCache::new(&views, &self.groups);
        method.prepare(&cache);
        let folds = self.folds(k, seed);
        let mut logits = vec![f64::NAN; folds.len()];
        let mut choices = Vec::new();
        for fold in 0..k {
            let (held, members): (Vec<usize>, Vec<usize>) =
                (0..folds.len()).partition(|&i| folds[i] == fold);
            let fitted = self.fit(method, &cache, &members);
            choices.push(fitted.choices().to_string());
            for (&i, logit) in held.iter().zip(fitted.logits(&cache, &held)) {
                logits[i] = logit;
            }
        }
        (auc(&logits, &self.labels).expect("both classes"), choices)
    }

    /// What is learned from `members`.
    pub(crate) fn fit(
        &self,
        method: &dyn Method,
        cache: &FeatureCache<'_>,
        members: &[usize],
    ) -> Box<dyn Fitted> {
        let labels: Vec<bool> = members.iter().map(|&i| self.labels[i]).collect();
        method
            .fit(TrainingPart { cache, members, labels: &labels, seed: 1 }, &Silent)
            .expect("a fit")
    }
}
