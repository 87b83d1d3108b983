//! The part `genes`: ridge regression on V and J usage.

use std::collections::BTreeMap;

use reperio_data::gene;
use reperio_data::repertoire::Repertoire;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ridge;
use super::table::{Finding, Table, strongest};
use super::task::{Learned, Task};
use crate::features::gene_usage::{self, GeneUsage};

/// Weights of genes.
///
/// ```text
/// f = bias + sum over genes of w sqrt(share of the gene)
/// ```
///
/// The contribution of a gene is shared equally by the clonotypes that have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeneTable {
    /// Weight by gene.
    pub weights: BTreeMap<String, f64>,
    /// Logit of a repertoire without any known gene.
    pub bias: f64,
}

impl GeneTable {
    /// Contribution of each clonotype: (n,)
    pub fn evidence(&self, repertoire: &Repertoire) -> Vec<f64> {
        let counts = gene_usage::counts(repertoire);
        let part = |name: &str| {
            let weight = self.weights.get(name).copied().unwrap_or(0.0);
            let (count, known) = counts.get(name).copied().unwrap_or((1.0, f64::INFINITY));
            weight * (count / known).sqrt() / count
        };
        let genes = repertoire.genes();
        let mut evidence = vec![0.0; repertoire.len()];
        for (names, indices) in [(&genes.v, repertoire.v()), (&genes.j, repertoire.j())] {
            let with_family = |name: &String| {
                let family = gene::family(name);
                let own = if name.is_empty() { 0.0 } else { part(name) };
                own + if family == name { 0.0 } else { part(family) }
            };
            let parts: Vec<f64> = names.iter().map(with_family).collect();
            for (evidence, &index) in evidence.iter_mut().zip(indices) {
                *evidence += parts[usize::from(index)];
            }
        }
        evidence
    }

    /// What each gene of `repertoire` adds, by its place among the weights, increasing.
    pub(crate) fn by_feature(&self, repertoire: &Repertoire) -> Vec<(u32, f64)> {
        let counts = gene_usage::counts(repertoire);
        let share = |(number, (name, weight)): (u32, (&String, &f64))| {
            let (count, known) = counts.get(name)?;
            Some((number, weight * (count / known).sqrt()))
        };
        (0..).zip(&self.weights).filter_map(share).collect()
    }
}

pub(super) fn learn(task: &Task<'_>) -> Learned {
    let usage = GeneUsage::of(task.cache);
    let fitted = ridge::fit(&usage.table, task);
    let weights: BTreeMap<String, f64> =
        usage.names.iter().cloned().zip(fitted.linear.weights.iter().copied()).collect();
    let found = strongest(weights.iter().map(|(name, &weight)| Finding::new(name.clone(), weight)));
    let table = Table::Genes(GeneTable { weights, bias: fitted.linear.intercept });
    Learned { table, held_out: fitted.held_out, choices: json!({ "C": fitted.c }), found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    fn repertoire(genes: &[&str]) -> Repertoire {
        let mut builder = Builder::default();
        for (i, v_call) in genes.iter().enumerate() {
            let junction_aa = &format!("CAS{}F", "A".repeat(i));
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call,
                j_call: "TRBJ1-1",
                duplicate_count: 1,
            });
        }
        builder.finish("r".to_owned())
    }

    /// Evidences add up to the weighted roots of the shares; a gene counts for its family too.
    #[test]
    fn evidences_are_the_weighted_shares_of_genes_and_families() {
        let weights = [("TRBV6", 2.0), ("TRBV6-2", -1.0), ("TRBV9", 0.5), ("TRBJ1-1", 0.25)];
        let weights = weights.map(|(name, weight)| (name.to_owned(), weight)).into();
        let table = GeneTable { weights, bias: 0.1 };
        let own = repertoire(&["TRBV6", "TRBV6-2", "TRBV6-2", "TRBV9", "", "TRBV6-1"]);
        let expected = 2.0 * 0.8_f64.sqrt() - 0.4_f64.sqrt() + 0.5 * 0.2_f64.sqrt() + 0.25;
        let found: f64 = table.evidence(&own).iter().sum();
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
}
