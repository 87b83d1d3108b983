//! All scalar products of the rows of a design.

#![expect(clippy::inline_always, reason = "inlined where the instruction set is enabled")]

use pulp::Arch;
use rayon::prelude::*;

use super::design::Design;

/// Rows of one side of a tile.
const TILE: usize = 32;
/// Columns that are standardised at a time: both sides of a tile fit into the second cache.
const CHUNK: usize = 512;
/// Sums that one product keeps, added up in order: the same on every instruction set.
const LANES: usize = 4;

/// `K = Z Zᵀ`, row after row.
///
/// The tiles on and above the diagonal are computed in parallel, each from its own copy of the
/// rows, a chunk of columns at a time. In `f64`: with more rows than columns `K a` cancels out almost
/// wholly, and sums in `f32` moved logits by 1e-3.
///
/// ```
/// use reperio_stats::logistic::{Design, Table, gram};
///
/// let table = Table::new(1, vec![-1.0, 1.0]);
/// assert_eq!(gram(&Design::standardised(&table, vec![0, 1])), [1.0, -1.0, -1.0, 1.0]);
/// ```
///
/// # Shapes
///
/// - `design`: `(n, p)`; returns `(n, n)`
pub fn gram(design: &Design<'_>) -> Vec<f64> {
    let n = design.rows();
    let blocks = n.div_ceil(TILE);
    let pairs: Vec<(usize, usize)> =
        (0..blocks).flat_map(|a| (a..blocks).map(move |b| (a, b))).collect();
    let tiles: Vec<Vec<f64>> = pairs.par_iter().map(|&(a, b)| tile(design, a, b)).collect();
    let mut gram = vec![0.0; n * n];
    for (&(a, b), tile) in pairs.iter().zip(&tiles) {
        for (i, row) in (a * TILE..n).zip(tile.chunks_exact(TILE)) {
            for (j, &value) in (b * TILE..n).zip(row) {
                gram[i * n + j] = value;
                gram[j * n + i] = value;
            }
        }
    }
    gram
}

/// Products of the rows of block `a` with those of block `b`; rows beyond the last are 0.
fn tile(design: &Design<'_>, a: usize, b: usize) -> Vec<f64> {
    let arch = Arch::new();
    let mut sums = vec![0.0; TILE * TILE];
    let mut sides = [vec![0.0_f64; TILE * CHUNK], vec![0.0_f64; TILE * CHUNK]];
    for start in (0..design.columns()).step_by(CHUNK) {
        let range = start..design.columns().min(start + CHUNK);
        for (side, block) in sides.iter_mut().zip([a, b]) {
            let rows = block * TILE..design.rows().min((block + 1) * TILE);
            for (i, out) in rows.zip(side.chunks_exact_mut(CHUNK)) {
                design.fill(i, range.clone(), out);
                out[range.len()..].fill(0.0);
            }
        }
        let [left, right] = &sides;
        arch.dispatch(
            #[inline(always)]
            || add_products(left, right, &mut sums),
        );
    }
    sums
}

/// Adds the products of all rows of `left` with all of `right` to `sums`.
#[inline(always)]
fn add_products(left: &[f64], right: &[f64], sums: &mut [f64]) {
    for i in (0..TILE).step_by(2) {
        for j in (0..TILE).step_by(4) {
            let products =
                block(&left[i * CHUNK..(i + 2) * CHUNK], &right[j * CHUNK..(j + 4) * CHUNK]);
            for (k, product) in products.into_iter().enumerate() {
                sums[(i + k / 4) * TILE + j + k % 4] += product;
            }
        }
    }
}

/// Products of two rows with four.
#[inline(always)]
fn block(two: &[f64], four: &[f64]) -> [f64; 8] {
    let mut sums = [[0.0_f64; LANES]; 8];
    let (x0, x1) = two.split_at(CHUNK);
    let (y01, y23) = four.split_at(2 * CHUNK);
    let ((y0, y1), (y2, y3)) = (y01.split_at(CHUNK), y23.split_at(CHUNK));
    for at in (0..CHUNK).step_by(LANES) {
        for (x, sums) in [x0, x1].into_iter().zip(sums.chunks_exact_mut(4)) {
            for (y, sums) in [y0, y1, y2, y3].into_iter().zip(sums) {
                for lane in 0..LANES {
                    sums[lane] += x[at + lane] * y[at + lane];
                }
            }
        }
    }
    sums.map(|lanes| lanes.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::super::table::Table;
    use super::*;

    /// More rows than a tile and more columns than a chunk, neither a multiple.
    #[test]
    fn equals_the_sums_of_products() {
        let (n, p) = (TILE + 7, 2 * CHUNK + 45);
        let value = |at: usize| ((at * 7_919 + at * at % 101) % 1_000) as f32 / 250.0 - 2.0;
        let table = Table::new(p, (0..n * p).map(value).collect());
        let design = Design::standardised(&table, (0..n).collect());
        let columns: Vec<Vec<f64>> = (0..p).map(|j| design.column(j)).collect();
        let gram = gram(&design);
        for i in 0..n {
            for j in 0..n {
                let by_hand: f64 = columns.iter().map(|column| column[i] * column[j]).sum();
                let found = gram[i * n + j];
                assert!((found - by_hand).abs() < 1e-9, "{i} {j}: {found} != {by_hand}");
            }
        }
    }
}
