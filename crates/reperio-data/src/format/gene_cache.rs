//! Gene columns repeat a few hundred texts millions of times: each is read once.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::columns::is_missing;
use crate::gene::{Locus, Species, normalise};

/// A gene column's reading, by index into the cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct GeneCall {
    /// Index for [`GeneCache::name`]; 0 is unknown.
    pub(super) gene: u32,
    /// Whether other genes fit equally well.
    pub(super) tie: bool,
    /// Whether it is a family of several genes.
    pub(super) family_only: bool,
}

impl GeneCall {
    /// Nothing is known.
    pub(super) const UNKNOWN: Self = Self { gene: 0, tie: false, family_only: false };

    /// Whether it names a gene.
    pub(super) fn is_gene(self) -> bool {
        self.gene != 0 && !self.family_only
    }
}

/// Texts remembered. `MiXCR`'s scores make almost every text unique; they need not be kept.
const MAX_TEXTS: usize = 1 << 16;

/// Readings of the gene columns of one file.
#[derive(Debug)]
pub(super) struct GeneCache {
    species: Species,
    calls: HashMap<Box<[u8]>, GeneCall, RandomState>,
    names: Vec<(String, Option<Locus>)>,
    index: HashMap<String, u32>,
}

impl GeneCache {
    pub(super) fn new(species: Species) -> Self {
        let names = vec![(String::new(), None)];
        let index = HashMap::from([(String::new(), 0)]);
        Self { species, calls: HashMap::default(), names, index }
    }

    /// Reads one gene field.
    pub(super) fn call(&mut self, raw: &[u8]) -> GeneCall {
        if let Some(&call) = self.calls.get(raw) {
            return call;
        }
        let call = self.read(raw);
        if self.calls.len() < MAX_TEXTS {
            self.calls.insert(raw.into(), call);
        }
        call
    }

    fn read(&mut self, raw: &[u8]) -> GeneCall {
        if is_missing(raw) {
            return GeneCall::UNKNOWN;
        }
        let call = normalise(&String::from_utf8_lossy(raw), self.species);
        let gene = match self.index.get(&call.gene) {
            Some(&gene) => gene,
            None => self.add(call.gene),
        };
        GeneCall { gene, tie: call.tie, family_only: call.family_only }
    }

    fn add(&mut self, name: String) -> u32 {
        let gene = self.names.len() as u32;
        self.names.push((name.clone(), Locus::of_gene(&name)));
        self.index.insert(name, gene);
        gene
    }

    /// IMGT name of a gene or family, "" if unknown.
    pub(super) fn name(&self, gene: u32) -> &str {
        &self.names[gene as usize].0
    }

    /// Locus of a gene.
    pub(super) fn locus(&self, gene: u32) -> Option<Locus> {
        self.names[gene as usize].1
    }

    /// Distinct genes seen so far.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}
