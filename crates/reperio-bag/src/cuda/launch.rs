//! Launches of the kernels.

#![expect(unsafe_code, reason = "launches of kernels; tests/cuda.rs holds them to the CPU")]

use std::ffi::c_int;

use cudarc::driver::{CudaFunction, CudaSlice, DeviceRepr, LaunchConfig, PushKernelArg};

use super::driver::Driver;
use super::error::{CudaError, Doing};
use super::plan::Plan;
use super::sizes::{BagData, Part, Sizes};

/// Threads of the blocks of small kernels.
const THREADS: u32 = 256;

// SAFETY: `repr(C)` structs of 4-byte numbers, and in `BagData` 8-byte device addresses first, without
// padding and as the kernels declare them (`sizes::tests`).
unsafe impl DeviceRepr for Sizes {}
// SAFETY: as above.
unsafe impl DeviceRepr for BagData {}
// SAFETY: as above.
unsafe impl DeviceRepr for Part {}

/// What all kernels of a call read.
pub(super) struct Loaded {
    pub(super) model: CudaSlice<u32>,
    pub(super) starts: CudaSlice<f32>,
}

/// Work of one launch.
pub(super) struct Wave {
    pub(super) data: CudaSlice<BagData>,
    pub(super) parts: CudaSlice<Part>,
    pub(super) n_parts: i32,
}

/// Where the sequences kernel writes, (n, H) twice and (n, T).
pub(super) struct Described {
    pub(super) scores: CudaSlice<f32>,
    pub(super) attention: CudaSlice<f32>,
    pub(super) evidence: CudaSlice<f32>,
}

impl Driver {
    /// Blocks of `function` that run at once, and at most one a part.
    fn grid(
        &self,
        function: &CudaFunction,
        plan: &Plan,
        parts: i32,
    ) -> Result<LaunchConfig, CudaError> {
        let blocks = function
            .occupancy_max_active_blocks_per_multiprocessor(plan.threads(), plan.bytes, None)
            .doing("ask for the GPU's occupancy")?;
        let blocks = (blocks.max(1) * self.multiprocessors).min(parts as u32);
        Ok(LaunchConfig {
            grid_dim: (blocks, 1, 1),
            block_dim: (plan.threads(), 1, 1),
            shared_mem_bytes: plan.bytes as u32,
        })
    }

    /// Fills the start table of sequences up to `max_length`.
    pub(super) fn fold_starts(
        &self,
        sizes: &Sizes,
        model: &CudaSlice<u32>,
        (starts, max_length): (&mut CudaSlice<f32>, usize),
    ) -> Result<(), CudaError> {
        let mut launch = self.stream.launch_builder(&self.fold_starts);
        launch.arg(sizes).arg(model).arg(&self.channels).arg(starts);
        // SAFETY: `prepare` made `starts` with a row for every window of sequences up to `max_length`, and
        // `channels` reach to `MAX_LENGTH`, which `Sequences::check_columns` holds it to.
        unsafe { launch.launch(simple(max_length as u32)) }.doing("fold position terms")?;
        Ok(())
    }

    /// Pools the parts of a wave into their slots of `partials`.
    pub(super) fn forward(
        &self,
        plan: &Plan,
        (loaded, wave): (&Loaded, &Wave),
        partials: &mut CudaSlice<f32>,
    ) -> Result<(), CudaError> {
        let function = &self.forward[usize::from(!plan.staged)];
        let mut launch = self.stream.launch_builder(function);
        launch.arg(&plan.sizes).arg(&loaded.model).arg(&loaded.starts);
        launch.arg(&wave.data).arg(&wave.parts).arg(&wave.n_parts).arg(partials);
        // SAFETY: `for_each_wave` made the wave: its parts name sequences of their data, whose offsets, lengths
        // and residues `Columns::upload` checked and whose genes and longest sequence `Columns::check`. `pool`
        // made `partials` with a slot for each part; the plan's shared memory is what its sizes describe.
        unsafe { launch.launch(self.grid(function, plan, wave.n_parts)?) }.doing("pool")?;
        Ok(())
    }

    /// Merges the parts `first[b]..first[b + 1]` of each bag b.
    pub(super) fn merge_parts(
        &self,
        sizes: &Sizes,
        first: &CudaSlice<u32>,
        (partials, pooled): (&mut CudaSlice<f32>, &mut CudaSlice<f32>),
    ) -> Result<(), CudaError> {
        let bags = first.len() - 1;
        let mut launch = self.stream.launch_builder(&self.merge_parts);
        launch.arg(sizes).arg(first).arg(partials).arg(pooled);
        // SAFETY: `pool` made `first` with one entry more than there are blocks, the last of them the number of
        // slots, and `pooled` with a place for each block.
        unsafe { launch.launch(simple(bags as u32)) }.doing("merge parts")?;
        Ok(())
    }

