//! The rows of a cohort: what makes two of them equal, and hashes that agree with it.

use reperio_data::gene;
use reperio_data::repertoire::{GeneVocabulary, Repertoire};

use crate::features::by_family;

/// Repertoire and row of a clonotype.
pub(super) type Place = (u32, u32);

/// Rows of many repertoires over one gene vocabulary.
pub(super) struct Rows<'a> {
    repertoires: &'a [&'a Repertoire],
    /// Number of each repertoire's V genes and J genes in the cohort's vocabulary; `None` to ignore genes.
    genes: Option<Vec<[Vec<u16>; 2]>>,
    by_family: bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(repertoires: &'a [&'a Repertoire], with_genes: bool) -> Self {
        let by_family = with_genes && by_family(repertoires);
        let mut all = GeneVocabulary::of(repertoires.iter().copied());
        if by_family {
            for names in [&mut all.v, &mut all.j] {
                *names = names.iter().map(|name| gene::family(name).to_owned()).collect();
                names.sort_unstable();
                names.dedup();
            }
        }
        let number = |names: &[String], all: &[String]| -> Vec<u16> {
            let place = |name: &String| {
                let name = if by_family { gene::family(name) } else { name };
                all.binary_search_by(|other| other.as_str().cmp(name))
                    .expect("the union holds every name")
            };
            names.iter().map(|name| place(name) as u16).collect()
        };
        let of = |repertoire: &&Repertoire| {
            let own = repertoire.genes();
            [number(&own.v, &all.v), number(&own.j, &all.j)]
        };
        let genes = with_genes.then(|| repertoires.iter().map(of).collect());
        Self { repertoires, genes, by_family }
    }

    /// Whether genes are numbered by their families.
    pub(super) fn by_family(&self) -> bool {
        self.by_family
    }

    /// Repertoires.
    pub(super) fn repertoires(&self) -> usize {
        self.repertoires.len()
    }

    /// Residue codes of the junction at `place`.
    pub(super) fn junction(&self, (repertoire, row): Place) -> &'a [u8] {
        self.repertoires[repertoire as usize].junction_codes(row as usize)
    }

    fn genes_at(&self, (repertoire, row): Place) -> u32 {
        let Some(numbers) = &self.genes else { return 0 };
        let own = self.repertoires[repertoire as usize];
        let [v, j] = &numbers[repertoire as usize];
        let v = v[usize::from(own.v()[row as usize])];
        u32::from(v) << 16 | u32::from(j[usize::from(own.j()[row as usize])])
    }

    /// Whether the rows at two places are the same clonotype.
    pub(super) fn same(&self, a: Place, b: Place) -> bool {
        self.genes_at(a) == self.genes_at(b) && self.junction(a) == self.junction(b)
    }

    /// Hash and row of each distinct clonotype of `repertoire`, sorted by hash.
    pub(super) fn hashes(&self, repertoire: u32) -> Vec<(u64, u32)> {
        let own = self.repertoires[repertoire as usize];
        let n = u32::try_from(own.len()).expect("under 2^32 rows");
        let at = |row| (repertoire, row);
        let same = |a: usize, b: usize| self.genes_at(at(a as u32)) == self.genes_at(at(b as u32));
        let first = (self.genes.is_none() || self.by_family).then(|| first_rows(own, same));
        let repeated =
            |row: u32| first.as_ref().is_some_and(|first| first[row as usize] != row as usize);
        let hash = |row: u32| (hash(self.junction(at(row)), self.genes_at(at(row))), row);
        let mut hashes: Vec<_> = (0..n).filter(|&row| !repeated(row)).map(hash).collect();
        hashes.sort_unstable();
        hashes
    }
}

/// Of each row of `repertoire` the first that is the same clonotype: an equal junction, and `same`. Rows are sorted by
/// junction, so that few are compared.
pub(crate) fn first_rows(
    repertoire: &Repertoire,
    same: impl Fn(usize, usize) -> bool,
) -> Vec<usize> {
    let mut first: Vec<usize> = Vec::with_capacity(repertoire.len());
    let mut start = 0;
    for row in 0..repertoire.len() {
        if repertoire.junction_codes(row) != repertoire.junction_codes(start) {
            start = row;
        }
        let equal = (start..row).find(|&other| first[other] == other && same(other, row));
        first.push(equal.unwrap_or(row));
    }
    first
}

/// A hash with fixed constants: the same on every run and machine.
fn hash(junction: &[u8], genes: u32) -> u64 {
    let mut state = mix(u64::from(genes) << 32 | junction.len() as u64);
    for chunk in junction.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = mix(state ^ u64::from_le_bytes(word));
    }
    state
}

/// A permutation of the 64-bit numbers in which every input bit moves about half of the output's.
///
/// # References
///
/// - Steele, Lea, Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014 (its finaliser).
pub(super) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}
