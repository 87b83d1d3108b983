//! Sizes of intersections, by bits.

use super::Kernel;
use super::spectra::Spectra;

/// Repertoires a tile.
const TILE: usize = 32;

/// The Jaccard kernel of a cohort.
pub(super) fn kernel(spectra: &Spectra) -> Kernel {
    let sets: Vec<Vec<u64>> = (0..spectra.len()).map(|i| bits(spectra.row(i))).collect();
    let sizes: Vec<f64> = spectra.distinct.iter().map(|&n| f64::from(n)).collect();
    Kernel::by_tiles(&sizes, TILE, |[rows, others]| {
        let cells = rows.flat_map(|i| others.clone().map(move |j| (i, j)));
        cells.map(|(i, j)| f64::from(in_both(&sets[i], &sets[j]))).collect()
    })
}

/// Which values are above 0.
fn bits(row: &[f32]) -> Vec<u64> {
    let word = |values: &[f32]| {
        values.iter().rev().fold(0, |word, &value| word << 1 | u64::from(value > 0.0))
    };
    row.chunks(64).map(word).collect()
}

fn in_both(a: &[u64], b: &[u64]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a & b).count_ones()).sum()
}
