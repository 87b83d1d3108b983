//! A repertoire: all clonotypes of one sample, as columns.
//!
//! A clonotype is the set of a repertoire's sequences that share (`junction_aa`, `v_call`,
//! `j_call`), with their counts summed. Rows are sorted by junction, then V, then J, whatever the
//! order of the file, so that no later result depends on reading order.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};

use crate::alphabet;
use crate::gene::{Species, family, is_family_only};
use crate::junctions::Junctions;
use crate::limits::MAX_COPIES;

/// Names of V and J genes; index 0 of each is the unknown gene, written as the empty string.
///
/// A name may be that of a family, where no more is known (see [`crate::gene`]).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GeneVocabulary {
    /// V genes or families (IMGT, no alleles); `v[0]` is "".
    pub v: Vec<String>,
    /// J genes or families (IMGT, no alleles); `j[0]` is "".
    pub j: Vec<String>,
}

impl Default for GeneVocabulary {
    fn default() -> Self {
        Self { v: vec![String::new()], j: vec![String::new()] }
    }
}

impl GeneVocabulary {
    /// The sorted union of the genes of `repertoires`, unknown first.
    ///
    /// Where some of the V genes are known by their families only, the families of all others join them, so
    /// that a gene which no repertoire has can still be encoded as its family; J genes likewise.
    pub fn of<'a>(repertoires: impl IntoIterator<Item = &'a Repertoire>) -> Self {
        let mut all = Self::default();
        for repertoire in repertoires {
            all.v.extend(repertoire.genes.v.iter().cloned());
            all.j.extend(repertoire.genes.j.iter().cloned());
        }
        for names in [&mut all.v, &mut all.j] {
            names.sort_unstable(); // The empty name sorts first.
            names.dedup();
        }
        let species = Species::of_genes(all.v.iter().chain(&all.j).map(String::as_str));
        for names in [&mut all.v, &mut all.j] {
            add_families(names, species);
        }
        all
    }
}

/// Adds the families of several genes to sorted names of which one is such a family.
fn add_families(names: &mut Vec<String>, species: Species) {
    if !names.iter().any(|name| is_family_only(name, species)) {
        return;
    }
    let families = names.iter().map(|name| family(name));
    let several = families.filter(|family| is_family_only(family, species)).map(str::to_owned);
    names.extend(several.collect::<Vec<_>>());
    names.sort_unstable();
    names.dedup();
}

/// Hashes for comparing two repertoires (see [`Repertoire::fingerprints`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprints {
    /// Hash of the clonotypes alone, which does not depend on their counts.
    pub clonotypes: [u8; 32],
    /// Hash of the clonotypes and their counts.
    pub counted: [u8; 32],
}

/// One row while a repertoire is being put together.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Junction, upper-case letters of the 20 standard amino acids.
    pub junction_aa: &'a str,
    /// IMGT gene or family, or "" if unknown.
    pub v_call: &'a str,
    /// IMGT gene or family, or "" if unknown.
    pub j_call: &'a str,
    /// Copies, at least 1.
    pub duplicate_count: u64,
}

/// All clonotypes of one sample, as columns in canonical order.
///
/// Invariants: rows are distinct and sorted by (junction, V name, J name); residue codes are below
/// 20; junctions have 1 to [`crate::encode::MAX_LENGTH`] residues; gene indices are inside the vocabulary; counts are
/// at least 1, and their sum at most [`MAX_COPIES`].
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
pub struct Columns {
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
    pub fn from_columns(id: String, columns: Columns) -> Option<Self> {
        let Columns { residues, offsets, v, j, counts, genes } = columns;
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
        let lengths = 1..=crate::encode::MAX_LENGTH;
        let copies = counts.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
        residues.iter().all(|&code| usize::from(code) < alphabet::AMINO_ACIDS.len())
            && junctions.lengths().all(|length| lengths.contains(&length))
            && copies.is_some_and(|copies| copies <= MAX_COPIES)
            && (sorted(&genes.v) && sorted(&genes.j))
            && v.iter().all(|&index| usize::from(index) < genes.v.len())
            && j.iter().all(|&index| usize::from(index) < genes.j.len())
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
            let junction_aa = self.junction_aa(i);
            let (v_call, j_call) = (self.v_call(i), self.j_call(i));
            builder.push(Row { junction_aa: &junction_aa, v_call, j_call, duplicate_count });
        }
        builder.finish(self.id.clone())
    }
}

