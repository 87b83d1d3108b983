// What the parts of the emulator offer each other.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

// --- memory.cpp: device memory in which wrong accesses do not pass.

// Memory that ends at a page nobody may touch, full of NaN; null if the system gives none.
void* allocate(size_t bytes);
// Gives it back; ends the program if the bytes around it were written.
void release(void* start);
// Bytes that are allocated now.
size_t allocated();

// --- blocks.cpp: the threads of a grid.

struct Grid {
    unsigned blocks, threads;
    // Dynamic shared memory in bytes.
    size_t shared;
};

// Runs `kernel` once for each thread.
void run(const Grid& grid, const std::string& name, const std::function<void()>& kernel);
// Kernel, block and thread that run now.
std::string place();
// Ends the program with `problem` and the place.
[[noreturn]] void fail(const std::string& problem);

// --- kernels.cpp: the kernels by name.

struct Kernel {
    std::string name;
    // Calls it with its arguments as the driver gets them, an address each.
    std::function<void(void**)> call;
};

// Null if there is none.
const Kernel* find_kernel(const std::string& name);
