//! The max-snippet classifier of Ostmeyer et al.

use std::sync::Arc;

use rayon::prelude::*;
use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_model::features::{FeatureCache, TrainingPart};
use reperio_stats::selection;

use super::active::code;
use super::descent::{self, Examples, STAGES};
use super::snippets::{self, Snippets};
use super::tables::{LinearScore, Tables};
use crate::method::{Fitted, Method, MethodError};

/// Logistic multiple-instance learning on 4-mers.
///
/// ```text
/// x      = 4 x 5 Atchley factors of a snippet, ln of its share of all copies; scaled on the part
/// score  = w x + b
/// logit  = max of score over the snippets of a repertoire
/// ```
///
/// Snippets are the 4-mers of the junction without three residues at each end, the two anchors among them. Weights
/// are of maximum likelihood, found by Adam from many random starts of which the one with the lowest training
/// loss is taken; how many steps they are followed is chosen in an inner cross-validation. Equal snippets of
/// a repertoire are one instance. A repertoire without snippets gets the logit of the class sizes.
///
/// # References
///
/// - Ostmeyer et al., *Statistical classifiers for diagnosing disease from immune repertoires*, BMC Bioinformatics
///   2017. <https://doi.org/10.1186/s12859-017-1814-6>
/// - Ostmeyer et al., *Biophysicochemical motifs in T-cell receptor sequences*, Cancer Research 2019.
///   <https://doi.org/10.1158/0008-5472.CAN-18-2292>
#[derive(Clone, Copy, Debug, Default)]
pub struct KmerMil;

impl Method for KmerMil {
    fn name(&self) -> &'static str {
        "kmer-mil"
    }

    fn about(&self) -> &'static str {
        "the best-scoring 4-mer, described by Atchley factors and abundance, decides (Ostmeyer 2019)"
    }

    fn prepare(&self, cache: &FeatureCache<'_>) {
        all(cache);
    }

    fn fit(
        &self,
        part: TrainingPart<'_>,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Fitted>, MethodError> {
        let snippets = all(part.cache);
        let examples = |places: &[usize]| {
            let one = |&i: &usize| (&snippets[part.members[i]], part.labels[i]);
            Examples::new(places.iter().map(one))
        };
        let mut logits = vec![vec![0.0; part.members.len()]; STAGES.len()];
        for (at, fold) in part.inner_folds()?.iter().enumerate() {
            let examples = examples(&fold.fitted);
            let seed = part.seed.wrapping_add(1 + at as u64);
            for (stage, weights) in
                descent::fit(&examples, STAGES.len(), seed, observer)?.into_iter().enumerate()
            {
                let scorer = Scorer::new(weights, &examples);
                for &i in &fold.held {
                    logits[stage][i] = scorer.logit(&snippets[part.members[i]]);
                }
            }
        }
        let stage = selection::best(&logits, part.labels);
        let places: Vec<usize> = (0..part.members.len()).collect();
        let examples = examples(&places);
        let weights = descent::fit(&examples, stage + 1, part.seed, observer)?;
        let weights = *weights.last().expect("at least one stage");
        let scale = examples.scale.parameters();
        let parameters = scale.chain(weights.features).chain([weights.bias]).collect();
        let scorer = Scorer::new(weights, &examples);
        Ok(Box::new(FittedScorer { scorer, parameters, steps: STAGES[stage].1 }))
    }
}

/// The snippets of every repertoire, made once.
fn all(cache: &FeatureCache<'_>) -> Arc<Vec<Snippets>> {
    cache.feature("snippets of four residues", |repertoires| {
        repertoires.par_iter().map(|own| Snippets::new(own)).collect()
    })
}

struct Scorer {
    tables: Tables,
    /// Logit of the class sizes.
    prior: f64,
}

impl Scorer {
    fn new(weights: LinearScore, examples: &Examples<'_>) -> Self {
        let positive = examples.labels.iter().filter(|label| **label).count();
        let negative = examples.labels.len() - positive;
        let prior = ((positive + 1) as f64 / (negative + 1) as f64).ln();
        Self { tables: Tables::new(&weights, &examples.scale), prior }
    }

    fn logit(&self, snippets: &Snippets) -> f64 {
        if snippets.is_empty() {
            return self.prior;
        }
        let (residues, share) = snippets.get(self.tables.highest(snippets, 0));
        f64::from(self.tables.score(code(residues), share as f32))
    }
}

struct FittedScorer {
    scorer: Scorer,
    parameters: Vec<f64>,
    steps: usize,
}

impl Fitted for FittedScorer {
    fn logits(&self, cache: &FeatureCache<'_>, members: &[usize]) -> Vec<f64> {
        let snippets = all(cache);
        members.iter().map(|&member| self.scorer.logit(&snippets[member])).collect()
    }

    fn choices(&self) -> serde_json::Value {
        serde_json::json!({ "steps": self.steps })
    }

    fn parameters(&self) -> Vec<f64> {
        self.parameters.clone()
    }

    /// The best score among a clonotype's snippets; one too short for a snippet has the lowest of all.
    fn evidence(&self, repertoire: &Repertoire) -> Option<Vec<f64>> {
        let snippets = Snippets::new(repertoire);
        let score = |code: usize| {
            let share = snippets.find(code).expect("every snippet was counted");
            f64::from(self.scorer.tables.score(code, share))
        };
        let best = |row: usize| {
            snippets::codes(repertoire.junction_codes(row)).map(score).reduce(f64::max)
        };
        let own: Vec<Option<f64>> = (0..repertoire.len()).map(best).collect();
        let lowest = own.iter().flatten().copied().reduce(f64::min).unwrap_or(0.0);
        Some(own.into_iter().map(|score| score.unwrap_or(lowest)).collect())
    }
}
