//! The other direction: which columns of the metadata a model could read from depth, V/J usage or junction lengths.
//!
//! A column that they predict is a batch that can be seen in the repertoires. It does no harm by itself. It harms where
//! it goes with a target.

use reperio_data::metadata::Metadata;

use super::{Confounders, measure_all, source};
use crate::features::FeatureCache;
use crate::labelled::LabelledCohort;
use crate::labels::{Labels, TargetSpec};

/// Columns that are looked at, at most: the first ones.
const COLUMNS: usize = 10;

/// How well depth, V/J usage and junction lengths predict each column of the metadata that is no target: the first
/// ten with 2 to 10 values or with numbers. A column that names each person or repertoire is left out.
pub fn batch_effects(data: LabelledCohort<'_>, cache: &FeatureCache<'_>) -> Vec<Confounders> {
    let metadata = data.cohort.metadata();
    let sources = source::of_repertoires(cache);
    let is_target = |name: &str| data.labels.targets.iter().any(|target| target.column == name);
    let others = metadata.columns().iter().map(|(name, _)| name.as_str());
    let readable = others.filter(|name| !is_target(name) && !names_people(data, name));
    let labels: Vec<Labels> =
        readable.filter_map(|name| labels(metadata, name)).take(COLUMNS).collect();
    let of = |labels: &Labels| measure_all(&sources, LabelledCohort { labels, ..data });
    labels.iter().flat_map(of).collect()
}

/// The column as a target, if it has few values or numbers.
fn labels(metadata: &Metadata, name: &str) -> Option<Labels> {
    let values = metadata.column(name)?;
    let distinct = source::distinct(values);
    let few = (2..=source::NUMBERS).contains(&distinct.len()) && 3 * distinct.len() <= values.len();
    if !few && !source::are_numbers(&distinct) {
        return None;
    }
    let spec = TargetSpec { column: name.to_owned(), positive: None, kind: None };
    Labels::read(metadata, &[spec]).ok() // Two spellings of one value: nothing to predict.
}

/// Whether there are groups of several repertoires and as many values: then the column says who somebody is.
fn names_people(data: LabelledCohort<'_>, name: &str) -> bool {
    let distinct = data.cohort.metadata().column(name).map_or(0, |own| source::distinct(own).len());
    !data.groups.are_single() && distinct == data.groups.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_few_values_and_of_numbers_are_read_as_targets() {
        let ids: Vec<String> = (0..33).map(|i| format!("r{i}")).collect();
        let column = |name: &str, of: fn(usize) -> String| {
            (name.to_owned(), (0..33).map(|i| Some(of(i))).collect::<Vec<_>>())
        };
        let columns = vec![
            column("laboratory", |i| ["a", "b", "c"][i % 3].to_owned()),
            column("age", |i| (20 + i).to_string()),
            column("file", |i| format!("f{i}.tsv")),
            column("site", |_| "here".to_owned()),
            column("plate", |i| format!("p{}", i % 11)),
        ];
        let metadata = Metadata::from_columns(ids, columns).unwrap();
        let names = ["laboratory", "age", "file", "site", "plate", "unknown"];
        let read = names.map(|name| labels(&metadata, name).map(|own| own.targets[0].width()));
        assert_eq!(read, [Some(3), Some(1), None, None, None, None]);
    }
}
