//! Gene names: all spellings become IMGT genes, so that samples from different tools can be compared.
//!
//! Names are reduced to gene level, without alleles: `TCRBV06-02*01` is `TRBV6-2`, `TCRBV28-01` is
//! `TRBV28`, `TRBV13*00(401.5)` is `TRBV13`. If there are several genes, the first is used. `unresolved`, `None`, ...
//! are unknown, written as the empty string.
//!
//! A gene has a family and a member. Many exports name only the family: `TCRBV06` and `TCRBV06-X` are
//! the family `TRBV6`. If a gene is given beside the family, the gene
//! is used. The family of a single gene is that gene: `TCRBV28` is `TRBV28`, `TCRBV24` is `TRBV24-1`.
//!
//! Reference: IMGT nomenclature, <https://www.imgt.org/IMGTrepertoire/>.

mod call;
mod families;
mod family;
mod imgt;
mod locus;

pub use call::normalise;
pub(crate) use family::{SpeciesEvidence, family_of_member};
pub use family::{family, is_family_only};
pub use imgt::Call;
pub use locus::{Locus, Species, UnknownName};
