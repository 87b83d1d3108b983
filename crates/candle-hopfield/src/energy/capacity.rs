//! How many random patterns a memory stores: the paper's proven lower bound.

/// Setting of the paper's theorem on storage capacity: random patterns on a sphere.
///
/// # Examples
///
/// ```
/// use candle_hopfield::energy::Capacity;
///
/// // The first setting named in the paper: c = 3.1546.
/// let capacity = Capacity { dim: 20, beta: 1.0, radius_factor: 3.0, failure: 0.001 };
/// assert!((capacity.base() - 3.1546).abs() < 1e-4);
/// ```
///
/// # References
///
/// Theorem 3 (A5 in the appendix) of <https://arxiv.org/abs/2008.02217>.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capacity {
    /// `d`, the length of a pattern, at least two.
    pub dim: usize,
    /// Inverse temperature, positive.
    pub beta: f64,
    /// `K`: the patterns lie on the sphere of radius `K sqrt(d - 1)`.
    pub radius_factor: f64,
    /// `p`, the probability that not all patterns are stored, in (0, 1].
    pub failure: f64,
}

impl Capacity {
    /// `c`, the base of the exponential growth, dimensionless.
    ///
    /// ```text
    /// a = 2 / (d - 1) (1 + ln(2 beta K^2 p (d - 1)))
    /// b = 2 K^2 beta / 5
    /// c = b / W_0(exp(a + ln b))      W_0: upper branch of the Lambert W function
    /// ```
    pub fn base(&self) -> f64 {
        let degrees = self.dim as f64 - 1.0;
        let sharpness = self.beta * self.radius_factor.powi(2);
        let a = 2.0 / degrees * (1.0 + (2.0 * sharpness * self.failure * degrees).ln());
        let b = 0.4 * sharpness;
        b / lambert_w_of_exp(a + b.ln())
    }

    /// Number of random patterns that are all stored with probability `1 - p`.
    ///
    /// ```text
    /// N = sqrt(p) c^((d - 1) / 4)
    /// ```
    ///
    /// `None` where the theorem says nothing: `c < (2 / sqrt(p))^(4 / (d - 1))`, that is, below two
    /// patterns.
    pub fn patterns(&self) -> Option<f64> {
        let n = self.failure.sqrt() * self.base().powf((self.dim as f64 - 1.0) / 4.0);
        (n >= 2.0).then_some(n)
    }
}

/// `W_0(exp(y))`: the `w` with `w + ln w = y`. Newton's method on a concave function converges from the
/// left of the root, hence the start.
fn lambert_w_of_exp(y: f64) -> f64 {
    let mut w = if y > 1.0 { y - y.ln() } else { (y - 1.0).exp() };
    for _ in 0..60 {
        w -= (w + w.ln() - y) / (1.0 + 1.0 / w);
    }
    w
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bases_named_in_the_paper_come_out() {
        let first = Capacity { dim: 20, beta: 1.0, radius_factor: 3.0, failure: 0.001 };
        let second = Capacity { dim: 75, beta: 1.0, radius_factor: 1.0, failure: 0.001 };
        assert!((first.base() - 3.1546).abs() < 1e-4, "{}", first.base());
        assert!((second.base() - 1.3718).abs() < 1e-4, "{}", second.base());
    }

    #[test]
    fn lambert_w_solves_its_equation() {
        for y in [-30.0, -5.0, -1.0, 0.0, 0.5, 1.0, 1.5, 3.0, 40.0, 700.0] {
            let w = lambert_w_of_exp(y);
            assert!((w + w.ln() - y).abs() < 1e-11 * (1.0 + y.abs()), "y {y}, w {w}");
        }
    }

    #[test]
    fn no_number_is_claimed_below_two_patterns() {
        let small = Capacity { dim: 8, beta: 1.0, radius_factor: 1.0, failure: 0.001 };
        assert_eq!(small.patterns(), None);
        let large = Capacity { dim: 75, ..small };
        let n = large.patterns().expect("the paper's second setting holds patterns");
        assert!((n.ln() - (0.5 * 0.001f64.ln() + 18.5 * large.base().ln())).abs() < 1e-12, "{n}");
    }
}
