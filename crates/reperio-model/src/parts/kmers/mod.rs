//! The part `kmers`: linear tables over k-mers.

pub mod burden;
mod table;

use reperio_stats::logistic::Penalty;
use serde_json::json;

use super::table::{Finding, Table, strongest};
use super::task::{Learned, Task};
use super::{lasso, ridge};
use crate::features::kmer_frequencies::KmerFrequencies;
use crate::features::kmer_set::KmerSet;
use burden::Value;

pub use table::KmerTable;

/// Regression on the frequencies of the k-mers of `set`; `None` for numbers with the L1 penalty.
///
/// ```text
/// f = bias + sum over k-mers of w (windows with the k-mer / clonotypes) - offset
/// ```
///
/// The offset is what the members have on average; it is taken from all clonotypes alike, so that evidence says how
/// a repertoire differs from an average one.
///
/// # References
///
/// - Kanduri et al., *Profiling the baseline performance and limits of machine learning models for
///   adaptive immune receptor repertoire classification*, `GigaScience` 2022.
///   <https://doi.org/10.1093/gigascience/giac046>
pub(super) fn regression(task: &Task<'_>, set: KmerSet, penalty: Penalty) -> Option<Learned> {
    let features = KmerFrequencies::of(task.cache, set);
    let fitted = match penalty {
        Penalty::L2 => ridge::fit(&features.table, task),
        Penalty::L1 => lasso::fit(&features.table, task)?,
    };
    let weights = &fitted.linear.weights;
    let slots = set.slots();
    let mut table = KmerTable::new(set, Value::Frequency, 0.0);
    for (&kmer, &weight) in features.kmers.iter().zip(weights) {
        table.insert(kmer, weight);
    }
    let dot = |&member: &usize| -> f64 {
        let row = features.table.row(member);
        row.iter().zip(weights).map(|(x, weight)| f64::from(*x) * weight).sum()
    };
    table.offset = task.members.iter().map(dot).sum::<f64>() / task.members.len().max(1) as f64;
    table.bias = fitted.linear.intercept + table.offset;
    let findings = features.kmers.iter().zip(weights);
    let found = strongest(findings.map(|(&kmer, &weight)| Finding::new(slots.text(kmer), weight)));
    let choices = json!({ "C": fitted.c, "k-mers": features.kmers.len() });
    Some(Learned { table: Table::Kmers(table), held_out: fitted.held_out, choices, found })
}
