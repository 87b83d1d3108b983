//! Logarithms of factorials and of rising factorials, these without the cancellation of two log-gammas.

/// Stirling's series is used from here on: its first omitted term is below 1e-14.
const LARGE: f64 = 12.0;

/// ln n! for n from 0 to `last`.
pub(crate) fn ln_factorials(last: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let next = |n: usize| {
        sum += (n.max(1) as f64).ln();
        sum
    };
    (0..=last).map(next).collect()
}

/// `ln(Γ(x + n) / Γ(x))` for x > 0 and a whole n, with its first and second derivative by x.
///
/// ```text
/// x (x + 1) ... (x + n - 1)
/// ```
///
/// Small x are raised by the product itself; then Stirling's series at both ends, subtracted term by term with
/// `ln(1 + n / x)`, so that x = 1e9 and n = 1 lose no digit.
pub(crate) fn ln_rising(x: f64, n: u64) -> [f64; 3] {
    let mut sum = [0.0; 3];
    let (mut x, mut n) = (x, n);
    while n > 0 && x < LARGE {
        add(&mut sum, [x.ln(), 1.0 / x, -1.0 / (x * x)]);
        (x, n) = (x + 1.0, n - 1);
    }
    if n == 0 {
        return sum;
    }
    let n = n as f64;
    let (y, ratio) = (x + n, (n / x).ln_1p());
    add(
        &mut sum,
        [
            (x - 0.5) * ratio + n * y.ln() - n,
            ratio + n / (2.0 * x * y),
            -n / (x * y) - n * (x + y) / (2.0 * (x * y).powi(2)),
        ],
    );
    let (low, high) = (series(x), series(y));
    add(&mut sum, [high[0] - low[0], high[1] - low[1], high[2] - low[2]]);
    sum
}

fn add(sum: &mut [f64; 3], terms: [f64; 3]) {
    for (sum, term) in sum.iter_mut().zip(terms) {
        *sum += term;
    }
}

/// The part of Stirling's series for ln Γ in odd powers of 1 / x, with two derivatives.
fn series(x: f64) -> [f64; 3] {
    const BERNOULLI: [f64; 5] =
        [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0];
    let square = 1.0 / (x * x);
    let mut power = 1.0 / x;
    let mut sum = [0.0; 3];
    for (i, factor) in BERNOULLI.into_iter().enumerate() {
        let exponent = (2 * i + 1) as f64;
        let term = factor * power;
        add(&mut sum, [term, -exponent * term / x, exponent * (exponent + 1.0) * term * square]);
        power *= square;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition as a product, on both sides of the change to the series.
    #[test]
    fn equals_the_product_and_its_derivatives() {
        for x in [1e-3, 0.4, 3.0, 11.9, 12.0, 40.5, 1e4, 1e9] {
            for n in [0, 1, 2, 7, 30, 500] {
                let mut expected = [0.0; 3];
                for i in 0..n {
                    let y = x + i as f64;
                    add(&mut expected, [y.ln(), 1.0 / y, -1.0 / (y * y)]);
                }
                for (got, want) in ln_rising(x, n).into_iter().zip(expected) {
                    let error = (got - want).abs();
                    assert!(error <= 1e-11 * want.abs().max(1e-30), "x={x} n={n}: {got} != {want}");
                }
            }
        }
    }
}
