//! The Poisson distribution: its tail, and the variance-stabilised count with its exact mean.

/// P(X >= n) of the Poisson distribution. Rounding leaves an absolute error of about 1e-16.
///
/// ```
/// let p = reperio_stats::poisson::at_least(1, 2.0);
/// assert!((p - (1.0 - (-2.0_f64).exp())).abs() < 1e-12);
/// ```
pub fn at_least(n: usize, expected: f64) -> f64 {
    let mut term = (-expected).exp();
    let mut below = 0.0;
    for i in 0..n {
        below += term;
        term *= expected / (i + 1) as f64;
    }
    1.0 - below
}

/// `2 sqrt(c + 3/8)`: nearly unit variance for a Poisson count (Anscombe, Biometrika 1948).
///
/// ```
/// assert_eq!(reperio_stats::poisson::anscombe(3.625), 4.0);
/// ```
pub fn anscombe(count: f64) -> f64 {
    2.0 * (count + 0.375).sqrt()
}

/// Mean of [`anscombe`] under a Poisson distribution, by expected count.
///
/// The transform's mean is not the transform of the mean: at an expectation of 1 the gap is 0.16, so
/// two groups of different depth would differ without any signal. Tabulated to 60 and interpolated;
/// beyond that the gap is below 0.001 and corrected by its leading term.
///
/// ```
/// use reperio_stats::poisson::{ExpectedAnscombe, anscombe};
///
/// let gap = anscombe(1.0) - ExpectedAnscombe::default().at(1.0);
/// assert!((gap - 0.16).abs() < 0.01);
/// ```
pub struct ExpectedAnscombe {
    table: Vec<f64>,
}

const STEP: f64 = 0.05;
const LIMIT: f64 = 60.0;

impl Default for ExpectedAnscombe {
    fn default() -> Self {
        let n = (LIMIT / STEP) as usize + 2;
        Self { table: (0..n).map(|i| exact_mean(i as f64 * STEP)).collect() }
    }
}

impl ExpectedAnscombe {
    /// The mean of the transform for an expected count, which is not negative.
    pub fn at(&self, expected: f64) -> f64 {
        if expected >= LIMIT {
            // Second-order expansion: 2 sqrt(e + 3/8) - 1 / (4 sqrt(e)).
            return anscombe(expected) - 0.25 / expected.sqrt();
        }
        let at = expected / STEP;
        let (i, part) = (at as usize, at.fract());
        self.table[i] * (1.0 - part) + self.table[i + 1] * part
    }
}

fn exact_mean(expected: f64) -> f64 {
    let last = (expected + 12.0 * expected.sqrt() + 20.0) as u32;
    let mut probability = (-expected).exp();
    let mut mean = 0.0;
    for count in 0..=last {
        mean += probability * anscombe(f64::from(count));
        probability *= expected / f64::from(count + 1);
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_joins_its_asymptote() {
        let mean = ExpectedAnscombe::default();
        assert!((mean.at(59.99) - mean.at(60.01)).abs() < 0.01);
        assert!((mean.at(0.0) - anscombe(0.0)).abs() < 1e-12);
        assert!((mean.at(1.0) - exact_mean(1.0)).abs() < 1e-12);
    }

    #[test]
    fn the_tail_of_the_poisson_law() {
        // scipy.stats.poisson.sf(n - 1, expected), scipy 1.17.1.
        for (n, expected, p) in
            [(1, 1e-4, 9.999_5e-5), (3, 0.5, 0.014_387_7), (20, 10.0, 0.003_454)]
        {
            let found = at_least(n, expected);
            assert!((found / p - 1.0).abs() < 1e-3, "{n} {expected}: {found}");
        }
    }
}
