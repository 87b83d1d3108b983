//! Tails of the standard normal distribution.

/// Two-sided p-value of a standard normal `z`, accurate far into the tail.
///
/// ```
/// assert!((reperio_stats::normal::two_sided_p(-1.96) - 0.05).abs() < 1e-5);
/// ```
///
/// Uses `erfc(x) = exp(-x²) / (x sqrt(pi)) * continued fraction` beyond 3 and the series below.
pub fn two_sided_p(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    if x < 2.0 {
        let (mut term, mut sum) = (x, x);
        for n in 1..80 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        return 1.0 - 2.0 / std::f64::consts::PI.sqrt() * sum;
    }
    let mut fraction = 0.0;
    for n in (1..80).rev() {
        fraction = f64::from(n) / 2.0 / (x + fraction);
    }
    (-x * x).exp() / std::f64::consts::PI.sqrt() / (x + fraction)
}

/// P(Z > z) of the standard normal distribution to two percent for z > 0, and 1 for other z. Much faster than
/// [`two_sided_p`].
///
/// ```
/// assert!((reperio_stats::normal::upper_tail(1.645) / 0.05 - 1.0).abs() < 0.02);
/// ```
///
/// # References
///
/// - Borjesson and Sundberg, *Simple approximations of the error function Q(x) for communications applications*, IEEE
///   Transactions on Communications 1979.
pub fn upper_tail(z: f64) -> f64 {
    if z <= 0.0 {
        return 1.0;
    }
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    density / (0.661 * z + 0.339 * (z * z + 5.51).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `2 * scipy.stats.norm.sf(z)`, scipy 1.17.
    #[test]
    fn tails_match_scipy() {
        for (z, p) in [
            (0.5, 0.617_075_077_451_974_2),
            (1.96, 0.049_995_790_296_440_87),
            (2.9, 0.003_731_626_600_768_075),
            (5.4, 6.664_089_697_085_69e-8),
            (-10.0, 1.523_970_604_832_094e-23),
        ] {
            let got = two_sided_p(z);
            assert!((got / p - 1.0).abs() < 1e-6, "z={z}: {got} != {p}");
        }
    }

    #[test]
    fn the_tail_of_the_normal_law() {
        for (z, p) in [(1.0, 0.158_655), (3.0, 1.349_898e-3), (5.0, 2.866_516e-7)] {
            assert!((upper_tail(z) / p - 1.0_f64).abs() < 0.02, "{z}: {}", upper_tail(z));
        }
    }
}
