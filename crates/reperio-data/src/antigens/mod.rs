//! Receptors whose antigen is known, and the clonotypes that resemble them.
//!
//! Three public databases collect such receptors: VDJdb, McPAS-TCR and the IEDB. [`load`] reads their exports,
//! which it recognises by their headers. [`AntigenIndex`] finds the receptors that a clonotype resembles.
//!
//! A clonotype *matches* a receptor of a database if
//!
//! - their junctions have the same length and differ in no residue, or in one;
//! - their V genes agree: they are the same gene, or one of the two names only a family and the other gene is of it;
//! - they are of the same species. A receptor whose host the database does not say matches both species.
//!
//! A receptor or clonotype without a V gene matches nothing. Without that rule most matches would be of receptors that
//! share only the J gene and a few common residues. J genes are not compared.
//!
//! A match is no proof: many receptors with the same junction and V gene bind something else, and a database holds what
//! has been studied most. How many matches chance alone gives has to be said beside them.
//!
//! # References
//!
//! - Shugay et al., *VDJdb*, Nucleic Acids Res 2018, <https://doi.org/10.1093/nar/gkx760>.
//! - Tickotsky et al., *McPAS-TCR*, Bioinformatics 2017, <https://doi.org/10.1093/bioinformatics/btx286>.
//! - Vita et al., *The Immune Epitope Database (IEDB)*, Nucleic Acids Res 2019, <https://doi.org/10.1093/nar/gky1006>.

mod entry;
mod error;
mod fields;
mod index;
mod keys;
mod layout;
mod read;
mod rows;

use std::path::PathBuf;

pub use entry::{Database, Entry};
pub use error::AntigenError;
pub use index::{AntigenIndex, Match};
pub use read::{FileReport, Unused};

/// What some exports hold: an index of their receptors, and what became of the rows of each file.
#[derive(Debug)]
pub struct Antigens {
    /// All distinct receptors.
    pub index: AntigenIndex,
    /// A report a file, in the order of the files.
    pub files: Vec<FileReport>,
}

/// Reads exports of VDJdb, McPAS-TCR and the IEDB, in any mixture.
///
/// Receptors that several rows name alike are kept once.
///
/// # Examples
///
/// ```
/// use reperio_data::antigens;
/// use reperio_data::gene::Species;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("vdjdb.tsv");
/// let header = "Gene\tCDR3\tV\tJ\tSpecies\tMHC A\tMHC B\tMHC class\tEpitope\tEpitope gene\tEpitope species\tScore\n";
/// let row = "TRB\tCASSLGF\tTRBV9*01\tTRBJ2-3*01\tHomoSapiens\tHLA-A*02\tB2M\tMHCI\tAAAAAAAAA\tgene\tvirus\t1\n";
/// std::fs::write(&path, format!("{header}{row}"))?;
/// let found = antigens::load(&[path])?;
/// let codes = [1, 0, 15, 15, 9, 0, 4]; // CASSLAF
/// let matches = found.index.find(&codes, "TRBV9", Species::Human);
/// assert_eq!((matches[0].entry, matches[0].substituted), (0, Some(5)));
/// assert_eq!(&*found.index.entries()[0].antigen_species, "virus");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If a file cannot be read, is none of the three, or has a row with a wrong number of fields. A row that cannot be used
/// is counted in the report of its file.
pub fn load(paths: &[PathBuf]) -> Result<Antigens, AntigenError> {
    let (mut entries, mut files) = (Vec::new(), Vec::new());
    for path in paths {
        let (own, report) = read::read(path)?;
        entries.extend(own);
        files.push(report);
    }
    Ok(Antigens { index: AntigenIndex::new(entries), files })
}

#[cfg(test)]
mod tests;
