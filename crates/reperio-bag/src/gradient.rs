//! Gradients in the shape that the kernels add to, and their way back to the flat parameters.

use std::ops::Range;

use super::lanes::{LANES, Row};
use super::layout::BagLayout;
use super::lstm::PackedLstm;
use super::pack::{CODES, Packed, Slab};

/// Where each gradient stands in one vector of lane rows.
pub(super) struct GradientRows {
    /// Table, bias and start table of each slab.
    pub(super) slabs: Vec<Range<usize>>,
    /// Those of the LSTM, empty without one.
    pub(super) lstm: Range<usize>,
    /// V and J genes.
    pub(super) genes: [Range<usize>; 2],
    /// Weight and bias of each layer.
    pub(super) keys: Vec<(Range<usize>, Range<usize>)>,
    /// (H, key rows)
    pub(super) query: Range<usize>,
    /// One row per head, whose first lane counts.
    pub(super) gamma: Range<usize>,
    pub(super) len: usize,
}

impl GradientRows {
    /// Places for the gradients of `packed`.
    pub(super) fn new(packed: &Packed) -> Self {
        let mut len = 0;
        let mut place = |rows: usize| {
            len += rows;
            len - rows..len
        };
        let slabs = packed
            .slabs
            .iter()
            .map(|slab| place(slab.table.len() + slab.bias.len() + slab.starts.len()))
            .collect();
        let lstm = place(packed.lstm.as_ref().map_or(0, PackedLstm::gradient_rows));
        let genes = [place(packed.genes[0].len()), place(packed.genes[1].len())];
        let keys = packed
            .keys
            .iter()
            .map(|key| (place(key.weight.len()), place(key.bias.len())))
            .collect();
        let (query, gamma) = (place(packed.query.len()), place(packed.gamma.len()));
        Self { slabs, lstm, genes, keys, query, gamma, len }
    }

    /// The flat gradient of `total`, the floats of these rows.
    pub(super) fn unpack(&self, layout: &BagLayout, packed: &Packed, total: &[f64]) -> Vec<f32> {
        let at = |range: &Range<usize>| &total[range.start * LANES..range.end * LANES];
        let mut flat = vec![0.0; layout.len()];
        for (slab, range) in packed.slabs.iter().zip(&self.slabs) {
            unpack_slab(layout, packed, slab, at(range), &mut flat);
        }
        if let Some(lstm) = &packed.lstm {
            lstm.unpack(layout, at(&self.lstm), &mut flat);
        }
        for (range, own) in layout.genes.iter().zip(&self.genes) {
            unpack_matrix(at(own), layout.shape().gene_dim, &mut flat[range.clone()]);
        }
        let width = packed.key_width;
        for (l, ((weight, bias), own)) in layout.keys.iter().zip(&self.keys).enumerate() {
            let values = at(&own.0);
            for (d, out) in flat[weight.clone()].chunks_exact_mut(width).enumerate() {
                let place = if l == 0 { packed.places[d] } else { d };
                unpack_matrix(&values[place * packed.key_rows * LANES..], width, out);
            }
            unpack_matrix(at(&own.1), width, &mut flat[bias.clone()]);
        }
        unpack_matrix(at(&self.query), width, &mut flat[layout.query.clone()]);
        unpack_matrix(at(&self.gamma), 1, &mut flat[layout.gamma.clone()]);
        flat
    }
}

/// (n, rows) lane rows as (n, width) floats, as many as `out` holds.
pub(super) fn unpack_matrix(values: &[f64], width: usize, out: &mut [f32]) {
    if out.is_empty() {
        return;
    }
    let stride = width.next_multiple_of(LANES);
    for (out, values) in out.chunks_exact_mut(width).zip(values.chunks_exact(stride)) {
        for (out, &value) in out.iter_mut().zip(values) {
            *out = value as f32;
        }
    }
}

fn unpack_slab(layout: &BagLayout, packed: &Packed, slab: &Slab, values: &[f64], flat: &mut [f32]) {
    let ranges = &layout.filters[slab.group];
    let count = layout.shape().filters[slab.group].count;
    let stride = slab.rows * LANES;
    let (table, rest) = values.split_at(slab.table.len() * LANES);
    let (bias, starts) = rest.split_at(stride);
    for t in 0..slab.width {
        for x in 0..CODES - 1 {
            let at = ranges.weight.start + (t * (CODES - 1) + x) * count + slab.first;
            unpack_matrix(
                &table[(t * CODES + x) * stride..],
                slab.count,
                &mut flat[at..at + slab.count],
            );
        }
    }
    let at = ranges.bias.start + slab.first;
    unpack_matrix(bias, slab.count, &mut flat[at..at + slab.count]);
    let windows = &packed.windows[slab.group];
    if windows.terms == 0 {
        return;
    }
    let mut position = vec![0.0; windows.terms * slab.count];
    for (basis, starts) in
        windows.basis.chunks_exact(windows.terms).zip(starts.chunks_exact(stride))
    {
        for (&basis, out) in basis.iter().zip(position.chunks_exact_mut(slab.count)) {
            if basis != 0.0 {
                for (out, start) in out.iter_mut().zip(starts) {
                    *out += f64::from(basis) * start;
                }
            }
        }
    }
    for (r, values) in position.chunks_exact(slab.count).enumerate() {
        let at = ranges.position.start + r * count + slab.first;
        for (out, &value) in flat[at..at + slab.count].iter_mut().zip(values) {
            *out = value as f32;
        }
    }
}

/// Adds `part` to `total`, which holds its floats.
pub(super) fn add(total: &mut [f64], part: &[Row]) {
    for (total, part) in total.chunks_exact_mut(LANES).zip(part) {
        for (total, &part) in total.iter_mut().zip(&part.0) {
            *total += f64::from(part);
        }
    }
}