/// Collects rows in any order and collapses them to clonotypes.
#[derive(Debug, Default)]
pub struct Builder {
    residues: Vec<u8>,
    rows: Vec<BuiltRow>,
    v: Interner,
    j: Interner,
}

/// Residues that fit in 64 bits, 5 each.
const FRONT: usize = 12;

/// The first residues as a number: a longer junction comes behind the one that begins it.
fn front(residues: &[u8]) -> u64 {
    let residue = |i: usize| residues.get(i).map_or(0, |&code| u64::from(code) + 1);
    (0..FRONT).fold(0, |front, i| front << 5 | residue(i))
}

#[derive(Clone, Copy, Debug)]
struct BuiltRow {
    /// The first [`FRONT`] residues, in the order of junctions: most rows are sorted by it alone.
    front: u64,
    start: u32,
    len: u16,
    v: u16,
    j: u16,
    count: u64,
}

#[derive(Debug, Default)]
struct Interner {
    names: Vec<String>,
    index: HashMap<String, u16, RandomState>,
}

impl Interner {
    fn intern(&mut self, name: &str) -> u16 {
        if let Some(&index) = self.index.get(name) {
            return index;
        }
        let index = u16::try_from(self.names.len()).expect("fewer than 65,536 distinct genes");
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), index);
        index
    }

    /// The sorted names with "" first, and for each interned index its place among them.
    fn sorted(self) -> (Vec<String>, Vec<u16>) {
        let mut names = self.names.clone();
        names.push(String::new());
        names.sort_unstable();
        names.dedup();
        let place = |name: &String| names.binary_search(name).expect("name is in its own list");
        let places = self.names.iter().map(|name| place(name) as u16).collect();
        (names, places)
    }
}

impl Builder {
    /// Rows pushed so far.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row was pushed.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds one row.
    ///
    /// # Panics
    ///
    /// If the junction holds anything but the 20 standard amino acids or more than 65,535 of them,
    /// the count is 0, or a repertoire passes 4 x 10^9 residues.
    pub fn push(&mut self, row: Row<'_>) {
        assert!(row.duplicate_count > 0, "a clonotype has at least one copy");
        let start = u32::try_from(self.residues.len()).expect("fewer than 2^32 residues");
        for &residue in row.junction_aa.as_bytes() {
            self.residues.push(alphabet::code(residue).expect("a standard amino acid"));
        }
        self.rows.push(BuiltRow {
            front: front(&self.residues[start as usize..]),
            start,
            len: u16::try_from(row.junction_aa.len()).expect("a junction under 65,536 residues"),
            v: self.v.intern(row.v_call),
            j: self.j.intern(row.j_call),
            count: row.duplicate_count,
        });
    }

