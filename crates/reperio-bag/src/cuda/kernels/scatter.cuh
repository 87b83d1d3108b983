// From the gradient of a tile's embeddings to filters, position terms and genes. The work is cut into
// units, each for one warp: the taps of each slab, each slab's biases and position terms, V and J genes.

// Gradient of one tap's table rows (21, 32), and of its channels of DeepRC's position terms.
__device__ __forceinline__ void scatter_tap(
    const Sizes& sizes, const Block& block, const float2* channels, int slab, int tap, int width, float scale,
    float* table, float* position) {
    int lane = lane_id(), c = slab * 32 + lane;
    bool live = c < sizes.channels;
    float start = 0.0f, end = 0.0f, centre = 0.0f;
#pragma unroll 1
    for (int n = 0; n < block.sequences; n += 4) {
        int at[4];
        float value[4];
#pragma unroll
        for (int k = 0; k < 4; k++) {
            int p = block.args[(n + k) * sizes.slabs * 32 + c];
            float g = live ? block.embed[(n + k) * sizes.dim_stride + c] * scale : 0.0f;
            value[k] = g * block.factors[n + k];
            at[k] = block.codes[(n + k) * sizes.code_stride + p + tap] * 32 + lane;
            int length = block.lengths[n + k];
            if (sizes.position == DEEPRC && tap < width && p + tap < length) {
                float2 basis = channels[start_row(length, p + tap)];
                bool first = p + tap < (length + 1) / 2;
                start = fmaf(g, first ? basis.x : 0.0f, start);
                end = fmaf(g, first ? 0.0f : basis.x, end);
                centre = fmaf(g, basis.y, centre);
            }
        }
        add_four(table, at, value);
    }
    if (sizes.position == DEEPRC && tap < width) {
        float* own = position + 3 * tap * 32 + lane;
        own[0] += start;
        own[32] += end;
        own[64] += centre;
    }
}

// Gradient of a slab's biases, and of its ramps or bins.
__device__ __forceinline__ void scatter_position(
    const Sizes& sizes, const Block& block, int slab, int width, float scale, float* bias, float* position) {
    int lane = lane_id(), c = slab * 32 + lane;
    if (c >= sizes.channels) return;
    float sum = 0.0f, ramps[3] = {0.0f, 0.0f, 0.0f};
#pragma unroll 1
    for (int n = 0; n < block.sequences; n += 4) {
        int from_start[4], from_end[4];
        float value[4];
#pragma unroll
        for (int k = 0; k < 4; k++) {
            int p = block.args[(n + k) * sizes.slabs * 32 + c], length = block.lengths[n + k];
            float g = block.embed[(n + k) * sizes.dim_stride + c];
            int to_end = residues_to_end(length, width, p);
            sum = sum + g;
            value[k] = p < length ? g * scale : 0.0f;
            if (sizes.position == RAMPS) {
                ramps[0] = fmaf(value[k], (float)p / 10.0f, ramps[0]);
                ramps[1] = fmaf(value[k], (float)to_end / 10.0f, ramps[1]);
                ramps[2] = fmaf(value[k], centre_distance(length, width, p) / 10.0f, ramps[2]);
            }
            from_start[k] = min(p, sizes.from_start - 1) * 32 + lane;
            from_end[k] = (sizes.from_start + min(to_end, sizes.from_end - 1)) * 32 + lane;
        }
        if (sizes.position == BINS) {
            add_four(position, from_start, value);
            add_four(position, from_end, value);
        }
    }
    bias[c] += sum;
    for (int r = 0; sizes.position == RAMPS && r < 3; r++) position[r * 32 + lane] += ramps[r];
}

// Gradient of a table of gene embeddings (genes, G).
__device__ __forceinline__ void scatter_genes(
    const Sizes& sizes, const Block& block, const int* genes, float* table) {
#pragma unroll 1
    for (int k = lane_id(); k < sizes.genes; k += 32) {
#pragma unroll 1
        for (int n = 0; n < block.sequences; n += 4) {
            int at[4];
            float value[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                at[i] = genes[n + i] * sizes.genes + k;
                value[i] = block.embed[(n + i) * sizes.dim_stride + sizes.channels + k];
            }
            add_four(table, at, value);
        }
    }
}

__device__ __forceinline__ void scatter(
    const Sizes& sizes, const Block& block, const float* model, const float2* channels, float scale) {
    float* gradient = block.gradient;
    int next = 0;
#pragma unroll 1
    for (int slab = 0; slab < sizes.slabs; slab++) {
        int4 own = *(const int4*)(model + sizes.slab_list + 4 * slab);
        int width = __float_as_int(model[sizes.widths + slab * 32 + lane_id()]);
        float* table = gradient + sizes.d_table + (own.x - sizes.tables);
        float* position = gradient + sizes.d_position + slab * sizes.position_rows * 32;
#pragma unroll 1
        for (int tap = 0; tap < own.y; tap++)
            if (next++ % warps() == warp_id())
                scatter_tap(sizes, block, channels, slab, tap, width, scale, table + tap * CODES * 32, position);
        if (next++ % warps() == warp_id())
            scatter_position(sizes, block, slab, width, scale, gradient + sizes.d_bias, position);
    }
    if (sizes.genes > 0) {
        if (next++ % warps() == warp_id()) scatter_genes(sizes, block, block.v, gradient + sizes.d_gene_v);
        if (next++ % warps() == warp_id()) scatter_genes(sizes, block, block.j, gradient + sizes.d_gene_j);
    }
}
