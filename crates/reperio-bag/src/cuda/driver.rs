//! The driver: a GPU opened, with the kernels loaded.

#![expect(unsafe_code, reason = "the driver's library and its settings")]

use std::sync::Arc;

use cudarc::driver::sys::{
    self, CUdevice_attribute as Attribute, CUevent_flags, CUfunction_attribute_enum,
    CUmemPool_attribute,
};
use cudarc::driver::{CudaContext, CudaEvent, CudaFunction, CudaSlice, CudaStream};
use cudarc::nvrtc::Ptx;

use super::error::{CudaError, Doing};
use super::plan::SharedMemory;

/// The kernels, compiled for compute capability 8.0; `ptx.sh` makes them again.
const PTX: &str = include_str!("bag.ptx");

/// Whether the driver's library can be loaded; without it no other call may be made.
pub(super) fn is_present() -> bool {
    // SAFETY: loads and closes the system's driver library, which has no constructor that needs a state.
    unsafe { sys::is_culib_present() }
}

/// One GPU with the kernels loaded.
pub(super) struct Driver {
    context: Arc<CudaContext>,
    pub(super) stream: Arc<CudaStream>,
    pub(super) shared: SharedMemory,
    pub(super) multiprocessors: u32,
    pub(super) fold_starts: CudaFunction,
    pub(super) merge_parts: CudaFunction,
    pub(super) embeddings: CudaFunction,
    pub(super) sum_gradients: CudaFunction,
    /// With the model in shared memory, and without.
    pub(super) forward: [CudaFunction; 2],
    pub(super) sequences: [CudaFunction; 2],
    pub(super) backward: [CudaFunction; 2],
    /// Start (or end) and centre channel of `DeepRC` by residue.
    pub(super) channels: CudaSlice<f32>,
}

impl Driver {
    /// Opens GPU `ordinal`; `channels` are the position channels of `DeepRC`.
    pub(super) fn open(ordinal: usize, channels: &[f32]) -> Result<Self, CudaError> {
        let context = CudaContext::new(ordinal).doing("open the GPU")?;
        // SAFETY: everything runs on one stream, so no event is needed between streams.
        unsafe { context.disable_event_tracking() };
        let found = context.compute_capability().doing("ask the GPU")?;
        if found < (8, 0) {
            let name = context.name().doing("ask the GPU")?;
            return Err(CudaError::TooOld { name, found });
        }
        let ask = |attribute| context.attribute(attribute).doing("ask the GPU");
        let block = ask(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)?;
        let multiprocessor =
            ask(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR)?;
        let multiprocessors = ask(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
        let module = context.load_module(Ptx::from_src(PTX)).doing("load the kernels")?;
        let small = |name| module.load_function(name).doing("find a kernel");
        let large = |name| {
            let function = small(name)?;
            let limit = CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            function.set_attribute(limit, block).doing("ask for shared memory")?;
            Ok::<_, CudaError>(function)
        };
        keep_memory(&context)?;
        let stream = context.new_stream().doing("make a stream")?;
        Ok(Self {
            fold_starts: small("fold_starts")?,
            merge_parts: small("merge_parts")?,
            sum_gradients: small("sum_gradients")?,
            embeddings: large("embeddings")?,
            forward: [large("forward_staged")?, large("forward_direct")?],
            sequences: [large("sequences_staged")?, large("sequences_direct")?],
            backward: [large("backward_staged")?, large("backward_direct")?],
            channels: stream.clone_htod(channels).doing("copy to the GPU")?,
            shared: SharedMemory { block: block as usize, multiprocessor: multiprocessor as usize },
            multiprocessors: multiprocessors as u32,
            stream,
            context,
        })
    }

    pub(super) fn name(&self) -> Result<String, CudaError> {
        self.context.name().doing("ask the GPU")
    }

    /// Memory in bytes: free now, and in all.
    pub(super) fn memory(&self) -> Result<(usize, usize), CudaError> {
        self.context.mem_get_info().doing("ask for the GPU's memory")
    }

    /// Lookups in shared memory of 32 floats each that the GPU does in a second at its highest clock: one a cycle and
    /// multiprocessor.
    pub(super) fn rows_per_second(&self) -> Result<f64, CudaError> {
        let clock = self.context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
        Ok(f64::from(self.multiprocessors) * f64::from(clock.doing("ask the GPU")?) * 1e3)
    }

    /// A point in time on the GPU, after everything under way.
    pub(super) fn event(&self) -> Result<CudaEvent, CudaError> {
        self.stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT)).doing("take the time")
    }

    /// Waits for everything under way.
    pub(super) fn wait(&self) -> Result<(), CudaError> {
        self.stream.synchronize().doing("finish the work")
    }
}

/// Keeps freed memory for the next call, which would otherwise map it anew.
fn keep_memory(context: &CudaContext) -> Result<(), CudaError> {
    if !context.has_async_alloc() {
        return Ok(());
    }
    let (mut pool, mut all) = (std::ptr::null_mut(), u64::MAX);
    let release = CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: the device has pools; the attribute is a `u64`, and both pointers outlive their calls.
    let result = unsafe {
        sys::cuDeviceGetDefaultMemPool(&raw mut pool, context.cu_device()).result().and_then(|()| {
            sys::cuMemPoolSetAttribute(pool, release, (&raw mut all).cast()).result()
        })
    };
    result.doing("keep the GPU's memory")
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::PTX;

    /// The sources, in the order of their names.
    const SOURCES: [&str; 11] = [
        include_str!("kernels/backward.cuh"),
        include_str!("kernels/bag.cu"),
        include_str!("kernels/dense.cuh"),
        include_str!("kernels/forward.cuh"),
        include_str!("kernels/math.cuh"),
        include_str!("kernels/position.cuh"),
        include_str!("kernels/scan.cuh"),
        include_str!("kernels/scatter.cuh"),
        include_str!("kernels/sequences.cuh"),
        include_str!("kernels/sizes.cuh"),
        include_str!("kernels/tile.cuh"),
    ];

    #[test]
    fn the_ptx_was_made_from_these_kernels() {
        let made = PTX.lines().next().unwrap_or("");
        let digest = Sha256::digest(SOURCES.concat());
        let hex: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(made, format!("// kernels {}", hex.concat()), "run src/cuda/ptx.sh");
    }
}
