//! Fisher's exact test, one-sided, for every 2 x 2 table with the same two class sizes.

use crate::factorial::ln_factorials;

/// ln P that so many carriers of something are positive by chance: the tails of all hypergeometric distributions of one
/// sample.
///
/// ```text
/// P(a | m) = sum over i = a .. min(m, n₊) of C(n₊, i) C(n₋, m - i) / C(n₊ + n₋, m)
/// ```
///
/// Of m carriers among n₊ positive and n₋ negative rows a or more are positive. Sums run from the rarest table inwards, in
/// logarithms, so no tail underflows. All tables take memory of order n₊ n₋, and each test is a look-up.
///
/// # Examples
///
/// ```
/// use reperio_stats::fisher::Fisher;
///
/// // All three carriers are among the three positive of six: one way of twenty.
/// let p = Fisher::new([3, 3]).ln_p(3, 0).exp();
/// assert!((p - 1.0 / 20.0).abs() < 1e-12);
/// ```
///
/// # References
///
/// - Fisher, *On the interpretation of χ² from contingency tables*, J R Stat Soc 1922.
pub struct Fisher {
    positive: usize,
    negative: usize,
    /// `table[m][a - first(m)]`.
    table: Vec<Vec<f64>>,
}

impl Fisher {
    /// The tests of so many positive rows against so many negative ones.
    pub fn new([positive, negative]: [usize; 2]) -> Self {
        let ln = ln_factorials(positive + negative);
        let choose = |n: usize, k: usize| ln[n] - ln[k] - ln[n - k];
        let tails = |m: usize| {
            let (first, last) = (m.saturating_sub(negative), m.min(positive));
            let mut tail = f64::NEG_INFINITY;
            let mut tails: Vec<f64> = (first..=last)
                .rev()
                .map(|a| {
                    let ways = choose(positive, a) + choose(negative, m - a);
                    tail = ln_add(tail, ways - choose(positive + negative, m));
                    tail.min(0.0)
                })
                .collect();
            tails.reverse();
            tails
        };
        Self { positive, negative, table: (0..=positive + negative).map(tails).collect() }
    }

    /// ln P of `a` or more positive rows among carriers of which `b` are negative.
    ///
    /// # Panics
    ///
    /// If there are fewer rows.
    pub fn ln_p(&self, a: usize, b: usize) -> f64 {
        let m = a + b;
        self.table[m][a - m.saturating_sub(self.negative)]
    }

    /// P that `m` carriers reach `ln_p` where there is no association.
    pub fn reaches(&self, m: usize, ln_p: f64) -> f64 {
        let tails = self.table.get(m).map_or(&[][..], Vec::as_slice);
        // Tails decrease with the number of positive carriers: the first that is small enough is the largest.
        tails.iter().find(|tail| **tail <= ln_p).map_or(0.0, |tail| tail.exp())
    }

    /// The fewest carriers of which any table reaches `ln_p`; more than there are if none does.
    pub fn fewest_carriers(&self, ln_p: f64) -> usize {
        let reaches =
            |m: &usize| self.ln_p((*m).min(self.positive), m.saturating_sub(self.positive)) <= ln_p;
        (0..self.table.len()).find(reaches).unwrap_or(self.table.len())
    }
}

/// `ln(exp(a) + exp(b))`.
fn ln_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Fixture {
        fisher: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        positive: usize,
        negative: usize,
        a: usize,
        b: usize,
        p: f64,
    }

    #[test]
    fn tails_equal_scipy() {
        let fixture: Fixture =
            serde_json::from_str(include_str!("../tests/fixtures/public.json")).unwrap();
        assert!(fixture.fisher.len() > 100);
        for Case { positive, negative, a, b, p } in fixture.fisher {
            let got = Fisher::new([positive, negative]).ln_p(a, b).exp();
            assert!((got / p - 1.0).abs() < 1e-9, "{a}/{positive} {b}/{negative}: {got} != {p}");
        }
    }

    /// A cohort too large for its smallest P to be a number: C(3000, 1500) is about 10^901.
    #[test]
    fn no_tail_underflows() {
        let ln_p = Fisher::new([1_500, 1_500]).ln_p(1_500, 0);
        let ln = ln_factorials(3_000);
        assert!((ln_p - (2.0 * ln[1_500] - ln[3_000])).abs() < 1e-6, "{ln_p}");
    }

    #[test]
    fn fewer_carriers_than_the_fewest_never_reach_the_threshold() {
        let fisher = Fisher::new([9, 14]);
        let threshold = 0.01_f64.ln();
        let fewest = fisher.fewest_carriers(threshold);
        let reached = |m: usize| {
            (m.saturating_sub(14)..=m.min(9)).any(|a| fisher.ln_p(a, m - a) <= threshold)
        };
        assert_eq!((0..24).find(|&m| reached(m)), Some(fewest));
        assert_eq!(fisher.fewest_carriers(-1e3), 24);
    }
}
