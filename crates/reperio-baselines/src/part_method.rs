//! Parts of Reperio's model as separate methods: burden test and public clonotypes as published.

use rayon::prelude::*;
use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_model::features::clonotype_index::Identity;
use reperio_model::features::kmer_set::KmerSet;
use reperio_model::features::{FeatureCache, FitError, TrainingPart};
use reperio_model::parts::clones::{LawKind, THRESHOLDS};
use reperio_model::parts::kmers::burden::{Value, Weighing};
use reperio_model::parts::{Answers, Recipe, Table, Task, inner_folds};

use crate::method::{Fitted, Method, MethodError};

/// One term of Reperio's model, with the choices of its publication.
pub struct PartMethod {
    name: &'static str,
    about: &'static str,
    recipe: Recipe,
}

impl PartMethod {
    /// `burden`: presence or square-root frequency of contiguous 4-mers.
    ///
    /// Presence is the test of `DeepRC`'s comparison as we know it; its supplement was not at hand to check the
    /// wording. Frequencies are our addition.
    pub fn burden() -> Self {
        Self {
            name: "burden",
            about: "sum of the 4-mers that are most enriched in positive repertoires (Widrich et al. 2020)",
            recipe: Recipe::KmerBurden {
                set: KmerSet { k: 4, gaps: 0, anchors: true, regions: false },
                values: vec![Value::Presence, Value::RootFrequency],
                weighings: vec![Weighing::Spread],
            },
        }
    }

    /// `public-clonotypes`, `public-junctions` and `public-junctions-1`: Fisher's test, then the beta-binomial
    /// law.
    pub fn public(identity: Identity) -> Self {
        let (name, about) = match identity {
            Identity::Clonotype => (
                "public-clonotypes",
                "clonotypes (junction, V, J) selected by Fisher's test, then a beta-binomial model (Emerson 2017)",
            ),
            Identity::Junction => (
                "public-junctions",
                "junctions selected by Fisher's test, then a beta-binomial model (after Emerson 2017)",
            ),
            Identity::OneSubstitution => (
                "public-junctions-1",
                "junctions with one substitution allowed, selected by Fisher's test, then a beta-binomial model",
            ),
        };
        let laws = vec![LawKind::BetaBinomial];
        let recipe = Recipe::Clones { identity, laws, thresholds: THRESHOLDS.to_vec() };
        Self { name, about, recipe }
    }

    /// `fisher-count`: nothing is chosen.
    pub fn fisher_count() -> Self {
        let laws = vec![LawKind::RootShare];
        Self {
            name: "fisher-count",
            about: "number of clonotypes with Fisher's P below 0.001, divided by the square root of all distinct ones",
            recipe: Recipe::Clones { identity: Identity::Clonotype, laws, thresholds: vec![1e-3] },
        }
    }
}

impl Method for PartMethod {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn prepare(&self, cache: &FeatureCache<'_>) {
        self.recipe.prepare(cache);
    }

    fn fit(
        &self,
        part: TrainingPart<'_>,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Fitted>, MethodError> {
        let [positive, negative] = part.classes();
        let too_few = FitError::TooFew { positive, negative, expected: 2 };
        if positive.min(negative) < 2 {
            return Err(too_few.into());
        }
        let fold = inner_folds(&part.items(), part.seed).ok_or(too_few)?;
        let task = Task {
            cache: part.cache,
            members: part.members,
            answers: Answers::Classes(part.labels),
            fold: &fold,
            offsets: None,
        };
        let prior = ((positive + 1) as f64 / (negative + 1) as f64).ln();
        let learned = self.recipe.learn(&task, observer)?;
        let (table, choices) = match learned {
            Some(learned) => (Some(learned.table), learned.choices),
            None => (None, serde_json::json!({ "associated": 0 })),
        };
        Ok(Box::new(FittedPart { table, prior, choices }))
    }
}

struct FittedPart {
    /// `None` where nothing was associated.
    table: Option<Table>,
    /// Logit of the class sizes.
    prior: f64,
    choices: serde_json::Value,
}

impl Fitted for FittedPart {
    fn logits(&self, cache: &FeatureCache<'_>, members: &[usize]) -> Vec<f64> {
        let own = |&member: &usize| {
            let repertoire = cache.repertoires()[member];
            self.table.as_ref().map_or(self.prior, |table| table.logit(repertoire))
        };
        members.par_iter().map(own).collect()
    }

    fn choices(&self) -> serde_json::Value {
        self.choices.clone()
    }

    fn parameters(&self) -> Vec<f64> {
        let table = self.table.iter().flat_map(Table::parameters);
        std::iter::once(self.prior).chain(table).collect()
    }

    fn evidence(&self, repertoire: &Repertoire) -> Option<Vec<f64>> {
        let nothing = || vec![0.0; repertoire.len()];
        Some(self.table.as_ref().map_or_else(nothing, |table| table.evidence(repertoire)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::planted::{self, Planted};

    #[test]
    fn a_planted_motif_is_learned_and_permuted_labels_are_not() {
        planted::check(&PartMethod::burden(), 0.1, 0.99);
    }

    #[test]
    fn the_motif_is_selected_and_its_carriers_are_the_evidence() {
        let planted = Planted::new(60, 500, 0.1, 7);
        let (_, fitted) = planted.run(&PartMethod::burden(), planted.labels());
        let choices = fitted.choices();
        assert!(choices["first"][0].as_str().unwrap().contains("LDR"), "{choices}");
        let positive = planted.labels().iter().position(|&label| label).unwrap();
        let repertoire = &planted.repertoires()[positive];
        let evidence = fitted.evidence(repertoire).unwrap();
        let mut order: Vec<usize> = (0..repertoire.len()).collect();
        order.sort_by(|&a, &b| evidence[b].total_cmp(&evidence[a]));
        let carriers =
            order[..20].iter().filter(|&&i| repertoire.junction_aa(i).contains("LDR")).count();
        assert!(carriers >= 18, "{carriers} of the first 20 carry the motif");
    }
}
