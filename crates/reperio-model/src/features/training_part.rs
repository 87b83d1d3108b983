//! A training part: some repertoires of a cohort and their labels.

use reperio_data::split::{self, Fold, Item};

use super::FeatureCache;

/// Folds of the cross-validation inside a part.
const INNER_FOLDS: usize = 3;

/// Repertoires to learn from.
#[derive(Clone, Copy)]
pub struct TrainingPart<'a> {
    /// The cohort they belong to.
    pub cache: &'a FeatureCache<'a>,
    /// Their indices in it, increasing.
    pub members: &'a [usize],
    /// Whether each member is positive.
    pub labels: &'a [bool],
    /// Seed of all random numbers.
    pub seed: u64,
}

impl TrainingPart<'_> {
    /// Positive and negative members.
    pub fn classes(&self) -> [usize; 2] {
        let positive = self.labels.iter().filter(|label| **label).count();
        [positive, self.labels.len() - positive]
    }

    /// The members as splits see them.
    pub fn items(&self) -> Vec<Item> {
        let item = |(&member, &label): (&usize, &bool)| Item {
            id: member.to_string(),
            stratum: label.to_string(),
            group: self.cache.groups().name(member).to_owned(),
        };
        self.members.iter().zip(self.labels).map(item).collect()
    }

    /// Three stratified inner folds that keep groups whole: places in `members`. Every hyper-parameter of a method is
    /// chosen by what they hold out.
    ///
    /// # Errors
    ///
    /// If a class has fewer than two members, or there are fewer groups than folds.
    pub fn inner_folds(&self) -> Result<Vec<Fold>, FitError> {
        let [positive, negative] = self.classes();
        let too_few = || FitError::TooFew { positive, negative, expected: INNER_FOLDS };
        if positive.min(negative) < 2 {
            return Err(too_few());
        }
        let of = split::folds(&self.items(), INNER_FOLDS, self.seed).map_err(|_| too_few())?;
        Ok(Fold::all(&of))
    }
}

/// Why a method could not be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Too little to learn from.
    #[error(
        "{positive} positive and {negative} negative repertoires to learn from, expected at least {expected} of each"
    )]
    TooFew {
        /// Positive members.
        positive: usize,
        /// Negative members.
        negative: usize,
        /// What is needed.
        expected: usize,
    },
    /// The person asked to stop.
    #[error("stopped before anything was fitted")]
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::repertoire::Builder;
    use reperio_stats::Groups;

    /// Three repertoires each of eight people.
    #[test]
    fn inner_folds_divide_no_group() {
        let one = Builder::default().finish("r".to_owned());
        let people: Vec<String> = (0..24).map(|i| (i / 3).to_string()).collect();
        let (groups, views) = (Groups::of(&people), [&one; 24]);
        let cache = FeatureCache::new(&views, &groups);
        let members: Vec<usize> = (0..24).collect();
        let labels: Vec<bool> = members.iter().map(|i| i / 3 % 2 == 0).collect();
        let part = TrainingPart { cache: &cache, members: &members, labels: &labels, seed: 0 };
        let folds = part.inner_folds().unwrap();
        assert_eq!(folds.iter().map(|fold| fold.held.len()).sum::<usize>(), 24);
        for fold in folds {
            let people = |side: &[usize]| side.iter().map(|i| i / 3).collect::<Vec<_>>();
            let (held, fitted) = (people(&fold.held), people(&fold.fitted));
            assert!(!held.is_empty() && held.iter().all(|own| !fitted.contains(own)), "{held:?}");
        }
    }
}
