//! The Poisson binomial distribution: how many of several independent events happen that have probabilities of their own.

/// `ln P(X >= a)` for a = 0 ..= m, where event i of m happens with probability `p_i`.
///
/// ```text
/// P(X = a) after i events = (1 - p_i) P(X = a) + p_i P(X = a - 1) after i - 1 events
/// ```
///
/// Exact, in time m². A tail below what `f64` can hold counts as the smallest number that it can.
///
/// With equal probabilities it is the binomial distribution. As a test of carriers, where repertoire i is positive with
/// probability `p_i` whatever it carries, it stands for Fisher's exact test, which takes them all as alike.
///
/// ```
/// use reperio_stats::poisson_binomial::ln_tails;
///
/// let tails = ln_tails(&[0.5, 0.1]);
/// assert!((tails[2].exp() - 0.05).abs() < 1e-15 && (tails[1].exp() - 0.55).abs() < 1e-15);
/// assert_eq!(tails[0], 0.0);
/// ```
///
/// # Shapes
///
/// - `probabilities`: `(m,)`, each in [0, 1]; returns `(m + 1,)`
///
/// # References
///
/// - Hong, *On computing the distribution function for the Poisson binomial distribution*, Comput Stat Data Anal 2013.
///   <https://doi.org/10.1016/j.csda.2012.10.006>
pub fn ln_tails(probabilities: &[f64]) -> Vec<f64> {
    let mut exactly = vec![0.0; probabilities.len() + 1];
    exactly[0] = 1.0;
    for (i, p) in probabilities.iter().enumerate() {
        for a in (1..=i + 1).rev() {
            exactly[a] = exactly[a] * (1.0 - p) + exactly[a - 1] * p;
        }
        exactly[0] *= 1.0 - p;
    }
    let mut tail = 0.0;
    // From the smallest terms on, so that none is lost.
    for value in exactly.iter_mut().rev() {
        tail += *value;
        *value = tail.clamp(f64::MIN_POSITIVE, 1.0).ln();
    }
    exactly[0] = 0.0;
    exactly
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// P of every set of events, one after another.
    fn by_hand(probabilities: &[f64], a: usize) -> f64 {
        let sets = 0..1_u32 << probabilities.len();
        sets.filter(|set| set.count_ones() as usize >= a)
            .map(|set| {
                let own = probabilities.iter().enumerate();
                own.map(|(i, p)| if set >> i & 1 == 1 { *p } else { 1.0 - p }).product::<f64>()
            })
            .sum()
    }

    proptest! {
        #[test]
        fn tails_are_sums_over_all_sets(probabilities in prop::collection::vec(0.0..=1.0_f64, 0..9)) {
            let tails = ln_tails(&probabilities);
            for (a, tail) in tails.iter().enumerate() {
                let expected = by_hand(&probabilities, a);
                prop_assert!((tail.exp() - expected).abs() < 1e-12, "{a}: {} {expected}", tail.exp());
            }
            prop_assert!(tails.is_sorted_by(|a, b| a >= b));
        }
    }

    /// 1,000 events of probability a half: P(all) is 2^-1000.
    #[test]
    fn a_far_tail_is_no_zero() {
        let tails = ln_tails(&[0.5; 1_000]);
        assert!((tails[1_000] + 1_000.0 * 2.0_f64.ln()).abs() < 1e-6, "{}", tails[1_000]);
    }
}
