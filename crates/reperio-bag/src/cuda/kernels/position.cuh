// Position terms: what a filter adds to a window because of where the window lies (`position.rs`).

__device__ __forceinline__ int residues_to_end(int length, int width, int p) {
    return max(length - width - p, 0);
}

// Distance of the window's centre from the sequence's.
__device__ __forceinline__ float centre_distance(int length, int width, int p) {
    return fabsf((float)(2 * p - (length - width)) * 0.5f);
}

__device__ __forceinline__ float add_term(float sum, float basis, float value) {
    return basis == 0.0f ? sum : sum + basis * value;
}

// Value of the position terms of one window under channel c; `terms` is (rows, C in whole blocks) and
// `channels` the start (or end) and centre channel of DeepRC by residue, rows as in the start table.
__device__ inline float position_value(
    const Sizes& sizes, const float* terms, const float2* channels, int width, int length, int p, int c) {
    int stride = sizes.slabs * 32;
    const float* own = terms + c;
    float sum = 0.0f;
    if (sizes.position == RAMPS) {
        sum = add_term(sum, (float)p / 10.0f, own[0]);
        sum = add_term(sum, (float)residues_to_end(length, width, p) / 10.0f, own[stride]);
        return add_term(sum, centre_distance(length, width, p) / 10.0f, own[2 * stride]);
    }
    if (sizes.position == BINS) {
        int to_end = residues_to_end(length, width, p);
        sum = own[min(p, sizes.from_start - 1) * stride];
        return sum + own[(sizes.from_start + min(to_end, sizes.from_end - 1)) * stride];
    }
    for (int t = 0; t < width && p + t < length; t++) {
        float2 value = channels[start_row(length, p + t)];
        int half = p + t < (length + 1) / 2 ? 0 : 1;
        sum = add_term(sum, value.x, own[(3 * t + half) * stride]);
        sum = add_term(sum, value.y, own[(3 * t + 2) * stride]);
    }
    return sum;
}

// Fills the start table (row, C in whole blocks) for all sequences up to the longest: a block a length.
extern "C" __global__ void fold_starts(const __grid_constant__ Sizes sizes, const float* model, const float2* channels, float* starts) {
    int length = blockIdx.x + 1, stride = sizes.slabs * 32;
    for (int i = threadIdx.x; i < length * stride; i += blockDim.x) {
        int p = i / stride, c = i % stride;
        float value = 0.0f;
        if (c < sizes.channels) {
            int width = __float_as_int(model[sizes.widths + c]);
            value = position_value(sizes, model + sizes.position_terms, channels, width, length, p, c);
        }
        starts[start_row(length, p) * stride + c] = value;
    }
}
