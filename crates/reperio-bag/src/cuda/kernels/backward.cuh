// Gradients. Each block follows its parts again, tile by tile, and keeps one gradient for all of them;
// a last kernel sums the blocks' gradients in their order.

// What a bag's sequences need of the whole bag: dz (H, D in whole blocks), then max, 1 / sum and
// <dz, z>, 8 each.
__device__ __forceinline__ int upstream_floats(const Sizes& sizes) {
    return sizes.heads * sizes.dim_blocks * 32 + 3 * HEADS;
}

// Attention and the gradient of the scores of a warp's tile; adds to its gradient of gamma.
__device__ __forceinline__ void score_gradient(
    const Sizes& sizes, const float* model, const Block& block, const Tile& tile, const float* keys, int row,
    float* dgamma) {
    const float* softmax = block.dz + sizes.heads * sizes.dim_blocks * 32;
    int n = lane_id() % TILE;
    float log_count = __shfl_sync(ALL_LANES, tile.log_count, n);
#pragma unroll 1
    for (int h = 0; h < sizes.heads; h++) {
        float score = score_of(sizes, model, tile, keys, h);
        float attention = exp_weight(score - softmax[h]) * softmax[HEADS + h];
        float dot = dot_row(block.dz + h * sizes.dim_blocks * 32, block.embed + row * sizes.dim_stride,
                            sizes.dim_stride, sizes.dim_blocks * 8);
        float dscore = attention * (dot - softmax[2 * HEADS + h]);
        if (lane_id() < TILE) {
            block.attention[(row + n) * HEADS + h] = attention;
            block.dscores[(row + n) * HEADS + h] = dscore;
        }
        float sum = tile_sum(dscore * log_count);
        if (lane_id() == 0) dgamma[h] += sum;
    }
    __syncwarp();
}

// Adds to the warp's gradient of the queries, and turns its last keys into the gradient before their SELU.
__device__ __forceinline__ void query_gradient(
    const Sizes& sizes, const float* model, const Block& block, float* keys, int row, float* dquery) {
    int width = sizes.width_blocks * 32;
#pragma unroll 1
    for (int a = lane_id(); a < width; a += 32) {
        float key[TILE], gradient[TILE];
#pragma unroll
        for (int n = 0; n < TILE; n++) {
            key[n] = keys[n * sizes.width_stride + a];
            gradient[n] = 0.0f;
        }
#pragma unroll 1
        for (int h = 0; h < sizes.heads; h++) {
            float query = model[sizes.query + h * sizes.width_stride + a], sum = dquery[h * width + a];
#pragma unroll
            for (int n = 0; n < TILE; n++) {
                float dscore = block.dscores[(row + n) * HEADS + h];
                gradient[n] = fmaf(dscore, query, gradient[n]);
                sum = fmaf(dscore, key[n], sum);
            }
            dquery[h * width + a] = sum;
        }
#pragma unroll
        for (int n = 0; n < TILE; n++) keys[n * sizes.width_stride + a] = gradient[n] * selu_slope(key[n]);
    }
}

// A warp's part of a block's tile, up to the gradient of its last key layer.
template <bool STAGED>
__device__ __forceinline__ void follow(
    const Sizes& sizes, const float* global_model, const float* starts, const BagData& bag, const Block& block,
    u32 first, u32 end) {
    const float* model = model_of<STAGED>(global_model);
    int row = warp_id() * TILE, lane = lane_id();
    Tile tile = load_tile(sizes, bag, first + row, end);
    Scratch scratch;
    scratch.embed = block.embed + row * sizes.dim_stride;
    scratch.codes = block.codes + row * sizes.code_stride;
    scratch.args = block.args + row * sizes.slabs * 32;
    if (lane < TILE) {
        block.factors[row + lane] = sizes.count_scaling ? tile.log_count : 1.0f;
        block.lengths[row + lane] = tile.length;
        block.v[row + lane] = tile.v;
        block.j[row + lane] = tile.j;
    }
    embed<STAGED>(sizes, global_model, starts, bag, tile, scratch);
    float* keys = block.keys + row * sizes.width_stride;
    float* last = attend(sizes, model, scratch.embed, keys, block.sequences * sizes.width_stride);
    float* own = block.warp_query + warp_id() * (sizes.heads * sizes.width_blocks * 32 + HEADS);
    score_gradient(sizes, model, block, tile, last, row, own + sizes.heads * sizes.width_blocks * 32);
    query_gradient(sizes, model, block, last, row, own);
}

