//! Parameters of the LSTM as the kernels read them, and gradients on their way back.

use std::ops::Range;

use super::super::gradient::unpack_matrix;
use super::super::lanes::{LANES, Row, floats_mut, rows_of};
use super::super::layout::BagLayout;
use super::super::pack::pack_matrix;
use super::super::starts::WindowIndex;
use super::GATES;

/// An LSTM, packed: every gate begins a lane row.
pub(crate) struct PackedLstm {
    pub(super) units: usize,
    /// Lane rows of a state.
    pub(crate) rows: usize,
    /// W, (20, 4 rows)
    pub(super) input: Vec<Row>,
    /// b, (4 rows)
    pub(super) bias: Vec<Row>,
    /// (residues of all lengths, 4 rows)
    pub(super) starts: Vec<Row>,
    /// R, (U, 4 rows)
    pub(super) recurrent: Vec<Row>,
    /// R transposed, lane padding included, (4 rows * 16, rows)
    pub(super) transposed: Vec<Row>,
    /// The residues of each length as windows of width 1.
    pub(super) index: WindowIndex,
}

/// Where each gradient stands among the LSTM's.
pub(super) struct Places {
    pub(super) input: Range<usize>,
    pub(super) bias: Range<usize>,
    pub(super) starts: Range<usize>,
    pub(super) recurrent: Range<usize>,
}

impl PackedLstm {
    /// Packs the LSTM of `layout`, if it has one, for the sequence lengths `present`.
    pub(crate) fn new(layout: &BagLayout, params: &[f32], present: &[bool]) -> Option<Self> {
        let ranges = layout.lstm.as_ref()?;
        let shape = layout.shape();
        let units = shape.lstm_units;
        let rows = rows_of(units);
        let gates = |range: &Range<usize>| pack_matrix(&params[range.clone()], units);
        let index = WindowIndex::new(shape, 1, present);
        let (first, second) = params[ranges.bias.clone()].split_at(GATES * units);
        let bias: Vec<f32> = first.iter().zip(second).map(|(a, b)| a + b).collect();
        let recurrent = gates(&ranges.recurrent);
        Some(Self {
            units,
            rows,
            input: gates(&ranges.input),
            bias: pack_matrix(&bias, units),
            starts: starts(&index, &gates(&ranges.position), GATES * rows),
            transposed: transpose(&recurrent, rows),
            recurrent,
            index,
        })
    }

    /// Lane rows of its gradients.
    pub(crate) fn gradient_rows(&self) -> usize {
        self.places().recurrent.end
    }

    pub(super) fn places(&self) -> Places {
        let mut end = 0;
        let mut place = |rows: &[Row]| {
            end += rows.len();
            end - rows.len()..end
        };
        Places {
            input: place(&self.input),
            bias: place(&self.bias),
            starts: place(&self.starts),
            recurrent: place(&self.recurrent),
        }
    }

    /// Writes the gradients `values` to the flat ones.
    pub(crate) fn unpack(&self, layout: &BagLayout, values: &[f64], flat: &mut [f32]) {
        let Some(ranges) = &layout.lstm else { return };
        let (places, units) = (self.places(), self.units);
        let at = |range: Range<usize>| &values[range.start * LANES..range.end * LANES];
        unpack_matrix(at(places.input), units, &mut flat[ranges.input.clone()]);
        unpack_matrix(at(places.recurrent), units, &mut flat[ranges.recurrent.clone()]);
        for bias in flat[ranges.bias.clone()].chunks_exact_mut(GATES * units) {
            unpack_matrix(at(places.bias.clone()), units, bias);
        }
        let stride = GATES * self.rows * LANES;
        let mut position = vec![0.0; self.index.terms * stride];
        if self.index.terms > 0 {
            let basis = self.index.basis.chunks_exact(self.index.terms);
            for (basis, own) in basis.zip(at(places.starts).chunks_exact(stride)) {
                for (&basis, sums) in basis.iter().zip(position.chunks_exact_mut(stride)) {
                    for (sum, own) in sums.iter_mut().zip(own).filter(|_| basis != 0.0) {
                        *sum += f64::from(basis) * own;
                    }
                }
            }
        }
        unpack_matrix(&position, units, &mut flat[ranges.position.clone()]);
    }
}

/// What the position of each residue adds to the gates, `width` lane rows each.
fn starts(index: &WindowIndex, position: &[Row], width: usize) -> Vec<Row> {
    let mut starts = vec![Row::default(); index.len() * width];
    if index.terms == 0 {
        return starts;
    }
    for (basis, sums) in index.basis.chunks_exact(index.terms).zip(starts.chunks_exact_mut(width)) {
        for (&basis, own) in basis.iter().zip(position.chunks_exact(width)) {
            for (sum, own) in sums.iter_mut().zip(own).filter(|_| basis != 0.0) {
                *sum = Row(std::array::from_fn(|lane| sum.0[lane] + basis * own.0[lane]));
            }
        }
    }
    starts
}

/// (U, 4 rows) as (4 rows * 16, rows).
fn transpose(recurrent: &[Row], rows: usize) -> Vec<Row> {
    let width = GATES * rows;
    let mut transposed = vec![Row::default(); width * LANES * rows];
    for (unit, own) in recurrent.chunks_exact(width).enumerate() {
        for (gate, value) in own.iter().flat_map(|row| row.0).enumerate() {
            floats_mut(&mut transposed[gate * rows..(gate + 1) * rows])[unit] = value;
        }
    }
    transposed
}
