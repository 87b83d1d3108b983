//! Features of a cohort as matrices: one row per repertoire.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use rayon::prelude::*;
use reperio_data::cohort::Cohort as Loaded;
use reperio_data::repertoire::Repertoire;
use reperio_model::features::FeatureCache;
use reperio_model::features::clonotype_index::{ClonotypeIndex, Identity};
use reperio_model::features::gene_usage::GeneUsage;
use reperio_model::features::kmer_counts::KmerCounts;
use reperio_model::features::kmer_set::KmerSet;
use reperio_model::model::Model;
use reperio_stats::Groups;
use serde_json::Value;

use crate::cohort::Cohort;
use crate::error;
use crate::model::chain;
use crate::wait::{Listeners, wait};

/// A matrix whose zeros are not kept.
struct Sparse {
    names: Vec<String>,
    indptr: Vec<u64>,
    indices: Vec<u32>,
    data: Vec<f32>,
}

/// A matrix row by row.
struct Dense {
    names: Vec<String>,
    values: Vec<f32>,
}

enum Matrix {
    Sparse(Sparse),
    Dense(Dense),
}

/// Features of `cohort`, as a dict: `shape`, `names` of the columns, and `values` (bytes of f32, row by row), or `indptr`
/// (u64), `indices` (u32) and `data` (f32) of a matrix in compressed rows.
///
/// `what` is `kmers` (`k`, `gaps`, `anchors`, `regions`: windows with each k-mer over clonotypes), `genes` (square root of
/// the share of each gene), `clones` (`identity`: `clonotype` or `junction`; 1 for each that a repertoire carries, of
/// `names`, or of those that at least `carriers` repertoires carry) or `hopfield` (`model`: what the network of a model
/// file pools each repertoire to).
#[pyfunction]
pub(crate) fn features<'py>(
    py: Python<'py>,
    cohort: PyRef<'_, Cohort>,
    what: String,
    options_json: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let options: Value = serde_json::from_str(options_json).map_err(error)?;
    let loaded = cohort.shared();
    let rows = loaded.len();
    let nobody = Listeners { progress: None, log: None };
    let matrix = wait(py, nobody, move |_| {
        matrix(&loaded, &what, &options).map_err(reperio::CallError::Failed)
    })?;
    let object = PyDict::new(py);
    match matrix {
        Matrix::Dense(Dense { names, values }) => {
            object.set_item("shape", (rows, names.len()))?;
            object.set_item("values", bytes(py, &values, f32::to_le_bytes))?;
            object.set_item("names", names)?;
        }
        Matrix::Sparse(Sparse { names, indptr, indices, data }) => {
            object.set_item("shape", (rows, names.len()))?;
            object.set_item("indptr", bytes(py, &indptr, u64::to_le_bytes))?;
            object.set_item("indices", bytes(py, &indices, u32::to_le_bytes))?;
            object.set_item("data", bytes(py, &data, f32::to_le_bytes))?;
            object.set_item("names", names)?;
        }
    }
    Ok(object)
}

fn bytes<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    values: &[T],
    to: impl Fn(T) -> [u8; N],
) -> Bound<'py, PyBytes> {
    let all: Vec<u8> = values.iter().flat_map(|&value| to(value)).collect();
    PyBytes::new(py, &all)
}

fn matrix(cohort: &Loaded, what: &str, options: &Value) -> Result<Matrix, String> {
    let repertoires: Vec<&Repertoire> = cohort.repertoires().iter().collect();
    let groups = Groups::each(repertoires.len());
    let cache = FeatureCache::new(&repertoires, &groups);
    match what {
        "kmers" => kmers(&cache, options).map(Matrix::Sparse),
        "genes" => {
            let usage = GeneUsage::of(&cache);
            let rows = 0..repertoires.len();
            let values = rows.flat_map(|row| usage.table.row(row).to_vec()).collect();
            Ok(Matrix::Dense(Dense { names: usage.names.clone(), values }))
        }
        "clones" => clones(&repertoires, options).map(Matrix::Sparse),
        "hopfield" => hopfield(&repertoires, options).map(Matrix::Dense),
        other => Err(format!("no features {other:?}, expected kmers, genes, clones or hopfield")),
    }
}

/// Largest number of counted residues and of ignored positions of a k-mer.
const MOST: (u64, u64) = (5, 3);

fn kmers(cache: &FeatureCache<'_>, options: &Value) -> Result<Sparse, String> {
    let number = |name: &str, default: u64| options[name].as_u64().unwrap_or(default);
    let whether = |name: &str| options[name].as_bool().unwrap_or(false);
    let (k, gaps) = (number("k", 3), number("gaps", 0));
    if !(1..=MOST.0).contains(&k) || gaps > MOST.1 {
        return Err(format!(
            "k {k}, gaps {gaps}: expected k in 1 to {}, gaps in 0 to {}",
            MOST.0, MOST.1
        ));
    }
    let (anchors, regions) = (whether("anchors"), whether("regions"));
    let set = KmerSet { k: k as usize, gaps: gaps as usize, anchors, regions };
    let (counts, slots) = (KmerCounts::of(cache, set), set.slots());
    let names = (0..counts.len()).map(|i| slots.text(counts.kmer(i))).collect();
    let columns = (0..counts.len()).map(|i| {
        let entries = counts.entries(i).iter();
        entries
            .map(|&(row, count)| (row, count as f32 / counts.clonotypes(row).max(1.0) as f32))
            .collect()
    });
    Ok(by_rows(names, columns.collect(), cache.repertoires().len()))
}

