//! A control: logistic regression on only the depth and diversity of a repertoire.
//!
//! With N clonotypes of counts `c_i`, `C = Σ c_i` and `p_i = c_i / C`:
//!
//! | figure | formula |
//! |---|---|
//! | clonotypes | `ln N` |
//! | templates | `ln C` |
//! | Shannon entropy, in nats | `H = -Σ p_i ln p_i` |
//! | clonality | `1 - H / ln N`, 0 if N is 1 |
//! | Simpson diversity, the logarithm of Hill's number of order 2 | `-ln Σ p_i²` |
//! | Gini coefficient | `Σ (2 i - N - 1) c_(i) / (N C)`, counts `c_(1) ≤ c_(2) ≤ ...` |
//! | largest clone | `max p_i` |
//! | singletons | `f_1 / N`, where `f_k` clonotypes have a count of k |
//! | Chao1 richness, bias-corrected | `ln(N + f_1 (f_1 - 1) / (2 (f_2 + 1)))` |
//! | junction length | mean over clonotypes, in residues, anchors included |
//!
//! An empty repertoire is 0 everywhere.
//!
//! # References
//!
//! - Chao, *Nonparametric estimation of the number of classes in a population*, 1984 (Chao1).
//! - Greiff et al., *A bioinformatic framework for immune repertoire diversity profiling*, Genome Medicine
//!   2015 (entropy, clonality and Hill numbers of repertoires). <https://doi.org/10.1186/s13073-015-0169-8>

use std::sync::Arc;

use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_model::features::{FeatureCache, TrainingPart};
use reperio_stats::logistic::Table;

use crate::choose::{Chosen, choose};
use crate::method::{Fitted, Method, MethodError};

/// Figures of a repertoire.
const FIGURES: usize = 10;

/// `depth-diversity`: logistic regression on ten figures of depth and diversity, L1 or L2.
#[derive(Clone, Copy, Debug, Default)]
pub struct DepthDiversity;

impl DepthDiversity {
    fn features(cache: &FeatureCache<'_>) -> Arc<Table> {
        let table = |all: &[&Repertoire]| {
            let values = all.iter().flat_map(|own| figures(own).map(|figure| figure as f32));
            Table::new(FIGURES, values.collect())
        };
        cache.feature("depth and diversity", table)
    }
}

impl Method for DepthDiversity {
    fn name(&self) -> &'static str {
        "depth-diversity"
    }

    fn about(&self) -> &'static str {
        "control: logistic regression on depth and clonal diversity, blind to sequences and genes"
    }

    fn is_control(&self) -> bool {
        true
    }

    fn prepare(&self, cache: &FeatureCache<'_>) {
        Self::features(cache);
    }

    fn fit(
        &self,
        part: TrainingPart<'_>,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Fitted>, MethodError> {
        let chosen = choose(&Self::features(part.cache), part, observer)?;
        Ok(Box::new(FittedDepth(chosen)))
    }
}

/// The figures in the order of the table above.
fn figures(repertoire: &Repertoire) -> [f64; FIGURES] {
    let mut counts = repertoire.counts().to_vec();
    counts.sort_unstable();
    let Some(&largest) = counts.last() else { return [0.0; FIGURES] };
    let n = counts.len() as f64;
    let templates = repertoire.templates() as f64;
    let shares = || counts.iter().map(|&count| count as f64 / templates);
    let entropy: f64 = -shares().map(|p| p * p.ln()).sum::<f64>();
    let clonality = if counts.len() < 2 { 0.0 } else { 1.0 - entropy / n.ln() };
    let simpson = -shares().map(|p| p * p).sum::<f64>().ln();
    let ranked = (1..).zip(&counts).map(|(i, &c)| (2.0 * f64::from(i) - n - 1.0) * c as f64);
    let gini = ranked.sum::<f64>() / (n * templates);
    let seen = |times| counts.iter().filter(|&&count| count == times).count() as f64;
    let (once, twice) = (seen(1), seen(2));
    let chao = n + once * (once - 1.0) / (2.0 * (twice + 1.0));
    let length = repertoire.junctions().residues().len() as f64 / n;
    let shape = [entropy, clonality, simpson, gini, largest as f64 / templates, once / n];
    let [entropy, clonality, simpson, gini, largest, singletons] = shape;
    [
        n.ln(),
        templates.ln(),
        entropy,
        clonality,
        simpson,
        gini,
        largest,
        singletons,
        chao.ln(),
        length,
    ]
}

struct FittedDepth(Chosen);

impl Fitted for FittedDepth {
    fn logits(&self, cache: &FeatureCache<'_>, members: &[usize]) -> Vec<f64> {
        self.0.linear.logits(&DepthDiversity::features(cache), members)
    }

    fn choices(&self) -> serde_json::Value {
        self.0.choices()
    }

    fn parameters(&self) -> Vec<f64> {
        self.0.parameters()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    fn repertoire(rows: &[(&str, u64)]) -> Repertoire {
        let mut builder = Builder::default();
        for &(junction_aa, duplicate_count) in rows {
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call: "",
                j_call: "",
                duplicate_count,
            });
        }
        builder.finish("r".to_owned())
    }

    /// By hand: counts 1, 1, 2, 4 of 8; shares 1/8, 1/8, 1/4, 1/2.
    #[test]
    fn figures_follow_their_formulas() {
        let own = figures(&repertoire(&[("CAF", 1), ("CASF", 1), ("CASSF", 2), ("CAWSSF", 4)]));
        let ln2 = std::f64::consts::LN_2;
        let entropy = 1.75 * ln2;
        let expected = [
            2.0 * ln2,
            3.0 * ln2,
            entropy,
            1.0 - 0.875,
            -(1.0 / 64.0 + 1.0 / 64.0 + 1.0 / 16.0 + 1.0 / 4.0_f64).ln(),
            (-3.0 - 1.0 + 2.0 + 12.0) / 32.0,
            0.5,
            0.5,
            (4.0 + 2.0 / 4.0_f64).ln(),
            4.5,
        ];
        for (i, (found, expected)) in own.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() < 1e-12, "figure {i}: {found} != {expected}");
        }
    }

    #[test]
    fn empty_and_single_repertoires_have_finite_figures() {
        assert!(figures(&repertoire(&[])).iter().all(|figure| figure.abs() < f64::MIN_POSITIVE));
        let one = figures(&repertoire(&[("CASSF", 7)]));
        assert!(one.iter().all(|figure| figure.is_finite()), "{one:?}");
    }
}