    /// Sorts the pushed rows and collapses them to clonotypes.
    pub fn finish(self, id: String) -> Repertoire {
        let Self { residues, mut rows, v, j } = self;
        let (v_names, v_place) = v.sorted();
        let (j_names, j_place) = j.sorted();
        let junction = |row: &BuiltRow| {
            &residues[row.start as usize..row.start as usize + usize::from(row.len)]
        };
        for row in &mut rows {
            row.v = v_place[usize::from(row.v)];
            row.j = j_place[usize::from(row.j)];
        }
        rows.sort_unstable_by(|a, b| {
            let rest = || junction(a).cmp(junction(b)).then((a.v, a.j).cmp(&(b.v, b.j)));
            a.front.cmp(&b.front).then_with(rest)
        });
        rows.dedup_by(|next, kept| {
            let same = (next.front, next.v, next.j) == (kept.front, kept.v, kept.j)
                && junction(next) == junction(kept);
            if same {
                kept.count += next.count;
            }
            same
        });
        let residues_kept = rows.iter().map(|row| usize::from(row.len)).sum();
        let mut junctions = Junctions::with_capacity(rows.len(), residues_kept);
        for row in &rows {
            junctions.push(junction(row));
        }
        Repertoire {
            id,
            junctions: Arc::new(junctions),
            v: rows.iter().map(|row| row.v).collect(),
            j: rows.iter().map(|row| row.j).collect(),
            counts: rows.iter().map(|row| row.count).collect(),
            genes: GeneVocabulary { v: v_names, j: j_names },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn build(rows: &[(&str, &str, &str, u64)]) -> Repertoire {
        let mut builder = Builder::default();
        for &(junction_aa, v_call, j_call, duplicate_count) in rows {
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

    /// The V and J names of the vocabulary of two repertoires with these V and J calls.
    fn vocabulary(calls: [&[(&str, &str)]; 2]) -> (String, String) {
        let of = |calls: &[(&str, &str)]| {
            build(&calls.iter().map(|&(v, j)| ("CASSF", v, j, 1)).collect::<Vec<_>>())
        };
        let genes = GeneVocabulary::of([&of(calls[0]), &of(calls[1])]);
        (genes.v.join(" "), genes.j.join(" "))
    }

    #[test]
    fn a_vocabulary_of_genes_has_no_families() {
        let human = [("TRBV6-2", "TRBJ2-1"), ("TRBV13", "TRBJ1-1"), ("TRBV12-3", "")];
        let (v, j) = vocabulary([&human, &[("TRBV24-1", "")]]);
        assert_eq!((&v[..], &j[..]), (" TRBV12-3 TRBV13 TRBV24-1 TRBV6-2", " TRBJ1-1 TRBJ2-1"));
        // In the mouse TRBV6 is a gene, and TRBV13 a family.
        let mouse = [("TRBV6", "TRBJ2-1"), ("TRBV13-2", "TRBJ1-1"), ("TRBV12-1", "")];
        let (v, j) = vocabulary([&mouse, &[("TRBV24", "")]]);
        assert_eq!((&v[..], &j[..]), (" TRBV12-1 TRBV13-2 TRBV24 TRBV6", " TRBJ1-1 TRBJ2-1"));
    }

    #[test]
    fn a_vocabulary_with_a_family_has_those_of_all_its_genes() {
        let genes = [("TRBV6-2", "TRBJ2-1"), ("TRBV7-9", "TRBJ1-1"), ("TRBV28", "TRBJ1-2")];
        let (v, j) = vocabulary([&genes, &[("TRBV5", "TRBJ2-1"), ("TRBV24-1", "")]]);
        assert_eq!(v, " TRBV24-1 TRBV28 TRBV5 TRBV6 TRBV6-2 TRBV7 TRBV7-9");
        assert_eq!(j, " TRBJ1-1 TRBJ1-2 TRBJ2-1", "no J call is a family");
        let (v, j) = vocabulary([&genes, &[("TRBV6-2", "TRBJ2")]]);
        assert_eq!(v, " TRBV28 TRBV6-2 TRBV7-9", "no V call is a family");
        assert_eq!(j, " TRBJ1 TRBJ1-1 TRBJ1-2 TRBJ2 TRBJ2-1");
        // In man TRBV13 is a gene.
        let (v, _) = vocabulary([&[("TRBV20", ""), ("TRBV12-1", "")], &[("TRBV13", "")]]);
        assert_eq!(v, " TRBV12 TRBV12-1 TRBV13 TRBV20", "mouse");
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
