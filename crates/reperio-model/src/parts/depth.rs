//! The part `depth`: ridge regression on how many clonotypes a repertoire has, and how large they are.
//!
//! Depth often reflects how a sample was prepared, not a disease, so this part is learned only on request.

use std::sync::Arc;

use reperio_data::repertoire::Repertoire;
use reperio_stats::logistic;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ridge;
use super::table::{Finding, Table, strongest};
use super::task::{Learned, Task};
use crate::features::FeatureCache;

/// Weights of depth.
///
/// ```text
/// f = bias + clonotypes ln(n) + copies ln(sum of counts / n)        n clonotypes
/// ```
///
/// All clonotypes have equal shares of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepthTable {
    /// Weight of the logarithm of the number of clonotypes.
    pub clonotypes: f64,
    /// Weight of the logarithm of the copies of a clonotype, on average.
    pub copies: f64,
    /// Logit of one clonotype with one copy.
    pub bias: f64,
}

impl DepthTable {
    /// Contribution of each clonotype: (n,)
    pub fn evidence(&self, repertoire: &Repertoire) -> Vec<f64> {
        let [clonotypes, copies] = depth(repertoire);
        let n = repertoire.len();
        vec![(self.clonotypes * clonotypes + self.copies * copies) / n as f64; n]
    }

    /// What the number of clonotypes and their copies add.
    pub(crate) fn by_feature(&self, repertoire: &Repertoire) -> Vec<(u32, f64)> {
        let [clonotypes, copies] = depth(repertoire);
        vec![(0, self.clonotypes * clonotypes), (1, self.copies * copies)]
    }
}

/// Logarithms of the number of clonotypes and of their copies on average; of an empty repertoire as of one clonotype.
fn depth(repertoire: &Repertoire) -> [f64; 2] {
    let clonotypes = (repertoire.len() as f64).max(1.0);
    let copies = (repertoire.templates() as f64).max(1.0);
    [clonotypes.ln(), (copies / clonotypes).ln()]
}

/// The depth of every repertoire of a cohort, computed on first use.
pub(super) fn of(cache: &FeatureCache<'_>) -> Arc<logistic::Table> {
    cache.feature("depth", |repertoires| {
        let values = repertoires.iter().flat_map(|own| depth(own)).map(|value| value as f32);
        logistic::Table::new(2, values.collect())
    })
}

pub(super) fn learn(task: &Task<'_>) -> Learned {
    let fitted = ridge::fit(&of(task.cache), task);
    let [clonotypes, copies] = [fitted.linear.weights[0], fitted.linear.weights[1]];
    let named = [("clonotypes", clonotypes), ("copies of a clonotype", copies)];
    let found =
        strongest(named.into_iter().map(|(name, weight)| Finding::new(name.to_owned(), weight)));
    let table = Table::Depth(DepthTable { clonotypes, copies, bias: fitted.linear.intercept });
    Learned { table, held_out: fitted.held_out, choices: json!({ "C": fitted.c }), found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::Answers;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};
    use reperio_stats::Groups;

    fn repertoire(clonotypes: usize, duplicate_count: u64) -> Repertoire {
        let mut builder = Builder::default();
        for i in 0..clonotypes {
            let junction_aa = &format!("CAS{}F", "A".repeat(i));
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call: "",
                j_call: "",
                duplicate_count,
            });
        }
        builder.finish("r".to_owned())
    }

    #[test]
    fn evidences_add_up_to_the_logarithms() {
        let table = DepthTable { clonotypes: 0.5, copies: -2.0, bias: 0.1 };
        let found: f64 = table.evidence(&repertoire(40, 3)).iter().sum();
        assert!((found - (0.5 * 40_f64.ln() - 2.0 * 3_f64.ln())).abs() < 1e-12, "{found}");
        assert_eq!(table.evidence(&repertoire(0, 1)), Vec::<f64>::new());
    }

    /// What is held out is right where only depth differs, and more clonotypes count for the class that has them.
    #[test]
    fn depth_is_learned_where_it_differs() {
        let all: Vec<Repertoire> =
            (0..24).map(|i| repertoire(5 + i % 3 + 20 * (i % 2), 2)).collect();
        let repertoires: Vec<&Repertoire> = all.iter().collect();
        let members: Vec<usize> = (0..24).collect();
        let labels: Vec<bool> = (0..24).map(|i| i % 2 == 1).collect();
        let fold: Vec<usize> = (0..24).map(|i| i / 2 % 4).collect();
        let groups = Groups::each(24);
        let cache = FeatureCache::new(&repertoires, &groups);
        let answers = Answers::Classes(&labels);
        let learned =
            learn(&Task { cache: &cache, members: &members, answers, fold: &fold, offsets: None });
        for (logit, label) in learned.held_out.iter().zip(&labels) {
            assert_eq!(*logit > 0.0, *label, "{logit}");
        }
        let Table::Depth(table) = learned.table else { panic!("a table of depth") };
        assert!(table.clonotypes > 0.0 && table.copies.abs() < 1e-6, "{table:?}");
    }
}
