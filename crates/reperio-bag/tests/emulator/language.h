// The part of CUDA's C++ that the kernels use, for an ordinary compiler.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

using std::max;
using std::min;

#define __global__
#define __device__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __grid_constant__

// One block runs at a time, so what its threads share is static. With `arena` the kernels' line
// `extern __shared__ float4 arena[];` declares a pointer, which is set before each block, and all
// other uses read it.
#define __shared__ thread_local
#define arena *dynamic_shared

struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(16) int4 {
    int x, y, z, w;
};

struct Index {
    unsigned x = 1, y = 1, z = 1;
};
extern Index threadIdx, blockIdx, blockDim, gridDim;

void __syncthreads();
void __syncwarp();

// What lane `source` of the warp gives.
uint32_t shuffle(uint32_t value, unsigned source);

template <class T>
T __shfl_sync(unsigned, T value, int source) {
    static_assert(sizeof(T) == 4, "one register");
    uint32_t bits;
    memcpy(&bits, &value, 4);
    bits = shuffle(bits, source & 31);
    memcpy(&value, &bits, 4);
    return value;
}

template <class T>
T __shfl_xor_sync(unsigned lanes, T value, int mask) {
    return __shfl_sync(lanes, value, (threadIdx.x & 31) ^ mask);
}

inline float __int_as_float(int bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

inline int __float_as_int(float value) {
    int bits;
    memcpy(&bits, &value, 4);
    return bits;
}
