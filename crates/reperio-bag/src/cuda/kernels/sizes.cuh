// What the host tells every kernel, and where things lie in memory. `sizes.rs` has the same structs.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

// Sequences that a warp follows together.
#define TILE 8
// Code of a position outside a sequence, and residue rows of a filter table: its row is zero.
#define PAD 20
#define CODES 21
// State patterns, at most.
#define HEADS 8
#define ALL_LANES 0xffffffffu

// Position terms.
#define RAMPS 1
#define BINS 2
#define DEEPRC 3

// Sizes of a bag operation. Offsets count floats: of the model, of a gradient, of shared memory.
struct Sizes {
    // C, D, G, A, H, and layers of the key network.
    int channels, dim, genes, width, heads, layers;
    // Blocks of 32 of the channels, the embedding, a key.
    int slabs, dim_blocks, width_blocks;
    // Floats from one sequence's embedding or key to the next: whole blocks and 4, which spreads eight
    // sequences over the banks.
    int dim_stride, width_stride;
    // Bytes from one sequence's codes to the next.
    int code_stride;
    // Windows::Padded; a kind of position term, its rows and bins; BagShape::count_scaling.
    int padded, position, position_rows, from_start, from_end, count_scaling;
    // Model: (table, taps, narrowest width, 0) a slab as integers; widths and biases of the channels;
    // tables (taps, 21, 32); layers (inputs, A + 1) with A in whole blocks, their biases; queries
    // (H, width_stride); gamma. The first `staged` floats, up to here, are copied to shared memory.
    int slab_list, widths, bias, key[3], key_bias[3], query, gamma, staged;
    // Then position parameters (rows, C) with C in whole blocks, and genes (genes, G).
    int position_terms, gene_v, gene_j;
    // Gradient of a block: tables and biases as in the model, position (slab, rows, 32), layers
    // (inputs, A) and biases in whole blocks, queries (H, A), gamma (8), genes; all of it.
    int d_table, d_bias, d_position, d_key[3], d_key_bias[3], d_query, d_gamma, d_gene_v, d_gene_j, d_len;
    // First table of the model.
    int tables;
    // Shared memory: what a warp has for itself, and in the backward pass the block's gradient (or -1:
    // in global memory), its dz, and each warp's gradient of the queries.
    int warp_floats, scratch, gradient, dz, warp_query;
};

// A repertoire, or a stretch of one, in device memory.
struct BagData {
    const u8* residues;
    const u32* offsets;
    const u16* v;
    const u16* j;
    const float* log_counts;
    // What offsets[0] is: sequences of a stretch keep the offsets of the whole.
    u32 first_residue;
    // Which bag of the call it is of.
    u32 bag;
    // Place of its first sequence among all results.
    u32 row;
    float scale;
    int padded_length;
    int reserved;
};

// Sequences start..end of a BagData: the unit of work of a block. `slot` is where its result goes.
struct Part {
    u32 data, start, end, slot;
};

#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#endif

extern __shared__ float4 arena[];

// Shared memory begins with the sizes, for functions that are called and not inlined; then the model.
#define MODEL_AT 64

__device__ __forceinline__ float* shared_floats() { return (float*)arena; }

__device__ __forceinline__ const Sizes& shared_sizes() { return *(const Sizes*)arena; }

// The model as a kernel reads it: the copy in shared memory if it fits there.
template <bool STAGED>
__device__ __forceinline__ const float* model_of(const float* model) {
    return STAGED ? shared_floats() + MODEL_AT : model;
}

template <bool STAGED>
__device__ __forceinline__ void stage(const Sizes& sizes, const float* model) {
    if (threadIdx.x == 0) *(Sizes*)arena = sizes;
    float4* copy = arena + MODEL_AT / 4;
    for (int i = threadIdx.x; STAGED && i < sizes.staged / 4; i += blockDim.x) copy[i] = ((const float4*)model)[i];
    __syncthreads();
}

__device__ __forceinline__ int lane_id() { return threadIdx.x & 31; }
__device__ __forceinline__ int warp_id() { return threadIdx.x >> 5; }
__device__ __forceinline__ int warps() { return blockDim.x >> 5; }

// Row of the start table of window p in a sequence of `length`: all windows of shorter sequences first.
__device__ __forceinline__ int start_row(int length, int p) { return length * (length - 1) / 2 + p; }
