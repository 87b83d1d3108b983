//! The classifier of Emerson et al.: Fisher's exact test chooses, the beta-binomial law weighs.

use rayon::prelude::*;
use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_data::split;

use super::associated::Associated;
use super::beta_binomial::{Beta, Count};
use super::census::{Census, THRESHOLDS, Tested};
use crate::clonotype_index::{ClonotypeIndex, Identity};
use crate::material::Material;
use crate::method::{Fitted, Method, MethodError, Part};
use crate::selection;

/// Inner folds that choose the threshold. More than other methods take: a third fewer repertoires move every
/// P-value by an order of magnitude, and an association is cheap to test again.
const FOLDS: usize = 10;

/// Public clonotypes associated with the positive class, counted.
///
/// ```text
/// associated = keys with one-sided Fisher P <= threshold in the part
/// k, n       = associated and all distinct clonotypes of a repertoire
/// k | n, c   ~ BetaBinomial(n, α_c, β_c)        c: positive or negative; by maximum likelihood on the part
/// logit      = ln P(k | n, +) - ln P(k | n, -) + ln((n₊ + 1) / (n₋ + 1))
/// ```
///
/// The threshold with the lowest log loss in an inner cross-validation is taken, in which a held-out repertoire
/// has no say in the association; the final priors, as published, are fitted to the repertoires that chose
/// the clonotypes. Without any associated clonotype the logit is that of the class sizes.
///
/// # References
///
/// - Emerson et al., *Immunosequencing identifies signatures of cytomegalovirus exposure history and HLA-mediated
///   effects on the T cell repertoire*, Nat Genet 2017. <https://doi.org/10.1038/ng.3822>
#[derive(Clone, Copy, Debug)]
pub struct PublicClonotypes {
    /// When two clonotypes are the same.
    pub identity: Identity,
}

impl Method for PublicClonotypes {
    fn name(&self) -> &'static str {
        match self.identity {
            Identity::Clonotype => "public-clonotypes",
            Identity::Junction => "public-junctions",
            Identity::OneSubstitution => "public-junctions-1",
        }
    }

    fn about(&self) -> &'static str {
        match self.identity {
            Identity::Clonotype => {
                "clonotypes (junction, V, J) associated by Fisher's test, then the beta-binomial law (Emerson 2017)"
            }
            Identity::Junction => {
                "junctions associated by Fisher's test, then the beta-binomial law (after Emerson 2017)"
            }
            Identity::OneSubstitution => {
                "junctions with one substitution allowed, associated by Fisher's test, then the beta-binomial law"
            }
        }
    }

    fn prepare(&self, material: &Material<'_>) {
        ClonotypeIndex::of(material, self.identity);
    }

    fn fit(&self, part: Part<'_>, observer: &dyn Observer) -> Result<Box<dyn Fitted>, MethodError> {
        let index = ClonotypeIndex::of(part.material, self.identity);
        let fold = folds(part)?;
        let census = Census::new(&index, part, fold.clone());
        let tested = census.test();
        if observer.cancelled() {
            return Err(MethodError::Cancelled);
        }
        let counts = census.counts(&tested);
        let (whole, inner) = counts.split_last().expect("the whole part is an analysis");
        let held_out = |threshold| held_out(part.labels, &fold, inner, &tested, threshold);
        let logits: Vec<Vec<f64>> = (0..THRESHOLDS.len()).map(held_out).collect();
        let best = selection::best(&logits, part.labels);
        let chosen = passing(&tested, inner.len(), best);
        let keys: Vec<(usize, f64)> = chosen.map(|tested| (tested.key, -tested.ln_p)).collect();
        let everyone: Vec<usize> = (0..fold.len()).collect();
        let law = Law::fit(&whole[best], part.labels, &everyone, keys.len());
        let mut associated = Associated::new(self.identity);
        for &(key, weight) in &keys {
            let (repertoire, row) = index.first(key);
            associated.insert(part.material.repertoires()[repertoire], row, weight);
        }
        Ok(Box::new(Model { associated, keys, law, threshold: THRESHOLDS[best] }))
    }
}

