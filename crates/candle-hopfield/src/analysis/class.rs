//! Operating classes of a head.

use std::fmt;

/// In what regime a head operates, by the median `k` of patterns that carry 90 % of its association.
///
/// ```text
/// I     N/2  < k             II    N/8  < k <= N/2
/// III   N/32 < k <= N/8      IV           k <= N/32
/// ```
///
/// With few patterns the finer classes are empty: below 32 patterns no head reaches class IV.
///
/// # References
///
/// Section 4, *Analysis of transformer and BERT models*, of <https://arxiv.org/abs/2008.02217>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperatingClass {
    /// Averages over a very large number of patterns: a global fixed point or nearly so.
    I,
    /// Averages over a large number of patterns.
    II,
    /// Averages over a medium number of patterns.
    III,
    /// Averages over a small number of patterns, or retrieves a single one.
    IV,
}

impl OperatingClass {
    /// Class of a head whose states rest on `median_k` of `n_patterns` patterns.
    pub fn of(median_k: f64, n_patterns: usize) -> Self {
        let n = n_patterns as f64;
        if median_k > n / 2.0 {
            Self::I
        } else if median_k > n / 8.0 {
            Self::II
        } else if median_k > n / 32.0 {
            Self::III
        } else {
            Self::IV
        }
    }

    /// What the class means, for a reader who does not know the paper.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::I => {
                "averages over more than half of the patterns; a fixed average could replace it"
            }
            Self::II => "averages over an eighth to a half of the patterns",
            Self::III => "averages over a thirty-second to an eighth of the patterns",
            Self::IV => {
                "picks out a few patterns, at most a thirty-second of them, or a single one"
            }
        }
    }
}

impl fmt::Display for OperatingClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::I => "I",
            Self::II => "II",
            Self::III => "III",
            Self::IV => "IV",
        })
    }
}
