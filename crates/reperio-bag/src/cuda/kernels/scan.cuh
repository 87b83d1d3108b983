// Motif scan: a warp a sequence, a lane a channel, so that a row of a table is one conflict-free read.

// Eight sequences of a warp. Lane n has what belongs to sequence n; lanes from `count` on have a sequence
// of no residues.
struct Tile {
    int count;
    u32 at;
    int length;
    float log_count;
    int v, j;
};

// Where a warp keeps its tile: rows of TILE sequences.
struct Scratch {
    float* embed;
    u8* args;
    u8* codes;
};

__device__ __forceinline__ Tile load_tile(const Sizes& sizes, const BagData& bag, u32 first, u32 end) {
    Tile tile = {0, 0, 0, 0.0f, 0, 0};
    tile.count = first < end ? min(TILE, (int)(end - first)) : 0;
    int n = lane_id();
    if (n < tile.count) {
        u32 i = first + n;
        u32 at = bag.offsets[i];
        tile.at = at - bag.first_residue;
        tile.length = bag.offsets[i + 1] - at;
        tile.log_count = bag.log_counts[i];
        if (sizes.genes > 0) {
            tile.v = bag.v[i];
            tile.j = bag.j[i];
        }
    }
    return tile;
}

// Residue codes, each sequence followed by padding.
__device__ __forceinline__ void stage_codes(const Sizes& sizes, const BagData& bag, const Tile& tile, u8* codes) {
#pragma unroll 1
    for (int n = 0; n < TILE; n++) {
        int length = __shfl_sync(ALL_LANES, tile.length, n);
        u32 at = __shfl_sync(ALL_LANES, tile.at, n);
#pragma unroll 1
        for (int q = lane_id(); q < sizes.code_stride; q += 32)
            codes[n * sizes.code_stride + q] = q < length ? bag.residues[at + q] : PAD;
    }
}

// A lane's filter on one sequence.
struct Laid {
    const float* starts;
    int stride;
    int windows;
    float factor;
};

// Largest window and the first one that reaches it; `most` windows over all lanes. Four windows share
// the unpacking of their codes; a filter narrower than TAPS has rows of zeros behind its own.
template <int TAPS>
__device__ __forceinline__ void best_window(
    const u8* codes, const float* table, const Laid& laid, int most, float& best, int& arg) {
#pragma unroll 1
    for (int first = 0; first < most; first += 4) {
        u32 row[TAPS + 3];
        u32 word = 0;
#pragma unroll
        for (int t = 0; t < TAPS + 3; t++) {
            if (t % 4 == 0) word = *(const u32*)(codes + first + t);
            row[t] = (t % 4 == 0 ? word << 7 : word >> (8 * (t % 4) - 7)) & 0x7f80; // Bytes: 128 a code.
        }
#pragma unroll
        for (int w = 0; w < 4; w++) {
            int p = first + w;
            if (p >= most) break;
            float sum = *(const float*)((const char*)table + row[w]);
#pragma unroll
            for (int t = 1; t < TAPS; t++)
                sum = sum + *(const float*)((const char*)(table + t * CODES * 32) + row[w + t]);
            float start = laid.starts ? laid.starts[p * laid.stride] : 0.0f;
            float value = fmaf(laid.factor, sum, start);
            if (p < laid.windows && value > best) {
                best = value;
                arg = p;
            }
        }
    }
}

__device__ __forceinline__ void best_of(
    int taps, const u8* codes, const float* table, const Laid& laid, int most, float& best, int& arg) {
    switch (taps) {
#define WIDTH(TAPS) \
    case TAPS: best_window<TAPS>(codes, table, laid, most, best, arg); break;
        WIDTH(1) WIDTH(2) WIDTH(3) WIDTH(4) WIDTH(5) WIDTH(6) WIDTH(7) WIDTH(8)
        WIDTH(9) WIDTH(10) WIDTH(11) WIDTH(12) WIDTH(13) WIDTH(14) WIDTH(15)
#undef WIDTH
    }
}

