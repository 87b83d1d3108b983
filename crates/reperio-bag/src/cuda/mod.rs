//! The bag operation on a GPU, as kernels that the CUDA driver loads at run time.
//!
//! The program needs no CUDA to be built or to start: the driver's library is looked for when a [`Gpu`]
//! is opened. The kernels (`kernels/bag.cu`) stand beside the program that was compiled from them
//! (`bag.ptx`, by `ptx.sh`); the driver compiles that for the GPU at hand.
//!
//! # How it runs
//!
//! A bag is cut into parts by its size alone (`waves`). A block takes part after part, a warp of it eight
//! sequences at a time: the residues go to shared memory, a lane has one filter, so that one row of a
//! table is one conflict-free read; the key network has one lane per output and eight sequences in
//! registers; scores and softmax have four lanes a sequence. Each warp pools online, a block merges its
//! warps in order, and a last kernel the parts of a bag in order, in double.
//!
//! Backward follows every tile again. The gradient of a block has one warp and lane for every number, which
//! adds in a fixed order: the tap of a filter table belongs to a warp, the channel to a lane. The blocks'
//! gradients are summed in order. So there is no atomic addition, and the same call has the same bits on
//! the same GPU. Filters' values, keys and the choice of windows have the CPU's bits, because every sum runs in
//! its order; softmax and gradients agree to rounding.
//!
//! Repertoires stay in the GPU's memory while somebody holds them (`resident`); one that is too large
//! streams through in stretches.
//!
//! # Counted ceiling
//!
//! Shared memory serves one row of 32 floats a cycle and multiprocessor. For a sequence of 15 residues, 32
//! filters of 9 residues, two layers of 32, one head:
//!
//! | | rows |
//! |---|---|
//! | scan: 7 windows x 9 taps, 6 for the codes | 69 |
//! | key network: 2 layers x (32 rows of weights for 8 sequences + 8 broadcasts of 4 inputs) | 24 |
//! | results, scores, pooling | 10 |
//! | **forward** | **103** |
//! | forward again | 103 |
//! | key network backward: 2 layers x (12 for the inputs, 16 for the weights) | 56 |
//! | scatter: 9 taps x (value, window, code, read, write) | 45 |
//! | results, scores | 16 |
//! | **forward + backward** | **323** |
//!
//! At 132 multiprocessors and 1.7 GHz that is 2.2 x 10^9 sequences per second forward and 0.7 x 10^9 forward +
//! backward; `benches/cuda.rs` counts with the highest clock of the GPU at hand. Residues and other columns are 27
//! bytes per sequence: 59 GB/s, far from what the memory gives.
//!
//! An H100 (132 multiprocessors) does 1.0 x 10^9 and 0.29 x 10^9, 45 % and 41 % of that. Its profiler (`ncu`) says of the
//! forward kernel: 64 registers a thread, 2 blocks of 16 warps a multiprocessor, 47 % occupancy, 71 % of the peak of shared memory
//! and L1; of the backward kernel: 122 registers, 2 blocks of 8 warps, 23 % occupancy, 61 % of the arithmetic peak.
//! Both are limited by registers and shared memory alike.

mod calls;
mod driver;
mod error;
mod gpu;
mod gradient;
mod launch;
mod model;
mod plan;
mod resident;
mod sizes;
mod waves;

use cudarc::driver::CudaContext;

pub use error::CudaError;
use error::Doing;
pub use gpu::Gpu;
pub(crate) use gpu::knows;

/// A GPU and its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuInfo {
    /// Number of the GPU, from 0.
    pub ordinal: usize,
    /// Name that its driver gives.
    pub name: String,
    /// Memory in bytes.
    pub memory: u64,
}

/// The GPUs of this machine; none if no driver is installed.
///
/// # Errors
///
/// If there is a driver that does not answer.
pub fn gpus() -> Result<Vec<GpuInfo>, CudaError> {
    if !driver::is_present() {
        return Ok(Vec::new());
    }
    let count = CudaContext::device_count().doing("count the GPUs")?;
    let gpu = |ordinal: usize| {
        let context = CudaContext::new(ordinal).doing("open the GPU")?;
        let name = context.name().doing("ask the GPU")?;
        let memory = context.total_mem().doing("ask the GPU")? as u64;
        Ok(GpuInfo { ordinal, name, memory })
    };
    (0..count as usize).map(gpu).collect()
}
