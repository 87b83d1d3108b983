//! Reading a background, one repertoire after another.

use std::collections::BTreeSet;

use reperio_data::cohort::{CohortError, ReadRequest};
use reperio_data::gene::{self, Species};
use reperio_data::kmer::pattern::Pattern;
use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use sha2::{Digest, Sha256};

use super::clonotypes::{self, Equal};
use super::{Background, BackgroundInfo, kmers};
use crate::config::Config;
use crate::features::by_family;
use crate::parts::{Part, Recipe};

/// Why there is no background.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackgroundError {
    /// It is of other receptors.
    #[error("{id} of the background is of {found}, expected {expected} as the cohort")]
    Receptors {
        /// Repertoire.
        id: String,
        /// Its species and most frequent locus.
        found: String,
        /// Those of the cohort.
        expected: String,
    },
    /// It knows less of genes than the cohort.
    #[error(
        "{id} of the background knows families of genes only, expected genes as the cohort has them: leave it out"
    )]
    Families {
        /// Repertoire.
        id: String,
    },
    /// Nothing is left.
    #[error("no repertoire in the background that is not in the cohort too, expected at least one")]
    Nothing,
    /// The repertoires cannot be read.
    #[error(transparent)]
    Cohort(#[from] CohortError),
}

/// What is to be counted in a background: what a cohort has. It holds no label.
pub struct Plan {
    receptors: String,
    by_family: bool,
    /// Fingerprints of the cohort's clonotypes.
    known: BTreeSet<[u8; 32]>,
    /// Clonotypes of a repertoire of the cohort, mean.
    depth: f64,
    clonotypes: clonotypes::Counting,
    junctions: clonotypes::Counting,
    kmers: kmers::Counting,
}

/// What is kept of one stranger.
struct Seen {
    fingerprint: [u8; 32],
    clonotypes: usize,
}

impl Plan {
    /// The plan for a cohort that a model with `config` is trained on.
    pub fn new(cohort: &[Repertoire], config: &Config) -> Self {
        let views: Vec<&Repertoire> = cohort.iter().collect();
        let by_family = by_family(&views);
        let include = &config.parts.include;
        let mut sets = Vec::new();
        if include.contains(&Part::Kmers) {
            sets.extend(Part::Kmers.recipes().into_iter().filter_map(|own| match own {
                Recipe::KmerBurden { set, .. } => Some(set),
                _ => None,
            }));
        }
        let mut patterns = Vec::new();
        if include.contains(&Part::Network) && config.discovery.motifs {
            let k = &config.discovery.k;
            patterns.extend(k.iter().flat_map(|&k| Pattern::all(k, config.discovery.max_gaps)));
        }
        let total: usize = cohort.iter().map(Repertoire::len).sum();
        Self {
            receptors: receptors(&views),
            by_family,
            known: cohort.iter().map(|own| own.fingerprints().clonotypes).collect(),
            depth: total as f64 / cohort.len().max(1) as f64,
            clonotypes: clonotypes::Counting::new(cohort, Equal::Genes(by_family)),
            junctions: clonotypes::Counting::new(cohort, Equal::Junction),
            kmers: kmers::Counting::new(&sets, patterns),
        }
    }

    /// Reads the strangers of `request`. Repertoires that hold the clonotypes of one of the cohort, and those without any, are left out.
    ///
    /// # Errors
    ///
    /// See [`BackgroundError`].
    pub fn read(
        self,
        request: &ReadRequest,
        observer: &dyn Observer,
    ) -> Result<Background, BackgroundError> {
        let visited = request.visit("background", observer, |own, _| Ok(self.add(&own)?))?;
        let (mut left_out, mut seen) = (Vec::new(), Vec::new());
        for (id, own) in visited.metadata.ids().iter().zip(visited.results) {
            match own {
                Some(own) if self.known.contains(&own.fingerprint) => left_out.push(id.clone()),
                own => seen.extend(own),
            }
        }
        if seen.is_empty() {
            return Err(BackgroundError::Nothing);
        }
        let n = seen.len();
        let total: usize = seen.iter().map(|own| own.clonotypes).sum();
        let depth = self.depth / (total as f64 / n as f64);
        let mut fingerprints: Vec<[u8; 32]> = seen.iter().map(|own| own.fingerprint).collect();
        fingerprints.sort_unstable();
        let sha256 = format!("{:x}", Sha256::digest(fingerprints.concat()));
        Ok(Background {
            info: BackgroundInfo { repertoires: n, sha256 },
            left_out,
            clonotypes: self.clonotypes.finish(n, depth),
            junctions: self.junctions.finish(n, depth),
            kmers: self.kmers.finish(n),
        })
    }

    /// Counts one stranger; `None` without clonotypes.
    fn add(&self, own: &Repertoire) -> Result<Option<Seen>, BackgroundError> {
        if own.is_empty() {
            return Ok(None);
        }
        let seen = Seen { fingerprint: own.fingerprints().clonotypes, clonotypes: own.len() };
        if self.known.contains(&seen.fingerprint) {
            return Ok(Some(seen));
        }
        let found = receptors(&[own]);
        if found != self.receptors {
            let (id, expected) = (own.id.clone(), self.receptors.clone());
            return Err(BackgroundError::Receptors { id, found, expected });
        }
        if !self.by_family && by_family(&[own]) {
            return Err(BackgroundError::Families { id: own.id.clone() });
        }
        self.clonotypes.add(own);
        self.junctions.add(own);
        self.kmers.add(own);
        Ok(Some(seen))
    }
}

/// Species and most frequent locus, by the V genes: "human TRB".
fn receptors(repertoires: &[&Repertoire]) -> String {
    let mut loci = std::collections::BTreeMap::new();
    let mut names = BTreeSet::new();
    for own in repertoires {
        names.extend(own.genes().v.iter().chain(&own.genes().j).map(String::as_str));
        for row in 0..own.len() {
            if let Some(locus) = gene::Locus::of_gene(own.v_call(row)) {
                *loci.entry(locus).or_insert(0_usize) += 1;
            }
        }
    }
    let most = loci.into_iter().rev().max_by_key(|(_, n)| *n);
    let locus = most.map_or_else(|| "no known locus".to_owned(), |(locus, _)| locus.to_string());
    format!("{} {locus}", Species::of_genes(names))
}
