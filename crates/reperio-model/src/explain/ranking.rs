//! The distinct clonotypes of a cohort, ranked by evidence, with their carriers.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use reperio_data::alphabet::decode;
use reperio_data::metadata::Metadata;
use reperio_data::repertoire::Repertoire;
use serde::{Deserialize, Serialize};

use super::Leading;
use super::families::{self, Family, Member};
use crate::labels::TargetKind;
use crate::model::Model;

/// A clonotype of the cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Output of the evidence: the positive value, a class, or the target of a regression.
    pub output: String,
    /// Place in the ranking of this output, from 1.
    pub rank: usize,
    /// Junction, anchors included.
    pub junction_aa: String,
    /// V gene, "" if unknown.
    pub v_call: String,
    /// J gene, "" if unknown.
    pub j_call: String,
    /// Its highest evidence in any repertoire.
    pub evidence: f64,
    /// The repertoire in which its evidence is highest, of several the first by id.
    pub repertoire_id: String,
    /// Repertoires that contain it.
    pub carriers: usize,
    /// Carriers whose label is this output; none where labels are not known or are numbers.
    pub positive_carriers: Option<usize>,
    /// Carriers with another label.
    pub negative_carriers: Option<usize>,
    /// Its family: the rank of its first member.
    pub family: usize,
}

/// The clonotypes of a cohort with the highest evidence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// One by one, output by output.
    pub sequences: Vec<Ranked>,
    /// In families of similar ones, output by output, in the order of their first members.
    pub families: Vec<Family>,
}

/// Junction codes, V gene, J gene.
type Key<'a> = (&'a [u8], &'a str, &'a str);

fn key(repertoire: &Repertoire, i: usize) -> Key<'_> {
    (repertoire.junction_codes(i), repertoire.v_call(i), repertoire.j_call(i))
}

/// A clonotype without its repertoire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Clonotype {
    codes: Vec<u8>,
    v_call: String,
    j_call: String,
}

impl Clonotype {
    fn of((codes, v_call, j_call): Key<'_>) -> Self {
        Self { codes: codes.to_vec(), v_call: v_call.to_owned(), j_call: j_call.to_owned() }
    }

    fn key(&self) -> Key<'_> {
        (&self.codes, &self.v_call, &self.j_call)
    }
}

/// The highest evidence of a clonotype, and the first repertoire by id that has it.
#[derive(Clone, Debug)]
struct Highest {
    evidence: f64,
    repertoire: Arc<str>,
}

impl Highest {
    /// Whether it comes before another one of the same clonotype, in whatever order they are seen.
    fn is_before(&self, other: &Self) -> bool {
        let order = other.evidence.total_cmp(&self.evidence);
        order.then_with(|| self.repertoire.cmp(&other.repertoire)).is_lt()
    }
}

/// The distinct clonotypes with the highest evidence for each output, of repertoires that come one after the other in
/// any order. It keeps a number of clonotypes that does not grow with that of the repertoires.
pub(super) struct Leaders {
    outputs: Vec<Mutex<BTreeMap<Clonotype, Highest>>>,
    top: usize,
}

impl Leaders {
    /// The `top` of each output of `model`.
    pub(super) fn new(model: &Model, top: usize) -> Self {
        Self { outputs: (0..model.n_outputs()).map(|_| Mutex::default()).collect(), top }
    }

    /// Looks at one repertoire, given the `best` of each output.
    ///
    /// Its best alone are enough: one of the `top` of all by highest evidence is among the `top` of the repertoire where
    /// it is highest.
    pub(super) fn add(&self, repertoire: &Repertoire, best: &[Vec<Leading>]) {
        let id: Arc<str> = repertoire.id.as_str().into();
        for (leaders, best) in self.outputs.iter().zip(best) {
            let mut leaders = leaders.lock().unwrap_or_else(PoisonError::into_inner);
            for &Leading { place, evidence } in best {
                let clonotype = Clonotype::of(key(repertoire, place));
                let own = Highest { evidence, repertoire: id.clone() };
                match leaders.entry(clonotype) {
                    Entry::Vacant(empty) => {
                        empty.insert(own);
                    }
                    Entry::Occupied(mut known) if own.is_before(known.get()) => {
                        known.insert(own);
                    }
                    Entry::Occupied(_) => {}
                }
            }
            // Those that go are below `top` others now, which can only rise: they come back if they rise too.
            if leaders.len() / 4 > self.top {
                *leaders = ranked(mem::take(&mut leaders), self.top).into_iter().collect();
            }
        }
    }
}

/// The `top` by evidence, equal ones by key.
fn ranked(all: BTreeMap<Clonotype, Highest>, top: usize) -> Vec<(Clonotype, Highest)> {
    let mut ranked: Vec<_> = all.into_iter().collect();
    ranked.sort_by(|a, b| b.1.evidence.total_cmp(&a.1.evidence)); // Stable: equal ones stay sorted by key.
    ranked.truncate(top);
    ranked
}

