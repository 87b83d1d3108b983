// What each sequence contributed: scores, attention, evidence; or its embedding.

template <bool STAGED>
__device__ __forceinline__ void describe_parts(
    const Sizes& sizes, const float* global_model, const float* starts, const BagData* data, const Part* parts,
    int n_parts, const float* pooled, const float* head, int targets, float* scores, float* attention,
    float* evidence) {
    stage<STAGED>(sizes, global_model);
    const float* model = model_of<STAGED>(global_model);
    WarpScratch scratch = warp_scratch(sizes);
    int n = lane_id() % TILE, heads = sizes.heads;
#pragma unroll 1
    for (int p = blockIdx.x; p < n_parts; p += gridDim.x) {
        Part part = parts[p];
        BagData bag = data[part.data];
#pragma unroll 1
        for (u32 first = part.start + warp_id() * TILE; first < part.end; first += warps() * TILE) {
            Tile tile = load_tile(sizes, bag, first, part.end);
            embed<STAGED>(sizes, global_model, starts, bag, tile, scratch.tile);
            float* keys = attend(sizes, model, scratch.tile.embed, scratch.keys, 0);
            bool writes = lane_id() < tile.count;
            size_t row = bag.row + first + n;
#pragma unroll 1
            for (int h = 0; h < heads; h++) {
                float score = score_of(sizes, model, tile, keys, h);
                float weight = exp_weight(score - pooled[h]) * (1.0f / pooled[heads + h]);
                if (lane_id() < TILE) scratch.weights[h * TILE + n] = weight;
                if (writes) {
                    scores[row * heads + h] = score;
                    attention[row * heads + h] = weight;
                }
            }
            __syncwarp();
#pragma unroll 1
            for (int t = 0; t < targets; t++) {
                float sum = 0.0f;
#pragma unroll 1
                for (int h = 0; h < heads; h++) {
                    const float* vector = head + (size_t)(t * heads + h) * sizes.dim_blocks * 32;
                    float dot = dot_row(vector, scratch.tile.embed, sizes.dim_stride, sizes.dim_blocks * 8);
                    sum = sum + scratch.weights[h * TILE + n] * dot;
                }
                if (writes) evidence[row * targets + t] = sum;
            }
            __syncwarp();
        }
    }
}

#define SEQUENCES(NAME, STAGED)                                                                            \
    extern "C" __global__ void __launch_bounds__(512) NAME(                                                \
        const __grid_constant__ Sizes sizes, const float* model, const float* starts, const BagData* data, const Part* parts,      \
        int n_parts, const float* pooled, const float* head, int targets, float* scores, float* attention, \
        float* evidence) {                                                                                 \
        describe_parts<STAGED>(sizes, model, starts, data, parts, n_parts, pooled, head, targets, scores,  \
                               attention, evidence);                                                       \
    }
SEQUENCES(sequences_staged, true)
SEQUENCES(sequences_direct, false)

// Embeddings (n, D), and the first residue of each filter's first maximal window (n, C).
extern "C" __global__ void __launch_bounds__(512) embeddings(
    const __grid_constant__ Sizes sizes, const float* model, const float* starts, const BagData* data, const Part* parts, int n_parts,
    float* values, u16* windows) {
    stage<false>(sizes, model);
    WarpScratch scratch = warp_scratch(sizes);
#pragma unroll 1
    for (int p = blockIdx.x; p < n_parts; p += gridDim.x) {
        Part part = parts[p];
        BagData bag = data[part.data];
#pragma unroll 1
        for (u32 first = part.start + warp_id() * TILE; first < part.end; first += warps() * TILE) {
            Tile tile = load_tile(sizes, bag, first, part.end);
            embed<false>(sizes, model, starts, bag, tile, scratch.tile);
#pragma unroll 1
            for (int n = 0; n < tile.count; n++) {
                size_t row = bag.row + first + n;
#pragma unroll 1
                for (int d = lane_id(); d < sizes.dim; d += 32)
                    values[row * sizes.dim + d] = scratch.tile.embed[n * sizes.dim_stride + d];
#pragma unroll 1
                for (int c = lane_id(); c < sizes.channels; c += 32)
                    windows[row * sizes.channels + c] = scratch.tile.args[n * sizes.slabs * 32 + c];
            }
            __syncwarp();
        }
    }
}
