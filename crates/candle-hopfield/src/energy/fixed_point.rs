//! The kind of a retrieved state: one pattern, an average of some, or the average of all.

use std::fmt;

use candle_core::{D, DType, Result, Tensor};

use super::{association, check_beta, check_stored};
use crate::analysis::effective_number;

/// Up to this effective number of patterns a state is one pattern: halfway between one and two.
const SINGLE_UP_TO: f64 = 1.5;
/// From this share of all patterns on, a state is the average of all.
const GLOBAL_FROM: f64 = 0.9;

/// Kind of a fixed point of the update rule.
///
/// # References
///
/// <https://arxiv.org/abs/2008.02217>, Section 2 and Figure A.1. The paper draws no line between the
/// kinds; the limits here are ours, see [`of`](Self::of).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FixedPoint {
    /// Close to the mean of all patterns: no pattern is separated from the others.
    GlobalAverage,
    /// Close to the mean of some patterns that resemble each other.
    Metastable,
    /// Close to one stored pattern.
    Single,
}

impl FixedPoint {
    /// Kind of a state by the effective number of patterns in its association, `exp(entropy)`.
    ///
    /// ```text
    /// effective <= 1.5                single
    /// effective >= 0.9 n_patterns     global average
    /// otherwise                       metastable
    /// ```
    pub fn of(effective: f64, n_patterns: usize) -> Self {
        if effective <= SINGLE_UP_TO {
            Self::Single
        } else if effective >= GLOBAL_FROM * n_patterns as f64 {
            Self::GlobalAverage
        } else {
            Self::Metastable
        }
    }
}

impl fmt::Display for FixedPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::GlobalAverage => "global average",
            Self::Metastable => "metastable",
            Self::Single => "single",
        })
    }
}

/// Kinds of retrieved states, by their association with the stored patterns.
///
/// The states should have converged: see [`retrieve`](crate::retrieval::retrieve).
///
/// # Shapes
///
/// `stored` `(n, d)`, `states` `(m, d)`, one kind a state.
///
/// # Errors
///
/// As [`energy`](super::energy), or when a state is not finite.
pub fn fixed_points(stored: &Tensor, states: &Tensor, beta: f64) -> Result<Vec<FixedPoint>> {
    let association = association(stored, states, beta)?.to_dtype(DType::F64)?; // (m, n)
    let n = stored.dim(0)?;
    let rows = association.to_vec2::<f64>()?;
    rows.iter().map(|row| Ok(FixedPoint::of(effective_number(row)?, n))).collect()
}

/// Whether the paper proves that there is only one fixed point, the global one.
///
/// ```text
/// beta max_i |x_i - mean|^2 < 1
/// ```
///
/// Then every update contracts, whatever the state. Sufficient, not necessary.
///
/// # Errors
///
/// When `stored` is not a matrix `(n, d)` of at least one pattern, or `beta` is not positive and finite.
///
/// # References
///
/// Lemma A3 of <https://arxiv.org/abs/2008.02217>.
pub fn has_one_fixed_point(stored: &Tensor, beta: f64) -> Result<bool> {
    check_beta(beta)?;
    check_stored(stored)?;
    let from_mean = stored.broadcast_sub(&stored.mean_keepdim(0)?)?; // (n, d)
    let squared = from_mean.sqr()?.sum(D::Minus1)?.max(0)?; // ()
    Ok(beta * squared.to_dtype(DType::F64)?.to_scalar::<f64>()? < 1.0)
}
