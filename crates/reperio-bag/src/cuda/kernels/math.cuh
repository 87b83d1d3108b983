// Exponential and SELU: the polynomial of `math.rs`, so that embeddings and keys have the bits of the CPU's.

__device__ __forceinline__ float exp_clamped(float x) {
    x = fmaxf(-87.0f, x);
    x = x > 88.0f ? 88.0f : x;
    float biased = fmaf(x, 1.44269504f, 12583039.0f);
    float n = biased - 12583039.0f;
    float r = fmaf(n, -0.693359375f, x);
    r = fmaf(n, 2.12194440e-4f, r);
    float poly = 1.987569150e-4f;
    poly = fmaf(poly, r, 1.398199950e-3f);
    poly = fmaf(poly, r, 8.333451980e-3f);
    poly = fmaf(poly, r, 4.166579570e-2f);
    poly = fmaf(poly, r, 1.666666550e-1f);
    poly = fmaf(poly, r, 0.5f);
    float exp_r = fmaf(poly, r * r, r + 1.0f);
    return exp_r * __int_as_float((int)((u32)__float_as_int(biased) << 23));
}

// exp(x) for x <= 0, and 0 below -87: the weight of a softmax.
__device__ __forceinline__ float exp_weight(float x) { return x < -87.0f ? 0.0f : exp_clamped(x); }

#define LAMBDA 1.050701f
#define LAMBDA_ALPHA 1.7580993f

__device__ __forceinline__ float selu(float x) {
    float negative = fmaf(exp_clamped(x), LAMBDA_ALPHA, -LAMBDA_ALPHA);
    return x > 0.0f ? x * LAMBDA : negative;
}

// Slope of SELU where its value is y.
__device__ __forceinline__ float selu_slope(float y) { return y > 0.0f ? LAMBDA : y + LAMBDA_ALPHA; }
