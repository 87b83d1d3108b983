//! The oracle of simulated data: an observer who knows the motifs counts them.

use rayon::prelude::*;
use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_data::simulate::{InvalidSimulation, Oracle, SimulationConfig, Target};
use reperio_model::features::{FeatureCache, FitError, TrainingPart};
use reperio_stats::platt::Platt;

use crate::method::{Fitted, Method, MethodError};

/// Counts the implanted motifs at their allowed positions.
///
/// ```text
/// share = clonotypes that carry a motif / clonotypes
/// logit = slope share + intercept             logistic regression on the part, slope not negative
/// ```
///
/// No learner can know more about single sequences; the background carries motifs by chance too, so even the
/// oracle errs. DeepRC's table has a binary known motif: whether a repertoire holds it at all. The count is
/// ours, and sees more: what nearly every repertoire holds by chance can still be more frequent in some.
///
/// # References
///
/// - Widrich et al., *Modern Hopfield Networks and Attention for Immune Repertoire Classification*,
///   `NeurIPS` 2020. <https://arxiv.org/abs/2007.13505>
#[derive(Clone, Debug)]
pub struct KnownMotif {
    oracle: Oracle,
    target: Target,
}

impl KnownMotif {
    /// The oracle of the signals of `config` that make `target` positive.
    ///
    /// # Errors
    ///
    /// If a motif cannot be read.
    pub fn new(config: &SimulationConfig, target: Target) -> Result<Self, InvalidSimulation> {
        Ok(Self { oracle: Oracle::new(config)?, target })
    }

    fn shares(&self, repertoires: &[&Repertoire]) -> Vec<f64> {
        let share = |repertoire: &&Repertoire| {
            let carriers = self.oracle.count(self.target, repertoire);
            carriers as f64 / repertoire.len().max(1) as f64
        };
        repertoires.par_iter().map(share).collect()
    }
}

impl Method for KnownMotif {
    fn name(&self) -> &'static str {
        "known-motif"
    }

    fn about(&self) -> &'static str {
        "oracle: counts the implanted motifs at their allowed positions (simulated data only)"
    }

    fn fit(
        &self,
        part: TrainingPart<'_>,
        _: &dyn Observer,
    ) -> Result<Box<dyn Fitted>, MethodError> {
        let [positive, negative] = part.classes();
        if positive.min(negative) == 0 {
            return Err(FitError::TooFew { positive, negative, expected: 1 }.into());
        }
        let all = part.cache.repertoires();
        let own: Vec<&Repertoire> = part.members.iter().map(|&member| all[member]).collect();
        let scaling = Platt::fit(&self.shares(&own), part.labels);
        Ok(Box::new(ScaledShare { method: self.clone(), scaling }))
    }
}

struct ScaledShare {
    method: KnownMotif,
    scaling: Platt,
}

impl Fitted for ScaledShare {
    fn logits(&self, cache: &FeatureCache<'_>, members: &[usize]) -> Vec<f64> {
        let all = cache.repertoires();
        let own: Vec<&Repertoire> = members.iter().map(|&member| all[member]).collect();
        self.method.shares(&own).into_iter().map(|share| self.scaling.logit(share)).collect()
    }

    fn choices(&self) -> serde_json::Value {
        let Platt { slope, intercept } = self.scaling;
        serde_json::json!({ "slope": slope, "intercept": intercept })
    }

    fn parameters(&self) -> Vec<f64> {
        vec![self.scaling.slope, self.scaling.intercept]
    }

    fn evidence(&self, repertoire: &Repertoire) -> Option<Vec<f64>> {
        let KnownMotif { oracle, target } = &self.method;
        let carries = |i| {
            let (v_call, j_call) = (repertoire.v_call(i), repertoire.j_call(i));
            let junction = repertoire.junction_codes(i);
            f64::from(u8::from(oracle.carries(*target, junction, v_call, j_call)))
        };
        Some((0..repertoire.len()).map(carries).collect())
    }
}