/// The matrix whose columns have these (row, value).
fn by_rows(names: Vec<String>, columns: Vec<Vec<(u32, f32)>>, rows: usize) -> Sparse {
    let mut lists: Vec<Vec<(u32, f32)>> = vec![Vec::new(); rows];
    for (column, entries) in columns.into_iter().enumerate() {
        for (row, value) in entries {
            lists[row as usize].push((column as u32, value));
        }
    }
    let mut indptr = vec![0];
    let (mut indices, mut data) = (Vec::new(), Vec::new());
    for list in lists {
        for (column, value) in list {
            indices.push(column);
            data.push(value);
        }
        indptr.push(indices.len() as u64);
    }
    Sparse { names, indptr, indices, data }
}

/// The name of a clonotype, or of its junction.
fn name(repertoire: &Repertoire, row: usize, identity: Identity) -> String {
    let junction = repertoire.junction_aa(row);
    match identity {
        Identity::Clonotype => {
            format!("{junction} {} {}", repertoire.v_call(row), repertoire.j_call(row))
        }
        Identity::Junction | Identity::OneSubstitution => junction,
    }
}

fn clones(repertoires: &[&Repertoire], options: &Value) -> Result<Sparse, String> {
    let identity = match options["identity"].as_str().unwrap_or("clonotype") {
        "clonotype" => Identity::Clonotype,
        "junction" => Identity::Junction,
        other => return Err(format!("identity {other:?}, expected clonotype or junction")),
    };
    if let Some(names) = options["names"].as_array() {
        let names: Vec<String> =
            names.iter().filter_map(|own| own.as_str().map(str::to_owned)).collect();
        return Ok(carried(repertoires, identity, names));
    }
    let least = options["carriers"].as_u64().unwrap_or(2).max(2);
    let index = ClonotypeIndex::new(repertoires, identity);
    let public = (0..index.len()).filter(|&i| index.carriers(i).len() as u64 >= least);
    let (names, columns) = public
        .map(|i| {
            let (repertoire, row) = index.first(i);
            let carriers = index.carriers(i).iter().map(|&own| (own, 1.0)).collect::<Vec<_>>();
            (name(repertoires[repertoire], row, identity), carriers)
        })
        .unzip();
    Ok(by_rows(names, columns, repertoires.len()))
}

/// Which of `names` each repertoire carries.
fn carried(repertoires: &[&Repertoire], identity: Identity, names: Vec<String>) -> Sparse {
    let places: HashMap<&str, u32> =
        names.iter().enumerate().map(|(i, own)| (own.as_str(), i as u32)).collect();
    let of = |repertoire: &&Repertoire| {
        let rows = 0..repertoire.len();
        let found = rows.filter_map(|row| places.get(&*name(repertoire, row, identity)).copied());
        let mut found: Vec<u32> = found.collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    let lists: Vec<Vec<u32>> = repertoires.par_iter().map(of).collect();
    let mut indptr = vec![0];
    indptr.extend(lists.iter().scan(0, |sum, list| {
        *sum += list.len() as u64;
        Some(*sum)
    }));
    let indices: Vec<u32> = lists.into_iter().flatten().collect();
    let data = vec![1.0; indices.len()];
    Sparse { names, indptr, indices, data }
}

fn hopfield(repertoires: &[&Repertoire], options: &Value) -> Result<Dense, String> {
    let path = options["model"].as_str().ok_or("hopfield features need a model")?;
    let path = Model::file(&PathBuf::from(path));
    let model = Arc::new(Model::load(&path).map_err(|err| chain(&err))?);
    let rows: Vec<Vec<Vec<f32>>> = repertoires.par_iter().map(|own| model.pooled(own)).collect();
    let heads = model.heads();
    if heads.is_empty() {
        return Err(format!(
            "{}: the model has no network, which the embedding is from",
            path.display()
        ));
    }
    let mut names = Vec::new();
    let first = rows.first().map(Vec::as_slice).unwrap_or_default();
    for (m, (z, &heads)) in first.iter().zip(&heads).enumerate() {
        let width = z.len() / heads.max(1);
        let of =
            |h: usize| (0..width).map(move |d| format!("member{}_head{}_{}", m + 1, h + 1, d + 1));
        names.extend((0..heads).flat_map(of));
    }
    Ok(Dense { names, values: rows.into_iter().flatten().flatten().collect() })
}
