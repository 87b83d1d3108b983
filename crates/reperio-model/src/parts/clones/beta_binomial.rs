//! The beta-binomial distribution of the number of associated clonotypes in one class.

use serde::{Deserialize, Serialize};

use super::rising::ln_rising;

/// Largest ln(α + β): beyond it the law is the binomial to nine digits.
const LARGEST: f64 = 20.0;
/// Smallest ln(α + β).
const SMALLEST: f64 = -7.0;
/// Largest |logit of the mean|.
const WIDEST: f64 = 25.0;

/// Associated clonotypes of a repertoire, and all its distinct clonotypes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Count {
    pub(super) associated: u64,
    pub(super) all: u64,
}

/// A Beta prior of the share of associated clonotypes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Beta {
    pub(super) alpha: f64,
    pub(super) beta: f64,
}

impl Beta {
    /// ln P of a count, less ln of the binomial coefficient, which no odds hold.
    ///
    /// ```text
    /// ln B(α + k, β + n - k) - ln B(α, β)
    /// ```
    pub(super) fn ln_likelihood(self, count: Count) -> f64 {
        let Count { associated, all } = count;
        ln_rising(self.alpha, associated)[0] + ln_rising(self.beta, all - associated)[0]
            - ln_rising(self.alpha + self.beta, all)[0]
    }

    /// The maximum-likelihood prior of `counts`, by damped Newton steps on (logit of the mean, ln of α + β).
    ///
    /// Counts that vary no more than binomial ones have it at α + β = ∞, here e^20. Where not a single
    /// associated clonotype occurs, half a one is assumed and the law is that binomial.
    pub(super) fn fit(counts: &[Count]) -> Self {
        let total = |of: fn(&Count) -> u64| counts.iter().map(of).sum::<u64>() as f64;
        let (hits, all) = (total(|count| count.associated), total(|count| count.all));
        let share = hits.max(0.5) / (all + 1.0);
        let logit = (share / (1.0 - share)).ln();
        if hits < 0.5 {
            return Point([logit, LARGEST]).beta();
        }
        let counts = distinct(counts);
        // From a broad and from a narrow prior; the likelihood may have a plateau between them.
        let ends =
            [2.0, 10.0].map(|size: f64| climb(&counts, Point([logit, size - logit.min(0.0)])));
        let [a, b] = ends.map(|point| point.value(&counts).likelihood);
        (if b > a { ends[1] } else { ends[0] }).beta()
    }
}

/// Equal counts once, with their number.
fn distinct(counts: &[Count]) -> Vec<(Count, f64)> {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as f64)).collect()
}

/// Logit of the mean, and ln(α + β).
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point([f64; 2]);

/// Log likelihood with gradient and Hessian (mean-mean, mean-size, size-size).
struct Value {
    likelihood: f64,
    gradient: [f64; 2],
    hessian: [f64; 3],
}

impl Point {
    fn clamped(self) -> Self {
        let Self([mean, size]) = self;
        Self([mean.clamp(-WIDEST, WIDEST), size.clamp(SMALLEST, LARGEST)])
    }

    fn beta(self) -> Beta {
        let Self([mean, size]) = self;
        let size = size.exp();
        Beta { alpha: size / (1.0 + (-mean).exp()), beta: size / (1.0 + mean.exp()) }
    }

    fn value(self, counts: &[(Count, f64)]) -> Value {
        let Beta { alpha, beta } = self.beta();
        // Sums of ln rising factorials of α, β and their sum, with derivatives.
        let mut sums = [[0.0; 3]; 3];
        for &(Count { associated, all }, times) in counts {
            let terms = [(alpha, associated), (beta, all - associated), (alpha + beta, all)];
            for (sum, (x, n)) in sums.iter_mut().zip(terms) {
                for (sum, term) in sum.iter_mut().zip(ln_rising(x, n)) {
                    *sum += times * term;
                }
            }
        }
        let [a, b, s] = sums;
        let (ga, gb) = (a[1] - s[1], b[1] - s[1]);
        let (haa, hbb, hab) = (a[2] - s[2], b[2] - s[2], -s[2]);
        // d α / d mean = w, d β / d mean = -w, d α / d size = α, d β / d size = β.
        let w = alpha * beta / (alpha + beta);
        let tilt = (beta - alpha) / (alpha + beta);
        Value {
            likelihood: a[0] + b[0] - s[0],
            gradient: [w * (ga - gb), alpha * ga + beta * gb],
            hessian: [
                w * w * (haa - 2.0 * hab + hbb) + w * tilt * (ga - gb),
                w * (alpha * (haa - hab) + beta * (hab - hbb)) + w * (ga - gb),
                alpha * alpha * haa
                    + 2.0 * alpha * beta * hab
                    + beta * beta * hbb
                    + alpha * ga
                    + beta * gb,
            ],
        }
    }
}

/// The local maximum above `start`.
fn climb(counts: &[(Count, f64)], start: Point) -> Point {
    let mut at = start.clamped();
    let mut here = at.value(counts);
    let mut damping = 1e-3;
    for _ in 0..200 {
        let next = step(at, &here, damping);
        let there = next.value(counts);
        if there.likelihood > here.likelihood {
            let moved =
                next.0.iter().zip(at.0).map(|(to, from)| (to - from).abs()).fold(0.0, f64::max);
            (at, here) = (next, there);
            damping = (damping * 0.2).max(1e-9);
            if moved < 1e-9 {
                break;
            }
        } else {
            damping *= 5.0;
            if damping > 1e12 {
                break;
            }
        }
    }
    at
}

