//! The parts of a model as stored in its file: weights of k-mers as tensors, everything else as text.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor, bail};
use serde::{Deserialize, Serialize};

use super::stored_memory::StoredMemory;
use super::{TargetModel, Term};
use crate::combine::Conformal;
use crate::features::kmer_set::KmerSet;
use crate::labels::Target;
use crate::parts::clones::CloneTable;
use crate::parts::kmers::KmerTable;
use crate::parts::kmers::burden::Value;
use crate::parts::{CovariateTable, DepthTable, GeneTable, Part, Table};
use crate::tensors::Named;

/// [`TargetModel`] without the weights of k-mers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredTarget {
    network: f64,
    bias: Vec<f64>,
    terms: Vec<StoredTerm>,
    conformal: Conformal,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredTerm {
    part: Part,
    name: String,
    weight: f64,
    tables: Vec<StoredTable>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredTable {
    Kmers { set: KmerSet, value: Value, bias: f64, offset: f64 },
    Clones(CloneTable),
    Genes(GeneTable),
    Depth(DepthTable),
    Covariates(CovariateTable),
    Memory(StoredMemory),
}

impl TargetModel {
    /// A target of a model of an earlier version: the network and nothing else.
    pub(super) fn network_only(target: &Target) -> Self {
        let bias = vec![0.0; target.width()];
        Self { network: 1.0, bias, terms: vec![], conformal: Conformal::default() }
    }
}

/// Prefix of the tensors of one table.
fn prefix(target: usize, term: usize, output: usize) -> String {
    format!("target.{target}.term.{term}.output.{output}.")
}

/// Texts and tensors of `targets`.
pub(super) fn pack(targets: &[TargetModel]) -> Result<(Vec<StoredTarget>, Named)> {
    let mut tensors = Named::new();
    let mut stored = Vec::new();
    for (t, target) in targets.iter().enumerate() {
        let mut terms = Vec::new();
        for (k, Term { part, name, weight, tables }) in target.terms.iter().enumerate() {
            let mut own = Vec::new();
            for (o, table) in tables.iter().enumerate() {
                own.push(pack_table(table, &prefix(t, k, o), &mut tensors)?);
            }
            terms.push(StoredTerm {
                part: *part,
                name: name.clone(),
                weight: *weight,
                tables: own,
            });
        }
        let TargetModel { network, bias, conformal, .. } = target.clone();
        stored.push(StoredTarget { network, bias, terms, conformal });
    }
    Ok((stored, tensors))
}

fn pack_table(table: &Table, prefix: &str, tensors: &mut Named) -> Result<StoredTable> {
    Ok(match table {
        Table::Clones(table) => StoredTable::Clones(table.clone()),
        Table::Genes(table) => StoredTable::Genes(table.clone()),
        Table::Depth(table) => StoredTable::Depth(table.clone()),
        Table::Covariates(table) => StoredTable::Covariates(table.clone()),
        Table::Memory(table) => StoredTable::Memory(StoredMemory::pack(table, prefix, tensors)?),
        Table::Kmers(table) => {
            let entries = table.entries();
            let places: Vec<i64> = entries.iter().map(|(place, _)| i64::from(*place)).collect();
            let weights: Vec<f32> = entries.iter().map(|(_, weight)| *weight).collect();
            let n = entries.len();
            for (name, tensor) in [
                ("kmers", Tensor::from_vec(places, n, &Device::Cpu)?),
                ("weights", Tensor::from_vec(weights, n, &Device::Cpu)?),
            ] {
                tensors.push((format!("{prefix}{name}"), tensor));
            }
            let (set, value) = (table.set(), table.value());
            StoredTable::Kmers { set, value, bias: table.bias, offset: table.offset }
        }
    })
}

/// What [`pack`] packed: all of `tensors` are needed.
pub(super) fn unpack(stored: Vec<StoredTarget>, tensors: Named) -> Result<Vec<TargetModel>> {
    let mut targets = Vec::new();
    let mut unpacking = Unpacking { tensors: tensors.into_iter().collect(), places: 0 };
    for (t, StoredTarget { network, bias, terms, conformal }) in stored.into_iter().enumerate() {
        let mut own = Vec::new();
        for (k, StoredTerm { part, name, weight, tables }) in terms.into_iter().enumerate() {
            let mut unpacked = Vec::new();
            for (o, table) in tables.into_iter().enumerate() {
                unpacked.push(unpacking.table(table, &prefix(t, k, o))?);
            }
            own.push(Term { part, name, weight, tables: unpacked });
        }
        targets.push(TargetModel { network, bias, terms: own, conformal });
    }
    match unpacking.tensors.keys().next() {
        Some(name) => bail!("tensor {name} belongs to no part"),
        None => Ok(targets),
    }
}

/// Places of all tables of k-mers together: 512 MB.
const MOST_PLACES: usize = 1 << 27;

/// Tensors that no table has taken yet, and places of the tables made so far.
struct Unpacking {
    tensors: BTreeMap<String, Tensor>,
    places: usize,
}

impl Unpacking {
    fn take(&mut self, name: &str) -> Result<Tensor> {
        let found = self.tensors.remove(name);
        found.ok_or_else(|| candle_core::Error::Msg(format!("no tensor {name}")))
    }

    fn table(&mut self, stored: StoredTable, prefix: &str) -> Result<Table> {
        let (set, value, bias, offset) = match stored {
            StoredTable::Clones(table) => return Ok(Table::Clones(table)),
            StoredTable::Genes(table) => return Ok(Table::Genes(table)),
            StoredTable::Depth(table) => return Ok(Table::Depth(table)),
            StoredTable::Covariates(table) => return Ok(Table::Covariates(table)),
            StoredTable::Memory(memory) => {
                return Ok(Table::Memory(Box::new(memory.unpack(prefix, &mut self.tensors)?)));
            }
            StoredTable::Kmers { set, value, bias, offset } => (set, value, bias, offset),
        };
        if !bias.is_finite() || !offset.is_finite() {
            bail!("bias {bias} and offset {offset} of {prefix}, expected finite numbers");
        }
        if !(1..=5).contains(&set.k) || set.gaps > 3 {
            bail!(
                "k-mers of {} residues and {} gaps, expected 1 to 5 and at most 3",
                set.k,
                set.gaps
            );
        }
        let places = self.take(&format!("{prefix}kmers"))?.to_vec1::<i64>()?;
        let weights = self.take(&format!("{prefix}weights"))?.to_vec1::<f32>()?;
        let slots = set.slots();
        let all = slots.len() * slots.n_codes();
        self.places += all;
        if self.places > MOST_PLACES {
            bail!("tables of more than {MOST_PLACES} k-mers, expected smaller ones");
        }
        let inside = |place: &i64| usize::try_from(*place).is_ok_and(|place| place < all);
        if places.len() != weights.len() || !places.iter().all(inside) {
            bail!("the k-mers of {prefix} do not fit their set");
        }
        let mut table = KmerTable::new(set, value, bias);
        table.offset = offset;
        for (place, weight) in places.into_iter().zip(weights) {
            table.insert(slots.kmer(place as usize), f64::from(weight));
        }
        Ok(Table::Kmers(table))
    }
}
