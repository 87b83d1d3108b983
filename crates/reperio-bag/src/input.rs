//! What the operation reads: sequences as flat columns.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

/// Longest sequence, in residues.
pub const MAX_LENGTH: usize = 255;
/// Residue codes are below this.
pub const RESIDUES: u8 = 20;

/// Values of a column that one thread checks at a time.
const CHECKED: usize = 1 << 16;

/// One bag of sequences as the operation sees it.
#[derive(Clone, Copy, Debug)]
pub struct BagInput<'a> {
    /// Sequences; genes are indices into the layout's vocabulary.
    pub sequences: Sequences<'a>,
    /// Factor of the filters' windows, above 0; 1 unless the input is normalised (`DeepRC`).
    pub input_scale: f32,
    /// Length in residues to which sequences are zero-padded; read by [`Windows::Padded`](crate::Windows::Padded)
    /// alone.
    pub padded_length: usize,
}

/// Sequences in columns that somebody else holds, n of them.
///
/// Every call checks that the columns fit together. Offsets and residues are checked as they are read on the
/// CPU, and before they are copied to a GPU.
#[derive(Clone, Copy, Debug)]
pub struct Sequences<'a> {
    /// Residue codes below [`RESIDUES`], one sequence after another.
    pub residues: &'a [u8],
    /// Where each sequence starts in `residues`, and the end of the last: n + 1 values, each sequence with 1 to
    /// `max_length` residues.
    pub offsets: &'a [u32],
    /// V gene index of each sequence, 0 for unknown.
    pub v: &'a [u16],
    /// J gene index of each sequence, 0 for unknown.
    pub j: &'a [u16],
    /// Natural logarithm of each sequence's count.
    pub log_counts: &'a [f32],
    /// Residues of the longest sequence, at most [`MAX_LENGTH`]; 0 if there is none.
    pub max_length: usize,
    /// A token that these columns alone have. A GPU keeps its copy of them as long as somebody holds the token.
    pub identity: &'a Arc<()>,
}

impl<'a> Sequences<'a> {
    /// Sequences.
    pub fn len(&self) -> usize {
        self.v.len()
    }

    /// Whether there is no sequence.
    pub fn is_empty(&self) -> bool {
        self.v.is_empty()
    }

    /// Residue codes of sequence `i`.
    ///
    /// # Panics
    ///
    /// If there are fewer sequences.
    pub fn get(&self, i: usize) -> &'a [u8] {
        &self.residues[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }

    /// Checks that the columns have one entry per sequence, and that none is longer than the operation allows.
    ///
    /// # Panics
    ///
    /// Otherwise.
    pub(crate) fn check_columns(&self) {
        let n = self.len();
        let found = (self.offsets.len(), self.j.len(), self.log_counts.len());
        assert_eq!(found, (n + 1, n, n), "offsets (n + 1), J genes (n) and log-counts (n)");
        assert!(self.max_length <= MAX_LENGTH, "sequences of up to {} residues", self.max_length);
    }

    /// Checks the offsets and residues of the sequences `range`, which a GPU reads unchecked.
    ///
    /// # Panics
    ///
    /// If a sequence is empty, longer than `max_length` or outside of `residues`, or a code is not a residue.
    pub(crate) fn check_values(&self, range: &Range<usize>) {
        let offsets = &self.offsets[range.start..=range.end];
        let has_length =
            |(&start, &end): (&u32, &u32)| start < end && (end - start) as usize <= self.max_length;
        let lengths = offsets.par_iter().zip(&offsets[1..]).with_min_len(CHECKED).all(has_length);
        assert!(lengths, "a sequence has not 1 to {} residues", self.max_length);
        let residues = &self.residues[offsets[0] as usize..offsets[range.len()] as usize];
        let largest = |codes: &[u8]| codes.iter().fold(0, |largest, &code| code.max(largest));
        let known = residues.par_chunks(CHECKED).all(|codes| largest(codes) < RESIDUES);
        assert!(known, "a residue code is {RESIDUES} or more");
    }

    /// Largest index of a V and of a J gene of the sequences `range`, 0 if there is none.
    pub(crate) fn largest_genes(&self, range: &Range<usize>) -> [usize; 2] {
        [self.v, self.j].map(|genes| {
            let genes = &genes[range.clone()];
            genes.iter().copied().max().map_or(0, usize::from)
        })
    }
}

