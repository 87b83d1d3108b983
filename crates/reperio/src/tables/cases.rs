//! `cases.tsv`: the training repertoires that each score leans on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_data::metadata::Metadata;
use reperio_data::repertoire::Repertoire;
use reperio_model::explain::{Case, Explained, ExplainedCohort, Known};
use reperio_model::labels::{Target, TargetKind};
use reperio_model::model::Model;
use reperio_model::people;
use reperio_stats::Groups;

use super::held_out::{HeldOut, Trained};
use crate::shell::table;

/// Its name.
pub(crate) const NAME: &str = "cases.tsv";

/// Cases of a repertoire are listed until they carry this weight together, ...
const CARRIED: f64 = 0.9;
/// ... but at least and at most so many.
const LEAST: usize = 5;
const MOST: usize = 25;

/// The states of explained repertoires.
pub(crate) struct Cases {
    held_out: HeldOut,
    /// By repertoire, for each target.
    states: Mutex<BTreeMap<String, Vec<Vec<f64>>>>,
}

/// One case of one repertoire.
struct Row<'a> {
    id: &'a str,
    target: &'a Target,
    trained: &'a Trained,
    rank: usize,
    case: Case,
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
            let why = "cases leave out the same person only as far as the training knows it";
            tracing::warn!("{err}; {why}");
            Groups::each(metadata.ids().len())
        },
        |found| found.groups,
    )
}

impl Cases {
    pub(crate) fn new(held_out: HeldOut) -> Self {
        Self { held_out, states: Mutex::new(BTreeMap::new()) }
    }

    /// Notes the state of an explained repertoire.
    pub(crate) fn add(&self, model: &Model, repertoire: &Repertoire, explained: &Explained) {
        let state = |own: &Trained| own.memory.state(model, repertoire, &explained.explanation);
        let states = self.held_out.targets.iter().map(state).collect();
        let mut all = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(repertoire.id.clone(), states);
    }

    /// Writes for each repertoire and target the cases of other people that its score leans on, the heaviest first. Returns what all of its
    /// cases by themselves predict, for each output of each repertoire: a probability, or the number.
    pub(crate) fn write(
        self,
        path: &Path,
        targets: &[Target],
        explained: &ExplainedCohort,
    ) -> Result<Vec<Option<f64>>> {
        let Self { held_out, states } = self;
        let states = states.into_inner().unwrap_or_else(PoisonError::into_inner);
        let ids = explained.metadata.ids();
        let people = people(&explained.metadata, targets);
        let (mut rows, mut votes) = (Vec::new(), Vec::new());
        for own in &explained.repertoires {
            let same = ids.iter().position(|id| *id == own.id).map(|at| people.numbers()[at]);
            let same = same.map_or(&[][..], |person| &people.members()[person]);
            let all = same.iter().map(|&at| ids[at].as_str()).chain([own.id.as_str()]);
            let person = Own::new(all, &held_out);
            let states = states.get(&own.id).map_or(&[][..], Vec::as_slice);
            for ((target, trained), state) in targets.iter().zip(&held_out.targets).zip(states) {
                let cases = trained.memory.cases(state, |known| person.has(known))?;
                votes.extend(predicted(target, trained, &cases));
                let ranked = cases[..listed(&cases)].iter().enumerate();
                rows.extend(ranked.map(|(i, &case)| Row {
                    id: &own.id,
                    target,
                    trained,
                    rank: i + 1,
                    case,
                }));
            }
        }
        table::write(path, columns(&rows)?)?;
        Ok(votes)
    }
}

/// How many cases are listed.
fn listed(cases: &[Case]) -> usize {
    let mut carried = 0.0;
    let enough = cases.iter().take_while(|own| {
        let more = carried < CARRIED;
        carried += own.weight;
        more
    });
    enough.count().clamp(LEAST.min(cases.len()), MOST.min(cases.len()))
}

/// What the cases predict, for each output.
fn predicted(target: &Target, trained: &Trained, cases: &[Case]) -> Vec<Option<f64>> {
    let labels = &trained.labels;
    if let TargetKind::Regression { .. } = target.kind {
        let number = |place: usize| labels[place].parse().unwrap_or(f64::NAN);
        return vec![Case::vote(cases, number).filter(|own| own.is_finite())];
    }
    let vote =
        |name: &String| Case::vote(cases, |place| f64::from(u8::from(labels[place] == *name)));
    target.outputs().iter().map(vote).collect()
}

fn columns(rows: &[Row<'_>]) -> Result<DataFrame> {
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
        texts("case_id", &|row| row.trained.memory.known()[row.case.place].id.clone()),
        numbers("weight", &|row| Some(row.case.weight)),
        texts("label", &|row| row.trained.labels[row.case.place].clone()),
        texts("class", &|row| row.trained.classes[row.case.place].clone()),
        numbers("logit", &|row| row.trained.logits[row.case.place]),
        numbers("value", &|row| row.trained.values[row.case.place]),
        numbers("distance", &|row| Some(row.case.distance)),
    ];
    Ok(DataFrame::new(rows.len(), columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_listed_until_they_carry_most_of_the_weight() {
        let of = |weights: &[f64]| {
            let case = |(place, &weight): (usize, &f64)| Case { place, weight, distance: 0.0 };
            listed(&weights.iter().enumerate().map(case).collect::<Vec<_>>())
        };
        assert_eq!(of(&[0.5, 0.3, 0.2]), 3);
        assert_eq!(of(&[0.99, 0.004, 0.003, 0.001, 0.001, 0.001]), 5, "the least");
        assert_eq!(of(&[0.125; 8]), 8);
        assert_eq!(of(&[0.01; 100]), 25, "the most");
        assert_eq!(of(&[]), 0);
    }
}
