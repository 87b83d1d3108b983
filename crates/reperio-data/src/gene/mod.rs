//! Gene names: whatever a tool writes becomes an IMGT gene, so that samples of different tools meet.
//!
//! Names are taken at gene level, alleles dropped: `TCRBV06-02*01` is `TRBV6-2`, `TCRBV28-01` is
//! `TRBV28`, `TRBV13*00(401.5)` is `TRBV13`. Of several genes the first is taken. `unresolved`, `None`, ...
//! are unknown, written as the empty string.
//!
//! A gene is a family and a member: many exports name the family alone. `TCRBV06`, `TCRBV06-X` are
//! `TRBV6`, which says more than nothing and less than any gene; where a gene stands beside it, the gene
//! is taken. The family of a single gene is that gene: `TCRBV28` is `TRBV28`, `TCRBV24` is `TRBV24-1`.
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
