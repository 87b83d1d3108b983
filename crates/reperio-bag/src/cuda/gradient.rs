//! The way back from the kernels' gradient to the flat parameters.

use super::super::layout::BagLayout;
use super::super::pack::CODES;
use super::model::{PackedModel, WARP};

/// The flat gradient of `total`, which lies as the kernels' gradients do.
pub(super) fn unpack(layout: &BagLayout, model: &PackedModel, total: &[f64]) -> Vec<f32> {
    let mut flat = vec![0.0; layout.len()];
    let sizes = &model.sizes;
    unpack_filters(layout, model, total, &mut flat);
    let padded = sizes.width_blocks as usize * WARP;
    let width = layout.shape().attention_width;
    for (l, (weight, bias)) in layout.keys.iter().enumerate() {
        rows(&total[sizes.d_key[l] as usize..], padded, width, &mut flat[weight.clone()]);
        rows(&total[sizes.d_key_bias[l] as usize..], padded, width, &mut flat[bias.clone()]);
    }
    rows(&total[sizes.d_query as usize..], padded, width, &mut flat[layout.query.clone()]);
    let whole = [
        (sizes.d_gamma, &layout.gamma),
        (sizes.d_gene_v, &layout.genes[0]),
        (sizes.d_gene_j, &layout.genes[1]),
    ];
    for (at, range) in whole {
        let len = range.len();
        rows(&total[at as usize..], len, len, &mut flat[range.clone()]);
    }
    flat
}

/// Copies rows of `width` numbers, `stride` apart, as many as `out` holds.
fn rows(values: &[f64], stride: usize, width: usize, out: &mut [f32]) {
    for (out, values) in out.chunks_exact_mut(width.max(1)).zip(values.chunks(stride.max(1))) {
        for (out, &value) in out.iter_mut().zip(values) {
            *out = value as f32;
        }
    }
}

fn unpack_filters(layout: &BagLayout, model: &PackedModel, total: &[f64], flat: &mut [f32]) {
    let (shape, sizes) = (layout.shape(), &model.sizes);
    for (channel, &(g, c)) in model.channels.iter().enumerate() {
        let (group, ranges) = (shape.filters[g], &layout.filters[g]);
        let (slab, lane) = (channel / WARP, channel % WARP);
        let table = sizes.d_table as usize + model.slabs[slab].table + lane;
        flat[ranges.bias.start + c] = total[sizes.d_bias as usize + channel] as f32;
        for row in 0..group.width * (CODES - 1) {
            let (t, x) = (row / (CODES - 1), row % (CODES - 1));
            flat[ranges.weight.start + row * group.count + c] =
                total[table + (t * CODES + x) * WARP] as f32;
        }
        let position =
            sizes.d_position as usize + slab * sizes.position_rows as usize * WARP + lane;
        for r in 0..shape.position.rows(group.width) {
            flat[ranges.position.start + r * group.count + c] = total[position + r * WARP] as f32;
        }
    }
}
