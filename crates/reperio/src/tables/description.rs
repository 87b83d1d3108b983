//! A cohort as tables: depth, clonality, lengths and gene usage by label.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_data::clonality::clonality;
use reperio_data::cohort::{Cohort, Description};
use reperio_data::summary::Summary;
use reperio_model::labels::Labels;
use reperio_stats::Groups;
use reperio_stats::moments::mean_and_sd;

use super::classes::ByClass;
use crate::shell::table;

/// The label of each repertoire for the first target, "" where there is none or no target; a number is no label.
fn classes(labels: Option<&Labels>, repertoires: usize) -> Vec<String> {
    let first = labels.and_then(|own| Some((own.targets.first()?, own.values.first()?)));
    let Some((target, values)) = first else { return vec![String::new(); repertoires] };
    let is_class = !matches!(target.kind, reperio_model::labels::TargetKind::Regression { .. });
    let label = |value: &Option<f64>| match value {
        Some(value) if is_class => target.label(*value),
        _ => String::new(),
    };
    values.iter().map(label).collect()
}

/// A cohort with what is known of it.
pub(crate) struct Described<'a> {
    /// The repertoires.
    pub(crate) cohort: &'a Cohort,
    /// How they were read.
    pub(crate) description: &'a Description,
    /// Labels of all of them, if there is a target.
    pub(crate) labels: Option<&'a Labels>,
    /// Which of them are of one person, if a column says so.
    pub(crate) people: Option<&'a Groups>,
}

impl Described<'_> {
    /// Writes the tables into `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let repertoires = self.cohort.repertoires();
        let summaries: Vec<Summary> = repertoires.iter().map(Summary::of).collect();
        let clonality: Vec<Option<f64>> =
            repertoires.iter().map(|own| clonality(own.counts())).collect();
        let classes = classes(self.labels, summaries.len());
        self.repertoires(&folder.join("repertoires.tsv"), &summaries, &clonality)?;
        dropped(&folder.join("dropped.tsv"), self.description)?;
        lengths(&folder.join("lengths.tsv"), &summaries, &classes)?;
        genes(&folder.join("genes.tsv"), &summaries, &classes)?;
        let by_class = ByClass { classes: &classes, people: self.people, clonality: &clonality };
        by_class.write(&folder.join("classes.tsv"), &summaries)
    }
}

pub(super) fn counts(name: &str, values: impl IntoIterator<Item = u64>) -> Column {
    Column::new(name.into(), values.into_iter().collect::<Vec<u64>>())
}

pub(super) fn known(name: &str, values: impl IntoIterator<Item = Option<f64>>) -> Column {
    Series::new(name.into(), values.into_iter().collect::<Vec<Option<f64>>>()).into()
}

impl Described<'_> {
    /// A row a repertoire: what was read, how deep and how clonal it is, its labels.
    fn repertoires(
        &self,
        path: &Path,
        summaries: &[Summary],
        clonality: &[Option<f64>],
    ) -> Result<()> {
        let all = &self.description.repertoires;
        let mean = |own: &Summary| {
            let sum: u64 = own.lengths.iter().map(|(length, n)| length * n).sum();
            (own.clonotypes > 0).then(|| sum as f64 / own.clonotypes as f64)
        };
        let mut columns = vec![
            table::text("repertoire_id", all.iter().map(|own| own.repertoire_id.clone())),
            counts("rows", all.iter().map(|own| own.counts.rows)),
            counts("kept", all.iter().map(|own| own.counts.kept)),
            counts("clonotypes", summaries.iter().map(|own| own.clonotypes)),
            counts("templates", summaries.iter().map(|own| own.templates)),
            counts("singletons", summaries.iter().map(|own| own.singletons)),
            counts("largest_count", summaries.iter().map(|own| own.largest_count)),
            known("clonality", clonality.iter().copied()),
            known("mean_length", summaries.iter().map(mean)),
        ];
        if let Some(labels) = self.labels {
            for (target, values) in labels.targets.iter().zip(&labels.values) {
                let label =
                    |own: &Option<f64>| own.map_or_else(String::new, |own| target.label(own));
                let name = format!("{}label", target.prefix(&labels.targets));
                columns.push(table::text(&name, values.iter().map(label)));
            }
        }
        table::write(path, DataFrame::new(all.len(), columns)?)
    }
}

