//! What may predict a target, as a row of numbers for each repertoire.

use std::collections::BTreeMap;

use reperio_data::metadata::Metadata;
use reperio_data::repertoire::Repertoire;
use serde::{Deserialize, Serialize};

use crate::features::FeatureCache;
use crate::features::gene_usage::GeneUsage;
use crate::labels::Labels;

/// Distinct values above which a column of numbers is taken as a number.
pub(super) const NUMBERS: usize = 10;

/// Kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// Clonotypes and copies.
    Depth,
    /// Shares of V and J genes.
    Genes,
    /// Shares of junction lengths.
    Lengths,
    /// Another column of the metadata.
    Column,
}

/// One source.
pub(super) struct Source {
    pub(super) kind: SourceKind,
    pub(super) name: String,
    /// For each repertoire of the cohort.
    pub(super) rows: Vec<Vec<f64>>,
}

/// What the repertoires themselves say without a sequence: depth, V/J usage, junction lengths.
pub(super) fn of_repertoires(cache: &FeatureCache<'_>) -> Vec<Source> {
    let repertoires = cache.repertoires();
    let source = |kind, name: &str, rows| Source { kind, name: name.to_owned(), rows };
    let usage = GeneUsage::of(cache);
    let genes = |i: usize| usage.table.row(i).iter().map(|own| f64::from(*own)).collect();
    vec![
        source(SourceKind::Depth, "depth", repertoires.iter().map(|own| depth(own)).collect()),
        source(SourceKind::Genes, "V/J usage", (0..repertoires.len()).map(genes).collect()),
        source(SourceKind::Lengths, "junction lengths", lengths(repertoires)),
    ]
}

/// The columns of the metadata, except targets and columns that name each repertoire or person. The column `batch` is always
/// one.
pub(super) fn of_columns(metadata: &Metadata, labels: &Labels, batch: Option<&str>) -> Vec<Source> {
    let is_target = |name: &str| labels.targets.iter().any(|target| target.column == name);
    let others = metadata.columns().iter().filter(|(name, _)| !is_target(name));
    let source = |(name, values): &(String, Vec<Option<String>>)| {
        let forced = batch == Some(name.as_str());
        let rows = if forced { Some(one_hot(values)) } else { column(values) };
        rows.map(|rows| Source { kind: SourceKind::Column, name: name.clone(), rows })
    };
    others.filter_map(source).collect()
}

fn depth(repertoire: &Repertoire) -> Vec<f64> {
    vec![(repertoire.len().max(1) as f64).ln(), (repertoire.templates().max(1) as f64).ln()]
}

/// Shares of each junction length.
fn lengths(repertoires: &[&Repertoire]) -> Vec<Vec<f64>> {
    let all: Vec<BTreeMap<u64, u64>> = repertoires.iter().map(|own| counted(own)).collect();
    let mut known: Vec<u64> = all.iter().flat_map(|own| own.keys().copied()).collect();
    known.sort_unstable();
    known.dedup();
    let row = |(own, repertoire): (&BTreeMap<u64, u64>, &&Repertoire)| {
        let n = repertoire.len().max(1) as f64;
        known.iter().map(|length| own.get(length).map_or(0.0, |count| *count as f64 / n)).collect()
    };
    all.iter().zip(repertoires).map(row).collect()
}

/// How many clonotypes have each length.
fn counted(repertoire: &Repertoire) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    for length in repertoire.junctions().lengths() {
        *counts.entry(length as u64).or_default() += 1;
    }
    counts
}

/// The distinct values of a column.
pub(super) fn distinct(values: &[Option<String>]) -> Vec<&str> {
    let mut distinct: Vec<&str> = values.iter().flatten().map(String::as_str).collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

/// Whether a column with these values holds numbers, not classes.
pub(super) fn are_numbers(distinct: &[&str]) -> bool {
    distinct.len() > NUMBERS && distinct.iter().all(|text| number(text).is_some())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|own: &f64| own.is_finite())
}

/// 0 and 1 for each value.
fn one_hot(values: &[Option<String>]) -> Vec<Vec<f64>> {
    let distinct = distinct(values);
    let row = |own: &Option<String>| {
        let is = |text: &&str| f64::from(u8::from(own.as_deref() == Some(*text)));
        distinct.iter().map(is).collect()
    };
    values.iter().map(row).collect()
}

/// A column as numbers: itself with its mean for what is missing, or 0 and 1 for each value. `None` if nearly every
/// repertoire has a value of its own, or all have the same.
fn column(values: &[Option<String>]) -> Option<Vec<Vec<f64>>> {
    let distinct = distinct(values);
    if are_numbers(&distinct) {
        let numbers: Vec<Option<f64>> =
            values.iter().map(|own| own.as_deref().and_then(number)).collect();
        let known = numbers.iter().flatten();
        let mean = known.clone().sum::<f64>() / known.count().max(1) as f64;
        return Some(numbers.into_iter().map(|own| vec![own.unwrap_or(mean)]).collect());
    }
    let with_missing = distinct.len() + usize::from(values.iter().any(Option::is_none));
    if with_missing < 2 || 3 * distinct.len() > values.len() {
        return None;
    }
    Some(one_hot(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[&str]) -> Option<Vec<Vec<f64>>> {
        let known = |own: &&str| (!own.is_empty()).then(|| (*own).to_owned());
        column(&values.iter().map(known).collect::<Vec<_>>())
    }

    #[test]
    fn columns_are_numbers_or_values() {
        assert_eq!(
            rows(&["a", "b", "", "a", "b", "b"]).unwrap()[..3],
            [[1.0, 0.0], [0.0, 1.0], [0.0; 2]]
        );
        assert!(rows(&["a", "b", "c", "d"]).is_none(), "an id");
        assert!(rows(&["a", "a"]).is_none(), "a constant");
        let ages: Vec<String> = (20..40).map(|age| age.to_string()).collect();
        let mut ages: Vec<&str> = ages.iter().map(String::as_str).collect();
        ages.push("");
        assert_eq!(rows(&ages).unwrap()[20], [29.5], "the mean");
    }

    #[test]
    fn batches_that_are_left_out_are_a_source_however_many_they_are() {
        let ids: Vec<String> = (0..4).map(|i| format!("r{i}")).collect();
        let own = |name: &str| (name.to_owned(), ids.iter().cloned().map(Some).collect());
        let metadata = Metadata::from_columns(ids.clone(), vec![own("plate"), own("run")]).unwrap();
        let labels = Labels { targets: Vec::new(), values: Vec::new() };
        let names = |batch| -> Vec<String> {
            of_columns(&metadata, &labels, batch).into_iter().map(|own| own.name).collect()
        };
        assert_eq!(names(None), [""; 0]);
        assert_eq!(names(Some("run")), ["run"]);
    }
}
