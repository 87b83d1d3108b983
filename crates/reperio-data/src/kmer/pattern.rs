//! Gapped k-mer patterns: which positions of a window count, and the code of the residues there.

/// The counted positions of a window, for example `XX-X`: two residues, one ignored, one more.
///
/// # Examples
///
/// ```
/// use reperio_data::kmer::pattern::Pattern;
///
/// let patterns = Pattern::all(2, 1); // `XX` and `X-X`
/// let junction = [1, 0, 4]; // residue codes of CAF
/// let texts: Vec<String> =
///     patterns.iter().flat_map(|own| own.codes(&junction).map(move |code| own.text(code))).collect();
/// assert_eq!(texts, ["CA", "AF", "C-F"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    /// Increasing, starting with 0.
    offsets: Vec<u8>,
}

impl Pattern {
    /// The contiguous pattern of `k` residues.
    ///
    /// # Panics
    ///
    /// If `k` is not in 1..=7 (codes are `u32`).
    pub fn contiguous(k: usize) -> Self {
        assert!((1..=7).contains(&k), "k is {k}, expected 1 to 7");
        Self { offsets: (0..k as u8).collect() }
    }

    /// Every pattern of `k` residues over at most `k + max_gaps` positions, contiguous first.
    ///
    /// # Panics
    ///
    /// If `k` is not in 1..=7.
    pub fn all(k: usize, max_gaps: usize) -> Vec<Self> {
        let mut patterns = vec![Self::contiguous(k)];
        for span in k + 1..=k + max_gaps {
            // The first and last positions count; choose k - 2 of the positions between them.
            for inner in 0_u32..1 << (span - 2) {
                if k >= 2 && inner.count_ones() as usize == k - 2 {
                    let middle = (0..span - 2).filter(|bit| inner >> bit & 1 == 1);
                    let mut offsets = vec![0];
                    offsets.extend(middle.map(|bit| bit as u8 + 1));
                    offsets.push(span as u8 - 1);
                    patterns.push(Self { offsets });
                }
            }
        }
        patterns
    }

    /// Counted residues.
    pub fn k(&self) -> usize {
        self.offsets.len()
    }

    /// Positions from the first to the last counted residue.
    pub fn span(&self) -> usize {
        usize::from(self.offsets[self.offsets.len() - 1]) + 1
    }

    /// Counted positions, increasing from 0.
    pub fn offsets(&self) -> &[u8] {
        &self.offsets
    }

    /// Number of codes, `20^k`.
    pub fn n_codes(&self) -> usize {
        20_usize.pow(self.k() as u32)
    }

    /// Codes at every window of `sequence` (residue codes), in order of the window's start.
    pub fn codes<'a>(&'a self, sequence: &'a [u8]) -> impl Iterator<Item = u32> + 'a {
        sequence.windows(self.span()).map(|window| self.code(window))
    }

    /// Code of one window: the counted residues as digits to base 20, the first most significant. Of anything but
    /// residue codes, which are below 20, it means nothing.
    ///
    /// # Panics
    ///
    /// If the window is shorter than [`Self::span`].
    pub fn code(&self, window: &[u8]) -> u32 {
        let digit = |at: u8| u32::from(window[usize::from(at)]);
        self.offsets.iter().fold(0, |code: u32, &at| code.wrapping_mul(20).wrapping_add(digit(at)))
    }

    /// The counted residue codes of `code`, first to last.
    pub fn residues(&self, code: u32) -> Vec<u8> {
        let mut residues = vec![0; self.k()];
        let mut rest = code;
        for residue in residues.iter_mut().rev() {
            *residue = (rest % 20) as u8;
            rest /= 20;
        }
        residues
    }

    /// `code` in letters, `-` for ignored positions: `GL-N`.
    pub fn text(&self, code: u32) -> String {
        let mut text = vec![b'-'; self.span()];
        for (&at, residue) in self.offsets.iter().zip(self.residues(code)) {
            text[usize::from(at)] = crate::alphabet::AMINO_ACIDS[usize::from(residue)];
        }
        text.into_iter().map(char::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alphabet;
    use proptest::prelude::*;

    #[test]
    fn patterns_of_three_residues_with_up_to_two_gaps() {
        let texts: Vec<String> = Pattern::all(3, 2).iter().map(|p| p.text(0)).collect();
        assert_eq!(texts, ["AAA", "AA-A", "A-AA", "AA--A", "A-A-A", "A--AA"]);
    }

    proptest! {
        /// A code read back in letters is the window with its ignored positions blanked.
        #[test]
        fn text_spells_the_window(sequence in prop::collection::vec(0_u8..20, 1..20), k in 1_usize..5) {
            for pattern in Pattern::all(k, 2) {
                for (start, code) in pattern.codes(&sequence).enumerate() {
                    let letters = alphabet::decode(&sequence[start..start + pattern.span()]);
                    for (i, (found, letter)) in pattern.text(code).bytes().zip(letters.bytes()).enumerate() {
                        let counted = pattern.offsets().contains(&(i as u8));
                        prop_assert_eq!(found, if counted { letter } else { b'-' });
                    }
                }
            }
        }
    }
}