/// Sequences that hold their own columns.
///
/// ```
/// use reperio_bag::OwnedSequences;
///
/// let mut sequences = OwnedSequences::default();
/// sequences.push(&[1, 0, 15, 15, 4], [3, 1], 2.0_f32.ln()); // CASSF, V gene 3, J gene 1, counted twice
/// assert_eq!(sequences.view().get(0), [1, 0, 15, 15, 4]);
/// assert_eq!(sequences.view().max_length, 5);
/// ```
#[derive(Clone, Debug)]
pub struct OwnedSequences {
    residues: Vec<u8>,
    offsets: Vec<u32>,
    v: Vec<u16>,
    j: Vec<u16>,
    log_counts: Vec<f32>,
    max_length: usize,
    identity: Arc<()>,
}

impl Default for OwnedSequences {
    fn default() -> Self {
        Self {
            residues: Vec::new(),
            offsets: vec![0],
            v: Vec::new(),
            j: Vec::new(),
            log_counts: Vec::new(),
            max_length: 0,
            identity: Arc::default(),
        }
    }
}

impl OwnedSequences {
    /// Adds a sequence of residue `codes` with its V and J gene.
    ///
    /// # Panics
    ///
    /// If there would be 2^32 residues or more.
    pub fn push(&mut self, codes: &[u8], [v, j]: [u16; 2], log_count: f32) {
        self.residues.extend_from_slice(codes);
        self.offsets.push(u32::try_from(self.residues.len()).expect("fewer than 2^32 residues"));
        self.v.push(v);
        self.j.push(j);
        self.log_counts.push(log_count);
        self.max_length = self.max_length.max(codes.len());
        // Whoever knows the token knows it of fewer sequences.
        if Arc::get_mut(&mut self.identity).is_none() {
            self.identity = Arc::default();
        }
    }

    /// The columns.
    pub fn view(&self) -> Sequences<'_> {
        Sequences {
            residues: &self.residues,
            offsets: &self.offsets,
            v: &self.v,
            j: &self.j,
            log_counts: &self.log_counts,
            max_length: self.max_length,
            identity: &self.identity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> OwnedSequences {
        let mut three = OwnedSequences::default();
        for codes in [&[1, 2, 3][..], &[19], &[0, 0, 0, 0]] {
            three.push(codes, [2, 1], 0.0);
        }
        three
    }

    /// What a check of `sequences` says.
    fn refused(sequences: Sequences) -> String {
        let check = std::panic::AssertUnwindSafe(|| {
            sequences.check_columns();
            sequences.check_values(&(0..sequences.len()));
        });
        let error = std::panic::catch_unwind(check).unwrap_err();
        let text = error.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.unwrap_or_else(|| *error.downcast::<String>().unwrap())
    }

    #[test]
    fn columns_that_fit_pass() {
        let three = three();
        three.view().check_columns();
        three.view().check_values(&(0..3));
        three.view().check_values(&(1..1));
        assert_eq!(three.view().largest_genes(&(0..3)), [2, 1]);
        assert_eq!(three.view().largest_genes(&(1..1)), [0, 0]);
        OwnedSequences::default().view().check_values(&(0..0));
    }

    #[test]
    fn columns_that_a_kernel_would_read_beyond_are_refused() {
        let three = three();
        let view = three.view();
        for wrong in [
            Sequences { offsets: &[0, 3, 4], ..view },
            Sequences { j: &[1, 1], ..view },
            Sequences { log_counts: &[0.0; 4], ..view },
        ] {
            assert!(refused(wrong).contains("offsets (n + 1), J genes (n) and log-counts (n)"));
        }
        let long = Sequences { max_length: 256, ..view };
        assert_eq!(refused(long), "sequences of up to 256 residues");
        for wrong in [
            Sequences { offsets: &[0, 3, 3, 8], ..view },
            Sequences { offsets: &[0, 4, 3, 8], ..view },
            Sequences { max_length: 3, ..view },
        ] {
            assert!(refused(wrong).starts_with("a sequence has not 1 to"), "{wrong:?}");
        }
        let beyond = Sequences { offsets: &[0, 3, 5, 9], ..view };
        assert!(refused(beyond).contains("out of range"), "{}", refused(beyond));
        let unknown = Sequences { residues: &[1, 2, 3, 19, 0, 20, 0, 0], ..view };
        assert_eq!(refused(unknown), "a residue code is 20 or more");
    }

    #[test]
    fn a_token_stands_for_the_same_sequences_for_ever() {
        let mut three = three();
        let seen = Arc::clone(three.view().identity);
        three.push(&[5], [0, 0], 0.0);
        assert!(!Arc::ptr_eq(&seen, three.view().identity));
    }
}
