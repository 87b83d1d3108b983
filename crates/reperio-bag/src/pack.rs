//! Parameters as the kernels read them: rows of sixteen lanes, padded with zeros.

use super::input::{BagInput, RESIDUES};
use super::lanes::{LANES, Row, floats_mut, rows_of};
use super::layout::BagLayout;
use super::lstm::PackedLstm;
use super::starts::{WindowIndex, lengths};

/// Code of a position outside a sequence.
pub(super) const PAD: u8 = RESIDUES;
/// Residue rows of a filter table: the alphabet, and one of zeros for padding.
pub(super) const CODES: usize = PAD as usize + 1;
/// Most lane rows of a slab: its table, K x 21 x 32 floats, then stays in the first cache.
pub(super) const SLAB_ROWS: usize = 2;

/// Up to 32 filters of one width that are scanned together.
pub(super) struct Slab {
    /// Filter group.
    pub(super) group: usize,
    /// Residues that a filter sees.
    pub(super) width: usize,
    /// Lane rows, 1 or 2: B.
    pub(super) rows: usize,
    /// First filter, counted in the group.
    pub(super) first: usize,
    /// Filters.
    pub(super) count: usize,
    /// Lane row of the embedding where the slab starts.
    pub(super) embed_row: usize,
    /// (K, 21, B)
    pub(super) table: Vec<Row>,
    /// (B)
    pub(super) bias: Vec<Row>,
    /// (windows, B)
    pub(super) starts: Vec<Row>,
}

/// A layer of the key network.
pub(super) struct KeyLayer {
    /// Inputs, lane padding included.
    pub(super) inputs: usize,
    /// (inputs, key rows)
    pub(super) weight: Vec<Row>,
    /// (A, input rows)
    pub(super) transposed: Vec<Row>,
    /// (key rows)
    pub(super) bias: Vec<Row>,
}

/// All parameters of a bag operation, packed.
pub(super) struct Packed {
    pub(super) slabs: Vec<Slab>,
    /// In the place of filters.
    pub(super) lstm: Option<PackedLstm>,
    /// One a filter group.
    pub(super) windows: Vec<WindowIndex>,
    /// Lane rows of an embedding.
    pub(super) embed_rows: usize,
    /// Lane rows of a gene embedding, at the end of the embedding.
    pub(super) gene_rows: usize,
    /// (genes, gene rows) for V and for J.
    pub(super) genes: [Vec<Row>; 2],
    pub(super) keys: Vec<KeyLayer>,
    /// Lane rows of a key.
    pub(super) key_rows: usize,
    /// A, without lane padding.
    pub(super) key_width: usize,
    /// (H, key rows)
    pub(super) query: Vec<Row>,
    /// (H)
    pub(super) gamma: Vec<f32>,
    /// Lane-padded place of each of the embedding's D values.
    pub(super) places: Vec<usize>,
}

impl Packed {
    /// Packs `params` for the sequence lengths that occur in `bags`.
    pub(super) fn new(layout: &BagLayout, params: &[f32], bags: &[BagInput]) -> Self {
        let shape = layout.shape();
        let present = lengths(bags);
        let windows: Vec<WindowIndex> = shape
            .filters
            .iter()
            .map(|group| WindowIndex::new(shape, group.width, &present))
            .collect();
        let (mut slabs, mut places, mut embed_rows) = (Vec::new(), Vec::new(), 0);
        for (g, group) in shape.filters.iter().enumerate() {
            for first in (0..group.count).step_by(SLAB_ROWS * LANES) {
                let slab = pack_slab(layout, params, (g, first, embed_rows), &windows[g]);
                places.extend((0..slab.count).map(|c| embed_rows * LANES + c));
                embed_rows += slab.rows;
                slabs.push(slab);
            }
        }
        let lstm = PackedLstm::new(layout, params, &present);
        if let Some(lstm) = &lstm {
            places.extend(0..shape.lstm_units);
            embed_rows += lstm.rows;
        }
        let gene_rows = rows_of(shape.gene_dim);
        places.extend((0..shape.gene_dim).map(|k| embed_rows * LANES + k));
        embed_rows += gene_rows;
        let natural = |range: &std::ops::Range<usize>| &params[range.clone()];
        let key_width = shape.attention_width;
        Self {
            lstm,
            windows,
            embed_rows,
            gene_rows,
            genes: [0, 1].map(|i| pack_matrix(natural(&layout.genes[i]), shape.gene_dim)),
            keys: pack_keys(layout, params, &places, embed_rows),
            key_rows: rows_of(key_width),
            key_width,
            query: pack_matrix(natural(&layout.query), key_width),
            gamma: natural(&layout.gamma).to_vec(),
            slabs,
            places,
        }
    }

