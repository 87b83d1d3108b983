// The threads of a grid. One block runs at a time, on fibers: each thread has a stack, and goes on until
// it waits for others. In which order they go on must not matter, so it can be chosen:
// REPERIO_EMULATOR_ORDER is forward, reverse or random.

#include "emulator.h"
#include "language.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <ucontext.h>
#include <vector>

Index threadIdx, blockIdx, blockDim, gridDim;
// As the kernels declare it (language.h).
thread_local float4* dynamic_shared[1];

namespace {

constexpr unsigned WARP = 32;
constexpr size_t STACK = 1 << 16;

enum Order { FORWARD, REVERSE, RANDOM };
enum State { READY, AT_SHUFFLE, AT_SYNCWARP, AT_SYNCTHREADS, DONE, STATES };

struct Fiber {
    void* stack;
    // Where it begins, and where it goes on: `swapcontext` would ask the system each time.
    ucontext_t beginning;
    jmp_buf rest;
    bool has_begun;
    State state;
    // Shuffles so far: a lane may be one ahead of another, so two generations of values are kept.
    unsigned shuffles;
    uint32_t given[2];
};

// At least those of a block; kept for the next one because of their stacks.
std::vector<Fiber> fibers;
jmp_buf scheduler;
std::string kernel_name;
const std::function<void()>* kernel;
Order order;
// One for all launches: the same call meets different orders.
std::mt19937 generator(1);

Fiber& current() { return fibers[threadIdx.x]; }

void wait(State state) {
    Fiber& own = current();
    own.state = state;
    if (_setjmp(own.rest) == 0) _longjmp(scheduler, 1);
}

void enter() {
    (*kernel)();
    wait(DONE);
}

// Lets the thread go on until it waits or ends.
void resume(unsigned id) {
    threadIdx.x = id;
    Fiber& fiber = current();
    if (_setjmp(scheduler) != 0) return;
    if (fiber.has_begun) _longjmp(fiber.rest, 1);
    fiber.has_begun = true;
    setcontext(&fiber.beginning);
}

void prepare(Fiber& fiber) {
    if (fiber.stack == nullptr) fiber.stack = allocate(STACK);
    getcontext(&fiber.beginning);
    fiber.beginning.uc_stack.ss_sp = fiber.stack;
    fiber.beginning.uc_stack.ss_size = STACK;
    makecontext(&fiber.beginning, enter, 0);
    fiber.has_begun = false;
    fiber.state = READY;
    fiber.shuffles = 0;
}

Order chosen_order() {
    const char* chosen = getenv("REPERIO_EMULATOR_ORDER");
    std::string name = chosen ? chosen : "forward";
    if (name == "forward") return FORWARD;
    if (name == "reverse") return REVERSE;
    if (name == "random") return RANDOM;
    fail("REPERIO_EMULATOR_ORDER is \"" + name + "\", expected forward, reverse or random");
}

// Which of n goes on first, second and so on.
std::vector<unsigned> in_order(unsigned n) {
    std::vector<unsigned> ids(n);
    std::iota(ids.begin(), ids.end(), 0);
    if (order == REVERSE) std::reverse(ids.begin(), ids.end());
    if (order == RANDOM) std::shuffle(ids.begin(), ids.end(), generator);
    return ids;
}

unsigned lanes_of(unsigned first) { return std::min(WARP, blockDim.x - first); }

// Lets the threads of a warp that all wait at the same kind of place go on. One that a lane has left for
// good, or for another place, would hang a GPU or give it nonsense.
bool pass_warp(unsigned first) {
    unsigned count[STATES] = {}, lanes = lanes_of(first);
    for (unsigned lane = 0; lane < lanes; lane++) count[fibers[first + lane].state]++;
    unsigned waiting = count[AT_SHUFFLE] + count[AT_SYNCWARP];
    if (waiting == 0) return false;
    if (count[AT_SHUFFLE] != lanes && count[AT_SYNCWARP] != lanes) {
        threadIdx.x = first;
        fail("not all lanes of this thread's warp come to the same shuffle or __syncwarp");
    }
    for (unsigned lane = 0; lane < lanes; lane++) fibers[first + lane].state = READY;
    return true;
}

// Lets all threads go on once those that have not ended wait at __syncthreads; false if all have ended.
bool pass_block() {
    bool waits = false;
    for (unsigned id = 0; id < blockDim.x; id++) {
        if (fibers[id].state != AT_SYNCTHREADS) continue;
        fibers[id].state = READY;
        waits = true;
    }
    return waits;
}

// Runs the lanes of a warp that are ready, each until it waits; false if the warp can go no further alone.
bool advance(unsigned warp) {
    unsigned first = warp * WARP;
    for (unsigned lane : in_order(lanes_of(first)))
        if (fibers[first + lane].state == READY) resume(first + lane);
    return pass_warp(first);
}

// Runs until every thread waits at __syncthreads or has ended. One warp goes as far as it can before the
// next starts, or at random any warp goes on: a race between two of them meets both extremes.
void run_to_barrier() {
    std::vector<unsigned> warps = in_order((blockDim.x + WARP - 1) / WARP);
    while (!warps.empty()) {
        size_t next = order == RANDOM ? generator() % warps.size() : 0;
        if (!advance(warps[next])) warps.erase(warps.begin() + next);
    }
}

void run_block(size_t shared) {
    dynamic_shared[0] = static_cast<float4*>(allocate(shared));
    for (unsigned id = 0; id < blockDim.x; id++) prepare(fibers[id]);
    do run_to_barrier();
    while (pass_block());
    release(dynamic_shared[0]);
}

} // namespace

void __syncthreads() { wait(AT_SYNCTHREADS); }

void __syncwarp() { wait(AT_SYNCWARP); }

uint32_t shuffle(uint32_t value, unsigned source) {
    unsigned first = threadIdx.x / WARP * WARP, generation = current().shuffles++ % 2;
    current().given[generation] = value;
    wait(AT_SHUFFLE);
    return fibers[first + source].given[generation];
}

void run(const Grid& grid, const std::string& name, const std::function<void()>& body) {
    order = chosen_order();
    kernel_name = name;
    kernel = &body;
    gridDim.x = grid.blocks;
    blockDim.x = grid.threads;
    if (fibers.size() < grid.threads) fibers.resize(grid.threads);
    for (unsigned block : in_order(grid.blocks)) {
        blockIdx.x = block;
        run_block(grid.shared);
    }
    kernel = nullptr;
}

std::string place() {
    if (kernel == nullptr) return "outside of kernels";
    return kernel_name + ", block " + std::to_string(blockIdx.x) + ", thread " +
           std::to_string(threadIdx.x);
}

void fail(const std::string& problem) {
    fprintf(stderr, "emulator: %s (%s)\n", problem.c_str(), place().c_str());
    abort();
}
