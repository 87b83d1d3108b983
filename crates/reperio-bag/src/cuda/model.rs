//! Parameters as the kernels read them: one vector of words, its first part copied to shared memory.

use super::super::layout::BagLayout;
use super::super::pack::CODES;
use super::super::position::PositionTerms;
use super::super::shape::{BagShape, Windows};
use super::sizes::{HEADS, Sizes, int};

/// Lanes of a warp: channels of a slab, and of a block of an embedding or a key.
pub(super) const WARP: usize = 32;

/// Up to 32 channels that a warp scans together, of any filter groups.
pub(super) struct Slab {
    /// Floats from the first table to its own.
    pub(super) table: usize,
    /// Width of its widest filter.
    pub(super) taps: usize,
}

/// A packed model.
pub(super) struct PackedModel {
    pub(super) sizes: Sizes,
    pub(super) slabs: Vec<Slab>,
    /// Filter group of each channel, and its place in the group.
    pub(super) channels: Vec<(usize, usize)>,
    /// Floats, and integers among them.
    pub(super) words: Vec<u32>,
}

/// Lays arrays one after another, each at a multiple of four words.
#[derive(Default)]
struct Words(Vec<u32>);

impl Words {
    fn place(&mut self, len: usize) -> usize {
        let at = self.0.len();
        self.0.resize(at + len.next_multiple_of(4), 0);
        at
    }

    fn set(&mut self, at: usize, values: &[f32]) {
        for (word, value) in self.0[at..at + values.len()].iter_mut().zip(values) {
            *word = value.to_bits();
        }
    }
}

impl PackedModel {
    /// Packs `params`, for sequences of up to `max_length` residues.
    pub(super) fn new(layout: &BagLayout, params: &[f32], max_length: usize) -> Self {
        let shape = layout.shape();
        let channels: Vec<(usize, usize)> = shape
            .filters
            .iter()
            .enumerate()
            .flat_map(|(g, group)| (0..group.count).map(move |c| (g, c)))
            .collect();
        let mut model = Self {
            sizes: sizes(shape, max_length),
            slabs: Vec::new(),
            channels,
            words: Vec::new(),
        };
        let mut words = Words::default();
        model.pack_filters(layout, params, &mut words);
        model.pack_keys(layout, params, &mut words);
        model.sizes.staged = int(words.0.len());
        model.pack_rest(layout, params, &mut words);
        model.words = words.0;
        model.place_gradient(shape);
        model
    }

    fn pack_filters(&mut self, layout: &BagLayout, params: &[f32], words: &mut Words) {
        let filters = &layout.shape().filters;
        let width = |&(g, _): &(usize, usize)| filters[g].width;
        let slabs = self.channels.len().div_ceil(WARP);
        let (list, widths) = (words.place(4 * slabs), words.place(WARP * slabs));
        let bias = words.place(WARP * slabs);
        let tables = words.0.len();
        for (s, channels) in self.channels.chunks(WARP).enumerate() {
            let taps = channels.iter().map(width).max().unwrap_or(1);
            let narrowest = channels.iter().map(width).min().unwrap_or(1);
            let table = words.place(taps * CODES * WARP);
            words.0[list + 4 * s..][..3].copy_from_slice(&[
                table as u32,
                taps as u32,
                narrowest as u32,
            ]);
            words.0[widths + WARP * s..][..WARP].fill(narrowest as u32);
            for (lane, &(g, c)) in channels.iter().enumerate() {
                let ranges = &layout.filters[g];
                words.0[widths + WARP * s + lane] = filters[g].width as u32;
                words.set(bias + WARP * s + lane, &[params[ranges.bias.start + c]]);
                for row in 0..filters[g].width * (CODES - 1) {
                    let (t, x) = (row / (CODES - 1), row % (CODES - 1));
                    let at = table + (t * CODES + x) * WARP + lane;
                    words.set(at, &[params[ranges.weight.start + row * filters[g].count + c]]);
                }
            }
            self.slabs.push(Slab { table: table - tables, taps });
        }
        let sizes = &mut self.sizes;
        (sizes.slab_list, sizes.widths, sizes.bias) = (int(list), int(widths), int(bias));
        sizes.tables = int(tables);
    }