/// Rows that were dropped, by reason.
fn dropped(path: &Path, description: &Description) -> Result<()> {
    let mut all: BTreeMap<String, u64> = BTreeMap::new();
    for (reason, n) in description.repertoires.iter().flat_map(|own| &own.counts.dropped) {
        *all.entry(reason.to_string()).or_default() += n;
    }
    let columns =
        vec![table::text("reason", all.keys().cloned()), counts("rows", all.values().copied())];
    table::write(path, DataFrame::new(all.len(), columns)?)
}

/// The repertoires of each class.
fn by_class<'a>(
    summaries: &'a [Summary],
    classes: &'a [String],
) -> BTreeMap<&'a str, Vec<&'a Summary>> {
    let mut all: BTreeMap<&str, Vec<&Summary>> = BTreeMap::new();
    for (own, class) in summaries.iter().zip(classes).filter(|(own, _)| own.clonotypes > 0) {
        all.entry(class).or_default().push(own);
    }
    all
}

/// The mean share of each junction length, by class: every repertoire counts alike.
fn lengths(path: &Path, summaries: &[Summary], classes: &[String]) -> Result<()> {
    let (mut names, mut lengths, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for (class, all) in by_class(summaries, classes) {
        let found: BTreeSet<u64> = all.iter().flat_map(|own| own.lengths.keys().copied()).collect();
        for length in found {
            let share = |own: &&Summary| {
                own.lengths.get(&length).map_or(0.0, |n| *n as f64 / own.clonotypes as f64)
            };
            names.push(class.to_owned());
            lengths.push(length);
            shares.push(Some(mean_and_sd(&all.iter().map(share).collect::<Vec<f64>>()).0));
        }
    }
    let n = names.len();
    let columns =
        vec![table::text("class", names), counts("length", lengths), known("mean_share", shares)];
    table::write(path, DataFrame::new(n, columns)?)
}

/// Mean and standard deviation of the share of each gene, by class, and how far a class is from all others: the difference
/// of the means in units of the standard deviation over all.
fn genes(path: &Path, summaries: &[Summary], classes: &[String]) -> Result<()> {
    let all = by_class(summaries, classes);
    let mut rows: Vec<(&str, String, String, [f64; 3])> = Vec::new();
    for (segment, of) in [
        ("V", (|own| &own.v_call) as fn(&Summary) -> &BTreeMap<String, u64>),
        ("J", |own| &own.j_call),
    ] {
        let found: BTreeSet<&String> = all
            .values()
            .flatten()
            .flat_map(|own| of(own).keys())
            .filter(|own| !own.is_empty())
            .collect();
        for gene in found {
            let share = |own: &Summary| {
                of(own).get(gene).map_or(0.0, |n| *n as f64 / own.clonotypes as f64)
            };
            let shares = |of: &str, inside: bool| -> Vec<f64> {
                let chosen = all.iter().filter(|(class, _)| (**class == of) == inside);
                chosen.flat_map(|(_, own)| own.iter().map(|own| share(own))).collect()
            };
            for class in all.keys() {
                let (own, others) = (shares(class, true), shares(class, false));
                let (mean, sd) = mean_and_sd(&own);
                let effect = effect(&own, &others).unwrap_or(0.0);
                rows.push((segment, gene.clone(), (*class).to_owned(), [mean, sd, effect]));
            }
        }
    }
    let columns = vec![
        table::text("segment", rows.iter().map(|own| own.0.to_owned())),
        table::text("gene", rows.iter().map(|own| own.1.clone())),
        table::text("class", rows.iter().map(|own| own.2.clone())),
        known("mean_share", rows.iter().map(|own| Some(own.3[0]))),
        known("sd_share", rows.iter().map(|own| Some(own.3[1]))),
        known("effect", rows.iter().map(|own| Some(own.3[2]))),
    ];
    table::write(path, DataFrame::new(rows.len(), columns)?)
}

/// How far a class is from all others: the difference of the means in units of the standard deviation over all; `None`
/// without others, or if nothing varies.
pub(super) fn effect(own: &[f64], others: &[f64]) -> Option<f64> {
    let spread = mean_and_sd(&[own, others].concat()).1;
    let known = !own.is_empty() && !others.is_empty() && spread > 0.0;
    known.then(|| (mean_and_sd(own).0 - mean_and_sd(others).0) / spread)
}
