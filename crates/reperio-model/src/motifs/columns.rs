//! The columns of a motif: its residues against the background.

use reperio_data::alphabet::AMINO_ACIDS;

use super::background::{PLACES, RESIDUES};
use super::windows::Windows;

/// A column with this many bits names its residue.
pub(super) const NAMED: f64 = 1.0;

/// One column of a motif.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Residue of the window, from 1.
    pub position: usize,
    /// Share of each residue in the weight of the windows, in the order of
    /// [`AMINO_ACIDS`]; they sum to 1.
    pub shares: [f64; RESIDUES],
    /// Frequency of each residue at the places of the windows in all junctions.
    pub background: [f64; RESIDUES],
    /// Relative entropy of the shares to the background.
    pub bits: f64,
}

/// Relative entropy in bits.
///
/// ```text
/// sum over residues of f log2(f / b)          0 for a residue with f = 0
/// ```
///
/// It is 0 where the windows hold what stands there anyway, and never negative.
///
/// # References
///
/// - Schneider and Stephens, *Sequence logos: a new way to display consensus sequences*, Nucleic Acids Research
///   1990. <https://doi.org/10.1093/nar/18.20.6097>
/// - Stormo, *Information content and free energy in DNA-protein interactions*, Journal of Theoretical Biology
///   1998. <https://doi.org/10.1006/jtbi.1998.0785>
pub(super) fn relative_entropy(shares: &[f64; RESIDUES], background: &[f64; RESIDUES]) -> f64 {
    let pairs = shares.iter().zip(background).filter(|(f, _)| **f > 0.0);
    pairs.map(|(f, b)| f * (f / b).log2()).sum::<f64>().max(0.0)
}

/// The columns that `windows` have residues in; `frequencies` are those of the background by place.
pub(super) fn columns(windows: &Windows, frequencies: &[[f64; RESIDUES]]) -> Vec<Column> {
    let column = |(at, (residues, places)): (usize, ([f64; RESIDUES], [f64; PLACES]))| {
        let total: f64 = residues.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let shares = residues.map(|own| own / total);
        let mut background = [0.0; RESIDUES];
        for (weight, own) in places.iter().zip(frequencies) {
            for (background, own) in background.iter_mut().zip(own) {
                *background += weight / total * own;
            }
        }
        let bits = relative_entropy(&shares, &background);
        Some(Column { position: at + 1, shares, background, bits })
    };
    windows.columns().enumerate().filter_map(column).collect()
}

impl Column {
    /// Code of the residue with the largest share, the first of equal ones.
    pub(super) fn leading(&self) -> usize {
        let by = |a: &usize, b: &usize| self.shares[*a].total_cmp(&self.shares[*b]);
        (0..RESIDUES).rev().max_by(by).unwrap_or(0)
    }
}

/// The residues that a motif asks for: how far from the first, and their codes. Columns of [`NAMED`] bits or more count.
pub(super) fn pattern(columns: &[Column]) -> Vec<(usize, u8)> {
    let named: Vec<&Column> = columns.iter().filter(|own| own.bits >= NAMED).collect();
    let first = named.first().map_or(0, |own| own.position);
    named.into_iter().map(|own| (own.position - first, own.leading() as u8)).collect()
}

/// A pattern in letters, `-` for any residue.
pub(super) fn text(pattern: &[(usize, u8)]) -> String {
    let mut text = vec!['-'; pattern.last().map_or(0, |(at, _)| at + 1)];
    for &(at, code) in pattern {
        text[at] = char::from(AMINO_ACIDS[usize::from(code)]);
    }
    text.into_iter().collect()
}

/// Whether a junction has a pattern anywhere.
pub(super) fn has(junction: &[u8], pattern: &[(usize, u8)]) -> bool {
    let Some(span) = pattern.last().map(|(at, _)| at + 1) else { return false };
    let same = |window: &[u8]| pattern.iter().all(|&(at, code)| window[at] == code);
    junction.windows(span).any(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<u8> {
        text.bytes().filter_map(reperio_data::alphabet::code).collect()
    }

    #[test]
    fn entropy_is_told_against_the_background() {
        let alike = [0.05; RESIDUES];
        let mut one = [0.0; RESIDUES];
        one[3] = 1.0;
        assert!((relative_entropy(&one, &alike) - 20.0_f64.log2()).abs() < 1e-12);
        assert!(relative_entropy(&alike, &alike).abs() < 1e-12);
        let mut germline = [0.1 / 19.0; RESIDUES];
        germline[3] = 0.9;
        assert!((relative_entropy(&one, &germline) + 0.9_f64.log2()).abs() < 1e-12);
    }

    #[test]
    fn a_pattern_is_what_columns_of_one_bit_ask_for() {
        let frequencies = vec![[0.05; RESIDUES]; PLACES];
        let mut windows = Windows::new(5);
        for middle in "ACDEFGHIKLMNPQRSTVWY".chars() {
            windows.add(&codes(&format!("{middle}KP{middle}H")), 0, 1.0);
        }
        let columns = columns(&windows, &frequencies);
        let pattern = pattern(&columns);
        assert_eq!(text(&pattern), "KP-H");
        assert!(has(&codes("CAKPWHF"), &pattern) && !has(&codes("CAKPH"), &pattern));
        assert!(!has(&codes("CAF"), &[]));
    }

    #[test]
    fn columns_without_residues_are_left_out() {
        let mut windows = Windows::new(4);
        windows.add(&codes("CAF"), 1, 2.0);
        let columns = columns(&windows, &vec![[0.05; RESIDUES]; PLACES]);
        assert_eq!(columns.iter().map(|own| own.position).collect::<Vec<_>>(), [1, 2]);
    }
}
