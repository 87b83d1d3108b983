//! `reperio devices`: where networks can run.

use anyhow::{Context, Result};
use reperio_model::bag::cuda::{GpuInfo, gpus};
use reperio_model::bag::{Device, DeviceChoice, InstructionSet};
use serde::Serialize;

use crate::shell::Shell;
use crate::shell::output::{Report, align, row};

/// List the devices that networks run on
///
/// Lists the CPU and every GPU that a CUDA driver offers, and marks the one that --device auto takes.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio devices
  reperio devices --json")]
pub(crate) struct Args {}

/// What `devices --json` prints.
#[derive(Serialize)]
struct Devices {
    /// Every device.
    devices: Vec<Entry>,
    /// What `--device auto` takes.
    auto: String,
}

/// One device.
#[derive(Serialize)]
struct Entry {
    /// What `--device` calls it.
    device: String,
    /// Name of the GPU, or the CPU's instruction set and threads.
    name: String,
    /// Memory of a GPU in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<u64>,
}

pub(crate) fn run(_: &Args, shell: &Shell) -> Result<()> {
    let threads = Shell::threads();
    let threads = if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
    let name = format!("{:?}, {threads}", InstructionSet::detect());
    let mut devices = vec![Entry { device: DeviceChoice::Cpu.to_string(), name, memory: None }];
    let gpus = gpus().context("cannot list the GPUs")?;
    devices.extend(gpus.into_iter().map(|GpuInfo { ordinal, name, memory }| Entry {
        device: DeviceChoice::Cuda(ordinal).to_string(),
        name,
        memory: Some(memory),
    }));
    let auto = match DeviceChoice::Auto.open()? {
        Device::Cpu => DeviceChoice::Cpu,
        Device::Cuda(gpu) => DeviceChoice::Cuda(gpu.info().ordinal),
    };
    shell.print(&Devices { devices, auto: auto.to_string() })
}

impl Report for Devices {
    fn lines(&self) -> Vec<String> {
        let mut rows = vec![row([&"device", &"name", &"memory", &""])];
        for Entry { device, name, memory } in &self.devices {
            let memory = memory.map_or_else(String::new, |bytes| format!("{} GiB", bytes >> 30));
            let auto = if *device == self.auto { "auto" } else { "" };
            rows.push(row([device, name, &memory, &auto]));
        }
        align(&rows)
    }
}
