//! Quantised probability rows: one byte per outcome, written as hexadecimal digits.

/// Quantises `probabilities` so that each is proportional to the square of its byte.
///
/// The square root spends the byte's range where it matters: the largest becomes 255, and anything
/// above 4 x 10^-6 of the largest stays above 0.
pub(super) fn quantise(probabilities: &[f64]) -> Vec<u8> {
    let largest = probabilities.iter().copied().fold(0.0, f64::max);
    assert!(largest > 0.0, "a distribution has an outcome");
    probabilities.iter().map(|p| (255.0 * (p / largest).sqrt()).round() as u8).collect()
}

/// The probabilities that `row` represents.
pub(super) fn probabilities(row: &[u8]) -> Vec<f64> {
    let total: f64 = row.iter().map(|&weight| f64::from(weight).powi(2)).sum();
    row.iter().map(|&weight| f64::from(weight).powi(2) / total).collect()
}

/// Bytes in hexadecimal digits.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).expect("a half byte");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Bytes from hexadecimal digits; `None` if it holds anything else.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quantised_probabilities_stay_close(weights in prop::collection::vec(0.0_f64..1.0, 1..30)) {
            let total: f64 = weights.iter().sum();
            prop_assume!(total > 0.01);
            for (found, weight) in probabilities(&quantise(&weights)).iter().zip(&weights) {
                prop_assert!((found - weight / total).abs() < 0.005, "{found} for {weight} of {total}");
            }
        }

        #[test]
        fn hexadecimal_digits_give_the_bytes_back(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            prop_assert_eq!(from_hex(&to_hex(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn anything_but_pairs_of_digits_is_refused() {
        assert_eq!([from_hex("0"), from_hex("0g"), from_hex("é0")], [None, None, None]);
    }
}
