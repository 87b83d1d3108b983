//! The parts of a model beside its network: linear tables over k-mers, public clonotypes and genes.
//!
//! ```text
//! logit = b + sum over terms of w f(repertoire)        w >= 0, learned by `combine`
//! f     = bias + sum over clonotypes of evidence       exact, for every term
//! ```
//!
//! | part | terms | two classes, classes | numbers |
//! |---|---|---|---|
//! | `network` | Hopfield pooling | yes | yes |
//! | `kmers` | ridge and lasso on gapped 3-mers; burden of associated k-mers | yes | ridge only |
//! | `clones` | public clonotypes, junctions, junctions with one substitution | yes | no |
//! | `genes` | ridge regression on V and J usage | yes | yes |
//! | `depth` | ridge regression on the number of clonotypes and their copies; on request | yes | yes |
//!
//! A term is learned for one output at a time: positive against negative, each class against the rest, or
//! a standardised number. Every hyper-parameter is chosen by the inner folds of a [`Task`], which are the same for
//! all terms. The predictions of a term for held-out repertoires go to the combination.

pub mod clones;
mod covariates;
mod depth;
mod genes;
pub mod kmers;
mod lasso;
pub mod memory;
pub(crate) mod ridge;
mod table;
mod task;

use reperio_data::progress::Observer;
use reperio_stats::logistic::Penalty;
use serde::{Deserialize, Serialize};

use crate::features::FitError;
use crate::features::clonotype_index::Identity;
use crate::features::kmer_set::KmerSet;
use kmers::burden::{Value, Weighing};

pub use covariates::{CovariateTable, Effect};
pub use depth::DepthTable;
pub use genes::GeneTable;
pub use memory::MemoryTable;
pub use table::{Finding, Table};
pub use task::{Answers, Learned, Task, inner_folds};

/// A part of a model, as users choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Hopfield pooling over motif filters.
    Network,
    /// Linear tables over k-mers.
    Kmers,
    /// Public clonotypes.
    Clones,
    /// V and J usage.
    Genes,
    /// Number of clonotypes and their copies.
    Depth,
    /// Columns of the metadata, on request; no clonotype has a share of it.
    Covariates,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 6] =
        [Self::Network, Self::Kmers, Self::Clones, Self::Genes, Self::Depth, Self::Covariates];

    /// The default parts: without depth, which often reflects how samples were prepared.
    pub const DEFAULT: [Self; 4] = [Self::Network, Self::Kmers, Self::Clones, Self::Genes];

    /// Name on the command line, in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Kmers => "kmers",
            Self::Clones => "clones",
            Self::Genes => "genes",
            Self::Depth => "depth",
            Self::Covariates => "covariates",
        }
    }

    /// The terms that the part learns, other than the network.
    pub fn recipes(self) -> Vec<Recipe> {
        match self {
            // Of covariates it depends on the columns.
            Self::Network | Self::Covariates => vec![],
            Self::Kmers => {
                let set = |k, regions| KmerSet { k, gaps: 1, anchors: false, regions };
                let burden = |set| Recipe::KmerBurden {
                    set,
                    values: vec![Value::Excess],
                    weighings: vec![Weighing::Odds, Weighing::Spread],
                };
                vec![
                    Recipe::KmerRegression { set: set(3, false), penalty: Penalty::L2 },
                    Recipe::KmerRegression { set: set(3, false), penalty: Penalty::L1 },
                    burden(set(3, true)),
                    burden(set(4, false)),
                ]
            }
            Self::Clones => {
                let clones = |identity| Recipe::Clones {
                    identity,
                    laws: vec![clones::LawKind::Excess],
                    thresholds: clones::THRESHOLDS.to_vec(),
                };
                vec![
                    clones(Identity::Clonotype),
                    clones(Identity::Junction),
                    clones(Identity::OneSubstitution),
                ]
            }
            Self::Genes => vec![Recipe::Genes],
            Self::Depth => vec![Recipe::Depth],
        }
    }
}

impl std::str::FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Covariates are asked for by the names of their columns.
        let all = || Self::ALL.into_iter().filter(|part| *part != Self::Covariates);
        let names: Vec<&str> = all().map(Self::name).collect();
        let found = all().find(|part| part.name() == text);
        found.ok_or_else(|| format!("expected one of: {}", names.join(", ")))
    }
}

