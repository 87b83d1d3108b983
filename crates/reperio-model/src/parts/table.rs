//! A learned term: the contribution of every clonotype to a logit.

use reperio_data::repertoire::Repertoire;

use super::clones::{CloneTable, PublicClone};
use super::covariates::CovariateTable;
use super::depth::DepthTable;
use super::genes::GeneTable;
use super::kmers::KmerTable;
use super::memory::MemoryTable;

/// Entries of a report on one term.
pub(super) const REPORTED: usize = 20;

/// A learned term.
#[derive(Clone, Debug, PartialEq)]
pub enum Table {
    /// Weights of k-mers.
    Kmers(KmerTable),
    /// Public clonotypes.
    Clones(CloneTable),
    /// Weights of genes.
    Genes(GeneTable),
    /// Weights of depth.
    Depth(DepthTable),
    /// Weights of covariates.
    Covariates(CovariateTable),
    /// A memory of covariates.
    Memory(Box<MemoryTable>),
}

impl Table {
    /// Adds nothing.
    pub(crate) fn nothing() -> Self {
        Self::Genes(GeneTable { weights: std::collections::BTreeMap::new(), bias: 0.0 })
    }

    /// Contribution of each clonotype of `repertoire`: (n,)
    pub fn evidence(&self, repertoire: &Repertoire) -> Vec<f64> {
        match self {
            Self::Kmers(table) => table.evidence(repertoire),
            Self::Clones(table) => table.evidence(repertoire),
            Self::Genes(table) => table.evidence(repertoire),
            Self::Depth(table) => table.evidence(repertoire),
            Self::Covariates(_) | Self::Memory(_) => vec![0.0; repertoire.len()],
        }
    }

    /// Logit of a repertoire before its clonotypes contribute.
    pub fn bias(&self) -> f64 {
        match self {
            Self::Kmers(table) => table.bias,
            Self::Clones(table) => table.bias(),
            Self::Genes(table) => table.bias,
            Self::Depth(table) => table.bias,
            Self::Covariates(table) => table.bias,
            Self::Memory(table) => table.bias,
        }
    }

    /// What each covariate adds; nothing but of a table of covariates.
    pub fn shares(&self, covariates: &[Option<f64>]) -> Vec<f64> {
        match self {
            Self::Covariates(table) => table.shares(covariates),
            Self::Memory(table) => table.shares(covariates),
            _ => vec![],
        }
    }

    /// Bias and all evidence; without covariates.
    pub fn logit(&self, repertoire: &Repertoire) -> f64 {
        self.bias() + self.evidence(repertoire).iter().sum::<f64>()
    }

    /// What each k-mer, clonotype or gene of `repertoire` adds to the logit, by its number in the term, increasing: as in a
    /// repertoire of `depth` clonotypes, and without what is the same in all repertoires of one depth.
    ///
    /// With that they add up to the logit; k-mers beyond the expected ([`super::kmers::burden::Value::Excess`]) only at `depth`.
    pub(crate) fn by_feature(&self, repertoire: &Repertoire, depth: f64) -> Vec<(u32, f64)> {
        match self {
            Self::Kmers(table) => table.by_feature(repertoire, depth),
            Self::Clones(table) => table.by_feature(repertoire),
            Self::Genes(table) => table.by_feature(repertoire),
            Self::Depth(table) => table.by_feature(repertoire),
            Self::Covariates(_) | Self::Memory(_) => vec![],
        }
    }

    /// Numbers and names of all k-mers, clonotypes or genes of the term.
    pub(crate) fn features(&self) -> Vec<(u32, String)> {
        match self {
            Self::Kmers(table) => {
                table.entries().into_iter().map(|(at, _)| (at, table.text(at))).collect()
            }
            Self::Clones(table) => {
                (0..).zip(table.clones().iter().map(PublicClone::name)).collect()
            }
            Self::Genes(table) => (0..).zip(table.weights.keys().cloned()).collect(),
            Self::Depth(_) => vec![(0, "clonotypes".to_owned()), (1, "copies".to_owned())],
            Self::Covariates(_) | Self::Memory(_) => vec![],
        }
    }

    /// Every number of the term: equal if and only if two terms are.
    pub fn parameters(&self) -> Vec<f64> {
        match self {
            Self::Kmers(table) => table.parameters(),
            Self::Clones(table) => table.parameters(),
            Self::Genes(table) => {
                std::iter::once(table.bias).chain(table.weights.values().copied()).collect()
            }
            Self::Depth(table) => vec![table.bias, table.clonotypes, table.copies],
            Self::Covariates(table) => table.parameters(),
            Self::Memory(table) => table.parameters(),
        }
    }
}

/// One thing that a term counts, for a report.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// The k-mer, clonotype or gene.
    pub what: String,
    /// Its weight.
    pub weight: f64,
    /// Positive and negative training repertoires that have it, where that was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carriers: Option<[usize; 2]>,
    /// Share of the inner folds in which it was chosen, where there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stability: Option<f64>,
}

impl Finding {
    pub(super) fn new(what: String, weight: f64) -> Self {
        Self { what, weight, carriers: None, stability: None }
    }
}

/// The findings with the largest weights, signs aside; the first of equal ones.
pub(super) fn strongest(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut all: Vec<Finding> = findings.filter(|finding| finding.weight != 0.0).collect();
    all.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    all.truncate(REPORTED);
    all
}
