//! Sums of minima over dense rows.

use super::Kernel;
use super::spectra::{LANES, Spectra};

/// Repertoires a tile: 64 rows of [`COLUMNS`] values, 256 KiB, stay in the second cache.
const TILE: usize = 32;
/// Values of a row that are summed in `f32` before they join the `f64` sum.
const COLUMNS: usize = 1024;
/// Rows that one pass over another row is compared with.
const AT_ONCE: usize = 4;

/// The `MinMax` kernel of a cohort. Only minima are summed: sum max = sum x + sum y - sum min.
pub(super) fn kernel(spectra: &Spectra) -> Kernel {
    Kernel::by_tiles(&spectra.sums, TILE, |[rows, others]| {
        let mut sums = vec![0.0; rows.len() * others.len()];
        let width = if spectra.len() == 0 { 0 } else { spectra.row(0).len() };
        for start in (0..width).step_by(COLUMNS) {
            let block = |i: usize| -> &[[f32; LANES]] {
                let row = spectra.row(i);
                row[start..(start + COLUMNS).min(width)].as_chunks().0
            };
            for first in others.clone().step_by(AT_ONCE) {
                // The last group repeats a row where it has fewer; `zip` below leaves the repeats out.
                let group: [_; AT_ONCE] =
                    std::array::from_fn(|k| block((first + k).min(others.end - 1)));
                for i in rows.clone() {
                    let cells = &mut sums[(i - rows.start) * others.len()..][..others.len()];
                    let minima = sums_of_minima(block(i), group);
                    for (cell, sum) in cells[first - others.start..].iter_mut().zip(minima) {
                        *cell += f64::from(sum);
                    }
                }
            }
        }
        sums
    })
}

/// `sum_k min(x_k, y_k)` for each of some `ys`.
fn sums_of_minima(x: &[[f32; LANES]], ys: [&[[f32; LANES]]; AT_ONCE]) -> [f32; AT_ONCE] {
    let ys = ys.map(|y| &y[..x.len()]);
    let mut sums = [[0.0; LANES]; AT_ONCE];
    for (at, x) in x.iter().enumerate() {
        for (sum, y) in sums.iter_mut().zip(ys) {
            for lane in 0..LANES {
                let (a, b) = (x[lane], y[at][lane]);
                // Not `f32::min`, whose care for NaN costs three instructions more.
                sum[lane] += if a < b { a } else { b };
            }
        }
    }
    sums.map(|sum| sum.iter().sum())
}
