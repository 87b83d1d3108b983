//! Why a GPU cannot be used.

use cudarc::driver::DriverError;

/// Why a GPU cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CudaError {
    /// The driver's library is not installed.
    #[error("no CUDA driver is installed")]
    NoDriver,
    /// There are fewer GPUs.
    #[error("no GPU {ordinal}, found {found}")]
    NoDevice {
        /// GPU asked for, from 0.
        ordinal: usize,
        /// GPUs found.
        found: usize,
    },
    /// The GPU is older than the kernels.
    #[error("{name} has compute capability {found:?}, expected (8, 0) or later")]
    TooOld {
        /// Name of the GPU.
        name: String,
        /// Its compute capability.
        found: (i32, i32),
    },
    /// The driver failed.
    #[error("cannot {doing}")]
    Driver {
        /// What was being done.
        doing: &'static str,
        /// What the driver says.
        source: DriverError,
    },
    /// A network that the kernels do not know.
    #[error("a network with an LSTM runs on the CPU alone: the kernels of a GPU have filters")]
    Lstm,
    /// A network whose sequences do not fit into a block's shared memory.
    #[error("the network is too large for the GPU: a block has {bytes} bytes of shared memory")]
    TooLarge {
        /// Shared memory of a block.
        bytes: usize,
    },
    /// The GPU does not compute what the CPU does.
    #[error("the GPU is wrong in {what}: a relative difference of {difference:.1e} from the CPU")]
    Wrong {
        /// Result that differs.
        what: &'static str,
        /// Norm of the difference over the norm of the CPU's result.
        difference: f64,
    },
    /// A GPU that failed before is not asked again.
    #[error("the GPU failed earlier")]
    Failed,
}

/// Says what was being done when the driver failed.
pub(super) trait Doing<T> {
    /// The result, or the failure with its circumstances.
    fn doing(self, doing: &'static str) -> Result<T, CudaError>;
}

impl<T> Doing<T> for Result<T, DriverError> {
    fn doing(self, doing: &'static str) -> Result<T, CudaError> {
        self.map_err(|source| CudaError::Driver { doing, source })
    }
}
