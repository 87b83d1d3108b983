//! A repertoire: all clonotypes of one sample, as columns.
//!
//! A clonotype is the set of a repertoire's sequences that share (`junction_aa`, `v_call`,
//! `j_call`), with their counts summed. Rows are sorted by junction, then V, then J, whatever the
//! order of the file, so that no later result depends on reading order.

mod builder;
mod genes;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::alphabet;
use crate::junction::MAX_LENGTH;
use crate::junctions::Junctions;
use crate::limits::MAX_COPIES;

pub use builder::{Builder, Row};
pub use genes::GeneVocabulary;

/// Hashes for comparing two repertoires (see [`Repertoire::fingerprints`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprints {
    /// Hash of the clonotypes alone, which does not depend on their counts.
    pub clonotypes: [u8; 32],
    /// Hash of the clonotypes and their counts.
    pub counted: [u8; 32],
}

/// All clonotypes of one sample, as columns in canonical order.
///
/// Invariants: rows are distinct and sorted by (junction, V name, J name); residue codes are below
/// 20; junctions have 1 to [`MAX_LENGTH`] residues; gene indices are inside the vocabulary, whose names all
/// occur, but for the unknown one, which is always there; counts are at least 1, and their sum at most [`MAX_COPIES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repertoire {
    /// AIRR `repertoire_id`.
    pub id: String,
    junctions: Arc<Junctions>,
    v: Vec<u16>,
    j: Vec<u16>,
    counts: Vec<u64>,
    genes: GeneVocabulary,
}

/// The parts of a [`Repertoire`], for readers of files that hold them in canonical order.
#[derive(Debug, Default)]
pub struct RepertoireColumns {
    /// Residue codes, one clonotype after another.
    pub residues: Vec<u8>,
    /// Where each clonotype starts, and the end.
    pub offsets: Vec<u32>,
    /// Index of each V gene in `genes`.
    pub v: Vec<u16>,
    /// Index of each J gene in `genes`.
    pub j: Vec<u16>,
    /// Copies of each clonotype.
    pub counts: Vec<u64>,
    /// Sorted names, unknown first.
    pub genes: GeneVocabulary,
}

impl Repertoire {
    /// The repertoire of `columns`, or `None` if they are not in canonical order or otherwise break
    /// an invariant.
    ///
    /// # Examples
    ///
    /// ```
    /// use reperio_data::repertoire::{GeneVocabulary, Repertoire, RepertoireColumns};
    ///
    /// let columns = || RepertoireColumns {
    ///     residues: vec![1, 0, 4, 1, 15, 4], // CAF and CSF
    ///     offsets: vec![0, 3, 6],
    ///     v: vec![0, 0],
    ///     j: vec![0, 0],
    ///     counts: vec![2, 1],
    ///     genes: GeneVocabulary::default(),
    /// };
    /// let donor = Repertoire::from_columns("donor".to_owned(), columns()).expect("in order");
    /// assert_eq!(donor.junction_aa(1), "CSF");
    /// let swapped = RepertoireColumns { residues: vec![1, 15, 4, 1, 0, 4], ..columns() };
    /// assert!(Repertoire::from_columns("donor".to_owned(), swapped).is_none());
    /// ```
    pub fn from_columns(id: String, columns: RepertoireColumns) -> Option<Self> {
        let RepertoireColumns { residues, offsets, v, j, counts, genes } = columns;
        let junctions = Arc::new(Junctions::from_arrays(residues, offsets)?);
        let own = Self { id, junctions, v, j, counts, genes };
        own.is_canonical().then_some(own)
    }

    /// Whether all invariants hold. One pass, no copies.
    fn is_canonical(&self) -> bool {
        let Self { junctions, v, j, counts, genes, .. } = self;
        let n = counts.len();
        let sorted = |names: &[String]| {
            names.first().is_some_and(String::is_empty) && names.is_sorted_by(|a, b| a < b)
        };
        if [junctions.len(), v.len(), j.len()] != [n; 3] {
            return false;
        }
        let row = |i: usize| (junctions.get(i), v[i], j[i]);
        let residues = junctions.residues();
        let lengths = 1..=MAX_LENGTH;
        let copies = counts.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
        residues.iter().all(|&code| usize::from(code) < alphabet::AMINO_ACIDS.len())
            && junctions.lengths().all(|length| lengths.contains(&length))
            && copies.is_some_and(|copies| copies <= MAX_COPIES)
            && (sorted(&genes.v) && sorted(&genes.j))
            && (occur(v, genes.v.len()) && occur(j, genes.j.len()))
            && counts.iter().all(|&count| count > 0)
            && (1..n).all(|i| row(i - 1) < row(i))
    }

    /// SHA-256 of the clonotypes alone, and of them with their counts: the same for equal ones, whatever the id.
    pub fn fingerprints(&self) -> Fingerprints {
        let mut digest = Sha256::new();
        for names in [&self.genes.v, &self.genes.j] {
            digest.update((names.len() as u64).to_le_bytes());
            for name in names {
                digest.update(format!("{name}\n"));
            }
        }
        digest.update((self.len() as u64).to_le_bytes());
        digest.update(self.junctions.residues());
        let lengths: Vec<u8> = self.junctions.lengths().map(|length| length as u8).collect();
        digest.update(&lengths);
        for genes in [&self.v, &self.j] {
            let bytes: Vec<_> = genes.iter().map(|gene| gene.to_le_bytes()).collect();
            digest.update(bytes.as_flattened());
        }
        let clonotypes = digest.clone().finalize().into();
        let counts: Vec<_> = self.counts.iter().map(|count| count.to_le_bytes()).collect();
        digest.update(counts.as_flattened());
        Fingerprints { clonotypes, counted: digest.finalize().into() }
    }

