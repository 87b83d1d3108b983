//! The part `clones`: public clonotypes, those that positive repertoires share more often than negative ones.

mod associated;
mod census;
mod law;
mod table;
mod test;

use reperio_stats::beta_binomial::Count;
use serde_json::json;

use super::table::{Finding, Table, strongest};
use super::task::{Answers, Learned, Task, of};
use crate::features::clonotype_index::{ClonotypeIndex, Identity};
use census::{Census, Tested};
pub use law::LawKind;
pub use table::{CloneTable, PublicClone};

/// P-values below which a clonotype is associated: the candidates.
pub const THRESHOLDS: [f64; 9] = [1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 1e-6, 1e-8];

/// Counts public clonotypes that are associated with the positive class.
///
/// ```text
/// associated = keys with one-sided Fisher P <= threshold among the members (and against strangers, see `background`); of
///              an adjusted model, P of the Poisson binomial distribution of what the covariates let expect of the carriers
/// k, n       = associated and all distinct clonotypes of a repertoire
/// logit      = law(k, n)                                                see `LawKind`
/// ```
///
/// Threshold and law are chosen by the inner folds, in which a held-out repertoire has no say in the association.
/// `None` for numbers, and where nothing is associated.
///
/// # References
///
/// - Emerson et al., *Immunosequencing identifies signatures of cytomegalovirus exposure history and HLA-mediated
///   effects on the T cell repertoire*, Nat Genet 2017. <https://doi.org/10.1038/ng.3822>
pub(super) fn learn(
    task: &Task<'_>,
    identity: Identity,
    laws: &[LawKind],
    thresholds: &[f64],
) -> Option<Learned> {
    let Answers::Classes(labels) = task.answers else { return None };
    let index = ClonotypeIndex::of(task.cache, identity);
    let census = Census::new((&index, identity), *task, labels, thresholds);
    let tests = census.test();
    let counts = census.counts(&tests);
    let (whole, inner) = counts.split_last()?;
    let candidates: Vec<(LawKind, usize)> =
        laws.iter().flat_map(|&law| (0..thresholds.len()).map(move |t| (law, t))).collect();
    // What each member's repertoire has by the analysis that left its fold out.
    let held_counts = |threshold: usize| -> Vec<Count> {
        (0..labels.len()).map(|i| inner[task.fold[i]][threshold][i]).collect()
    };
    let held_out = |&(law, threshold): &(LawKind, usize)| {
        let own = held_counts(threshold);
        let say = |fold: usize, fitted: &[usize], held: &[usize]| {
            let counts = if law.of_held_out() { &own } else { &inner[fold][threshold] };
            let counts: Vec<Count> = fitted.iter().map(|&i| counts[i]).collect();
            let offsets = task.offsets_of(fitted);
            let law = law.fit(&counts, &of(labels, fitted), offsets.as_deref());
            vec![held.iter().map(|&i| law.logit(own[i])).collect()]
        };
        task.hold_out(1, say).remove(0)
    };
    let logits: Vec<Vec<f64>> = candidates.iter().map(held_out).collect();
    let (best, held_out) = task.choose(&logits);
    let (kind, chosen) = candidates[best];
    let folds = inner.len();
    // What stood out among the inner folds may not among all: then the next threshold.
    let stands_out = |t: &usize| tests.passing(folds, *t).next().is_some();
    let threshold = (chosen..thresholds.len()).find(stands_out)?;
    let keys: Vec<&Tested> = tests.passing(folds, threshold).collect();
    let law = if kind.of_held_out() {
        kind.fit(&held_counts(threshold), labels, task.offsets)
    } else {
        kind.fit(&whole[threshold], labels, task.offsets)
    };
    let clone = |key: &&Tested| {
        let (repertoire, row) = index.first(key.key);
        let stable = key.levels[..folds].iter().filter(|level| usize::from(**level) > threshold);
        PublicClone {
            weight: -key.ln_p,
            carriers: census.carriers(key.key),
            stability: stable.count() as f64 / folds as f64,
            ..PublicClone::of(task.cache.repertoires()[repertoire], row, identity)
        }
    };
    let clones: Vec<PublicClone> = keys.iter().map(clone).collect();
    let found = strongest(clones.iter().map(|clone| Finding {
        what: clone.name(),
        weight: clone.weight,
        carriers: Some(clone.carriers),
        stability: Some(clone.stability),
    }));
    let choices =
        json!({ "law": kind, "threshold": thresholds[threshold], "associated": clones.len() });
    let table = Table::Clones(CloneTable::new((identity, index.by_family()), law, clones));
    Some(Learned { table, held_out, choices, found })
}