/// Finds the repertoires that carry the leaders: all of them have to come once more.
pub(super) struct Carriers {
    outputs: Vec<Output>,
    /// Number of each repertoire, by id.
    numbers: BTreeMap<String, u32>,
}

/// The leaders of one output.
struct Output {
    name: String,
    leaders: Vec<Leader>,
    /// Whether the label of each repertoire is this output; none where labels are not known or are numbers.
    labels: Option<Vec<Option<bool>>>,
}

/// A clonotype and the repertoires that carry it.
struct Leader {
    clonotype: Clonotype,
    highest: Highest,
    /// Their numbers, in any order.
    carriers: Mutex<Vec<u32>>,
}

impl Leader {
    fn new((clonotype, highest): (Clonotype, Highest)) -> Self {
        Self { clonotype, highest, carriers: Mutex::default() }
    }
}

impl Carriers {
    /// Nobody found yet.
    pub(super) fn new(model: &Model, leaders: Leaders, metadata: &Metadata) -> Self {
        let Leaders { outputs, top } = leaders;
        let named = model.output_names().into_iter().zip(outputs);
        let outputs = named.enumerate().map(|(output, (name, all))| {
            let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
            let leaders = ranked(all, top).into_iter().map(Leader::new).collect();
            Output { name, leaders, labels: labels(model, metadata, output) }
        });
        let numbers = metadata.ids().iter().cloned().zip(0..).collect();
        Self { outputs: outputs.collect(), numbers }
    }

    /// Looks at one repertoire.
    pub(super) fn add(&self, repertoire: &Repertoire) {
        let Some(&number) = self.numbers.get(&repertoire.id) else { return };
        for Output { leaders, .. } in &self.outputs {
            leaders.par_iter().for_each(|leader| {
                if carries(repertoire, leader.clonotype.key()) {
                    leader.carriers.lock().unwrap_or_else(PoisonError::into_inner).push(number);
                }
            });
        }
    }

    /// The leaders with their carriers, and their families.
    pub(super) fn ranked(self) -> Ranking {
        let mut all = Ranking::default();
        for output in self.outputs {
            output.ranked(&mut all);
        }
        all
    }
}

impl Output {
    fn ranked(self, all: &mut Ranking) {
        let Self { name, leaders, labels } = self;
        let highest: Vec<String> =
            leaders.iter().map(|own| own.highest.repertoire.to_string()).collect();
        let members: Vec<Member> = leaders.into_iter().map(Member::new).collect();
        let firsts = families::group(&members);
        let count = |carriers: &[u32]| Counts::new(carriers, labels.as_deref());
        for (i, (member, repertoire_id)) in members.iter().zip(highest).enumerate() {
            let Counts { carriers, positive, negative } = count(&member.carriers);
            all.sequences.push(Ranked {
                output: name.clone(),
                rank: i + 1,
                junction_aa: decode(&member.codes),
                v_call: member.v_call.clone(),
                j_call: member.j_call.clone(),
                evidence: member.evidence,
                repertoire_id,
                carriers,
                positive_carriers: positive,
                negative_carriers: negative,
                family: firsts[i] + 1,
            });
        }
        all.families.extend(families::families(&name, &members, &firsts, count));
    }
}

impl Member {
    fn new(Leader { clonotype, highest, carriers }: Leader) -> Self {
        let Clonotype { codes, v_call, j_call } = clonotype;
        let mut carriers = carriers.into_inner().unwrap_or_else(PoisonError::into_inner);
        carriers.sort_unstable();
        Self { codes, v_call, j_call, evidence: highest.evidence, carriers }
    }
}

/// How many repertoires carry something, and the labels of those.
pub(super) struct Counts {
    pub(super) carriers: usize,
    pub(super) positive: Option<usize>,
    pub(super) negative: Option<usize>,
}

impl Counts {
    /// Of the repertoires with the numbers `carriers`.
    pub(super) fn new(carriers: &[u32], labels: Option<&[Option<bool>]>) -> Self {
        let with = |wanted: bool| {
            let labels = labels?;
            Some(carriers.iter().filter(|own| labels[**own as usize] == Some(wanted)).count())
        };
        Self { carriers: carriers.len(), positive: with(true), negative: with(false) }
    }
}

/// Whether `repertoire`, whose rows are sorted by key, holds the clonotype.
fn carries(repertoire: &Repertoire, wanted: Key<'_>) -> bool {
    let (mut low, mut high) = (0, repertoire.len());
    while low < high {
        let middle = low.midpoint(high);
        match key(repertoire, middle).cmp(&wanted) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}

/// Whether each repertoire's label is this output, where the metadata has the target's column.
fn labels(model: &Model, metadata: &Metadata, output: usize) -> Option<Vec<Option<bool>>> {
    let mut first = 0;
    let target = model.info().targets.iter().find(|target| {
        first += target.width();
        output < first
    })?;
    if matches!(target.kind, TargetKind::Regression { .. }) {
        return None;
    }
    let name = &target.outputs()[output + target.width() - first];
    let values = metadata.column(&target.column)?.iter();
    Some(values.map(|value| value.as_ref().map(|own| own == name)).collect())
}
