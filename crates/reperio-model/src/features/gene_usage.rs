//! Usage of V and J genes, one row per repertoire.

use std::collections::BTreeMap;
use std::sync::Arc;

use reperio_data::gene;
use reperio_data::repertoire::{GeneVocabulary, Repertoire};
use reperio_stats::logistic::Table;

use super::FeatureCache;

/// Square root of the share of each gene among the clonotypes whose gene of that kind is known.
///
/// The root gives common and rare genes the same sampling noise. Where some repertoires know families only, the
/// families of all are columns too: cohorts of both kinds meet there.
#[derive(Debug)]
pub struct GeneUsage {
    /// The roots.
    pub table: Table,
    /// Name of each column.
    pub names: Vec<String>,
}

impl GeneUsage {
    /// The usage of all genes of a cohort, computed on first use.
    pub fn of(cache: &FeatureCache<'_>) -> Arc<Self> {
        cache.feature("gene usage", Self::count)
    }

    fn count(repertoires: &[&Repertoire]) -> Self {
        let genes = GeneVocabulary::of(repertoires.iter().copied());
        let names: Vec<String> = [&genes.v[1..], &genes.j[1..]].concat();
        let row = |own: &&Repertoire| {
            let counts = counts(own);
            let root = |name: &String| {
                counts.get(name).map_or(0.0, |(count, known)| (count / known).sqrt() as f32)
            };
            names.iter().map(root).collect::<Vec<f32>>()
        };
        let values = repertoires.iter().flat_map(row).collect();
        Self { table: Table::new(names.len(), values), names }
    }
}

/// How many clonotypes of a repertoire have each V and J gene, and each family of genes; and how many have a known
/// one of that kind.
pub(crate) fn counts(repertoire: &Repertoire) -> BTreeMap<String, (f64, f64)> {
    let genes = repertoire.genes();
    let mut all: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (names, indices) in [(&genes.v, repertoire.v()), (&genes.j, repertoire.j())] {
        let known = indices.iter().filter(|&&index| index > 0).count().max(1) as f64;
        let mut counts = vec![0.0; names.len()];
        for &index in indices {
            counts[usize::from(index)] += 1.0;
        }
        for (name, count) in names.iter().zip(counts).skip(1) {
            let family = Some(gene::family(name)).filter(|family| family != name);
            for name in family.into_iter().chain([name.as_str()]) {
                all.entry(name.to_owned()).or_insert((0.0, known)).0 += count;
            }
        }
    }
    all
}
