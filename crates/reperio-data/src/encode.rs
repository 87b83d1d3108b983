//! Encoded repertoires: the flat arrays that the bag operation reads.

use std::sync::Arc;

use crate::gene;
use crate::junctions::Junctions;
use crate::repertoire::{GeneVocabulary, Repertoire};

pub use crate::junction::MAX_LENGTH;

/// One repertoire over a model's gene vocabulary: 8 bytes per sequence, and junctions that it shares with
/// the [`Repertoire`].
///
/// Invariants, which fast paths rely on: residue codes are below 20, every sequence has 1 to
/// [`MAX_LENGTH`] residues, gene indices are below the vocabulary's sizes, log-counts are finite and
/// not negative. All columns have one entry per sequence.
///
/// # Examples
///
/// ```
/// use reperio_data::encode::EncodedRepertoire;
/// use reperio_data::repertoire::{Builder, GeneVocabulary, Row};
///
/// # fn main() -> Result<(), reperio_data::junction::InvalidJunction> {
/// let mut builder = Builder::default();
/// let junction_aa = "CAF".try_into()?;
/// builder.push(Row { junction_aa, v_call: "TRBV9", j_call: "", duplicate_count: 1 });
/// let donor = builder.finish("donor".to_owned());
/// let encoded = EncodedRepertoire::new(&donor, &GeneVocabulary::of([&donor]));
/// assert_eq!((encoded.residues(), encoded.offsets()), (&[1, 0, 4][..], &[0, 3][..]));
/// assert_eq!((encoded.v(), encoded.j(), encoded.log_counts()), (&[1][..], &[0][..], &[0.0][..]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedRepertoire {
    junctions: Arc<Junctions>,
    v: Vec<u16>,
    j: Vec<u16>,
    log_counts: Vec<f32>,
    max_length: usize,
    /// Allocated once for this content and shared by its clones.
    identity: Arc<()>,
}

impl EncodedRepertoire {
    /// Encodes `repertoire` over `genes`. A gene outside the vocabulary becomes its family if the vocabulary
    /// has that; what the vocabulary has in no form becomes unknown (index 0).
    pub fn new(repertoire: &Repertoire, genes: &GeneVocabulary) -> Self {
        let v = translation(&repertoire.genes().v, &genes.v);
        let j = translation(&repertoire.genes().j, &genes.j);
        let junctions = Arc::clone(repertoire.junctions());
        Self {
            max_length: junctions.lengths().max().unwrap_or(0),
            junctions,
            v: repertoire.v().iter().map(|&index| v[usize::from(index)]).collect(),
            j: repertoire.j().iter().map(|&index| j[usize::from(index)]).collect(),
            log_counts: repertoire.counts().iter().map(|&count| (count as f32).ln()).collect(),
            identity: Arc::new(()),
        }
    }

    /// Sequences.
    pub fn len(&self) -> usize {
        self.v.len()
    }

    /// Whether there is no sequence.
    pub fn is_empty(&self) -> bool {
        self.v.is_empty()
    }

    /// Residues of the longest sequence, 0 if there is none.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// Residue codes of sequence `i`.
    pub fn sequence(&self, i: usize) -> &[u8] {
        self.junctions.get(i)
    }

    /// All residue codes, one sequence after another.
    pub fn residues(&self) -> &[u8] {
        self.junctions.residues()
    }

    /// Where each sequence starts in [`Self::residues`], and the end: `len() + 1` values.
    pub fn offsets(&self) -> &[u32] {
        self.junctions.offsets()
    }

    /// V gene index of each sequence, 0 for unknown.
    pub fn v(&self) -> &[u16] {
        &self.v
    }

    /// J gene index of each sequence, 0 for unknown.
    pub fn j(&self) -> &[u16] {
        &self.j
    }

    /// Natural logarithm of each sequence's count.
    pub fn log_counts(&self) -> &[f32] {
        &self.log_counts
    }

    /// A token that this repertoire and its clones alone hold. A cache that keeps a `Weak` of it knows
    /// what it has seen, and when nobody needs it any more; contents never change.
    pub fn identity(&self) -> &Arc<()> {
        &self.identity
    }

