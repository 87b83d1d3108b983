//! The bounds of the paper on energy, retrieval error and contraction.

use std::f64::consts::E;

use candle_core::{DType, Result, Tensor, bail};

use super::{check_beta, check_stored, largest_squared_norm};

/// The three numbers of a memory that the paper's bounds need.
///
/// In all formulas `N` is the number of patterns, `M` their largest norm, `Delta` the separation of a
/// pattern (see [`separations`](super::separations)) and `distance` that of a state from the pattern.
///
/// # References
///
/// <https://arxiv.org/abs/2008.02217>, Theorems 4 and 5, Lemmas A1, A5 to A7, Definition 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Inverse temperature.
    pub beta: f64,
    /// `N`, the number of stored patterns.
    pub n_patterns: usize,
    /// `M`, the largest norm of a stored pattern, in the unit of a pattern.
    pub largest_norm: f64,
}

impl Bounds {
    /// Bounds of the memory `stored` `(n, d)`.
    ///
    /// # Errors
    ///
    /// When `stored` is not a matrix of at least one pattern other than zero, or `beta` is not positive and
    /// finite.
    pub fn of(stored: &Tensor, beta: f64) -> Result<Self> {
        check_beta(beta)?;
        check_stored(stored)?;
        let squared = largest_squared_norm(stored)?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        // A sum keeps what the maximum may skip: that a number is none.
        let total = stored.sqr()?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        let squared = if total.is_nan() { total } else { squared };
        if squared > 0.0 && squared.is_finite() {
            return Ok(Self { beta, n_patterns: stored.dim(0)?, largest_norm: squared.sqrt() });
        }
        bail!("the largest squared norm of the stored patterns is {squared}, expected above zero")
    }

    /// Largest energy of a state in the convex hull of the patterns, in the squared unit of a pattern.
    ///
    /// ```text
    /// E <= min(beta^-1 ln N + 1/2 M^2, 2 M^2)      (Lemma A1)
    /// ```
    ///
    /// The smallest possible energy is zero, for any state.
    pub fn largest_energy(&self) -> f64 {
        let squared = self.largest_norm.powi(2);
        (self.n().ln() / self.beta + 0.5 * squared).min(2.0 * squared)
    }

    /// Largest retrieval error `|f(xi) - x_i|` after one update, in the unit of a pattern.
    ///
    /// ```text
    /// 2 (N - 1) exp(-beta (Delta - 2 distance M)) M      (Theorem 5, Eq. (8))
    /// ```
    ///
    /// `distance` is the larger of the state's and the fixed point's distance from the pattern. The
    /// bound holds for every memory and state; for one update the state's distance is enough (it is all
    /// that the proof of Lemma A4 uses). It says something where it is below `2 M`, the largest error
    /// there can be.
    pub fn retrieval_error(&self, separation: f64, distance: f64) -> f64 {
        let gap = separation - 2.0 * distance * self.largest_norm;
        2.0 * (self.n() - 1.0) * (-self.beta * gap).exp() * self.largest_norm
    }

    /// The same bound for a state and a fixed point within [`near_radius`](Self::near_radius).
    ///
    /// ```text
    /// 2 e (N - 1) M exp(-beta Delta)      (Theorem 5, Eq. (9))
    /// ```
    pub fn near_retrieval_error(&self, separation: f64) -> f64 {
        2.0 * E * (self.n() - 1.0) * self.largest_norm * (-self.beta * separation).exp()
    }

    /// `1 / (2 beta M)`, the distance up to which Eq. (9) holds, in the unit of a pattern.
    pub fn near_radius(&self) -> f64 {
        0.5 / (self.beta * self.largest_norm)
    }

    /// `1 / (beta N M)`, the radius of the sphere `S_i` in which a well separated pattern keeps its
    /// states (Definition 3), in the unit of a pattern.
    pub fn sphere_radius(&self) -> f64 {
        1.0 / (self.beta * self.n() * self.largest_norm)
    }

    /// Separation from which on a pattern is well separated.
    ///
    /// ```text
    /// Delta >= 2 / (beta N) + beta^-1 ln(2 (N - 1) N beta M^2)      (Lemmas A5 to A7)
    /// ```
    ///
    /// Then an update maps the sphere of radius [`sphere_radius`](Self::sphere_radius) around the
    /// pattern into itself, contracts it, and has one fixed point there: the pattern is stored. Minus
    /// infinity for a single pattern, which is always retrieved. At a very small `beta` the condition
    /// holds too, with a sphere wider than the whole memory: it then speaks of the global average.
    pub fn least_separation(&self) -> f64 {
        let n = self.n();
        let crowd = 2.0 * (n - 1.0) * n * self.beta * self.largest_norm.powi(2);
        (2.0 / n + crowd.ln()) / self.beta
    }

    /// Whether a pattern of this separation is stored, by [`least_separation`](Self::least_separation).
    pub fn is_well_separated(&self, separation: f64) -> bool {
        separation >= self.least_separation()
    }

    /// Largest spectral norm of the Jacobian of the update between a state and the fixed point.
    ///
    /// ```text
    /// 2 beta N M^2 (N - 1) exp(-beta (Delta - 2 distance M))      (Theorem 4, Eq. (7))
    /// ```
    ///
    /// One update shrinks the distance from the fixed point by this factor at least (Eq. (6)): below
    /// one, every update comes closer.
    pub fn contraction(&self, separation: f64, distance: f64) -> f64 {
        self.beta * self.n() * self.largest_norm * self.retrieval_error(separation, distance)
    }

    fn n(&self) -> f64 {
        self.n_patterns as f64
    }
}
