//! A cohort in memory with what is to be predicted.

use reperio_data::cohort::Cohort;
use reperio_data::repertoire::Repertoire;
use reperio_stats::Groups;

use crate::background::Background;
use crate::covariates::Covariates;
use crate::features::FeatureCache;
use crate::labels::Labels;
use crate::train::Dataset;

/// A cohort, its labels, and which repertoires no split divides.
#[derive(Clone, Copy, Debug)]
pub struct LabelledCohort<'a> {
    /// The repertoires.
    pub cohort: &'a Cohort,
    /// Labels of all of them.
    pub labels: &'a Labels,
    /// Group of each: the subject, or the repertoire itself.
    pub groups: &'a Groups,
    /// Covariates of all of them; none if no model asks for any.
    pub covariates: &'a Covariates,
    /// What unlabelled repertoires of other people have, if any were read.
    pub background: Option<&'a Background>,
}

impl LabelledCohort<'_> {
    /// Calls `work` with all repertoires as a dataset: to [train](crate::train), to [evaluate](crate::evaluate).
    pub fn with_dataset<T>(self, work: impl FnOnce(Dataset<'_>) -> T) -> T {
        let repertoires: Vec<&Repertoire> = self.cohort.repertoires().iter().collect();
        let cache = FeatureCache::new(&repertoires, self.groups)
            .beside(self.covariates)
            .against(self.background);
        let members: Vec<usize> = (0..repertoires.len()).collect();
        work(Dataset { cache: &cache, members: &members, labels: self.labels })
    }
}
