//! `neighbours.tsv`: the training repertoires that the parts of a model see most alike.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_data::metadata::Metadata;
use reperio_model::explain::{ExplainedCohort, Known, Neighbour, nearest};
use reperio_model::labels::Target;
use reperio_model::people;
use reperio_stats::Groups;

use super::held_out::{HeldOut, Trained};
use crate::shell::table;

/// Neighbours of a repertoire.
const MOST: usize = 5;

/// One neighbour of one repertoire.
struct Row<'a> {
    id: &'a str,
    target: &'a Target,
    trained: &'a Trained,
    rank: usize,
    found: Neighbour,
}

/// What is known to be of the person of one repertoire.
struct Own<'a> {
    ids: BTreeSet<&'a str>,
    groups: BTreeSet<&'a str>,
}

impl<'a> Own<'a> {
    /// `ids` are those of the repertoire and of the others of its person among the explained ones.
    fn new(ids: impl Iterator<Item = &'a str>, held_out: &'a HeldOut) -> Self {
        let ids: BTreeSet<&str> = ids.collect();
        let groups = ids.iter().filter_map(|id| held_out.groups.get(*id)).map(String::as_str);
        Self { groups: groups.collect(), ids }
    }

    fn has(&self, known: &Known) -> bool {
        self.ids.contains(known.id.as_str()) || self.groups.contains(known.group.as_str())
    }
}

/// Which of the explained repertoires are of one person, as their table says.
fn people(metadata: &Metadata, targets: &[Target]) -> Groups {
    let targets: Vec<String> = targets.iter().map(|own| own.column.clone()).collect();
    people::find(metadata, None, &targets).map_or_else(
        |err| {
            let why = "neighbours leave out the same person only as far as the training knows it";
            tracing::warn!("{err}; {why}");
            Groups::each(metadata.ids().len())
        },
        |found| found.groups,
    )
}

/// Writes for each repertoire and target the most alike training repertoires of other people, nearest first.
pub(crate) fn write(
    path: &Path,
    targets: &[Target],
    held_out: &HeldOut,
    explained: &ExplainedCohort,
) -> Result<()> {
    let mut rows = Vec::new();
    let ids = explained.metadata.ids();
    let people = people(&explained.metadata, targets);
    for own in &explained.repertoires {
        let same = ids.iter().position(|id| *id == own.id).map(|at| people.numbers()[at]);
        let same = same.map_or(&[][..], |person| &people.members()[person]);
        let all = same.iter().map(|&at| ids[at].as_str()).chain([own.id.as_str()]);
        let person = Own::new(all, held_out);
        let mut first = 0;
        for (target, trained) in targets.iter().zip(&held_out.targets) {
            let sums = &own.sums[first..first + target.width()];
            first += target.width();
            let added: Vec<f64> = sums.iter().flat_map(|sum| sum.added.iter().copied()).collect();
            let found = nearest(&added, &trained.known, MOST, |known| person.has(known));
            let ranked = found.into_iter().enumerate();
            rows.extend(ranked.map(|(i, found)| Row {
                id: &own.id,
                target,
                trained,
                rank: i + 1,
                found,
            }));
        }
    }
    let texts =
        |name: &str, of: &dyn Fn(&Row<'_>) -> String| table::text(name, rows.iter().map(of));
    let numbers = |name: &str, of: &dyn Fn(&Row<'_>) -> Option<f64>| -> Column {
        Series::new(name.into(), rows.iter().map(of).collect::<Vec<_>>()).into()
    };
    let ranks: Vec<u64> = rows.iter().map(|row| row.rank as u64).collect();
    let columns = vec![
        texts("repertoire_id", &|row| row.id.to_owned()),
        texts("target", &|row| row.target.column.clone()),
        Column::new("rank".into(), ranks),
        texts("neighbour_id", &|row| row.trained.known[row.found.place].id.clone()),
        texts("label", &|row| row.trained.labels[row.found.place].clone()),
        texts("class", &|row| row.trained.classes[row.found.place].clone()),
        numbers("logit", &|row| row.trained.logits[row.found.place]),
        numbers("value", &|row| row.trained.values[row.found.place]),
        numbers("distance", &|row| Some(row.found.distance)),
    ];
    table::write(path, DataFrame::new(rows.len(), columns)?)
}
