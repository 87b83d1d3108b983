//! Logistic regression on k-mer frequencies.
//!
//! A feature is the share of one k-mer among all windows of its pattern in a repertoire. Every clonotype
//! counts once whatever its copies, so that a few expanded clones do not dominate. Frequencies
//! are used directly, not as square roots, so the logit is a plain sum over clonotypes. They are
//! standardised within the training part.
//!
//! # References
//!
//! - Kanduri et al., *Profiling the baseline performance and limits of machine learning models for
//!   adaptive immune receptor repertoire classification*, `GigaScience` 2022.
//!   <https://doi.org/10.1093/gigascience/giac046>
//! - Pavlović et al., *The immuneML ecosystem for machine learning analysis of adaptive immune receptor
//!   repertoires*, Nature Machine Intelligence 2021. <https://doi.org/10.1038/s42256-021-00413-z>

use std::sync::Arc;

use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_model::features::kmer_frequencies::KmerFrequencies;
use reperio_model::features::kmer_set::KmerSet;
use reperio_model::features::{FeatureCache, TrainingPart};
use reperio_model::parts::kmers::KmerTable;
use reperio_model::parts::kmers::burden::Value;

use crate::choose::{Chosen, choose};
use crate::method::{Fitted, Method, MethodError};

/// Logistic regression on the frequencies of k-mers, L1 or L2.
#[derive(Clone, Copy, Debug)]
pub struct KmerLogistic {
    name: &'static str,
    about: &'static str,
    set: KmerSet,
}

impl KmerLogistic {
    /// `kmer3-logistic`: 8,000 contiguous 3-mers.
    pub fn three() -> Self {
        let about = "logistic regression on 3-mer frequencies (Kanduri et al. 2022)";
        Self {
            name: "kmer3-logistic",
            about,
            set: KmerSet { k: 3, gaps: 0, anchors: false, regions: false },
        }
    }

    /// `kmer4-logistic`: 160,000 contiguous 4-mers.
    pub fn four() -> Self {
        let about = "logistic regression on 4-mer frequencies (Kanduri et al. 2022)";
        Self {
            name: "kmer4-logistic",
            about,
            set: KmerSet { k: 4, gaps: 0, anchors: false, regions: false },
        }
    }

    /// `gapped-logistic`: 3-mers, contiguous and with one position ignored; 24,000.
    pub fn gapped() -> Self {
        let about = "logistic regression on frequencies of 3-mers with at most one gap (Pavlović et al. 2021)";
        Self {
            name: "gapped-logistic",
            about,
            set: KmerSet { k: 3, gaps: 1, anchors: false, regions: false },
        }
    }

    /// Counts k-mers that reach into the conserved first and last residue of the junction too.
    ///
    /// They are left out otherwise: the anchors are the same in every receptor of a locus, so such
    /// k-mers are shorter ones with a position, and tell mostly of the V and J gene.
    pub fn with_anchors(self) -> Self {
        Self { set: KmerSet { anchors: true, ..self.set }, ..self }
    }

    fn features(self, cache: &FeatureCache<'_>) -> Arc<KmerFrequencies> {
        KmerFrequencies::of(cache, self.set)
    }
}

impl Method for KmerLogistic {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn prepare(&self, cache: &FeatureCache<'_>) {
        self.features(cache);
    }

    fn fit(
        &self,
        part: TrainingPart<'_>,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Fitted>, MethodError> {
        let features = self.features(part.cache);
        let chosen = choose(&features.table, part, observer)?;
        let linear = &chosen.linear;
        let mut table = KmerTable::new(self.set, Value::Frequency, linear.intercept);
        for (&kmer, &weight) in features.kmers.iter().zip(&linear.weights) {
            table.insert(kmer, weight);
        }
        Ok(Box::new(FittedKmers { method: *self, chosen, table }))
    }
}

struct FittedKmers {
    method: KmerLogistic,
    chosen: Chosen,
    table: KmerTable,
}

impl Fitted for FittedKmers {
    fn logits(&self, cache: &FeatureCache<'_>, members: &[usize]) -> Vec<f64> {
        self.chosen.linear.logits(&self.method.features(cache).table, members)
    }

    fn choices(&self) -> serde_json::Value {
        self.chosen.choices()
    }

    fn parameters(&self) -> Vec<f64> {
        self.chosen.parameters()
    }

    /// The evidences of a repertoire and the intercept add up to its logit.
    fn evidence(&self, repertoire: &Repertoire) -> Option<Vec<f64>> {
        Some(self.table.evidence(repertoire))
    }
}