/// A Newton step uphill, damped towards the gradient; a coordinate at its bound stays there.
fn step(at: Point, value: &Value, damping: f64) -> Point {
    let Point([mean, size]) = at;
    let Value { gradient: [g0, g1], hessian: [h00, h01, h11], .. } = *value;
    let (a, c) = (-h00 + damping * (1.0 + h00.abs()), -h11 + damping * (1.0 + h11.abs()));
    let bound = (size >= LARGEST && g1 > 0.0) || (size <= SMALLEST && g1 < 0.0);
    let determinant = a * c - h01 * h01;
    let by = if bound {
        [g0 / a.max(1e-12), 0.0]
    } else if a > 0.0 && determinant > 0.0 {
        [(c * g0 + h01 * g1) / determinant, (h01 * g0 + a * g1) / determinant]
    } else {
        let scale = damping * (1.0 + h00.abs() + h01.abs() + h11.abs());
        [g0 / scale, g1 / scale]
    };
    Point([mean + by[0].clamp(-1.0, 1.0), size + by[1].clamp(-2.0, 2.0)]).clamped()
}

#[cfg(test)]
mod tests {
    use super::super::fisher::ln_factorials;
    use super::*;

    #[derive(serde::Deserialize)]
    struct Fixture {
        law: Vec<Law>,
        fit: Vec<Fit>,
    }

    #[derive(serde::Deserialize)]
    struct Law {
        k: u64,
        n: u64,
        alpha: f64,
        beta: f64,
        ln_p: f64,
    }

    #[derive(serde::Deserialize)]
    struct Fit {
        k: Vec<u64>,
        n: Vec<u64>,
        alpha: f64,
        beta: f64,
        ln_likelihood: f64,
    }

    fn fixture() -> Fixture {
        serde_json::from_str(include_str!("../../../tests/fixtures/public.json")).unwrap()
    }

    fn ln_choose(count: Count) -> f64 {
        let ln = ln_factorials(count.all as usize);
        let (k, n) = (count.associated as usize, count.all as usize);
        ln[n] - ln[k] - ln[n - k]
    }

    fn count((&associated, &all): (&u64, &u64)) -> Count {
        Count { associated, all }
    }

    #[test]
    fn the_law_equals_scipy() {
        for Law { k, n, alpha, beta, ln_p } in fixture().law {
            let count = Count { associated: k, all: n };
            let got = Beta { alpha, beta }.ln_likelihood(count) + ln_choose(count);
            assert!((got - ln_p).abs() < 1e-9 * ln_p.abs().max(1.0), "{count:?}: {got} != {ln_p}");
        }
    }

    #[test]
    fn fits_equal_scipy() {
        for Fit { k, n, alpha, beta, ln_likelihood } in fixture().fit {
            let counts: Vec<Count> = k.iter().zip(&n).map(count).collect();
            let got = Beta::fit(&counts);
            for (got, want) in [(got.alpha, alpha), (got.beta, beta)] {
                assert!((got / want - 1.0).abs() < 1e-3, "{got} != {want} of {k:?}");
            }
            let own: f64 =
                counts.iter().map(|&count| got.ln_likelihood(count) + ln_choose(count)).sum();
            assert!(
                (own - ln_likelihood).abs() < 1e-6 * ln_likelihood.abs(),
                "{own} < {ln_likelihood}"
            );
        }
    }

    /// Counts of a binomial vary too little for any finite prior: the mean is the share, at the bound.
    #[test]
    fn counts_without_excess_variance_have_the_binomial_law() {
        let counts = [4, 5, 5, 6].map(|associated| Count { associated, all: 1_000 });
        let Beta { alpha, beta } = Beta::fit(&counts);
        assert!((alpha / (alpha + beta) - 0.005).abs() < 1e-7, "{alpha} {beta}");
        assert!((alpha + beta).ln() > LARGEST - 1e-6, "{alpha} {beta}");
    }

    #[test]
    fn a_class_without_associated_clonotypes_is_sure_but_not_certain() {
        let none = Beta::fit(&[Count { associated: 0, all: 1_000 }; 20]);
        let ln_p = |associated| none.ln_likelihood(Count { associated, all: 1_000 });
        assert!(ln_p(0) > -0.1 && ln_p(1).is_finite() && ln_p(1) < ln_p(0));
    }

    /// Derivatives against central differences.
    #[test]
    fn derivatives_equal_differences() {
        let counts =
            [(Count { associated: 3, all: 90 }, 2.0), (Count { associated: 11, all: 70 }, 1.0)];
        let at = [-2.1, 1.3];
        let value = Point(at).value(&counts);
        let shifted = |axis: usize, by: f64| {
            let mut to = at;
            to[axis] += by;
            Point(to).value(&counts)
        };
        for axis in 0..2 {
            let (up, down) = (shifted(axis, 1e-5), shifted(axis, -1e-5));
            let slope = (up.likelihood - down.likelihood) / 2e-5;
            assert!((slope - value.gradient[axis]).abs() < 1e-6, "{slope}");
            for other in 0..2 {
                let bend = (up.gradient[other] - down.gradient[other]) / 2e-5;
                let own = value.hessian[axis + other];
                assert!((bend - own).abs() < 1e-5, "{axis} {other}: {bend} != {own}");
            }
        }
    }
}
