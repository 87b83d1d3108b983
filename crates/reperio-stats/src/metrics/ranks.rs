//! Ranks with ties shared.

/// Rank of each value among all, from 1; tied values share the mean of their ranks.
pub(super) fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    #[expect(clippy::float_cmp, reason = "a tie is equality, -0.0 and 0.0 included")]
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (tied.len() + 1) as f64 / 2.0;
        for &i in tied {
            ranks[i] = rank;
        }
        first += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tied_values_share_their_mean_rank() {
        assert_eq!(midranks(&[3.0, -0.0, 1.0, 0.0, 3.0, 3.0]), [5.0, 1.5, 3.0, 1.5, 5.0, 5.0]);
        assert!(midranks(&[]).is_empty());
    }
}
