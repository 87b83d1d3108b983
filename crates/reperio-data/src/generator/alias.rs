//! Alias tables: draws from a discrete distribution in constant time.

use rand::RngCore;

/// Chances per cell: a cell keeps its own outcome in `threshold` of this many cases.
const SCALE: f64 = 65_536.0;

/// Packs a distribution over `weights.len()` outcomes into one cell an outcome.
///
/// A cell holds the chance (in 65,536ths) that it keeps its own outcome in its upper half, and the
/// outcome it gives otherwise in its lower half.
///
/// # Panics
///
/// If there are no weights or more than 65,536, one is negative or not finite, or all are 0.
///
/// # References
///
/// Vose, *A linear algorithm for generating random numbers with a given distribution*, 1991.
pub(super) fn pack(weights: &[f64]) -> Vec<u32> {
    let n = weights.len();
    let total: f64 = weights.iter().sum();
    assert!(0 < n && n <= 65_536 && total > 0.0 && total.is_finite(), "{n} weights, sum {total}");
    assert!(weights.iter().all(|&weight| weight >= 0.0), "a weight is negative");
    let mut scaled: Vec<f64> = weights.iter().map(|weight| weight * n as f64 / total).collect();
    let (mut small, mut large): (Vec<_>, Vec<_>) = (0..n).partition(|&i| scaled[i] < 1.0);
    let mut cells: Vec<u32> = (0..n as u32).collect(); // Threshold 0, itself the alternative.
    while let (Some(&poor), Some(&rich)) = (small.last(), large.last()) {
        small.pop();
        cells[poor] = ((scaled[poor] * SCALE) as u32) << 16 | rich as u32;
        scaled[rich] -= 1.0 - scaled[poor];
        if scaled[rich] < 1.0 {
            large.pop();
            small.push(rich);
        }
    }
    cells
}

/// Draws an outcome from packed `cells`.
pub(super) fn draw(cells: &[u32], rng: &mut impl RngCore) -> usize {
    let product = u64::from(rng.next_u32()) * cells.len() as u64;
    let (own, chance) = ((product >> 32) as usize, product as u32 >> 16);
    let cell = cells[own];
    if chance < cell >> 16 { own } else { (cell & 0xFFFF) as usize }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The exact probabilities that `cells` represent.
    fn probabilities(cells: &[u32]) -> Vec<f64> {
        let mut all = vec![0.0; cells.len()];
        for (own, cell) in cells.iter().enumerate() {
            let kept = f64::from(cell >> 16) / SCALE;
            all[own] += kept / cells.len() as f64;
            all[(cell & 0xFFFF) as usize] += (1.0 - kept) / cells.len() as f64;
        }
        all
    }

    proptest! {
        #[test]
        fn cells_stand_for_the_weights(weights in prop::collection::vec(0.0_f64..10.0, 1..50)) {
            let total: f64 = weights.iter().sum();
            prop_assume!(total > 0.1);
            for (found, weight) in probabilities(&pack(&weights)).iter().zip(&weights) {
                prop_assert!((found - weight / total).abs() < 1e-4, "{found} for {weight} of {total}");
            }
        }
    }

    #[test]
    fn outcomes_without_weight_are_never_drawn() {
        let cells = pack(&[0.0, 3.0, 0.0, 1.0]);
        let mut counts = [0_u32; 4];
        let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(1);
        for _ in 0..10_000 {
            counts[draw(&cells, &mut rng)] += 1;
        }
        assert_eq!([counts[0], counts[2]], [0, 0]);
        assert!(counts[1].abs_diff(7_500) < 200, "{counts:?}");
    }
}
