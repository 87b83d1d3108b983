//! Where the bag operation runs: on the CPU, or on a GPU where there is one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::cuda::{CudaError, Gpu, knows};
use super::self_test;
use super::{BagInput, BagLayout, BagShape, Pooled, SequenceScores};

/// The requested device: `auto`, `cpu` or `cuda:N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The first GPU if it works, or else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// GPU N, from 0.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ordinal = |number: &str| number.parse().ok().map(Self::Cuda);
        match text {
            "auto" => Some(Self::Auto),
            "cpu" => Some(Self::Cpu),
            "cuda" => Some(Self::Cuda(0)),
            _ => text.strip_prefix("cuda:").and_then(ordinal),
        }
        .ok_or_else(|| "expected auto, cpu or cuda:N".to_owned())
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => write!(f, "auto"),
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(ordinal) => write!(f, "cuda:{ordinal}"),
        }
    }
}

impl DeviceChoice {
    /// Opens the device. A GPU must first give the results of the CPU. `auto` says in the log why it takes
    /// the CPU if a GPU does not work.
    ///
    /// # Errors
    ///
    /// If a GPU is requested by its number and does not work or gives wrong results.
    pub fn open(self) -> Result<Device, CudaError> {
        let device = match self {
            Self::Cpu => Device::Cpu,
            Self::Cuda(ordinal) => Device::Cuda(Arc::new(trusted(ordinal)?)),
            Self::Auto => match trusted(0) {
                Ok(gpu) => Device::Cuda(Arc::new(gpu)),
                Err(CudaError::NoDriver | CudaError::NoDevice { .. }) => Device::Cpu,
                Err(err) => {
                    tracing::warn!(
                        reason = chain(&err),
                        "the GPU does not work, so the CPU is used"
                    );
                    Device::Cpu
                }
            },
        };
        tracing::info!(device = %device, "device");
        Ok(device)
    }
}

impl DeviceChoice {
    /// [`Self::open`] for networks of `shape`. The kernels of a GPU know no LSTM: for one, `auto` takes the CPU, and the
    /// log says so.
    ///
    /// # Errors
    ///
    /// As [`Self::open`], and if a GPU is requested by its number for an LSTM.
    pub fn open_for(self, shape: &BagShape) -> Result<Device, CudaError> {
        match (self, knows(shape)) {
            (_, Ok(())) | (Self::Cpu, _) => self.open(),
            (Self::Cuda(_), Err(err)) => Err(err),
            (Self::Auto, Err(err)) => {
                tracing::info!(device = %Device::Cpu, reason = chain(&err), "device");
                Ok(Device::Cpu)
            }
        }
    }
}

/// Opens GPU `ordinal`, if it computes what the CPU does.
fn trusted(ordinal: usize) -> Result<Gpu, CudaError> {
    let gpu = Gpu::open(ordinal)?;
    self_test::check(&gpu)?;
    Ok(gpu)
}

/// An error with its causes.
fn chain(err: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(err), |err| err.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A device that runs the bag operation. A GPU that fails hands over to the CPU, and the log says so. A network with an
/// LSTM runs on the CPU beside any GPU.
#[derive(Clone, Debug, Default)]
pub enum Device {
    /// The CPU.
    #[default]
    Cpu,
    /// A GPU.
    Cuda(Arc<Gpu>),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(gpu) => write!(f, "cuda:{} ({})", gpu.info().ordinal, gpu.info().name),
        }
    }
}

impl Device {
    /// [`forward`](crate::forward) on this device.
    ///
    /// # Panics
    ///
    /// As [`forward`](crate::forward).
    pub fn forward(&self, layout: &BagLayout, params: &[f32], bags: &[BagInput]) -> Vec<Pooled> {
        self.on_gpu(layout, |gpu| gpu.forward(layout, params, bags))
            .unwrap_or_else(|| crate::forward(layout, params, bags))
    }

    /// [`backward`](crate::backward) on this device.
    ///
    /// # Panics
    ///
    /// As [`backward`](crate::backward).
    pub fn backward(
        &self,
        layout: &BagLayout,
        params: &[f32],
        bags: &[BagInput],
        (pooled, dz): (&[Pooled], &[f32]),
    ) -> Vec<f32> {
        self.on_gpu(layout, |gpu| gpu.backward(layout, params, bags, (pooled, dz)))
            .unwrap_or_else(|| crate::backward(layout, params, bags, pooled, dz))
    }

    /// [`sequences`](crate::sequences) on this device.
    ///
    /// # Panics
    ///
    /// As [`sequences`](crate::sequences).
    pub fn sequences(
        &self,
        layout: &BagLayout,
        params: &[f32],
        bag: &BagInput,
        (pooled, head): (&Pooled, &[f32]),
    ) -> SequenceScores {
        self.on_gpu(layout, |gpu| gpu.sequences(layout, params, bag, (pooled, head)))
            .unwrap_or_else(|| crate::sequences(layout, params, bag, pooled, head))
    }

    /// The result of a GPU, or nothing where the CPU must do the work.
    fn on_gpu<T>(
        &self,
        layout: &BagLayout,
        work: impl FnOnce(&Gpu) -> Result<T, CudaError>,
    ) -> Option<T> {
        let Self::Cuda(gpu) = self else { return None };
        knows(layout.shape()).ok()?;
        match work(gpu) {
            Ok(result) => Some(result),
            Err(CudaError::Failed) => None,
            Err(err) => {
                tracing::warn!(reason = chain(&err), "the GPU failed, so the CPU takes over");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PositionTerms, Windows};

    #[test]
    fn choices_are_read_and_written() {
        for (text, choice) in [
            ("auto", DeviceChoice::Auto),
            ("cpu", DeviceChoice::Cpu),
            ("cuda:0", DeviceChoice::Cuda(0)),
            ("cuda:12", DeviceChoice::Cuda(12)),
        ] {
            assert_eq!(text.parse(), Ok(choice));
            assert_eq!(choice.to_string(), text);
        }
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
        for text in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU"] {
            let error = text.parse::<DeviceChoice>().unwrap_err();
            assert_eq!(error, "expected auto, cpu or cuda:N", "{text}");
        }
    }

    #[test]
    fn an_lstm_runs_on_the_cpu_alone() {
        let shape = BagShape {
            filters: vec![],
            lstm_units: 4,
            windows: Windows::Full,
            position: PositionTerms::None,
            gene_dim: 0,
            v_genes: 1,
            j_genes: 1,
            attention_layers: 1,
            attention_width: 4,
            heads: 1,
            count_scaling: false,
        };
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu] {
            assert!(matches!(choice.open_for(&shape), Ok(Device::Cpu)));
        }
        let err = DeviceChoice::Cuda(0).open_for(&shape).unwrap_err().to_string();
        assert!(err.starts_with("a network with an LSTM runs on the CPU alone"), "{err}");
    }

    #[test]
    fn the_cpu_can_always_be_opened() {
        assert!(matches!(DeviceChoice::Cpu.open(), Ok(Device::Cpu)));
    }
}
