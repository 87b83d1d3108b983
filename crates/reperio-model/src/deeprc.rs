//! Steps of the published `DeepRC` network that no other model has, in addition to the bag operation: the scale of its
//! input, the random draw of an update and the reduction to the best-attended sequences.
//!
//! # References
//!
//! - Widrich et al., *Modern Hopfield Networks and Attention for Immune Repertoire Classification*,
//!   `NeurIPS` 2020. <https://arxiv.org/abs/2007.13505>

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use reperio_data::encode::EncodedRepertoire;

use crate::bag::PositionTerms;

/// Channels of the input: 20 residues and 3 position channels.
const CHANNELS: usize = 23;

/// Standard deviation of a repertoire's whole input, N x `padded_length` x 23: unbiased, the zeros of
/// the padding included. 1 for an empty repertoire.
///
/// With `count_scaling` the one-hot residues are multiplied by the log-count, as the bag operation
/// does; the position channels are not.
pub fn input_sd(repertoire: &EncodedRepertoire, padded_length: usize, count_scaling: bool) -> f64 {
    if repertoire.is_empty() || padded_length == 0 {
        return 1.0;
    }
    let by_length: Vec<[f64; 2]> = (0..=repertoire.max_length()).map(position_sums).collect();
    let (mut sum, mut squares) = (0.0, 0.0);
    for (i, &log_count) in repertoire.log_counts().iter().enumerate() {
        let length = repertoire.sequence(i).len();
        let factor = if count_scaling { f64::from(log_count) } else { 1.0 };
        sum += length as f64 * factor + by_length[length][0];
        squares += length as f64 * factor * factor + by_length[length][1];
    }
    let n = (repertoire.len() * padded_length * CHANNELS) as f64;
    ((squares - sum * sum / n) / (n - 1.0)).sqrt()
}

/// Factor of the filters' windows that divides the input by its standard deviation: the
/// `input_scale` of a [`Bag`](crate::bag::Bag).
pub fn input_scale(
    repertoire: &EncodedRepertoire,
    padded_length: usize,
    count_scaling: bool,
) -> f32 {
    (1.0 / input_sd(repertoire, padded_length, count_scaling)) as f32
}

/// Sum and sum of squares of the position channels of a sequence of `length` residues.
fn position_sums(length: usize) -> [f64; 2] {
    let channels = (0..length).flat_map(|p| PositionTerms::DeepRc.basis(1, length, p));
    channels.fold([0.0; 2], |[sum, squares], x| [sum + x, squares + x * x])
}

/// The `fraction` of sequences with the highest attention, rounded down but at least one, highest
/// first; of equals the first.
///
/// `DeepRC` keeps a tenth, in training and in scoring, and takes the softmax over the kept ones alone.
/// A tenth of fewer than 10 sequences would be none; here one is kept.
pub fn best_attended(attention: &[f32], fraction: f64) -> Vec<u32> {
    let wanted = (attention.len() as f64 * fraction) as usize;
    let mut order: Vec<u32> = (0..attention.len() as u32).collect();
    order.sort_by(|&a, &b| attention[b as usize].total_cmp(&attention[a as usize]));
    order.truncate(wanted.max(1));
    order
}

/// Sequences of one update: `draws` of `n_sequences` with replacement, duplicates removed, ascending.
pub fn draw(n_sequences: usize, draws: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
    if n_sequences == 0 {
        return Vec::new();
    }
    let mut drawn: Vec<u32> = (0..draws).map(|_| rng.random_range(0..n_sequences as u32)).collect();
    drawn.sort_unstable();
    drawn.dedup();
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Row};

    /// The deviation from the whole input, written out.
    fn written_out(repertoire: &EncodedRepertoire, padded: usize, count_scaling: bool) -> f64 {
        let mut values = vec![0.0; repertoire.len() * padded * CHANNELS];
        for i in 0..repertoire.len() {
            let sequence = repertoire.sequence(i);
            for (p, &residue) in sequence.iter().enumerate() {
                let row = (i * padded + p) * CHANNELS;
                let count = if count_scaling { repertoire.log_counts()[i] } else { 1.0 };
                values[row + usize::from(residue)] = f64::from(count);
                let channels = PositionTerms::DeepRc.basis(1, sequence.len(), p);
                values[row + 20..row + 23].copy_from_slice(&channels);
            }
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (squares / (values.len() - 1) as f64).sqrt()
    }

    #[test]
    fn the_deviation_is_that_of_the_whole_input() {
        let mut builder = Builder::default();
        for (junction_aa, duplicate_count) in [("CASSLGTDTQYF", 7), ("CAF", 1), ("CASSF", 90)] {
            builder.push(Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call: "",
                j_call: "",
                duplicate_count,
            });
        }
        let repertoire = builder.finish("r".to_owned());
        let encoded = EncodedRepertoire::new(&repertoire, repertoire.genes());
        for (padded, scaling) in [(12, false), (12, true), (30, false), (30, true)] {
            let (got, want) =
                (input_sd(&encoded, padded, scaling), written_out(&encoded, padded, scaling));
            assert!((got - want).abs() < 1e-12, "{padded} {scaling}: {got} != {want}");
        }
        assert_eq!(Some(input_sd(&encoded.gather(&[]), 12, false)), Some(1.0));
    }

    #[test]
    fn the_best_attended_come_first_and_at_least_one_is_kept() {
        let attention = [0.1, 0.9, 0.3, 0.9, -4.0];
        assert_eq!(best_attended(&attention, 0.6), [1, 3, 2]);
        assert_eq!(best_attended(&attention, 0.1), [1]);
        assert_eq!(best_attended(&[], 0.1), [0_u32; 0]);
    }

    #[test]
    fn a_draw_is_distinct_seeded_and_covers_what_chance_covers() {
        let drawn = draw(1000, 1000, &mut ChaCha8Rng::seed_from_u64(1));
        assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
        // 1 - 1/e of them, give or take.
        assert!((600..665).contains(&drawn.len()), "{}", drawn.len());
        assert_eq!(drawn, draw(1000, 1000, &mut ChaCha8Rng::seed_from_u64(1)));
        assert!(draw(0, 10, &mut ChaCha8Rng::seed_from_u64(1)).is_empty());
    }
}
