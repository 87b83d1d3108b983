//! The distinct clonotypes of a cohort, ranked by evidence, with their carriers.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use reperio_data::metadata::Metadata;
use reperio_data::repertoire::Repertoire;
use serde::Serialize;

use super::Leading;
use crate::labels::TargetKind;
use crate::model::Model;

/// A clonotype of the cohort.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

/// Counts the repertoires that carry the leaders: all of them have to come once more.
pub(super) struct Carriers {
    outputs: Vec<Output>,
}

/// The leaders of one output.
struct Output {
    name: String,
    leaders: Vec<Leader>,
    /// Whether the label of a repertoire is this output, by id; none where labels are not known or are numbers.
    labels: Option<BTreeMap<String, bool>>,
}

/// A clonotype and how many repertoires carry it.
struct Leader {
    clonotype: Clonotype,
    highest: Highest,
    carriers: AtomicUsize,
    /// Those whose label is its output.
    positive: AtomicUsize,
    /// Those with another label.
    negative: AtomicUsize,
}

impl Leader {
    fn new((clonotype, highest): (Clonotype, Highest)) -> Self {
        let [carriers, positive, negative] = [const { AtomicUsize::new(0) }; 3];
        Self { clonotype, highest, carriers, positive, negative }
    }

    /// Counts a carrier, whose label is its output or another one, if it has a label.
    fn count(&self, is_output: Option<bool>) {
        let of_label = is_output.map(|own| if own { &self.positive } else { &self.negative });
        for count in [Some(&self.carriers), of_label].into_iter().flatten() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Carriers {
    /// Nothing counted yet.
    pub(super) fn new(model: &Model, leaders: Leaders, metadata: &Metadata) -> Self {
        let Leaders { outputs, top } = leaders;
        let named = model.output_names().into_iter().zip(outputs);
        let outputs = named.enumerate().map(|(output, (name, all))| {
            let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
            let leaders = ranked(all, top).into_iter().map(Leader::new).collect();
            Output { name, leaders, labels: labels(model, metadata, output) }
        });
        Self { outputs: outputs.collect() }
    }

    /// Looks at one repertoire.
    pub(super) fn add(&self, repertoire: &Repertoire) {
        for Output { leaders, labels, .. } in &self.outputs {
            let is_output = labels.as_ref().and_then(|labels| labels.get(&repertoire.id).copied());
            leaders.par_iter().for_each(|leader| {
                if carries(repertoire, leader.clonotype.key()) {
                    leader.count(is_output);
                }
            });
        }
    }

    /// The leaders with their carriers.
    pub(super) fn ranked(self) -> Vec<Ranked> {
        let mut all = Vec::new();
        for Output { name, leaders, labels } in self.outputs {
            for (leader, rank) in leaders.into_iter().zip(1..) {
                let Clonotype { codes, v_call, j_call } = leader.clonotype;
                all.push(Ranked {
                    output: name.clone(),
                    rank,
                    junction_aa: reperio_data::alphabet::decode(&codes),
                    v_call,
                    j_call,
                    evidence: leader.highest.evidence,
                    repertoire_id: leader.highest.repertoire.to_string(),
                    carriers: leader.carriers.into_inner(),
                    positive_carriers: labels.as_ref().map(|_| leader.positive.into_inner()),
                    negative_carriers: labels.as_ref().map(|_| leader.negative.into_inner()),
                });
            }
        }
        all
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
fn labels(model: &Model, metadata: &Metadata, output: usize) -> Option<BTreeMap<String, bool>> {
    let mut first = 0;
    let target = model.info().targets.iter().find(|target| {
        first += target.width();
        output < first
    })?;
    if matches!(target.kind, TargetKind::Regression { .. }) {
        return None;
    }
    let name = &target.outputs()[output + target.width() - first];
    let values = metadata.ids().iter().zip(metadata.column(&target.column)?);
    Some(values.filter_map(|(id, value)| Some((id.clone(), value.as_ref()? == name))).collect())
}
