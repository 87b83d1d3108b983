// The calls of the CUDA driver that the program makes; the lack of another would end it with a message.
// Everything is done at once, so that streams have nothing to order.

#include "emulator.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace {

// Results, attributes: the numbers of cuda.h.
enum Result { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101, NOT_FOUND = 500 };
enum DeviceAttribute {
    CLOCK_KILOHERTZ = 13,
    MULTIPROCESSORS = 16,
    CAPABILITY_MAJOR = 75,
    CAPABILITY_MINOR = 76,
    SHARED_PER_MULTIPROCESSOR = 81,
    SHARED_PER_BLOCK = 97,
    MEMORY_POOLS = 115,
};
enum FunctionAttribute { LARGEST_DYNAMIC_SHARED = 8 };

constexpr size_t MEMORY = size_t(4) << 30;
constexpr unsigned THREADS_PER_BLOCK = 1024;
// Few, so that blocks take several parts.
constexpr int MULTIPROCESSOR_COUNT = 2;
// Of each block the driver keeps this much for itself.
constexpr size_t RESERVED_SHARED = 1024;

// Shared memory of a block in bytes; as much as an H100 has unless REPERIO_EMULATOR_SHARED says otherwise.
size_t shared_per_block() {
    const char* chosen = getenv("REPERIO_EMULATOR_SHARED");
    return chosen ? strtoul(chosen, nullptr, 10) : 232448;
}

int attribute(int which) {
    switch (which) {
        case CLOCK_KILOHERTZ: return 1000000;
        case MULTIPROCESSORS: return MULTIPROCESSOR_COUNT;
        case CAPABILITY_MAJOR: return 9;
        case CAPABILITY_MINOR: return 0;
        case SHARED_PER_MULTIPROCESSOR: return shared_per_block() + RESERVED_SHARED;
        case SHARED_PER_BLOCK: return shared_per_block();
        case MEMORY_POOLS: return 1;
        default: return 0;
    }
}

// Kernels of different threads take turns.
std::mutex lock;
thread_local void* context;
// What handles of contexts, modules, streams and pools point to: there is one of each.
char handle;

// An event is the time of its record.
using Clock = std::chrono::steady_clock;

} // namespace

extern "C" {

Result cuInit(unsigned) { return SUCCESS; }

Result cuDeviceGetCount(int* count) {
    *count = 1;
    return SUCCESS;
}

Result cuDeviceGet(int* device, int ordinal) {
    *device = ordinal;
    return ordinal == 0 ? SUCCESS : INVALID_DEVICE;
}

Result cuDeviceGetName(char* name, int length, int) {
    snprintf(name, length, "Emulated GPU");
    return SUCCESS;
}

Result cuDeviceTotalMem_v2(size_t* bytes, int) {
    *bytes = MEMORY;
    return SUCCESS;
}

Result cuDeviceGetAttribute(int* value, int which, int) {
    *value = attribute(which);
    return SUCCESS;
}

Result cuDevicePrimaryCtxRetain(void** made, int) {
    *made = &handle;
    return SUCCESS;
}

Result cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }

Result cuCtxSetCurrent(void* chosen) {
    context = chosen;
    return SUCCESS;
}

Result cuCtxGetCurrent(void** current) {
    *current = context;
    return SUCCESS;
}

Result cuStreamCreate(void** stream, unsigned) {
    *stream = &handle;
    return SUCCESS;
}

Result cuStreamDestroy_v2(void*) { return SUCCESS; }

Result cuStreamSynchronize(void*) { return SUCCESS; }

Result cuEventCreate(void** event, unsigned) {
    *event = new Clock::time_point;
    return SUCCESS;
}

Result cuEventRecord(void* event, void*) {
    *static_cast<Clock::time_point*>(event) = Clock::now();
    return SUCCESS;
}

Result cuEventSynchronize(void*) { return SUCCESS; }

Result cuEventElapsedTime(float* milliseconds, void* start, void* end) {
    auto at = [](void* event) { return *static_cast<Clock::time_point*>(event); };
    *milliseconds = std::chrono::duration<float, std::milli>(at(end) - at(start)).count();
    return SUCCESS;
}

Result cuEventDestroy_v2(void* event) {
    delete static_cast<Clock::time_point*>(event);
    return SUCCESS;
}

Result cuDeviceGetDefaultMemPool(void** pool, int) {
    *pool = &handle;
    return SUCCESS;
}

Result cuMemPoolSetAttribute(void*, int, void*) { return SUCCESS; }

Result cuMemGetInfo_v2(size_t* free, size_t* total) {
    *total = MEMORY;
    *free = MEMORY - std::min(allocated(), MEMORY);
    return SUCCESS;
}

Result cuMemAllocAsync(void** start, size_t bytes, void*) {
    // As the driver does.
    if (bytes == 0) return INVALID_VALUE;
    if (allocated() + bytes > MEMORY) return OUT_OF_MEMORY;
    *start = allocate(bytes);
    return *start ? SUCCESS : OUT_OF_MEMORY;
}

Result cuMemFreeAsync(void* start, void*) {
    release(start);
    return SUCCESS;
}

Result cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t bytes, void*) {
    memcpy(to, from, bytes);
    return SUCCESS;
}

Result cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t bytes, void*) {
    memcpy(to, from, bytes);
    return SUCCESS;
}

Result cuMemsetD8Async(void* to, unsigned char value, size_t bytes, void*) {
    memset(to, value, bytes);
    return SUCCESS;
}

// The kernels are those of the library, whatever is in `image`.
Result cuModuleLoadData(void** module, const void*) {
    *module = &handle;
    return SUCCESS;
}

Result cuModuleUnload(void*) { return SUCCESS; }

Result cuModuleGetFunction(const void** function, void*, const char* name) {
    *function = find_kernel(name);
    return *function ? SUCCESS : NOT_FOUND;
}

Result cuFuncSetAttribute(void*, int which, int value) {
    bool too_much = which == LARGEST_DYNAMIC_SHARED && size_t(value) > shared_per_block();
    return too_much ? INVALID_VALUE : SUCCESS;
}

Result cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int* blocks, void*, int threads, size_t shared, unsigned) {
    size_t fit = (shared_per_block() + RESERVED_SHARED) / (shared + RESERVED_SHARED);
    *blocks = std::min<size_t>(fit, THREADS_PER_BLOCK / threads);
    return SUCCESS;
}

Result cuLaunchKernel(
    const Kernel* kernel, unsigned blocks, unsigned, unsigned, unsigned threads, unsigned, unsigned,
    unsigned shared, void*, void** arguments, void**) {
    std::lock_guard<std::mutex> guard(lock);
    if (blocks == 0 || threads == 0 || threads > THREADS_PER_BLOCK) return INVALID_VALUE;
    if (shared > shared_per_block()) return INVALID_VALUE;
    run({blocks, threads, shared}, kernel->name, [=] { kernel->call(arguments); });
    return SUCCESS;
}

Result cuGetErrorName(Result, const char** name) {
    *name = "EMULATED_ERROR";
    return SUCCESS;
}

Result cuGetErrorString(Result, const char** text) {
    *text = "the emulator refused";
    return SUCCESS;
}

} // extern "C"
