//! The distinct clonotypes of a cohort, ranked by evidence, with their carriers.

use std::collections::BTreeMap;
use std::mem;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use rayon::prelude::*;
use reperio_data::cohort::Cohort;
use reperio_data::metadata::Metadata;
use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_model::model::{Explanation, Model};
use reperio_model::target::TargetKind;
use serde::Serialize;

use crate::shell::table;
use crate::tables::predictions::for_each;
use crate::tables::sequences::{self, output_names};

/// A clonotype of the cohort.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ranked {
    /// Output of the evidence: the positive value, a class, or the target of a regression.
    pub(crate) output: String,
    /// Place in the ranking of this output, from 1.
    pub(crate) rank: usize,
    /// Junction, anchors included.
    pub(crate) junction_aa: String,
    /// V gene, "" if unknown.
    pub(crate) v_call: String,
    /// J gene, "" if unknown.
    pub(crate) j_call: String,
    /// Its highest evidence in any repertoire.
    pub(crate) evidence: f64,
    /// Repertoires that contain it.
    pub(crate) carriers: usize,
    /// Carriers whose label is this output; none where labels are not known or are numbers.
    pub(crate) positive_carriers: Option<usize>,
    /// Carriers with another label.
    pub(crate) negative_carriers: Option<usize>,
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

/// The distinct clonotypes with the highest evidence for each output, of repertoires that come one after the other in
/// any order. It keeps a number of clonotypes that does not grow with that of the repertoires.
pub(crate) struct Leaders {
    outputs: Vec<Mutex<BTreeMap<Clonotype, f64>>>,
    top: usize,
}

impl Leaders {
    /// The `top` of each output of `model`.
    pub(crate) fn new(model: &Model, top: usize) -> Self {
        let outputs = output_names(model).iter().map(|_| Mutex::default()).collect();
        Self { outputs, top }
    }

    /// Looks at one repertoire.
    ///
    /// Its best alone are enough: one of the `top` of all by highest evidence is among the `top` of the repertoire where
    /// it is highest.
    pub(crate) fn add(&self, repertoire: &Repertoire, explanation: &Explanation) {
        let best = sequences::best(repertoire, explanation, self.top);
        for (leaders, best) in self.outputs.iter().zip(best) {
            let mut leaders = leaders.lock().expect("no thread panics with the leaders");
            for (i, evidence) in best {
                let clonotype = Clonotype::of(key(repertoire, i));
                let highest = leaders.entry(clonotype).or_insert(evidence);
                *highest = highest.max(evidence);
            }
            // Those that go are below `top` others now, which can only rise: they come back if they rise too.
            if leaders.len() / 4 > self.top {
                *leaders = ranked(mem::take(&mut leaders), self.top).into_iter().collect();
            }
        }
    }
}

/// The `top` by evidence, equal ones by key.
fn ranked(all: BTreeMap<Clonotype, f64>, top: usize) -> Vec<(Clonotype, f64)> {
    let mut ranked: Vec<_> = all.into_iter().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1)); // Stable: equal ones stay sorted by key.
    ranked.truncate(top);
    ranked
}

/// Counts the repertoires that carry the leaders: all of them have to come once more.
pub(crate) struct Carriers {
    outputs: Vec<Output>,
}

/// The leaders of one output.
struct Output {
    name: String,
    leaders: Vec<(Clonotype, f64)>,
    /// Whether the label of a repertoire is this output, by id; none where labels are not known or are numbers.
    labels: Option<BTreeMap<String, bool>>,
    /// Carriers of each leader: all, those whose label is this output, those with another label.
    counts: Vec<[AtomicUsize; 3]>,
}

impl Carriers {
    /// Nothing counted yet.
    pub(crate) fn new(model: &Model, leaders: &Leaders, metadata: &Metadata) -> Self {
        let one = |(output, name): (usize, String)| {
            let mut all =
                leaders.outputs[output].lock().expect("no thread panics with the leaders");
            let leaders = ranked(mem::take(&mut all), leaders.top);
            let counts = leaders.iter().map(|_| Default::default()).collect();
            Output { name, leaders, labels: labels(model, metadata, output), counts }
        };
        Self { outputs: output_names(model).into_iter().enumerate().map(one).collect() }
    }

