//! A receptor of a database.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::gene::{Locus, Species, family};

/// A database of receptors whose antigen is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Database {
    /// VDJdb, <https://vdjdb.cdr3.net>.
    #[serde(rename = "VDJdb")]
    Vdjdb,
    /// McPAS-TCR, <https://friedmanlab.weizmann.ac.il/McPAS-TCR>.
    #[serde(rename = "McPAS-TCR")]
    Mcpas,
    /// The Immune Epitope Database, <https://www.iedb.org>.
    #[serde(rename = "IEDB")]
    Iedb,
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vdjdb => "VDJdb",
            Self::Mcpas => "McPAS-TCR",
            Self::Iedb => "IEDB",
        })
    }
}

/// One chain of a receptor whose antigen is known. A text that the database does not give is empty.
///
/// The texts of the antigen are those of the database; no two databases name antigens alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Junction in upper-case letters, anchors included.
    pub junction_aa: Box<str>,
    /// V gene or family (IMGT, no allele), never empty.
    pub v_call: Arc<str>,
    /// J gene or family.
    pub j_call: Arc<str>,
    /// Epitope, mostly a peptide.
    pub epitope: Arc<str>,
    /// Antigen: a gene or protein.
    pub antigen: Arc<str>,
    /// Species of the antigen; in McPAS-TCR the pathology.
    pub antigen_species: Arc<str>,
    /// MHC that presents the epitope.
    pub mhc: Arc<str>,
    /// Host that the receptor is of, if the database says it.
    pub species: Option<Species>,
    /// Where it is from.
    pub database: Database,
    /// Confidence that VDJdb gives, 0 to 3.
    pub score: Option<u8>,
}

impl Entry {
    /// Chain of the receptor, by its V gene.
    pub fn locus(&self) -> Option<Locus> {
        Locus::of_gene(&self.v_call)
    }

    /// Family of its V gene.
    pub(super) fn v_family(&self) -> &str {
        family(&self.v_call)
    }
}
