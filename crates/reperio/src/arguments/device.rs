//! Where the network runs.

use anyhow::{Context, Result};
use reperio_model::bag::{Device, DeviceChoice};
use reperio_model::config::ModelConfig;

/// The device of a command.
#[derive(clap::Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Device")]
pub(crate) struct DeviceArgs {
    /// Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see `reperio devices`
    #[arg(long, value_name = "DEVICE", default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
}

impl DeviceArgs {
    /// Opens the device; the log says which it is.
    pub(crate) fn open(self) -> Result<Device> {
        self.device.open().with_context(|| format!("--device {}", self.device))
    }

    /// The same for the network of `model`: an LSTM has only the CPU.
    pub(crate) fn open_for(self, model: &ModelConfig) -> Result<Device> {
        let opened = self.device.open_for(&model.shape(1, 1));
        opened.with_context(|| format!("--device {}", self.device))
    }
}
