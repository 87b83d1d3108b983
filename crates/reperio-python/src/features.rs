//! Features of a cohort as matrices: one row per repertoire.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use rayon::prelude::*;
use reperio::CallError;
use reperio_data::cohort::Cohort as Loaded;
use reperio_data::gene;
use reperio_data::repertoire::Repertoire;
use reperio_model::features::clonotype_index::{ClonotypeIndex, Identity};
use reperio_model::features::kmer_set::{Kmer, KmerSet};
use reperio_model::model::Model;
use serde_json::Value;

use crate::cohort::Cohort;
use crate::error;
use crate::model::chain;
use crate::wait::{Listeners, wait};

/// Names of the columns, and the values of each row: (column, value), columns increasing.
struct Sparse {
    names: Vec<String>,
    rows: Vec<Vec<(usize, f64)>>,
}

/// Names of the columns, and the values row by row.
struct Dense {
    names: Vec<String>,
    values: Vec<f32>,
}

enum Matrix {
    Sparse(Sparse),
    Dense(Dense),
}

/// Features of `cohort`, as a dict: `shape`, `names` of the columns, and `values` (bytes of f32, row by row), or `indptr`
/// and `indices` (i64, never negative) and `data` (f64) of a matrix in compressed rows.
///
/// `what` says which, by the options of a JSON object:
///
/// ```text
/// kmers     share of each k-mer among the windows of its pattern: k, max_gaps
/// genes     share of each V and J gene among the clonotypes that know theirs: families
/// clones    1 for each public clonotype that a repertoire carries: min_repertoires that carry it
/// hopfield  what the network of a model pools each repertoire to: model, the path of its file
/// ```
///
/// With `names`, the columns are these (but for `hopfield`), whatever else the cohort holds.
#[pyfunction]
pub(crate) fn features<'py>(
    py: Python<'py>,
    cohort: PyRef<'_, Cohort>,
    what: String,
    options_json: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let options: Value = serde_json::from_str(options_json).map_err(error)?;
    let loaded = cohort.shared();
    let (places, n) = (cohort.places().to_vec(), cohort.places().len());
    let nobody = Listeners { progress: None, log: None };
    let matrix = wait(py, nobody, move |_| {
        matrix(&loaded, &places, &what, &options).map_err(CallError::Failed)
    })?;
    let object = PyDict::new(py);
    match matrix {
        Matrix::Dense(Dense { names, values }) => {
            object.set_item("shape", (n, names.len()))?;
            object.set_item("values", bytes(py, values.into_iter().map(f32::to_le_bytes)))?;
            object.set_item("names", names)?;
        }
        Matrix::Sparse(Sparse { names, rows }) => {
            let mut end = 0;
            let ends = rows.iter().map(|row| {
                end += row.len() as u64;
                end
            });
            let indptr: Vec<u64> = std::iter::once(0).chain(ends).collect();
            let entries = || rows.iter().flatten();
            object.set_item("shape", (n, names.len()))?;
            object.set_item("indptr", bytes(py, indptr.into_iter().map(u64::to_le_bytes)))?;
            let indices = entries().map(|&(column, _)| (column as u64).to_le_bytes());
            object.set_item("indices", bytes(py, indices))?;
            object.set_item("data", bytes(py, entries().map(|&(_, value)| value.to_le_bytes())))?;
            object.set_item("names", names)?;
        }
    }
    Ok(object)
}

fn bytes<const N: usize>(
    py: Python<'_>,
    values: impl Iterator<Item = [u8; N]>,
) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &values.flatten().collect::<Vec<u8>>())
}

fn matrix(
    cohort: &Loaded,
    places: &[usize],
    what: &str,
    options: &Value,
) -> Result<Matrix, String> {
    let repertoires: Vec<&Repertoire> = places.iter().map(|&i| &cohort.repertoires()[i]).collect();
    let names = options["names"].as_array().map(|names| {
        names.iter().filter_map(|own| own.as_str().map(str::to_owned)).collect::<Vec<String>>()
    });
    match what {
        "kmers" => {
            let set = kmer_set(options)?;
            let rows = repertoires.par_iter().map(|own| kmers(own, set)).collect();
            Ok(Matrix::Sparse(assembled(rows, names)))
        }
        "genes" => {
            let families = options["families"].as_bool().unwrap_or(false);
            let rows = repertoires.par_iter().map(|own| genes(own, families)).collect();
            Ok(Matrix::Sparse(assembled(rows, names)))
        }
        "clones" => {
            let least = options["min_repertoires"].as_u64().unwrap_or(2);
            let names = names.unwrap_or_else(|| public(&repertoires, least));
            Ok(Matrix::Sparse(carried(&repertoires, names)))
        }
        "hopfield" => hopfield(&repertoires, options).map(Matrix::Dense),
        other => Err(format!("no features {other:?}, expected kmers, genes, clones or hopfield")),
    }
}

/// A matrix of these rows; its columns are `names`, or all that occur, sorted.
fn assembled(rows: Vec<BTreeMap<String, f64>>, names: Option<Vec<String>>) -> Sparse {
    let names = names.unwrap_or_else(|| {
        let all: BTreeSet<&String> = rows.iter().flat_map(BTreeMap::keys).collect();
        all.into_iter().cloned().collect()
    });
    let places = places(&names);
    let row = |own: BTreeMap<String, f64>| {
        let known = own.into_iter();
        let mut known: Vec<(usize, f64)> = known
            .filter_map(|(name, value)| places.get(&*name).map(|&column| (column, value)))
            .collect();
        known.sort_unstable_by_key(|&(column, _)| column);
        known
    };
    let rows = rows.into_par_iter().map(row).collect();
    drop(places);
    Sparse { names, rows }
}

