//! Position terms: what a filter adds to a window because of where the window lies.
//!
//! ```text
//! start[L][p][c] = sum_r basis_r(L, p) P[r][c]
//! ```
//!
//! They are linear in the parameters P (R, C), so they fold into a table over sequence length L and
//! window start p, built once a call and read as the scan's first summand.

use serde::{Deserialize, Serialize};

/// Residues by which the ramps are divided, so that their values are of order 1.
const RAMP_SCALE: f64 = 10.0;

/// How the value of a window depends on its place in the sequence.
///
/// `p` is the window's first residue, K its width, L the sequence's length. Windows that start at or
/// beyond the sequence's end have no position term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PositionTerms {
    /// Not at all; R = 0.
    #[default]
    None,
    /// Three ramps, R = 3: distance of the window's start from the sequence's start, of its end from the
    /// sequence's end (0 if it reaches beyond), and of its centre from the sequence's centre, each
    /// divided by 10 residues.
    Ramps,
    /// A free table, R = `from_start` + `from_end`: one-hot of min(p, `from_start` - 1), then one-hot of
    /// the distance from the end, min(max(L - K - p, 0), `from_end` - 1).
    Bins {
        /// Bins counted from the start.
        from_start: usize,
        /// Bins counted from the end.
        from_end: usize,
    },
    /// The three input channels of `DeepRC`, R = 3K, row 3t + channel for tap t. With r = |1 - 2q/(L-1)|
    /// at residue q (1 if L = 1): r on the first ceil(L/2) residues, r on the rest, 1 - r everywhere; r
    /// and then 1 - r are rounded to half precision, in which the released program keeps them.
    #[serde(rename = "deeprc")]
    DeepRc,
}

impl PositionTerms {
    /// Rows of the parameters P for filters of `width`: R.
    pub fn rows(self, width: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Ramps => 3,
            Self::Bins { from_start, from_end } => from_start + from_end,
            Self::DeepRc => 3 * width,
        }
    }

    /// The R values that multiply P at window start `p` of a sequence of `length` residues.
    pub fn basis(self, width: usize, length: usize, p: usize) -> Vec<f64> {
        let mut basis = vec![0.0; self.rows(width)];
        if p >= length {
            return basis;
        }
        let to_end = length.saturating_sub(width + p);
        match self {
            Self::None => {}
            Self::Ramps => {
                let centre = (p as f64 - (length as f64 - width as f64) / 2.0).abs();
                let ramps = [p as f64, to_end as f64, centre];
                for (value, ramp) in basis.iter_mut().zip(ramps) {
                    *value = ramp / RAMP_SCALE;
                }
            }
            Self::Bins { from_start, from_end } => {
                basis[p.min(from_start - 1)] = 1.0;
                basis[from_start + to_end.min(from_end - 1)] = 1.0;
            }
            Self::DeepRc => {
                for (t, taps) in basis.chunks_exact_mut(3).enumerate() {
                    taps.copy_from_slice(&deeprc_channels(length, p + t));
                }
            }
        }
        basis
    }
}

/// Start, end and centre channel of `DeepRC` at residue `q`, 0 outside the sequence.
fn deeprc_channels(length: usize, q: usize) -> [f64; 3] {
    if q >= length {
        return [0.0; 3];
    }
    let r = match length {
        1 => 1.0,
        _ => half_precision((1.0 - 2.0 * q as f64 / (length - 1) as f64).abs()),
    };
    let centre = half_precision(1.0 - r);
    if q < length.div_ceil(2) { [r, 0.0, centre] } else { [0.0, r, centre] }
}

/// The nearest number with 11 significant bits (binary16), ties to even; `x` is 0 or in [2^-14, 1].
fn half_precision(x: f64) -> f64 {
    if x == 0.0 {
        return x;
    }
    let unit = x.log2().floor().exp2() / 1024.0;
    (x / unit).round_ties_even() * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_measure_from_start_end_and_centre() {
        let ramps = PositionTerms::Ramps;
        assert_eq!(ramps.basis(4, 10, 0), [0.0, 0.6, 0.3]);
        assert_eq!(ramps.basis(4, 10, 3), [0.3, 0.3, 0.0]);
        assert_eq!(ramps.basis(4, 10, 8), [0.8, 0.0, 0.5]);
        assert_eq!(ramps.basis(4, 10, 10), [0.0; 3]);
    }

    #[test]
    fn bins_count_from_both_ends_and_saturate() {
        let bins = PositionTerms::Bins { from_start: 2, from_end: 3 };
        assert_eq!(bins.basis(4, 10, 0), [1.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(bins.basis(4, 10, 5), [0.0, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(bins.basis(4, 2, 0), [1.0, 0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn deeprc_channels_fall_and_rise_and_stop_at_the_end() {
        let basis = PositionTerms::DeepRc.basis(6, 5, 0);
        let rows: Vec<&[f64]> = basis.chunks(3).collect();
        assert_eq!(rows[0], [1.0, 0.0, 0.0]);
        assert_eq!(rows[1], [0.5, 0.0, 0.5]);
        assert_eq!(rows[2], [0.0, 0.0, 1.0]);
        assert_eq!(rows[3], [0.0, 0.5, 0.5]);
        assert_eq!(rows[4], [0.0, 1.0, 0.0]);
        assert_eq!(rows[5], [0.0; 3]);
        assert_eq!(PositionTerms::DeepRc.basis(1, 1, 0), [1.0, 0.0, 0.0]);
    }

    /// `numpy.float16(x)` and `1 - numpy.float16(x)`, numpy 2.4.6, for r at residues 1 and 2 of 13.
    #[test]
    fn deeprc_channels_have_half_precision() {
        let at = |q| PositionTerms::DeepRc.basis(1, 13, q);
        assert_eq!(at(1), [0.833_496_093_75, 0.0, 0.166_503_906_25]);
        assert_eq!(at(2), [0.666_503_906_25, 0.0, 0.333_496_093_75]);
        assert_eq!(Some(half_precision(0.1)), Some(0.099_975_585_937_5));
    }
}