    /// Looks at one repertoire.
    pub(crate) fn add(&self, repertoire: &Repertoire) {
        for Output { leaders, labels, counts, .. } in &self.outputs {
            let label = labels.as_ref().and_then(|labels| labels.get(&repertoire.id));
            let label = label.map(|&is_output| if is_output { 1 } else { 2 });
            leaders.par_iter().zip(counts).for_each(|((clonotype, _), counts)| {
                if carries(repertoire, clonotype.key()) {
                    for place in [Some(0), label].into_iter().flatten() {
                        counts[place].fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    }

    /// The leaders with their carriers.
    pub(crate) fn ranked(self) -> Vec<Ranked> {
        let mut all = Vec::new();
        for Output { name, leaders, labels, counts } in self.outputs {
            for (place, ((clonotype, evidence), counts)) in
                leaders.into_iter().zip(counts).enumerate()
            {
                let [carriers, positive, negative] = counts.map(AtomicUsize::into_inner);
                all.push(Ranked {
                    output: name.clone(),
                    rank: place + 1,
                    junction_aa: reperio_data::alphabet::decode(&clonotype.codes),
                    v_call: clonotype.v_call,
                    j_call: clonotype.j_call,
                    evidence,
                    carriers,
                    positive_carriers: labels.as_ref().map(|_| positive),
                    negative_carriers: labels.as_ref().map(|_| negative),
                });
            }
        }
        all
    }
}

/// Ranks the clonotypes of a cohort that is in memory by their evidence, and keeps the `top` of each output; none once the
/// observer has cancelled.
pub(crate) fn rank(
    model: &Model,
    cohort: &Cohort,
    top: usize,
    observer: &dyn Observer,
) -> Result<Option<Vec<Ranked>>> {
    let leaders = Leaders::new(model, top);
    let explained = for_each("explaining", &cohort.repertoires, observer, |repertoire| {
        let explanation = model.explain(repertoire);
        sequences::check(&repertoire.id, &sequences::sums(&explanation))?;
        leaders.add(repertoire, &explanation);
        Ok(())
    });
    let Some(explained) = explained else { return Ok(None) };
    explained.into_iter().collect::<Result<()>>()?;
    let carriers = Carriers::new(model, &leaders, &cohort.metadata);
    cohort.repertoires.par_iter().for_each(|repertoire| carriers.add(repertoire));
    Ok(Some(carriers.ranked()))
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
    let values = metadata.ids.iter().zip(metadata.column(&target.column)?);
    Some(values.filter_map(|(id, value)| Some((id.clone(), value.as_ref()? == name))).collect())
}

/// Writes the ranking.
pub(crate) fn write(path: &Path, ranked: &[Ranked]) -> Result<()> {
    let texts =
        |name: &str, text: &dyn Fn(&Ranked) -> String| table::text(name, ranked.iter().map(text));
    let counts = |name: &str, count: &dyn Fn(&Ranked) -> Option<usize>| -> Column {
        let values: Vec<Option<u64>> =
            ranked.iter().map(|one| count(one).map(|n| n as u64)).collect();
        Series::new(name.into(), values).into()
    };
    let evidence: Vec<f64> = ranked.iter().map(|one| one.evidence).collect();
    let columns = vec![
        texts("output", &|one| one.output.clone()),
        counts("rank", &|one| Some(one.rank)),
        texts("junction_aa", &|one| one.junction_aa.clone()),
        texts("v_call", &|one| one.v_call.clone()),
        texts("j_call", &|one| one.j_call.clone()),
        Column::new("evidence".into(), evidence),
        counts("carriers", &|one| Some(one.carriers)),
        counts("positive_carriers", &|one| one.positive_carriers),
        counts("negative_carriers", &|one| one.negative_carriers),
    ];
    table::write(path, DataFrame::new(ranked.len(), columns)?)
}