    /// Describes the sequences of a wave's parts.
    pub(super) fn sequences(
        &self,
        plan: &Plan,
        (loaded, wave): (&Loaded, &Wave),
        (pooled, head, targets): (&CudaSlice<f32>, &CudaSlice<f32>, c_int),
        out: &mut Described,
    ) -> Result<(), CudaError> {
        let function = &self.sequences[usize::from(!plan.staged)];
        let mut launch = self.stream.launch_builder(function);
        launch.arg(&plan.sizes).arg(&loaded.model).arg(&loaded.starts);
        launch.arg(&wave.data).arg(&wave.parts).arg(&wave.n_parts);
        launch.arg(pooled).arg(head).arg(&targets);
        launch.arg(&mut out.scores).arg(&mut out.attention).arg(&mut out.evidence);
        // SAFETY: the wave as for `forward`. `describe` made the outputs with a row for every sequence;
        // `check_pooled` holds `pooled` to the shape, and `head` is a multiple of it (`Gpu::sequences`).
        unsafe { launch.launch(self.grid(function, plan, wave.n_parts)?) }
            .doing("describe sequences")?;
        Ok(())
    }

    /// Embeds the sequences of a wave's parts: (n, D) and first maximal windows (n, C).
    pub(super) fn embeddings(
        &self,
        plan: &Plan,
        (loaded, wave): (&Loaded, &Wave),
        (values, windows): (&mut CudaSlice<f32>, &mut CudaSlice<u16>),
    ) -> Result<(), CudaError> {
        let function = &self.embeddings;
        let mut launch = self.stream.launch_builder(function);
        launch.arg(&plan.sizes).arg(&loaded.model).arg(&loaded.starts);
        launch.arg(&wave.data).arg(&wave.parts).arg(&wave.n_parts).arg(values).arg(windows);
        // SAFETY: the wave as for `forward`. `embed` made the outputs with a row for every sequence.
        unsafe { launch.launch(self.grid(function, plan, wave.n_parts)?) }
            .doing("embed sequences")?;
        Ok(())
    }

    /// Blocks of the backward pass: each has a gradient of its own.
    pub(super) fn backward_blocks(&self, plan: &Plan, parts: i32) -> Result<usize, CudaError> {
        let function = &self.backward[usize::from(!plan.staged)];
        Ok(self.grid(function, plan, parts)?.grid_dim.0 as usize)
    }

    /// Adds the gradients of a wave's parts to `total`; `gradients` has a row for each block.
    pub(super) fn backward(
        &self,
        plan: &Plan,
        (loaded, wave): (&Loaded, &Wave),
        upstream: &CudaSlice<f32>,
        (gradients, total): (&mut CudaSlice<f32>, &mut CudaSlice<f64>),
    ) -> Result<(), CudaError> {
        let function = &self.backward[usize::from(!plan.staged)];
        let grid = self.grid(function, plan, wave.n_parts)?;
        let mut launch = self.stream.launch_builder(function);
        launch.arg(&plan.sizes).arg(&loaded.model).arg(&loaded.starts).arg(&self.channels);
        launch.arg(&wave.data).arg(&wave.parts).arg(&wave.n_parts).arg(upstream);
        launch.arg(&mut *gradients);
        // SAFETY: the wave as for `forward`. `pull` made `gradients` with d_len floats for each of
        // `backward_blocks`; `upstream` has the statistics of each bag, as `Gpu::backward` checked.
        unsafe { launch.launch(grid) }.doing("compute gradients")?;
        let (len, blocks) = (plan.sizes.d_len, grid.grid_dim.0.cast_signed());
        let mut launch = self.stream.launch_builder(&self.sum_gradients);
        launch.arg(&len).arg(&blocks).arg(&*gradients).arg(total);
        // SAFETY: `pull` made `total` with d_len numbers, and threads beyond it do nothing.
        unsafe { launch.launch(simple((len as u32).div_ceil(THREADS))) }.doing("sum gradients")?;
        Ok(())
    }
}

/// A grid without dynamic shared memory.
fn simple(blocks: u32) -> LaunchConfig {
    LaunchConfig { grid_dim: (blocks, 1, 1), block_dim: (THREADS, 1, 1), shared_mem_bytes: 0 }
}
