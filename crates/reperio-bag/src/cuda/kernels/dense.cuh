// Small dense products over the eight sequences of a warp. Sums run in ascending order of the inner
// index, one fused multiply-add a term, as on the CPU.

// out[n][a] = SELU(bias[a] + sum_d left[n][d] weight[d][a]): a lane an output, eight sequences in registers.
__device__ __forceinline__ void key_layer(
    const float* left, int left_stride, int depth, const float* weight, const float* bias, float* out,
    int out_stride, int blocks) {
    int weight_stride = blocks * 32 + 1;
#pragma unroll 1
    for (int a = lane_id(); a < blocks * 32; a += 32) {
        float sum[TILE];
#pragma unroll
        for (int n = 0; n < TILE; n++) sum[n] = bias[a];
#pragma unroll 1
        for (int d = 0; d < depth; d += 4) {
            const float* w = weight + d * weight_stride + a;
            float w0 = w[0], w1 = w[weight_stride], w2 = w[2 * weight_stride], w3 = w[3 * weight_stride];
#pragma unroll
            for (int n = 0; n < TILE; n++) {
                float4 e = *(const float4*)(left + n * left_stride + d);
                sum[n] = fmaf(e.x, w0, sum[n]);
                sum[n] = fmaf(e.y, w1, sum[n]);
                sum[n] = fmaf(e.z, w2, sum[n]);
                sum[n] = fmaf(e.w, w3, sum[n]);
            }
        }
#pragma unroll
        for (int n = 0; n < TILE; n++) out[n * out_stride + a] = selu(sum[n]);
    }
    __syncwarp();
}

// <vector, rows[n]> for the sequence n = lane % 8, in all four lanes that have it. `quads` float4 each.
__device__ __forceinline__ float dot_row(const float* vector, const float* rows, int stride, int quads) {
    int n = lane_id() % TILE;
    const float4* row = (const float4*)(rows + n * stride);
    float sum = 0.0f;
    for (int i = lane_id() / TILE; i < quads; i += 4) {
        float4 a = ((const float4*)vector)[i], b = row[i];
        sum = fmaf(a.x, b.x, sum);
        sum = fmaf(a.y, b.y, sum);
        sum = fmaf(a.z, b.z, sum);
        sum = fmaf(a.w, b.w, sum);
    }
    sum = sum + __shfl_xor_sync(ALL_LANES, sum, 8);
    return sum + __shfl_xor_sync(ALL_LANES, sum, 16);
}

// Sum, and largest, over the eight sequences of values that lie as those of `dot_row`.
__device__ __forceinline__ float tile_sum(float value) {
    value = value + __shfl_xor_sync(ALL_LANES, value, 1);
    value = value + __shfl_xor_sync(ALL_LANES, value, 2);
    return value + __shfl_xor_sync(ALL_LANES, value, 4);
}

__device__ __forceinline__ float tile_max(float value) {
    value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, 1));
    value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, 2));
    return fmaxf(value, __shfl_xor_sync(ALL_LANES, value, 4));
}

// Inputs of key layer l, whole quads.
__device__ __forceinline__ int key_depth(const Sizes& sizes, int l) {
    return ((l == 0 ? sizes.dim : sizes.width) + 3) / 4 * 4;
}

// Follows a tile through the key network. Layer l stands `step * l` floats behind `keys`, or with
// `step` 0 layers alternate between two buffers; returns the last.
__device__ __forceinline__ float* attend(
    const Sizes& sizes, const float* model, const float* embeddings, float* keys, int step) {
    const float* left = embeddings;
    int stride = sizes.dim_stride;
    float* out = keys;
#pragma unroll 1
    for (int l = 0; l < sizes.layers; l++) {
        out = keys + (step ? step * l : (l % 2) * TILE * sizes.width_stride);
        key_layer(left, stride, key_depth(sizes, l), model + sizes.key[l], model + sizes.key_bias[l], out,
                  sizes.width_stride, sizes.width_blocks);
        left = out;
        stride = sizes.width_stride;
    }
    return out;
}

// Score of head h for the sequence lane % 8; -inf where the tile has none.
__device__ __forceinline__ float score_of(
    const Sizes& sizes, const float* model, const Tile& tile, const float* keys, int h) {
    int n = lane_id() % TILE;
    float dot = dot_row(model + sizes.query + h * sizes.width_stride, keys, sizes.width_stride, sizes.width_blocks * 8);
    float log_count = __shfl_sync(ALL_LANES, tile.log_count, n);
    return n < tile.count ? fmaf(log_count, model[sizes.gamma + h], dot) : -INFINITY;
}
