// The kernels, compiled as C++, by name.

#include "language.h"

#include "bag.cu"

#include "emulator.h"

#include <utility>
#include <vector>

namespace {

template <class... Args, size_t... I>
void call(void (*kernel)(Args...), void** args, std::index_sequence<I...>) {
    kernel(*static_cast<std::decay_t<Args>*>(args[I])...);
}

template <class... Args>
Kernel entry(const char* name, void (*kernel)(Args...)) {
    auto with = [=](void** args) { call(kernel, args, std::index_sequence_for<Args...>()); };
    return {name, with};
}

#define ENTRY(KERNEL) entry(#KERNEL, KERNEL)

const std::vector<Kernel> kernels = {
    ENTRY(fold_starts),      ENTRY(merge_parts),      ENTRY(embeddings),      ENTRY(sum_gradients),
    ENTRY(forward_staged),   ENTRY(sequences_staged), ENTRY(backward_staged),
    ENTRY(forward_direct),   ENTRY(sequences_direct), ENTRY(backward_direct),
};

} // namespace

const Kernel* find_kernel(const std::string& name) {
    for (const Kernel& kernel : kernels)
        if (kernel.name == name) return &kernel;
    return nullptr;
}