// Adds a tile's gradient of the key network, from the last layer down to the embeddings, whose place the
// gradient of the filters' values takes.
__device__ __forceinline__ void key_gradients(const Sizes& sizes, const float* model, const Block& block) {
    int row = warp_id() * TILE, layer = block.sequences * sizes.width_stride;
#pragma unroll 1
    for (int l = sizes.layers - 1; l >= 0; l--) {
        float* right = block.keys + l * layer;
        float* left = l == 0 ? block.embed : block.keys + (l - 1) * layer;
        int stride = l == 0 ? sizes.dim_stride : sizes.width_stride, depth = key_depth(sizes, l);
        add_outer(block, left, stride, depth, right, sizes.width_stride, sizes.width_blocks,
                  block.gradient + sizes.d_key[l], block.gradient + sizes.d_key_bias[l]);
        __syncthreads();
        pull_back(sizes, right + row * sizes.width_stride, model + sizes.key[l], depth, left + row * stride, stride,
                  l == 0 ? sizes.dim_blocks : sizes.width_blocks, l == 0 ? sizes.channels : sizes.width,
                  l == 0 ? block.attention + row * HEADS : nullptr, block.dz);
        __syncthreads();
    }
}

// Sums the warps' gradients of queries and gamma into the block's.
__device__ __forceinline__ void merge_queries(const Sizes& sizes, const Block& block) {
    int queries = sizes.heads * sizes.width_blocks * 32, own = queries + HEADS;
    for (int i = threadIdx.x; i < queries + sizes.heads; i += blockDim.x) {
        float sum = 0.0f;
        for (int w = 0; w < warps(); w++) sum = sum + block.warp_query[w * own + i];
        block.gradient[i < queries ? sizes.d_query + i : sizes.d_gamma + i - queries] = sum;
    }
}

template <bool STAGED>
__device__ __forceinline__ void pull_parts(
    const Sizes& sizes, const float* global_model, const float* starts, const float2* channels,
    const BagData* data, const Part* parts, int n_parts, const float* upstream, float* gradients) {
    stage<STAGED>(sizes, global_model);
    const float* model = model_of<STAGED>(global_model);
    float* out = gradients + (size_t)blockIdx.x * sizes.d_len;
    Block block = block_of(sizes, STAGED ? shared_floats() + sizes.gradient : out);
    for (int i = threadIdx.x; i < sizes.d_len; i += blockDim.x) block.gradient[i] = 0.0f;
    int own = sizes.heads * sizes.width_blocks * 32 + HEADS;
    for (int i = threadIdx.x; i < warps() * own; i += blockDim.x) block.warp_query[i] = 0.0f;
#pragma unroll 1
    for (int p = blockIdx.x; p < n_parts; p += gridDim.x) {
        Part part = parts[p];
        BagData bag = data[part.data];
        __syncthreads();
        for (int i = threadIdx.x; i < upstream_floats(sizes); i += blockDim.x)
            block.dz[i] = upstream[(size_t)bag.bag * upstream_floats(sizes) + i];
        __syncthreads();
#pragma unroll 1
        for (u32 first = part.start; first < part.end; first += block.sequences) {
            follow<STAGED>(sizes, global_model, starts, bag, block, first, part.end);
            __syncthreads();
            key_gradients(sizes, model, block);
            scatter(sizes, block, model, channels, bag.scale);
            __syncthreads();
        }
    }
    merge_queries(sizes, block);
    __syncthreads();
    if (STAGED)
        for (int i = threadIdx.x; i < sizes.d_len; i += blockDim.x) out[i] = block.gradient[i];
}

#define BACKWARD(NAME, STAGED)                                                                             \
    extern "C" __global__ void __launch_bounds__(512, 1) NAME(                                              \
        const __grid_constant__ Sizes sizes, const float* model, const float* starts, const float2* channels, const BagData* data, \
        const Part* parts, int n_parts, const float* upstream, float* gradients) {                         \
        pull_parts<STAGED>(sizes, model, starts, channels, data, parts, n_parts, upstream, gradients);     \
    }
BACKWARD(backward_staged, true)
BACKWARD(backward_direct, false)

// Adds the gradients of all blocks to `total`, in their order and in double.
extern "C" __global__ void sum_gradients(int len, int blocks, const float* gradients, double* total) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= len) return;
    double sum = total[i];
    for (int b = 0; b < blocks; b++) sum += (double)gradients[(size_t)b * len + i];
    total[i] = sum;
}