// Windows that start inside a sequence; under Windows::Padded a window wholly in the padding, of value
// 0, competes after them if `beyond`.
__device__ __forceinline__ int windows_of(
    const Sizes& sizes, int padded_length, int width, int length, bool& beyond) {
    int all = padded_length - width + 1;
    beyond = sizes.padded && length < all;
    return sizes.padded ? min(length, all) : max(length - width, 0) + 1;
}

// Filters of a tile: lane n brings length and log-count of sequence n. `embed_at` counts floats of shared
// memory, `args_at` and `codes_at` bytes. One function for all kernels: it has every filter width.
template <bool STAGED>
__device__ __noinline__ void scan_tile(
    const float* global_model, const float* starts, int length_of_lane, float log_count_of_lane, float scale,
    int padded_length, int embed_at, int args_at, int codes_at) {
    const Sizes& sizes = shared_sizes();
    const float* model = model_of<STAGED>(global_model);
    int stride = sizes.slabs * 32;
#pragma unroll 1
    for (int slab = 0; slab < sizes.slabs; slab++) {
        int4 own = *(const int4*)(model + sizes.slab_list + 4 * slab);
        int c = slab * 32 + lane_id(), width = __float_as_int(model[sizes.widths + c]);
        float bias = model[sizes.bias + c];
#pragma unroll 1
        for (int n = 0; n < TILE; n++) {
            int length = __shfl_sync(ALL_LANES, length_of_lane, n);
            float log_count = __shfl_sync(ALL_LANES, log_count_of_lane, n);
            float best = -INFINITY, e = 0.0f;
            int arg = 0;
            if (length > 0) {
                bool beyond, any;
                Laid laid;
                laid.stride = stride;
                laid.starts = sizes.position ? starts + (size_t)start_row(length, 0) * stride + c : nullptr;
                laid.windows = windows_of(sizes, padded_length, width, length, beyond);
                laid.factor = sizes.count_scaling ? log_count : 1.0f;
                int most = windows_of(sizes, padded_length, own.z, length, any);
                const u8* codes = (const u8*)arena + codes_at + n * sizes.code_stride;
                best_of(own.y, codes, model + own.x + lane_id(), laid, most, best, arg);
                if (beyond && 0.0f > best) {
                    best = 0.0f;
                    arg = length;
                }
                e = selu(fmaf(best, scale, bias));
            }
            if (c < sizes.channels) shared_floats()[embed_at + n * sizes.dim_stride + c] = e;
            ((u8*)arena)[args_at + n * stride + c] = (u8)arg;
        }
    }
}

// Embeds a tile: channels, genes, and zeros up to whole blocks. Sequences that a tile lacks are zeros.
template <bool STAGED>
__device__ __forceinline__ void embed(
    const Sizes& sizes, const float* global_model, const float* starts, const BagData& bag, const Tile& tile,
    const Scratch& scratch) {
    stage_codes(sizes, bag, tile, scratch.codes);
    __syncwarp();
    scan_tile<STAGED>(global_model, starts, tile.length, tile.log_count, bag.scale, bag.padded_length,
                      scratch.embed - shared_floats(), scratch.args - (u8*)arena, scratch.codes - (u8*)arena);
#pragma unroll 1
    for (int n = 0; n < TILE; n++) {
        int v = __shfl_sync(ALL_LANES, tile.v, n), j = __shfl_sync(ALL_LANES, tile.j, n);
        float* out = scratch.embed + n * sizes.dim_stride;
#pragma unroll 1
        for (int k = lane_id(); k < sizes.genes; k += 32) {
            float e = global_model[sizes.gene_v + v * sizes.genes + k] + global_model[sizes.gene_j + j * sizes.genes + k];
            out[sizes.channels + k] = n < tile.count ? e : 0.0f;
        }
#pragma unroll 1
        for (int d = sizes.dim + lane_id(); d < sizes.dim_blocks * 32; d += 32) out[d] = 0.0f;
    }
    __syncwarp();
}
