//! The fewest patterns that carry a share of an association.

use candle_core::{Result, bail};

use super::checked_total;

/// A share counts as reached when this little of the whole is missing. It absorbs the rounding of a sum
/// over ten million weights, where one weight of an even association is a hundred times as much.
const SLACK: f64 = 1e-9;

/// Bits looked at in each reading, from the top of a double: sign and exponent, then the mantissa.
const DIGITS: [u32; 5] = [12, 13, 13, 13, 13];

/// Smallest number of patterns whose weights sum to `share` of all.
///
/// ```text
/// k = min { k : w_(1) + .. + w_(k) >= share sum_i w_i }      w_(1) >= w_(2) >= ..
/// ```
///
/// `ceil(share n)` for an even association, one for an association with a single pattern. The weights
/// need not sum to one. A share within 1e-9 counts as reached, so that rounding never adds a pattern.
///
/// Nothing is sorted or copied: the weights are read at most six times, each reading counting and summing
/// them by their next digits (a radix selection), so that ten million take a fraction of a second and
/// less than 200 KiB.
///
/// # Errors
///
/// When `share` is not in (0, 1], a weight is negative or not finite, or all are zero.
///
/// # References
///
/// `k` in Section 4 of <https://arxiv.org/abs/2008.02217>, which takes a share of 0.9.
///
/// # Examples
///
/// ```
/// use candle_hopfield::analysis::patterns_for_share;
///
/// assert_eq!(patterns_for_share(&[0.1f32; 10], 0.9)?, 9);
/// assert_eq!(patterns_for_share(&[0.02, 0.95, 0.03], 0.9)?, 1);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn patterns_for_share<T: Copy + Into<f64>>(weights: &[T], share: f64) -> Result<usize> {
    if !(share > 0.0 && share <= 1.0) {
        bail!("the share is {share}, expected a number in (0, 1]");
    }
    let total = checked_total(weights)?;
    Ok(count_largest(weights, total * (share - SLACK)))
}

/// Number and sum of some weights.
#[derive(Clone, Copy, Default)]
struct Tally {
    count: usize,
    sum: f64,
}

/// How many of the largest weights reach `target`.
///
/// Doubles that are not negative are ordered as their bits are. Each reading narrows down by one digit in
/// which range of bits the last weight that counts lies; `above` is all that lies higher.
fn count_largest<T: Copy + Into<f64>>(weights: &[T], target: f64) -> usize {
    let mut above = Tally::default();
    let (mut prefix, mut open_bits) = (0u64, 64);
    for digit in DIGITS {
        let tallies = tally_by_digit(weights, prefix, open_bits, digit);
        let mut found = None;
        for (bucket, tally) in tallies.iter().enumerate().rev().filter(|(_, t)| t.count > 0) {
            if above.sum + tally.sum >= target {
                found = Some((bucket, tally.count));
                break;
            }
            above.count += tally.count;
            above.sum += tally.sum;
        }
        // Only rounding can leave the target unreached: then every weight seen so far counts.
        let Some((bucket, count)) = found else { return above.count };
        if count == 1 {
            return above.count + 1;
        }
        open_bits -= digit;
        prefix = (prefix << digit) | bucket as u64;
    }
    // All digits are known: the weights in the range are equal.
    let missing = (target - above.sum) / f64::from_bits(prefix);
    above.count + (missing.ceil() as usize).max(1)
}

/// Tallies of the weights whose bits begin with `prefix`, by the `digit` bits that follow it.
fn tally_by_digit<T: Copy + Into<f64>>(
    weights: &[T],
    prefix: u64,
    open_bits: u32,
    digit: u32,
) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); 1 << digit];
    let low = open_bits - digit;
    for &weight in weights {
        // Adding zero turns -0 into 0, the only negative bits left.
        let weight = weight.into() + 0.0;
        let leading = weight.to_bits() >> low;
        if leading >> digit == prefix {
            let tally = &mut tallies[(leading & ((1 << digit) - 1)) as usize];
            tally.count += 1;
            tally.sum += weight;
        }
    }
    tallies
}
