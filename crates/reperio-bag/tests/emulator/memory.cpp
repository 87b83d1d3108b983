// Device memory in which wrong accesses do not pass: an allocation ends at a page that nobody may touch,
// and all around it, like itself at first, is NaN.

#include "emulator.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <map>
#include <mutex>
#include <sys/mman.h>

namespace {

constexpr size_t PAGE = 4096;
// The kernels read quads of floats.
constexpr size_t ALIGNMENT = 16;
// Every float and double of these bytes is NaN, every index far out.
constexpr unsigned char POISON = 0xff;

// From `base`: a forbidden page, a gap, `bytes` from `start`, a gap, and a forbidden page.
struct Allocation {
    unsigned char *base, *start;
    size_t bytes, mapped;

    unsigned char* end() const { return start + bytes; }
    unsigned char* forbidden() const { return base + mapped - PAGE; }
};

std::mutex lock;
std::map<void*, Allocation> allocations;
size_t in_use = 0;

size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

bool is_poison(const unsigned char* from, const unsigned char* to) {
    return std::all_of(from, to, [](unsigned char byte) { return byte == POISON; });
}

// Says where a kernel went wrong, on the stack of its fiber: a thread's stack for signals is too small for
// text. Nothing runs after it, so it may do what a handler otherwise must not.
void explain(int, siginfo_t* info, void*) {
    auto* address = static_cast<unsigned char*>(info->si_addr);
    for (const auto& [_, found] : allocations)
        if (found.base <= address && address < found.base + found.mapped)
            fail("access " + std::to_string(address - found.start) + " bytes from the start of " +
                 std::to_string(found.bytes));
    fail("access outside of device memory");
}

void catch_faults() {
    struct sigaction action = {};
    action.sa_sigaction = explain;
    action.sa_flags = SA_SIGINFO | SA_RESETHAND;
    sigaction(SIGSEGV, &action, nullptr);
}

} // namespace

void* allocate(size_t bytes) {
    std::lock_guard<std::mutex> guard(lock);
    if (allocations.empty()) catch_faults();
    size_t room = round_up(bytes, ALIGNMENT), mapped = round_up(room, PAGE) + 2 * PAGE;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void* base = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (base == MAP_FAILED) return nullptr;
    memset(base, POISON, mapped);
    Allocation made = {static_cast<unsigned char*>(base), nullptr, bytes, mapped};
    made.start = made.forbidden() - room;
    mprotect(made.base, PAGE, PROT_NONE);
    mprotect(made.forbidden(), PAGE, PROT_NONE);
    allocations[made.start] = made;
    in_use += bytes;
    return made.start;
}

void release(void* start) {
    std::lock_guard<std::mutex> guard(lock);
    auto found = allocations.find(start);
    if (found == allocations.end()) fail("release of memory that is not allocated");
    const Allocation& gone = found->second;
    if (!is_poison(gone.base + PAGE, gone.start)) fail("a write in front of an allocation");
    if (!is_poison(gone.end(), gone.forbidden())) fail("a write behind an allocation");
    in_use -= gone.bytes;
    munmap(gone.base, gone.mapped);
    allocations.erase(found);
}

size_t allocated() {
    std::lock_guard<std::mutex> guard(lock);
    return in_use;
}