fn places(names: &[String]) -> HashMap<&str, usize> {
    names.iter().enumerate().map(|(column, own)| (own.as_str(), column)).collect()
}

/// Smallest and largest number of counted residues, and the largest of ignored positions.
const K: (u64, u64) = (1, 5);
const MOST_GAPS: u64 = 3;

fn kmer_set(options: &Value) -> Result<KmerSet, String> {
    let (k, gaps) = (options["k"].as_u64(), options["max_gaps"].as_u64());
    let (k, gaps) = (k.unwrap_or(0), gaps.unwrap_or(0));
    if !(K.0..=K.1).contains(&k) || gaps > MOST_GAPS {
        let found = format!("k {}, max_gaps {}", options["k"], options["max_gaps"]);
        return Err(format!(
            "{found}: expected k from {} to {}, max_gaps from 0 to {MOST_GAPS}",
            K.0, K.1
        ));
    }
    Ok(KmerSet { k: k as usize, gaps: gaps as usize, anchors: true, regions: false })
}

/// Share of each k-mer among all windows of its pattern (a place of the gaps).
fn kmers(repertoire: &Repertoire, set: KmerSet) -> BTreeMap<String, f64> {
    let slots = set.slots();
    let mut counts: BTreeMap<Kmer, f64> = BTreeMap::new();
    for i in 0..repertoire.len() {
        slots.visit(repertoire.junction_codes(i), |kmer| *counts.entry(kmer).or_insert(0.0) += 1.0);
    }
    let mut windows = vec![0.0; slots.len()];
    for (kmer, count) in &counts {
        windows[usize::from(kmer.slot)] += count;
    }
    let share =
        |(kmer, count): (Kmer, f64)| (slots.text(kmer), count / windows[usize::from(kmer.slot)]);
    counts.into_iter().map(share).collect()
}

/// Share of each V and J gene, or of their families, among the clonotypes whose gene of that kind is known.
fn genes(repertoire: &Repertoire, families: bool) -> BTreeMap<String, f64> {
    let genes = repertoire.genes();
    let mut shares = BTreeMap::new();
    for (names, indices) in [(&genes.v, repertoire.v()), (&genes.j, repertoire.j())] {
        let known = indices.iter().filter(|&&index| index > 0);
        let n = known.clone().count().max(1) as f64;
        for &index in known {
            let name = names[usize::from(index)].as_str();
            let name = if families { gene::family(name) } else { name };
            *shares.entry(name.to_owned()).or_insert(0.0) += 1.0 / n;
        }
    }
    shares
}

/// The name of a clonotype: its junction and its genes.
fn name(repertoire: &Repertoire, row: usize) -> String {
    let (v, j) = (repertoire.v_call(row), repertoire.j_call(row));
    format!("{} {v} {j}", repertoire.junction_aa(row))
}

/// The clonotypes that at least so many repertoires carry, in the order of their first occurrence.
fn public(repertoires: &[&Repertoire], least: u64) -> Vec<String> {
    let named = |(repertoire, row): (usize, usize)| name(repertoires[repertoire], row);
    if least <= 1 {
        let all = repertoires.iter().flat_map(|own| (0..own.len()).map(|row| name(own, row)));
        let mut seen = BTreeSet::new();
        return all.filter(|own| seen.insert(own.clone())).collect();
    }
    let index = ClonotypeIndex::new(repertoires, Identity::Clonotype);
    let public = (0..index.len()).filter(|&i| index.carriers(i).len() as u64 >= least);
    public.map(|i| named(index.first(i))).collect()
}

/// Which of the clonotypes `names` each repertoire carries.
fn carried(repertoires: &[&Repertoire], names: Vec<String>) -> Sparse {
    let places = places(&names);
    let of = |repertoire: &&Repertoire| {
        let found = (0..repertoire.len()).filter_map(|row| places.get(&*name(repertoire, row)));
        let columns: BTreeSet<usize> = found.copied().collect();
        columns.into_iter().map(|column| (column, 1.0)).collect()
    };
    let rows = repertoires.par_iter().map(of).collect();
    drop(places);
    Sparse { names, rows }
}

/// What the network of a model pools each repertoire to, member by member and state pattern by state pattern.
fn hopfield(repertoires: &[&Repertoire], options: &Value) -> Result<Dense, String> {
    let path = options["model"].as_str().ok_or("no model, expected the path of one")?;
    let path = Model::file(&PathBuf::from(path));
    let model = Model::load(&path).map_err(|err| chain(&err))?;
    let rows: Vec<Vec<Vec<f32>>> = repertoires.par_iter().map(|own| model.pooled(own)).collect();
    let heads = model.heads();
    if heads.is_empty() {
        return Err(format!("{}: the model has no network, expected one that has", path.display()));
    }
    let mut names = Vec::new();
    let first = rows.first().map(Vec::as_slice).unwrap_or_default();
    for (m, (z, &heads)) in first.iter().zip(&heads).enumerate() {
        let width = z.len() / heads.max(1);
        for (h, d) in (0..heads).flat_map(|h| (0..width).map(move |d| (h, d))) {
            names.push(format!("member{}_pattern{}_{}", m + 1, h + 1, d + 1));
        }
    }
    Ok(Dense { names, values: rows.into_iter().flatten().flatten().collect() })
}