/// Tested keys that are associated at a threshold in an analysis.
fn passing(tested: &[Tested], analysis: usize, threshold: usize) -> impl Iterator<Item = &Tested> {
    tested.iter().filter(move |tested| usize::from(tested.levels[analysis]) > threshold)
}

/// The logit of each member by what the other inner folds say, at one threshold.
fn held_out(
    labels: &[bool],
    fold: &[usize],
    counts: &[Vec<Vec<Count>>],
    tested: &[Tested],
    threshold: usize,
) -> Vec<f64> {
    let mut logits = vec![0.0; fold.len()];
    for (held, counts) in counts.iter().enumerate() {
        let fitted: Vec<usize> = (0..fold.len()).filter(|&i| fold[i] != held).collect();
        let keys = passing(tested, held, threshold).count();
        let law = Law::fit(&counts[threshold], labels, &fitted, keys);
        for i in (0..fold.len()).filter(|&i| fold[i] == held) {
            logits[i] = law.logit(counts[threshold][i]);
        }
    }
    logits
}

/// Inner fold of each member: up to ten, as many as the smaller class allows.
fn folds(part: Part<'_>) -> Result<Vec<usize>, MethodError> {
    let [positive, negative] = part.classes();
    let k = FOLDS.min(positive).min(negative);
    let items = selection::items(part);
    // Where there are fewer groups than that, as many folds as other methods take.
    let folds = (2..=k).rev().find_map(|k| split::folds(&items, k, part.seed).ok());
    folds.ok_or(MethodError::TooFew { positive, negative, expected: 2 })
}

/// The law of the counts in both classes.
struct Law {
    /// Positive and negative; `None` without any associated clonotype.
    classes: Option<[Beta; 2]>,
    prior: f64,
}

impl Law {
    fn fit(counts: &[Count], labels: &[bool], fitted: &[usize], keys: usize) -> Self {
        let class = |class: bool| -> Vec<Count> {
            fitted.iter().filter(|&&i| labels[i] == class).map(|&i| counts[i]).collect()
        };
        let [positive, negative] = [class(true), class(false)];
        let prior = ((positive.len() + 1) as f64 / (negative.len() + 1) as f64).ln();
        let classes = (keys > 0).then(|| [Beta::fit(&positive), Beta::fit(&negative)]);
        Self { classes, prior }
    }

    fn logit(&self, count: Count) -> f64 {
        let odds = |[positive, negative]: [Beta; 2]| {
            positive.ln_likelihood(count) - negative.ln_likelihood(count)
        };
        self.prior + self.classes.map_or(0.0, odds)
    }
}

struct Model {
    associated: Associated,
    /// Associated keys of the index with -ln P.
    keys: Vec<(usize, f64)>,
    law: Law,
    threshold: f64,
}

impl Fitted for Model {
    fn logits(&self, material: &Material<'_>, members: &[usize]) -> Vec<f64> {
        let count = |&member: &usize| self.associated.count(material.repertoires()[member]);
        members.par_iter().map(|member| self.law.logit(count(member))).collect()
    }

    fn choices(&self) -> serde_json::Value {
        let beta = |beta: Beta| serde_json::json!({ "alpha": beta.alpha, "beta": beta.beta });
        serde_json::json!({
            "threshold": self.threshold,
            "associated": self.keys.len(),
            "positive": self.law.classes.map(|[positive, _]| beta(positive)),
            "negative": self.law.classes.map(|[_, negative]| beta(negative)),
        })
    }

    fn parameters(&self) -> Vec<f64> {
        let classes = self.law.classes.iter().flatten().flat_map(|beta| [beta.alpha, beta.beta]);
        let keys = self.keys.iter().flat_map(|&(key, weight)| [key as f64, weight]);
        [self.threshold, self.law.prior].into_iter().chain(classes).chain(keys).collect()
    }

    fn evidence(&self, repertoire: &Repertoire) -> Option<Vec<f64>> {
        let weight = |row| self.associated.weight(repertoire, row);
        Some((0..repertoire.len()).map(weight).collect())
    }
}
