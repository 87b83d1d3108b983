//! What unlabelled repertoires of other people have: a *background* that keeps what strangers carry as well from being taken for
//! a sign of disease.
//!
//! A [`Plan`] is made from a cohort and reads any number of repertoires one by one. Of a clonotype of the cohort the [`Background`] knows how
//! many strangers carry it, of a k-mer how frequent it is among theirs. Labels never touch it.
//!
//! ```text
//! public clonotypes    P  = max(P of negatives, P of strangers)           Fisher's test against each
//! burden of k-mers     t  = min(t of negatives, t of strangers)
//! seeds of the network    only where positives differ from strangers in the direction in which they differ from negatives
//! ```
//!
//! # Why chance is no more likely
//!
//! The P value that counts is never below that of the cohort alone, the statistic never above it. Whatever a background has, every
//! level of false discoveries that holds without it holds with it: strangers can only take candidates away. So a background of
//! another laboratory costs power at most, and invents nothing.
//!
//! # Shift between cohorts
//!
//! A deeper repertoire carries more. The share of strangers that carry a clonotype is what it would be at the cohort's depth, where carrying is
//! rare and independent from clonotype to clonotype:
//!
//! ```text
//! c = 1 - (1 - carriers / B)^s        s = clonotypes of a repertoire of the cohort / of a stranger, means
//! b = round(c min(B, 1000))           strangers that count as carriers
//! ```
//!
//! Frequencies of k-mers are per clonotype, and scaled so that all k-mers of a set together are as frequent as in the cohort.
//! More than 1000 strangers count as 1000: beyond them, differences between laboratories are larger than chance.

mod clonotypes;
mod kmers;
mod read;

use serde::{Deserialize, Serialize};

use crate::features::clonotype_index::Identity;
pub(crate) use clonotypes::{Carriage, Strangers};
use kmers::Frequencies;
pub use read::{BackgroundError, Plan};

/// What a model says of the background that it was trained with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackgroundInfo {
    /// Repertoires that were used.
    pub repertoires: usize,
    /// SHA-256 over the fingerprints of their clonotypes.
    pub sha256: String,
}

/// What strangers carry of the clonotypes and k-mers of a cohort.
#[derive(Clone, Debug)]
pub struct Background {
    info: BackgroundInfo,
    /// Ids of repertoires that hold what one of the cohort holds; they were left out.
    left_out: Vec<String>,
    clonotypes: Carriage,
    junctions: Carriage,
    kmers: Frequencies,
}

impl Background {
    /// What it was made from.
    pub fn info(&self) -> &BackgroundInfo {
        &self.info
    }

    /// Ids of repertoires that were left out because the cohort has them.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Frequencies of k-mers.
    pub(crate) fn kmers(&self) -> &Frequencies {
        &self.kmers
    }

    /// Who carries the clonotypes that are equal under `identity`.
    pub(crate) fn carriage(&self, identity: Identity) -> &Carriage {
        match identity {
            Identity::Clonotype => &self.clonotypes,
            Identity::Junction | Identity::OneSubstitution => &self.junctions,
        }
    }
}
