// The block's tile of the backward pass: eight sequences a warp, in shared memory, and where the block
// adds up its gradient. Every number of a gradient has one warp and lane that adds to it, in a fixed
// order: no atomic operation, and the same bits every time.

// Shared arrays of a block of `warps() * TILE` sequences.
struct Block {
    // (sequences, dim_stride), (layers, sequences, width_stride), (sequences, HEADS) twice.
    float *embed, *keys, *attention, *dscores;
    // (sequences): factor of the residues, f; length; genes.
    float* factors;
    int *lengths, *v, *j;
    u8 *args, *codes;
    // The gradient, in shared or global memory; dz (H, D in whole blocks); each warp's gradient of the
    // queries (H, A in whole blocks) and of gamma (8).
    float *gradient, *dz, *warp_query;
    int sequences;
};

__device__ __forceinline__ Block block_of(const Sizes& sizes, float* global_gradient) {
    Block block;
    int n = warps() * TILE;
    block.sequences = n;
    block.embed = shared_floats() + sizes.scratch;
    block.keys = block.embed + n * sizes.dim_stride;
    block.attention = block.keys + sizes.layers * n * sizes.width_stride;
    block.dscores = block.attention + n * HEADS;
    block.factors = block.dscores + n * HEADS;
    block.lengths = (int*)(block.factors + n);
    block.v = block.lengths + n;
    block.j = block.v + n;
    block.codes = (u8*)(block.j + n);
    block.args = block.codes + n * sizes.code_stride;
    block.gradient = global_gradient;
    block.dz = shared_floats() + sizes.dz;
    block.warp_query = shared_floats() + sizes.warp_query;
    return block;
}

// Adds four values to places that may be the same, in order, with their reads under way together.
__device__ __forceinline__ void add_four(float* base, const int (&at)[4], const float (&value)[4]) {
    float sum[4];
#pragma unroll
    for (int k = 0; k < 4; k++) sum[k] = base[at[k]];
#pragma unroll
    for (int k = 0; k < 4; k++) {
#pragma unroll
        for (int before = 0; before < k; before++)
            if (at[before] == at[k]) sum[k] = sum[before];
        sum[k] = sum[k] + value[k];
    }
#pragma unroll
    for (int k = 0; k < 4; k++) base[at[k]] = sum[k];
}

// Adds left^T right over the tile to `out` (rows, blocks * 32), four rows a warp at a time, and the sums of
// right to `bias`: the gradient of a key layer.
__device__ __forceinline__ void add_outer(
    const Block& block, const float* left, int left_stride, int depth, const float* right, int right_stride,
    int blocks, float* out, float* bias) {
    int lane = lane_id();
#pragma unroll 1
    for (int unit = warp_id(); unit < depth / 4 * blocks; unit += warps()) {
        int d = unit / blocks * 4, a = unit % blocks * 32 + lane;
        float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f}, column = 0.0f;
#pragma unroll 4
        for (int n = 0; n < block.sequences; n++) {
            float4 e = *(const float4*)(left + n * left_stride + d);
            float g = right[n * right_stride + a];
            sum[0] = fmaf(e.x, g, sum[0]);
            sum[1] = fmaf(e.y, g, sum[1]);
            sum[2] = fmaf(e.z, g, sum[2]);
            sum[3] = fmaf(e.w, g, sum[3]);
            column = column + g;
        }
#pragma unroll
        for (int k = 0; k < 4; k++) out[(d + k) * blocks * 32 + a] += sum[k];
        if (d == 0) bias[a] += column;
    }
}

// rows[n][d] = slope(rows[n][d]) * (sum_a right[n][a] weight[d][a] + sum_h attention[n][h] dz[h][d]), for
// the warp's sequences, in place: from the gradient of a layer to that of its inputs. Inputs from
// `sloped` on have no SELU; without `attention` the second sum is absent.
__device__ __forceinline__ void pull_back(
    const Sizes& sizes, const float* right, const float* weight, int depth, float* rows, int stride, int blocks,
    int sloped, const float* attention, const float* dz) {
    int weight_stride = sizes.width_blocks * 32 + 1;
#pragma unroll 1
    for (int d = lane_id(); d < blocks * 32; d += 32) {
        float sum[TILE];
#pragma unroll
        for (int n = 0; n < TILE; n++) sum[n] = 0.0f;
#pragma unroll 1
        for (int h = 0; attention && h < sizes.heads; h++) {
            float up = dz[h * blocks * 32 + d];
#pragma unroll
            for (int n = 0; n < TILE; n++) sum[n] = fmaf(attention[n * HEADS + h], up, sum[n]);
        }
        const float* w = weight + min(d, depth - 1) * weight_stride;
#pragma unroll 1
        for (int a = 0; a < sizes.width_blocks * 32; a += 4) {
            float w0 = w[a], w1 = w[a + 1], w2 = w[a + 2], w3 = w[a + 3];
#pragma unroll
            for (int n = 0; n < TILE; n++) {
                float4 g = *(const float4*)(right + n * sizes.width_stride + a);
                sum[n] = fmaf(g.x, w0, sum[n]);
                sum[n] = fmaf(g.y, w1, sum[n]);
                sum[n] = fmaf(g.z, w2, sum[n]);
                sum[n] = fmaf(g.w, w3, sum[n]);
            }
        }
#pragma unroll
        for (int n = 0; n < TILE; n++) {
            float y = rows[n * stride + d];
            float slope = d < sloped ? selu_slope(y) : 1.0f;
            rows[n * stride + d] = d < depth ? sum[n] * slope : 0.0f;
        }
    }
}
