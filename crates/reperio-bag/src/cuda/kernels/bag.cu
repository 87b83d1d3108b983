// The bag operation on CUDA: the kernels of `bag.ptx`. What they compute stands in `bag/mod.rs`, how they
// run and what bounds them in `cuda/mod.rs`. `ptx.sh` compiles; products and sums are never contracted
// unless written as fmaf, so that embeddings and keys have the bits of the CPU's.
#include "sizes.cuh"
#include "math.cuh"
#include "position.cuh"
#include "scan.cuh"
#include "dense.cuh"
#include "forward.cuh"
#include "sequences.cuh"
#include "tile.cuh"
#include "scatter.cuh"
#include "backward.cuh"