    /// The sequences at `indices`, in that order; an index may occur more than once.
    ///
    /// # Panics
    ///
    /// If an index is out of range.
    pub fn gather(&self, indices: &[u32]) -> Self {
        let mut junctions = Junctions::with_capacity(indices.len(), indices.len() * 16);
        let mut out = Self {
            junctions: Arc::default(),
            v: Vec::with_capacity(indices.len()),
            j: Vec::with_capacity(indices.len()),
            log_counts: Vec::with_capacity(indices.len()),
            max_length: 0,
            identity: Arc::new(()),
        };
        for &index in indices {
            let i = index as usize;
            let sequence = self.sequence(i);
            junctions.push(sequence);
            out.v.push(self.v[i]);
            out.j.push(self.j[i]);
            out.log_counts.push(self.log_counts[i]);
            out.max_length = out.max_length.max(sequence.len());
        }
        out.junctions = Arc::new(junctions);
        out
    }
}

/// For each of `from`, its index in `to`, else that of its family, else 0 (unknown).
fn translation(from: &[String], to: &[String]) -> Vec<u16> {
    let find = |name: &str| to.iter().position(|other| other == name);
    let of_family = |name| gene::family_of_member(name).and_then(find);
    from.iter().map(|name| find(name).or_else(|| of_family(name)).unwrap_or(0) as u16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repertoire::{Builder, Row};

    fn repertoire(rows: &[(&str, &str)]) -> Repertoire {
        let mut builder = Builder::default();
        for &(junction_aa, v_call) in rows {
            let junction_aa = junction_aa.try_into().unwrap();
            builder.push(Row { junction_aa, v_call, j_call: "TRBJ2-1", duplicate_count: 1 });
        }
        builder.finish("r".to_owned())
    }

    #[test]
    fn a_gene_that_the_model_never_saw_is_unknown() {
        let genes = GeneVocabulary::of([&repertoire(&[("CAF", "TRBV9"), ("CAF", "TRBV2")])]);
        assert_eq!(genes.v, ["", "TRBV2", "TRBV9"]);
        let patient = repertoire(&[("CAF", "TRBV9"), ("CASF", "TRBV30")]);
        let encoded = EncodedRepertoire::new(&patient, &genes);
        assert_eq!(encoded.v(), [2, 0]);
        assert_eq!(encoded.j(), [1, 1]);
    }

    #[test]
    fn a_gene_that_the_model_never_saw_is_its_family_if_the_model_saw_that() {
        let genes = GeneVocabulary::of([&repertoire(&[("CAF", "TRBV6"), ("CAF", "TRBV9")])]);
        assert_eq!(genes.v, ["", "TRBV6", "TRBV9"]);
        let rows = ["TRBV6", "TRBV6-2", "TRBV7", "TRBV7-2", "TRBV9"].map(|v| ("CAF", v));
        let encoded = EncodedRepertoire::new(&repertoire(&rows), &genes);
        assert_eq!(encoded.v(), [1, 1, 0, 0, 2]);
    }

    /// A gene is never taken for its family, nor a family for one of its genes.
    #[test]
    fn a_gene_that_the_model_saw_stays_itself() {
        let genes = GeneVocabulary {
            v: ["", "TRBV6", "TRBV6-2"].map(str::to_owned).into(),
            ..GeneVocabulary::default()
        };
        let rows = ["TRBV6", "TRBV6-1", "TRBV6-2"].map(|v| ("CAF", v));
        assert_eq!(EncodedRepertoire::new(&repertoire(&rows), &genes).v(), [1, 1, 2]);
        let genes = GeneVocabulary { v: ["", "TRBV6-2"].map(str::to_owned).into(), ..genes };
        assert_eq!(EncodedRepertoire::new(&repertoire(&rows), &genes).v(), [0, 0, 1]);
    }

    #[test]
    fn gathering_keeps_columns_together() {
        let patient = repertoire(&[("CAF", "TRBV9"), ("CASF", "TRBV30"), ("CF", "")]);
        let encoded = EncodedRepertoire::new(&patient, patient.genes());
        let gathered = encoded.gather(&[2, 0, 2]);
        assert_eq!(gathered.len(), 3);
        assert_eq!(gathered.sequence(0), encoded.sequence(2));
        assert_eq!(gathered.sequence(1), encoded.sequence(0));
        assert_eq!(gathered.v(), [encoded.v()[2], encoded.v()[0], encoded.v()[2]]);
        assert_eq!((gathered.max_length(), encoded.max_length()), (3, 4));
    }
}
