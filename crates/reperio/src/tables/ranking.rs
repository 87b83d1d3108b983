//! The distinct clonotypes of a cohort, ranked by evidence, with their carriers.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use rayon::prelude::*;
use reperio_data::cohort::Cohort;
use reperio_data::repertoire::Repertoire;
use reperio_model::model::Model;
use reperio_model::target::TargetKind;
use serde::Serialize;

use crate::shell::table;
use crate::tables::sequences::{Best, output_names};

/// A clonotype of the cohort.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ranked {
    /// Output whose evidence is meant: the positive value, a class, or the target of a regression.
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

/// Ranks the `best` clonotypes of each repertoire together and keeps the `top` of each output.
///
/// Nothing is lost by looking at each repertoire's best alone: one of the cohort's `top` by highest
/// evidence is among the `top` of the repertoire where it is highest.
pub(crate) fn rank(model: &Model, cohort: &Cohort, best: &[Best], top: usize) -> Vec<Ranked> {
    let mut all = Vec::new();
    for (output, name) in output_names(model).into_iter().enumerate() {
        let labels = labels(model, cohort, output);
        let mut highest: BTreeMap<Key<'_>, f64> = BTreeMap::new();
        for (repertoire, best) in cohort.repertoires.iter().zip(best) {
            for &(i, evidence) in &best[output] {
                let value = highest.entry(key(repertoire, i)).or_insert(evidence);
                *value = value.max(evidence);
            }
        }
        let mut ranked: Vec<(Key<'_>, f64)> = highest.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1)); // Stable: equal ones stay sorted by key.
        ranked.truncate(top);
        let one = |(place, &(key, evidence)): (usize, &(Key<'_>, f64))| {
            let carriers: Vec<usize> = (0..cohort.repertoires.len())
                .filter(|&r| carries(&cohort.repertoires[r], key))
                .collect();
            let with = |wanted: bool| {
                let labels = labels.as_ref()?;
                Some(carriers.iter().filter(|&&r| labels[r] == Some(wanted)).count())
            };
            Ranked {
                output: name.clone(),
                rank: place + 1,
                junction_aa: reperio_data::alphabet::decode(key.0),
                v_call: key.1.to_owned(),
                j_call: key.2.to_owned(),
                evidence,
                carriers: carriers.len(),
                positive_carriers: with(true),
                negative_carriers: with(false),
            }
        };
        all.par_extend(ranked.par_iter().enumerate().map(one));
    }
    all
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
fn labels(model: &Model, cohort: &Cohort, output: usize) -> Option<Vec<Option<bool>>> {
    let mut first = 0;
    let target = model.info().targets.iter().find(|target| {
        first += target.width();
        output < first
    })?;
    if matches!(target.kind, TargetKind::Regression { .. }) {
        return None;
    }
    let name = &target.outputs()[output + target.width() - first];
    let values = cohort.metadata.column(&target.column)?;
    Some(values.iter().map(|value| value.as_ref().map(|value| value == name)).collect())
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
