// Pooling: every block pools parts of repertoires, online over its warps' tiles; then a block a
// repertoire merges the parts in their order.

// A warp's scratch, in floats: embeddings, two layers of keys, weights, then the running softmax and the
// pooled embedding (H, D in whole blocks), then bytes.
struct WarpScratch {
    Scratch tile;
    float *keys, *weights, *max, *sum, *factor, *z;
};

__device__ __forceinline__ WarpScratch warp_scratch(const Sizes& sizes) {
    float* own = shared_floats() + sizes.scratch + warp_id() * sizes.warp_floats;
    WarpScratch scratch;
    scratch.tile.embed = own;
    scratch.keys = scratch.tile.embed + TILE * sizes.dim_stride;
    scratch.weights = scratch.keys + 2 * TILE * sizes.width_stride;
    scratch.max = scratch.weights + sizes.heads * TILE;
    scratch.sum = scratch.max + HEADS;
    scratch.factor = scratch.sum + HEADS;
    scratch.z = scratch.factor + HEADS;
    scratch.tile.codes = (u8*)(scratch.z + sizes.heads * sizes.dim_blocks * 32);
    scratch.tile.args = scratch.tile.codes + TILE * sizes.code_stride;
    return scratch;
}

// Adds a tile to the warp's pooled embedding, whose running maximum may rise.
__device__ __forceinline__ void pool_tile(
    const Sizes& sizes, const float* model, const Tile& tile, const float* keys, const WarpScratch& scratch) {
    int lane = lane_id(), dim = sizes.dim_blocks * 32;
#pragma unroll 1
    for (int h = 0; h < sizes.heads; h++) {
        float score = score_of(sizes, model, tile, keys, h);
        float before = scratch.max[h], sum_before = scratch.sum[h];
        float largest = fmaxf(before, tile_max(score));
        float factor = exp_weight(before - largest), weight = exp_weight(score - largest);
        float sum = tile_sum(weight);
        __syncwarp();
        if (lane < TILE) scratch.weights[h * TILE + lane] = weight;
        if (lane == 0) {
            scratch.max[h] = largest;
            scratch.sum[h] = fmaf(sum_before, factor, sum);
            scratch.factor[h] = factor;
        }
    }
    __syncwarp();
#pragma unroll 1
    for (int d = lane; d < dim; d += 32) {
        float e[TILE];
#pragma unroll
        for (int n = 0; n < TILE; n++) e[n] = scratch.tile.embed[n * sizes.dim_stride + d];
#pragma unroll 1
        for (int h = 0; h < sizes.heads; h++) {
            const float* weights = scratch.weights + h * TILE;
            float z = scratch.z[h * dim + d] * scratch.factor[h];
#pragma unroll
            for (int n = 0; n < TILE; n++) z = fmaf(weights[n], e[n], z);
            scratch.z[h * dim + d] = z;
        }
    }
    __syncwarp();
}

// Merges the warps in their order into the part's result: maximum (8), sum (8), z (H, D in whole blocks).
__device__ __forceinline__ void merge_warps(const Sizes& sizes, float* out) {
    int dim = sizes.dim_blocks * 32, floats = sizes.warp_floats;
    const WarpScratch first = warp_scratch(sizes);
    int back = warp_id() * floats;
#pragma unroll 1
    for (int i = threadIdx.x; i < sizes.heads * (dim + 1); i += blockDim.x) {
        int h = i / (dim + 1), d = i % (dim + 1);
        const float *max = first.max - back + h, *sum = first.sum - back + h, *z = first.z - back + h * dim + d;
        float largest = -INFINITY, total = 0.0f;
        for (int w = 0; w < warps(); w++) largest = fmaxf(largest, max[w * floats]);
        for (int w = 0; w < warps(); w++)
            total = fmaf(exp_weight(max[w * floats] - largest), d < dim ? z[w * floats] : sum[w * floats], total);
        if (d < dim) {
            out[2 * HEADS + h * dim + d] = total;
        } else {
            out[h] = largest;
            out[HEADS + h] = total;
        }
    }
}

