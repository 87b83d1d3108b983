//! Many junctions in two arrays, which a repertoire and its encoded form share.

/// Residue codes of junctions, one after another.
///
/// Invariant: offsets begin with 0, do not decrease, and end at the number of residues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Junctions {
    residues: Vec<u8>,
    offsets: Vec<u32>,
}

impl Default for Junctions {
    fn default() -> Self {
        Self { residues: Vec::new(), offsets: vec![0] }
    }
}

impl Junctions {
    /// Room for `n` junctions of `residues` codes in all.
    pub(crate) fn with_capacity(n: usize, residues: usize) -> Self {
        let mut offsets = Vec::with_capacity(n + 1);
        offsets.push(0);
        Self { residues: Vec::with_capacity(residues), offsets }
    }

    /// The junctions of these arrays, or `None` if they break the invariant.
    pub(crate) fn from_arrays(residues: Vec<u8>, offsets: Vec<u32>) -> Option<Self> {
        let ends = offsets.first() == Some(&0)
            && offsets.last().is_some_and(|&end| end as usize == residues.len());
        (ends && offsets.is_sorted()).then_some(Self { residues, offsets })
    }

    /// Adds a junction.
    ///
    /// # Panics
    ///
    /// If there would be 2^32 residues or more.
    pub(crate) fn push(&mut self, codes: &[u8]) {
        self.residues.extend_from_slice(codes);
        self.offsets.push(u32::try_from(self.residues.len()).expect("fewer than 2^32 residues"));
    }

    /// Junctions.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Residue codes of junction `i`.
    pub fn get(&self, i: usize) -> &[u8] {
        &self.residues[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }

    /// Lengths in residues.
    pub fn lengths(&self) -> impl Iterator<Item = usize> {
        self.offsets.windows(2).map(|pair| (pair[1] - pair[0]) as usize)
    }

    /// All residue codes.
    pub fn residues(&self) -> &[u8] {
        &self.residues
    }

    /// Where each junction starts in [`Self::residues`], and the end: `len() + 1` values.
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }
}