/// A term and how it is learned.
#[derive(Clone, Debug, PartialEq)]
pub enum Recipe {
    /// Logistic regression on the frequencies of k-mers; linear for numbers, with the L2 penalty only.
    KmerRegression {
        /// The k-mers.
        set: KmerSet,
        /// L2 where many k-mers say a little, L1 where few say much.
        penalty: Penalty,
    },
    /// The sum of the most associated k-mers.
    KmerBurden {
        /// The k-mers.
        set: KmerSet,
        /// What of a k-mer counts: the candidates.
        values: Vec<Value>,
        /// What it weighs: the candidates.
        weighings: Vec<Weighing>,
    },
    /// Public clonotypes associated by Fisher's test.
    Clones {
        /// When two clonotypes are the same.
        identity: Identity,
        /// How their number makes a logit: the candidates.
        laws: Vec<clones::LawKind>,
        /// P-values below which a clonotype is associated: the candidates, decreasing.
        thresholds: Vec<f64>,
    },
    /// Ridge regression on the usage of V and J genes.
    Genes,
    /// Ridge regression on the number of clonotypes and their copies.
    Depth,
    /// Ridge regression on these columns of the metadata.
    Covariates(Vec<String>),
    /// A Hopular memory of these columns.
    CovariateMemory(Vec<String>),
}

impl Recipe {
    /// Its name in tables and reports.
    pub fn name(&self) -> String {
        match self {
            Self::KmerRegression { set, penalty: Penalty::L1 } => format!("{}-mer lasso", set.k),
            Self::KmerRegression { set, penalty: Penalty::L2 } => format!("{}-mer ridge", set.k),
            Self::KmerBurden { set, .. } if set.regions => {
                format!("{}-mer burden by region", set.k)
            }
            Self::KmerBurden { set, .. } => format!("{}-mer burden", set.k),
            Self::Clones { identity, .. } => match identity {
                Identity::Clonotype => "public clonotypes",
                Identity::Junction => "public junctions",
                Identity::OneSubstitution => "public junctions, one substitution",
            }
            .to_owned(),
            Self::Genes => "gene usage".to_owned(),
            Self::Depth => "depth".to_owned(),
            Self::Covariates(_) => "covariates".to_owned(),
            Self::CovariateMemory(_) => "memory of covariates".to_owned(),
        }
    }

    /// Computes the features that need no label, so that their cost is separate from that of learning.
    pub fn prepare(&self, cache: &crate::features::FeatureCache<'_>) {
        use crate::features::clonotype_index::ClonotypeIndex;
        use crate::features::gene_usage::GeneUsage;
        use crate::features::kmer_counts::KmerCounts;
        use crate::features::kmer_frequencies::KmerFrequencies;
        match self {
            &Self::KmerRegression { set, .. } => drop(KmerFrequencies::of(cache, set)),
            &Self::KmerBurden { set, .. } => drop(KmerCounts::of(cache, set)),
            &Self::Clones { identity, .. } => drop(ClonotypeIndex::of(cache, identity)),
            Self::Genes => drop(GeneUsage::of(cache)),
            Self::Depth => drop(depth::of(cache)),
            Self::Covariates(_) | Self::CovariateMemory(_) => {}
        }
    }

    /// Learns from `task`; `None` if the recipe does not support its kind of answer or finds nothing to count.
    ///
    /// # Errors
    ///
    /// If the user asked to stop.
    pub fn learn(
        &self,
        task: &Task<'_>,
        observer: &dyn Observer,
    ) -> Result<Option<Learned>, FitError> {
        if observer.cancelled() {
            return Err(FitError::Cancelled);
        }
        Ok(match self {
            Self::KmerRegression { set, penalty } => kmers::regression(task, *set, *penalty),
            Self::KmerBurden { set, values, weighings } => {
                kmers::burden::learn(task, *set, values, weighings)
            }
            Self::Clones { identity, laws, thresholds } => {
                clones::learn(task, *identity, laws, thresholds)
            }
            Self::Genes => Some(genes::learn(task)),
            Self::Depth => Some(depth::learn(task)),
            Self::Covariates(names) => Some(covariates::learn(task, names)),
            Self::CovariateMemory(names) => memory::learn(task, names),
        })
    }
}