    fn pack_keys(&mut self, layout: &BagLayout, params: &[f32], words: &mut Words) {
        let sizes = &mut self.sizes;
        let (width, padded) = (layout.shape().attention_width, sizes.width_blocks as usize * WARP);
        for (l, (weight, bias)) in layout.keys.iter().enumerate() {
            let inputs = weight.len() / width;
            let at = words.place(inputs.next_multiple_of(4) * (padded + 1));
            for (d, row) in params[weight.clone()].chunks_exact(width).enumerate() {
                words.set(at + d * (padded + 1), row);
            }
            sizes.key[l] = int(at);
            let at = words.place(padded);
            words.set(at, &params[bias.clone()]);
            sizes.key_bias[l] = int(at);
        }
        let stride = sizes.width_stride as usize;
        let query = words.place(layout.shape().heads * stride);
        for (h, row) in params[layout.query.clone()].chunks_exact(width).enumerate() {
            words.set(query + h * stride, row);
        }
        let gamma = words.place(HEADS);
        words.set(gamma, &params[layout.gamma.clone()]);
        (sizes.query, sizes.gamma) = (int(query), int(gamma));
    }

    fn pack_rest(&mut self, layout: &BagLayout, params: &[f32], words: &mut Words) {
        let shape = layout.shape();
        let stride = self.sizes.slabs as usize * WARP;
        let position = words.place(self.sizes.position_rows as usize * stride);
        for (channel, &(g, c)) in self.channels.iter().enumerate() {
            let count = shape.filters[g].count;
            let values = &params[layout.filters[g].position.clone()];
            for (r, value) in values.iter().skip(c).step_by(count).enumerate() {
                words.set(position + r * stride + channel, &[*value]);
            }
        }
        self.sizes.position_terms = int(position);
        let genes = layout.genes.clone().map(|range| {
            let at = words.place(range.len());
            words.set(at, &params[range]);
            int(at)
        });
        (self.sizes.gene_v, self.sizes.gene_j) = (genes[0], genes[1]);
    }

    /// Lays out the gradient of a block.
    fn place_gradient(&mut self, shape: &BagShape) {
        let sizes = &mut self.sizes;
        let padded = sizes.width_blocks as usize * WARP;
        let slabs = sizes.slabs as usize;
        let mut len = 0;
        let mut place = |floats: usize| {
            len += floats.next_multiple_of(4);
            int(len - floats.next_multiple_of(4))
        };
        sizes.d_table = place(self.slabs.iter().map(|slab| slab.taps * CODES * WARP).sum());
        sizes.d_bias = place(slabs * WARP);
        sizes.d_position = place(slabs * sizes.position_rows as usize * WARP);
        for l in 0..shape.attention_layers {
            let inputs = if l == 0 { shape.embedding_dim() } else { shape.attention_width };
            sizes.d_key[l] = place(inputs.next_multiple_of(4) * padded);
            sizes.d_key_bias[l] = place(padded);
        }
        sizes.d_query = place(shape.heads * padded);
        sizes.d_gamma = place(HEADS);
        sizes.d_gene_v = place(shape.v_genes * shape.gene_dim);
        sizes.d_gene_j = place(shape.j_genes * shape.gene_dim);
        sizes.d_len = int(len);
    }
}

/// What follows from the shape alone.
fn sizes(shape: &BagShape, max_length: usize) -> Sizes {
    let blocks = |floats: usize| floats.div_ceil(WARP);
    let (dim_blocks, width_blocks) = (blocks(shape.embedding_dim()), blocks(shape.attention_width));
    let (position, bins) = match shape.position {
        PositionTerms::None => (0, (1, 1)),
        PositionTerms::Ramps => (1, (1, 1)),
        PositionTerms::Bins { from_start, from_end } => (2, (from_start, from_end)),
        PositionTerms::DeepRc => (3, (1, 1)),
    };
    Sizes {
        channels: int(shape.channels()),
        dim: int(shape.embedding_dim()),
        genes: int(shape.gene_dim),
        width: int(shape.attention_width),
        heads: int(shape.heads),
        layers: int(shape.attention_layers),
        slabs: int(blocks(shape.channels())),
        dim_blocks: int(dim_blocks),
        width_blocks: int(width_blocks),
        dim_stride: int(dim_blocks * WARP + 4),
        width_stride: int(width_blocks * WARP + 4),
        // Four windows at a time read the codes of the widest filter, in words.
        code_stride: int((max_length + 20).next_multiple_of(4)),
        padded: i32::from(shape.windows == Windows::Padded),
        position,
        position_rows: int(shape.position.rows(shape.max_width())),
        from_start: int(bins.0),
        from_end: int(bins.1),
        count_scaling: i32::from(shape.count_scaling),
        ..Sizes::default()
    }
}