    /// Vectors over the embedding, (k, D), as lane rows (k, embed rows).
    pub(super) fn pack_embeddings(&self, values: &[f32]) -> Vec<Row> {
        let mut rows = Vec::with_capacity(values.len() / self.places.len() * self.embed_rows);
        for vector in values.chunks_exact(self.places.len()) {
            let first = rows.len();
            rows.resize(first + self.embed_rows, Row::default());
            let padded = floats_mut(&mut rows[first..]);
            for (&place, &value) in self.places.iter().zip(vector) {
                padded[place] = value;
            }
        }
        rows
    }
}

/// (n, width) floats as (n, rows) lane rows.
pub(super) fn pack_matrix(values: &[f32], width: usize) -> Vec<Row> {
    let rows = rows_of(width);
    if rows == 0 {
        return Vec::new();
    }
    let mut packed = vec![Row::default(); values.len() / width * rows];
    for (packed, values) in packed.chunks_exact_mut(rows).zip(values.chunks_exact(width)) {
        floats_mut(packed)[..width].copy_from_slice(values);
    }
    packed
}

fn pack_slab(
    layout: &BagLayout,
    params: &[f32],
    (g, first, embed_row): (usize, usize, usize),
    windows: &WindowIndex,
) -> Slab {
    let group = layout.shape().filters[g];
    let ranges = &layout.filters[g];
    let count = (group.count - first).min(SLAB_ROWS * LANES);
    let rows = rows_of(count);
    let columns = |row: usize| row * group.count + first..row * group.count + first + count;
    let mut table = vec![Row::default(); group.width * CODES * rows];
    let weight = &params[ranges.weight.clone()];
    for t in 0..group.width {
        for x in 0..CODES - 1 {
            let at = (t * CODES + x) * rows;
            floats_mut(&mut table[at..at + rows])[..count]
                .copy_from_slice(&weight[columns(t * (CODES - 1) + x)]);
        }
    }
    let mut bias = vec![Row::default(); rows];
    floats_mut(&mut bias)[..count].copy_from_slice(&params[ranges.bias.clone()][columns(0)]);
    let mut starts = vec![Row::default(); windows.len() * rows];
    let position = &params[ranges.position.clone()];
    if windows.terms > 0 {
        for (start, basis) in
            starts.chunks_exact_mut(rows).zip(windows.basis.chunks_exact(windows.terms))
        {
            let start = floats_mut(start);
            for (r, &basis) in basis.iter().enumerate().filter(|&(_, &basis)| basis != 0.0) {
                for (start, &value) in start.iter_mut().zip(&position[columns(r)]) {
                    *start += basis * value;
                }
            }
        }
    }
    Slab { group: g, width: group.width, rows, first, count, embed_row, table, bias, starts }
}

fn pack_keys(
    layout: &BagLayout,
    params: &[f32],
    places: &[usize],
    embed_rows: usize,
) -> Vec<KeyLayer> {
    let width = layout.shape().attention_width;
    let key_rows = rows_of(width);
    let own_places: Vec<usize> = (0..width).collect();
    let mut layers = Vec::with_capacity(layout.keys.len());
    for (l, (weight, bias)) in layout.keys.iter().enumerate() {
        let (places, input_rows) =
            if l == 0 { (places, embed_rows) } else { (&own_places[..], key_rows) };
        let inputs = places.last().map_or(0, |last| last + 1);
        let mut layer = KeyLayer {
            inputs,
            weight: vec![Row::default(); inputs * key_rows],
            transposed: vec![Row::default(); width * input_rows],
            bias: pack_matrix(&params[bias.clone()], width),
        };
        for (&place, values) in places.iter().zip(params[weight.clone()].chunks_exact(width)) {
            let row = &mut layer.weight[place * key_rows..(place + 1) * key_rows];
            floats_mut(row)[..width].copy_from_slice(values);
            let transposed = floats_mut(&mut layer.transposed);
            for (a, &value) in values.iter().enumerate() {
                transposed[a * input_rows * LANES + place] = value;
            }
        }
        layers.push(layer);
    }
    layers
}