template <bool STAGED>
__device__ __forceinline__ void pool_parts(
    const Sizes& sizes, const float* global_model, const float* starts, const BagData* data, const Part* parts,
    int n_parts, float* partials) {
    stage<STAGED>(sizes, global_model);
    const float* model = model_of<STAGED>(global_model);
    WarpScratch scratch = warp_scratch(sizes);
    int dim = sizes.dim_blocks * 32;
#pragma unroll 1
    for (int p = blockIdx.x; p < n_parts; p += gridDim.x) {
        Part part = parts[p];
        BagData bag = data[part.data];
        if (lane_id() < HEADS) {
            scratch.max[lane_id()] = -INFINITY;
            scratch.sum[lane_id()] = 0.0f;
        }
        for (int i = lane_id(); i < sizes.heads * dim; i += 32) scratch.z[i] = 0.0f;
        __syncwarp();
#pragma unroll 1
        for (u32 first = part.start + warp_id() * TILE; first < part.end; first += warps() * TILE) {
            Tile tile = load_tile(sizes, bag, first, part.end);
            embed<STAGED>(sizes, global_model, starts, bag, tile, scratch.tile);
            float* keys = attend(sizes, model, scratch.tile.embed, scratch.keys, 0);
            pool_tile(sizes, model, tile, keys, scratch);
        }
        __syncthreads();
        merge_warps(sizes, partials + (size_t)part.slot * (2 * HEADS + sizes.heads * dim));
        __syncthreads();
    }
}

#define FORWARD(NAME, STAGED)                                                                              \
    extern "C" __global__ void __launch_bounds__(512) NAME(                                                \
        const __grid_constant__ Sizes sizes, const float* model, const float* starts, const BagData* data, const Part* parts,      \
        int n_parts, float* partials) {                                                                    \
        pool_parts<STAGED>(sizes, model, starts, data, parts, n_parts, partials);                          \
    }
FORWARD(forward_staged, true)
FORWARD(forward_direct, false)

// Merges the parts `first[b]..first[b + 1]` of each bag b: maximum (H), sum (H), z (H, D). In double:
// the order is fixed, and a repertoire has at most a few hundred parts.
extern "C" __global__ void merge_parts(const __grid_constant__ Sizes sizes, const u32* first, float* partials, float* pooled) {
    int dim = sizes.dim_blocks * 32, heads = sizes.heads;
    size_t stride = 2 * HEADS + heads * dim;
    u32 start = first[blockIdx.x], end = first[blockIdx.x + 1];
    float* out = pooled + (size_t)blockIdx.x * heads * (2 + sizes.dim);
    __shared__ float largest[HEADS];
    __shared__ double totals[HEADS];
    if (threadIdx.x < heads) {
        float max = -INFINITY;
#pragma unroll 1
        for (u32 p = start; p < end; p++) max = fmaxf(max, partials[p * stride + threadIdx.x]);
        largest[threadIdx.x] = max;
        out[threadIdx.x] = max;
    }
    __syncthreads();
    for (u32 i = threadIdx.x; i < (end - start) * heads; i += blockDim.x) {
        float* own = partials + (start + i / heads) * stride + i % heads;
        *own = exp_weight(*own - largest[i % heads]);
    }
    __syncthreads();
    if (threadIdx.x < heads) {
        double sum = 0.0;
        for (u32 p = start; p < end; p++) {
            const float* own = partials + p * stride + threadIdx.x;
            sum += (double)own[0] * (double)own[HEADS];
        }
        totals[threadIdx.x] = sum;
        out[heads + threadIdx.x] = (float)sum;
    }
    __syncthreads();
#pragma unroll 1
    for (int i = threadIdx.x; i < heads * sizes.dim; i += blockDim.x) {
        int h = i / sizes.dim, d = i % sizes.dim;
        double z = 0.0;
        for (u32 p = start; p < end; p++) {
            const float* own = partials + p * stride;
            z += (double)own[h] * (double)own[2 * HEADS + h * dim + d];
        }
        out[2 * heads + i] = start < end ? (float)(z / totals[h]) : 0.0f;
    }
}
