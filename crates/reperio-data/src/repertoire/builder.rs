//! Collapses rows in any order to the clonotypes of a repertoire.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::{GeneVocabulary, Repertoire};
use crate::junction::JunctionAa;
use crate::junctions::Junctions;

/// One row while a repertoire is being put together.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Junction.
    pub junction_aa: JunctionAa<'a>,
    /// IMGT gene or family, or "" if unknown.
    pub v_call: &'a str,
    /// IMGT gene or family, or "" if unknown.
    pub j_call: &'a str,
    /// Copies, at least 1.
    pub duplicate_count: u64,
}

/// Collects rows in any order and collapses them to clonotypes.
///
/// # Examples
///
/// ```
/// use reperio_data::repertoire::{Builder, Row};
///
/// # fn main() -> Result<(), reperio_data::junction::InvalidJunction> {
/// let mut builder = Builder::default();
/// for duplicate_count in [2, 3] {
///     let junction_aa = "CASSLGTDTQYF".try_into()?;
///     builder.push(Row { junction_aa, v_call: "TRBV9", j_call: "TRBJ2-3", duplicate_count });
/// }
/// let repertoire = builder.finish("donor".to_owned());
/// assert_eq!((repertoire.len(), repertoire.templates()), (1, 5));
/// # Ok(())
/// # }
/// ```
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
    /// If the count is 0, or a repertoire passes 4 x 10^9 residues or 65,535 names of genes.
    pub fn push(&mut self, row: Row<'_>) {
        let Row { junction_aa, v_call, j_call, duplicate_count } = row;
        self.add(junction_aa.codes(), (v_call, j_call), duplicate_count);
    }

    /// Adds a row with the residue codes of its junction, which are below 20.
    pub(crate) fn push_codes(&mut self, junction: &[u8], genes: (&str, &str), count: u64) {
        self.add(junction.iter().copied(), genes, count);
    }

    fn add(&mut self, junction: impl Iterator<Item = u8>, (v, j): (&str, &str), count: u64) {
        assert!(count > 0, "a clonotype has at least one copy");
        let start = u32::try_from(self.residues.len()).expect("fewer than 2^32 residues");
        self.residues.extend(junction);
        let own = &self.residues[start as usize..];
        let len = u16::try_from(own.len()).expect("a junction of at most 255 residues");
        let (front, v, j) = (front(own), self.v.intern(v), self.j.intern(j));
        self.rows.push(BuiltRow { front, start, len, v, j, count });
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
