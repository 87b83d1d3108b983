//! Clonality: how unequal the clonotypes of a repertoire are.

/// Clonality of clonotypes with these counts: 1 minus Pielou's evenness.
///
/// ```text
/// p_i = count_i / sum of counts
/// H   = - sum over i of p_i ln p_i              Shannon entropy
/// C   = 1 - H / ln n                            n clonotypes
/// ```
///
/// In [0, 1], dimensionless, whatever the base of the logarithm: 0 where all clonotypes are equally frequent, so also where
/// every count is 1, and near 1 where one clonotype holds all copies. `None` for fewer than two clonotypes, whose evenness is
/// not defined. Counts of 0 are no clonotypes.
///
/// # Examples
///
/// ```
/// use reperio_data::clonality::clonality;
///
/// assert_eq!(clonality(&[1, 1, 1]), Some(0.0));
/// assert!(clonality(&[1_000_000, 1]).is_some_and(|own| own > 0.99));
/// assert_eq!(clonality(&[7]), None);
/// ```
///
/// # References
///
/// - Shannon, *A mathematical theory of communication*, Bell System Technical Journal 1948.
///   <https://doi.org/10.1002/j.1538-7305.1948.tb01338.x>
/// - Pielou, *The measurement of diversity in different types of biological collections*, Journal of Theoretical Biology
///   1966. <https://doi.org/10.1016/0022-5193(66)90013-0>
pub fn clonality(counts: &[u64]) -> Option<f64> {
    let present = || counts.iter().filter(|&&count| count > 0).map(|&count| count as f64);
    let n = present().count();
    if n < 2 {
        return None;
    }
    let first = counts.iter().find(|&&count| count > 0)?;
    if counts.iter().all(|count| *count == 0 || count == first) {
        return Some(0.0); // Not the rounding error of the logarithms.
    }
    let total: f64 = present().sum();
    let entropy: f64 = present().map(|count| count / total * (total / count).ln()).sum();
    Some((1.0 - entropy / (n as f64).ln()).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_cases() {
        assert_eq!(clonality(&[]), None);
        assert_eq!(clonality(&[0, 3, 0]), None, "one clonotype");
        for n in 2..50 {
            assert_eq!(clonality(&vec![5; n]), Some(0.0), "{n} alike");
        }
        // Frequencies 3/4 and 1/4: H = 0.5623 nats of 0.6931.
        let own = clonality(&[3, 1]).unwrap();
        assert!((own - (1.0 - 0.562_335_144_618_808_6 / 2_f64.ln())).abs() < 1e-12, "{own}");
    }

    proptest! {
        #[test]
        fn it_is_one_minus_evenness_and_ignores_order_and_scale(
            counts in prop::collection::vec(1_u64..1000, 2..40),
        ) {
            let own = clonality(&counts).unwrap();
            let total = counts.iter().sum::<u64>() as f64;
            let entropy: f64 = -counts
                .iter()
                .map(|&count| (count as f64 / total) * (count as f64 / total).log2())
                .sum::<f64>();
            let expected = 1.0 - entropy / (counts.len() as f64).log2();
            prop_assert!((own - expected).abs() < 1e-9, "{own} {expected}");
            prop_assert!((0.0..=1.0).contains(&own));
            let reversed: Vec<u64> = counts.iter().rev().copied().collect();
            prop_assert!((clonality(&reversed).unwrap() - own).abs() < 1e-12);
            let doubled: Vec<u64> = counts.iter().map(|count| 2 * count).collect();
            prop_assert!((clonality(&doubled).unwrap() - own).abs() < 1e-12);
        }
    }
}