    /// Clonotypes.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is no clonotype.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Residue codes of clonotype `i`.
    pub fn junction_codes(&self, i: usize) -> &[u8] {
        self.junctions.get(i)
    }

    /// Junction of clonotype `i` as letters.
    pub fn junction_aa(&self, i: usize) -> String {
        alphabet::decode(self.junction_codes(i))
    }

    /// V gene or family of clonotype `i`, "" if unknown.
    pub fn v_call(&self, i: usize) -> &str {
        &self.genes.v[usize::from(self.v[i])]
    }

    /// J gene or family of clonotype `i`, "" if unknown.
    pub fn j_call(&self, i: usize) -> &str {
        &self.genes.j[usize::from(self.j[i])]
    }

    /// Copies of each clonotype.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// All junctions.
    pub fn junctions(&self) -> &Arc<Junctions> {
        &self.junctions
    }

    /// V gene indices into [`Self::genes`].
    pub fn v(&self) -> &[u16] {
        &self.v
    }

    /// J gene indices into [`Self::genes`].
    pub fn j(&self) -> &[u16] {
        &self.j
    }

    /// Genes of this repertoire, sorted, unknown first.
    pub fn genes(&self) -> &GeneVocabulary {
        &self.genes
    }

    /// Sum of all counts.
    pub fn templates(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The clonotypes at `indices` (increasing, distinct), with `counts` in place of their own.
    ///
    /// Genes that no longer occur leave the vocabulary.
    ///
    /// # Panics
    ///
    /// If the slices differ in length, an index is out of range or not increasing, or a count is 0.
    pub fn select(&self, indices: &[usize], counts: &[u64]) -> Self {
        assert_eq!(indices.len(), counts.len(), "one count a clonotype");
        assert!(indices.windows(2).all(|pair| pair[0] < pair[1]), "indices increase");
        let mut builder = Builder::default();
        for (&i, &duplicate_count) in indices.iter().zip(counts) {
            let genes = (self.v_call(i), self.j_call(i));
            builder.push_codes(self.junction_codes(i), genes, duplicate_count);
        }
        builder.finish(self.id.clone())
    }
}

/// Whether the indices are below `n`, and all of these but the first, the unknown gene, are among them.
fn occur(indices: &[u16], n: usize) -> bool {
    let mut found = vec![false; n];
    for &index in indices {
        match found.get_mut(usize::from(index)) {
            Some(found) => *found = true,
            None => return false,
        }
    }
    found.iter().skip(1).all(|&found| found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn build(rows: &[(&str, &str, &str, u64)]) -> Repertoire {
        let mut builder = Builder::default();
        for &(junction_aa, v_call, j_call, duplicate_count) in rows {
            let junction_aa = junction_aa.try_into().unwrap();
            builder.push(Row { junction_aa, v_call, j_call, duplicate_count });
        }
        builder.finish("r".to_owned())
    }

    #[test]
    fn equal_rows_collapse_and_their_counts_add_up() {
        let repertoire = build(&[
            ("CASSF", "TRBV9", "TRBJ2-1", 2),
            ("CAF", "", "TRBJ1-1", 1),
            ("CASSF", "TRBV9", "TRBJ2-1", 3),
            ("CASSF", "TRBV10-1", "TRBJ2-1", 1),
        ]);
        let rows: Vec<_> = (0..repertoire.len())
            .map(|i| (repertoire.junction_aa(i), repertoire.v_call(i), repertoire.counts()[i]))
            .collect();
        let expected = [("CAF", "", 1), ("CASSF", "TRBV10-1", 1), ("CASSF", "TRBV9", 5)];
        assert_eq!(rows, expected.map(|(a, b, c)| (a.to_owned(), b, c)));
    }

    type OwnedRow = (String, String, String, u64);

    fn rows() -> impl Strategy<Value = Vec<OwnedRow>> {
        // Some differ only behind what `front` holds.
        let junction = "C[AC]{0,2}F|CASSLAPGATN[AC]{0,3}F";
        prop::collection::vec((junction, "(V1|V2|)", "(J1|)", 1_u64..5), 0..30)
    }

    fn build_owned(rows: &[OwnedRow]) -> Repertoire {
        let rows: Vec<_> = rows.iter().map(|(a, b, c, n)| (&a[..], &b[..], &c[..], *n)).collect();
        build(&rows)
    }

    proptest! {
        #[test]
        fn row_order_does_not_matter(rows in rows(), seed in any::<u64>()) {
            use rand::{SeedableRng, seq::SliceRandom};
            let mut shuffled = rows.clone();
            shuffled.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(seed));
            prop_assert_eq!(build_owned(&rows), build_owned(&shuffled));
        }

        #[test]
        fn rows_stand_in_order(rows in rows()) {
            prop_assert!(build_owned(&rows).is_canonical());
        }

        #[test]
        fn counts_keep_their_sum(rows in rows()) {
            let total: u64 = rows.iter().map(|row| row.3).sum();
            prop_assert_eq!(build_owned(&rows).templates(), total);
        }

        #[test]
        fn selecting_everything_changes_nothing(rows in rows()) {
            let repertoire = build_owned(&rows);
            let all: Vec<usize> = (0..repertoire.len()).collect();
            prop_assert_eq!(repertoire.select(&all, repertoire.counts()), repertoire);
        }
    }
}
