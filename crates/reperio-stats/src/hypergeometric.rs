//! Draws without replacement: how many marked ones chance alone draws.
//!
//! ```text
//! P(X = x) = C(K, x) C(M - K, n - x) / C(M, n)        n drawn of M, of which K are marked
//! E[X]     = n K / M
//! ```
//!
//! Several draws from different populations are independent, and the numbers that they draw add up.

use crate::factorial::ln_rising;

/// A draw of some from a population of which some are marked.
///
/// Invariant: neither more marked nor more drawn than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    population: u64,
    marked: u64,
    drawn: u64,
}

impl Draw {
    /// `drawn` of `population`, of which `marked` are marked; `None` if there are fewer than that.
    pub fn new(population: u64, marked: u64, drawn: u64) -> Option<Self> {
        (marked.max(drawn) <= population).then_some(Self { population, marked, drawn })
    }

    /// How many marked ones are drawn on average.
    ///
    /// ```
    /// use reperio_stats::hypergeometric::Draw;
    ///
    /// assert_eq!(Draw::new(8, 2, 4).map(Draw::mean), Some(1.0));
    /// ```
    pub fn mean(self) -> f64 {
        self.drawn as f64 * self.marked as f64 / self.population.max(1) as f64
    }

    /// Probability that 0, 1, ... marked ones are drawn, up to as many as possible.
    fn probabilities(self) -> Vec<f64> {
        let Self { population, marked, drawn } = self;
        let plain = population - marked;
        let (least, most) = (drawn.saturating_sub(plain), drawn.min(marked));
        let mut ln = ln_choose(marked, least) + ln_choose(plain, drawn - least)
            - ln_choose(population, drawn);
        let mut all = vec![0.0; least as usize];
        for x in least..=most {
            all.push(ln.exp());
            let up = (marked - x) as f64 * (drawn - x) as f64;
            let down = (x + 1) as f64 * (plain + x + 1 - drawn) as f64;
            ln += (up / down).ln();
        }
        all
    }
}

/// ln C(n, k), k at most n.
fn ln_choose(n: u64, k: u64) -> f64 {
    let k = k.min(n - k);
    ln_rising((n - k + 1) as f64, k)[0] - ln_rising(1.0, k)[0]
}

/// Probability that `draws` together have `found` marked ones or more.
///
/// The distribution of the sum is the exact convolution of those of the draws. Draws of one each give the
/// Poisson-binomial distribution.
///
/// # Examples
///
/// ```
/// use reperio_stats::hypergeometric::{Draw, at_least};
///
/// // Two of four are marked; both that are drawn are marked in one of six draws.
/// let draw = Draw::new(4, 2, 2).expect("a draw");
/// assert!((at_least(2, &[draw]) - 1.0 / 6.0).abs() < 1e-12);
/// assert_eq!(at_least(0, &[draw]), 1.0);
/// ```
pub fn at_least(found: usize, draws: &[Draw]) -> f64 {
    if found == 0 {
        return 1.0;
    }
    let mut sum = vec![1.0];
    for draw in draws {
        let own = draw.probabilities();
        let mut next = vec![0.0; sum.len() + own.len() - 1];
        for (i, a) in sum.iter().enumerate() {
            for (j, b) in own.iter().enumerate() {
                next[i + j] += a * b;
            }
        }
        sum = next;
    }
    // From the rarest inwards, so that no small tail is lost.
    sum.iter().skip(found).rev().sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fisher::Fisher;

    fn draw(population: u64, marked: u64, drawn: u64) -> Draw {
        Draw::new(population, marked, drawn).unwrap()
    }

    /// Marked ones among the members of every subset of `drawn` of `population`, the first `marked` of them marked.
    fn subsets(Draw { population, marked, drawn }: Draw) -> Vec<u32> {
        let all = (0_u32..1 << population).filter(|own| u64::from(own.count_ones()) == drawn);
        all.map(|own| (own & ((1 << marked) - 1)).count_ones()).collect()
    }

    #[test]
    fn one_draw_is_as_likely_as_its_share_of_all() {
        for population in 1..=7 {
            for marked in 0..=population {
                for drawn in 0..=population {
                    let own = draw(population, marked, drawn);
                    let all = subsets(own);
                    let mean = f64::from(all.iter().sum::<u32>()) / all.len() as f64;
                    assert!((own.mean() - mean).abs() < 1e-12, "{own:?}");
                    for found in 0..=8 {
                        let as_many = all.iter().filter(|x| **x as usize >= found).count();
                        let share = as_many as f64 / all.len() as f64;
                        let p = at_least(found, &[own]);
                        assert!((p - share).abs() < 1e-12, "{own:?} {found}: {p} != {share}");
                    }
                }
            }
        }
    }

    #[test]
    fn several_draws_are_as_likely_as_their_share_of_all_pairs() {
        let draws = [draw(5, 2, 3), draw(6, 1, 2), draw(4, 3, 1)];
        let [a, b, c] = draws.map(subsets);
        let mut sums = Vec::new();
        for x in &a {
            for y in &b {
                sums.extend(c.iter().map(|z| x + y + z));
            }
        }
        for found in 0..=6 {
            let as_many = sums.iter().filter(|sum| **sum as usize >= found).count();
            let share = as_many as f64 / sums.len() as f64;
            assert!((at_least(found, &draws) - share).abs() < 1e-12, "{found}");
        }
    }

    #[test]
    fn a_draw_is_the_exact_test_of_its_table() {
        let fisher = Fisher::new([40, 160]);
        for (marked, found) in [(10, 5), (25, 9), (100, 30)] {
            let p = at_least(found, &[draw(200, marked, 40)]);
            let expected = fisher.ln_p(found, marked as usize - found).exp();
            assert!((p / expected - 1.0).abs() < 1e-9, "{marked} {found}: {p} != {expected}");
        }
    }

    #[test]
    fn large_populations_lose_no_digits() {
        // Draws of one each: 3 of 100 with a chance of 0.01 each, 1 - sum over x < 3 of C(100, x) 0.01^x 0.99^(100 - x).
        let draws = vec![draw(1_000_000, 10_000, 1); 100];
        let below = 0.99_f64.powi(100)
            + 100.0 * 0.01 * 0.99_f64.powi(99)
            + 4_950.0 * 1e-4 * 0.99_f64.powi(98);
        assert!((at_least(3, &draws) - (1.0 - below)).abs() < 1e-12);
        // All of a draw of many are marked: the distribution sums to 1.
        let all = draw(300_000, 5_000, 100).probabilities();
        assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-10);
    }

    #[test]
    fn no_more_can_be_drawn_than_there_are() {
        assert_eq!((Draw::new(3, 4, 1), Draw::new(3, 1, 4)), (None, None));
        assert!(at_least(1, &[]).abs() < 1e-15);
        assert!(at_least(3, &[draw(5, 2, 3)]).abs() < 1e-15);
        assert!(draw(0, 0, 0).mean().abs() < 1e-15);
    }
}
