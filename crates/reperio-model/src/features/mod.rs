//! Features of a cohort that need no labels, computed once for all folds, parts and methods.

pub mod clonotype_index;
pub mod gene_usage;
pub mod kmer_counts;
pub mod kmer_frequencies;
pub mod kmer_set;
mod training_part;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use reperio_data::gene::{self, Species};
use reperio_data::repertoire::{GeneVocabulary, Repertoire};
use reperio_stats::Groups;

use crate::background::Background;
use crate::covariates::Covariates;

pub use training_part::{FitError, TrainingPart};

/// Whether some gene of `repertoires` is known by its family only: all are then compared by their families.
pub fn by_family(repertoires: &[&Repertoire]) -> bool {
    let genes = GeneVocabulary::of(repertoires.iter().copied());
    let names = || genes.v.iter().chain(&genes.j).map(String::as_str);
    let species = Species::of_genes(names());
    names().any(|name| gene::is_family_only(name, species))
}

/// Repertoires, the groups that splits keep whole, and features that need no label.
///
/// A method sees the repertoires of a fold's test part here, but never a label: computing the spectra of
/// all repertoires at once leaks nothing. Standardising by all of them would leak.
pub struct FeatureCache<'a> {
    repertoires: &'a [&'a Repertoire],
    groups: &'a Groups,
    covariates: Option<&'a Covariates>,
    background: Option<&'a Background>,
    features: Mutex<BTreeMap<String, Arc<dyn Any + Send + Sync>>>,
}

impl<'a> FeatureCache<'a> {
    /// The cache of `repertoires`; `groups` says which of them are of one subject.
    ///
    /// # Panics
    ///
    /// If there is not one group per repertoire.
    pub fn new(repertoires: &'a [&'a Repertoire], groups: &'a Groups) -> Self {
        assert_eq!(repertoires.len(), groups.rows(), "one group a repertoire");
        let features = Mutex::default();
        Self { repertoires, groups, covariates: None, background: None, features }
    }

    /// The same with the covariates of the repertoires.
    ///
    /// # Panics
    ///
    /// If there is not one value per repertoire.
    #[must_use]
    pub fn beside(self, covariates: &'a Covariates) -> Self {
        let n = self.repertoires.len();
        assert!(covariates.values.iter().all(|own| own.len() == n), "one value a repertoire");
        Self { covariates: Some(covariates), ..self }
    }

    /// The covariates of the repertoires; none without any.
    pub fn covariates(&self) -> Covariates {
        self.covariates.cloned().unwrap_or_default()
    }

    /// The same, with what strangers have of the repertoires' clonotypes.
    #[must_use]
    pub fn against(self, background: Option<&'a Background>) -> Self {
        Self { background, ..self }
    }

    /// What strangers have of the repertoires' clonotypes, if it is known.
    pub fn background(&self) -> Option<&'a Background> {
        self.background
    }

    /// All repertoires.
    pub fn repertoires(&self) -> &'a [&'a Repertoire] {
        self.repertoires
    }

    /// Which repertoires are of one subject.
    pub fn groups(&self) -> &'a Groups {
        self.groups
    }

    /// The feature called `name`, computed by `make` on first use.
    ///
    /// # Panics
    ///
    /// If one name is used for two types.
    pub fn feature<T: Send + Sync + 'static>(
        &self,
        name: &str,
        make: impl FnOnce(&[&Repertoire]) -> T,
    ) -> Arc<T> {
        let lock = || self.features.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(name).cloned();
        // Made outside the lock, so that features may be made from other features.
        let any = known.unwrap_or_else(|| {
            let made: Arc<dyn Any + Send + Sync> = Arc::new(make(self.repertoires));
            lock().entry(name.to_owned()).or_insert(made).clone()
        });
        any.downcast().expect("a name of features stands for one type")
    }

    /// Drops all features, so that the next method computes its own.
    pub fn forget(&self) {
        self.features.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_made_once_until_they_are_forgotten() {
        let groups = Groups::default();
        let cache = FeatureCache::new(&[], &groups);
        let one = cache.feature("n", |repertoires| repertoires.len() + 1);
        assert_eq!((*one, *cache.feature("n", |_| 7_usize)), (1, 1));
        cache.forget();
        assert_eq!(*cache.feature("n", |_| 7_usize), 7);
    }
}
