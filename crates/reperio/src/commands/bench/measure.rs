//! Turns: each program does the same work once, then the next turn begins.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use reperio_data::progress::Progress;
use reperio_data::repertoire::Repertoire;
use reperio_model::bag::Device;
use reperio_model::config::Config;
use reperio_model::workload::Workload;
use serde::Serialize;
use tempfile::TempDir;

use super::yardstick::{self, Request, Yardstick};
use crate::shell::{Shell, memory};

/// Logits of two programs may differ by this, relative where they are above 1.
const TOLERANCE: f64 = 1e-5;

/// The same where only a share of the sequences counts: rounding decides which of those at its limit belong to it.
const TOLERANCE_OF_A_SHARE: f64 = 1e-4;

/// What is done: the yardsticks' name of it, and the share of the sequences with a gradient, if any.
const TASKS: [(&str, Option<f64>); 3] =
    [("score", None), ("update", Some(1.0)), ("update10", Some(0.1))];

const METHODS: [&str; 2] = ["published", "best"];

/// One program at one task.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Measured {
    /// `score`; `update`, with the gradient of all sequences; `update10`, of the best-attended 10 %.
    pub(super) task: &'static str,
    /// `reperio` with DeepRC's network, `default` with our default network, `published`, `best`.
    pub(super) program: &'static str,
    /// Median over the turns.
    pub(super) sequences_per_second: f64,
    /// Slowest turn.
    pub(super) lowest: f64,
    /// Fastest turn.
    pub(super) highest: f64,
    /// Highest resident memory of the program during the task, in bytes, where the system tells.
    pub(super) peak_bytes: Option<u64>,
}

/// Everything found.
pub(super) struct Found {
    pub(super) measured: Vec<Measured>,
    pub(super) largest_difference: Option<f64>,
    pub(super) torch: Option<String>,
    pub(super) sequences: usize,
}

/// What takes part.
pub(super) struct Bench {
    ours: Workload,
    default: Workload,
    yardstick: Option<Files>,
    /// What the yardsticks call the device.
    device: &'static str,
    turns: usize,
}

struct Files {
    python: PathBuf,
    folder: TempDir,
}

/// One turn of one program.
struct Turn {
    seconds: f64,
    peak_bytes: Option<u64>,
    logits: Vec<f64>,
    loss: Option<f64>,
}

impl Bench {
    pub(super) fn new(
        repertoires: &[Repertoire],
        device: &Device,
        python: Option<&Path>,
        turns: usize,
    ) -> Result<Self> {
        let ours = Workload::new(&Config::deeprc(), repertoires, 1)?.on(device);
        let default = Workload::new(&Config::default(), repertoires, 1)?.on(device);
        let device = if matches!(device, Device::Cpu) { "cpu" } else { "cuda" };
        let yardstick = match python {
            Some(python) => {
                let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
                yardstick::install(folder.path())?;
                ours.write(&folder.path().join("input.safetensors"))?;
                Some(Files { python: python.to_owned(), folder })
            }
            None => None,
        };
        Ok(Self { ours, default, yardstick, device, turns })
    }

    pub(super) fn run(mut self, shell: &Shell) -> Result<Found> {
        let mut found = Found {
            measured: Vec::new(),
            largest_difference: None,
            torch: None,
            sequences: self.ours.sequences(),
        };
        for task in TASKS {
            self.task(task, &mut found, shell)?;
        }
        Ok(found)
    }

    /// All turns of one task.
    fn task(
        &mut self,
        (task, share): (&'static str, Option<f64>),
        found: &mut Found,
        shell: &Shell,
    ) -> Result<()> {
        let mut yardsticks = Vec::new();
        if let Some(files) = &self.yardstick {
            for method in METHODS {
                let folder = files.folder.path();
                let input = folder.join("input.safetensors");
                yardsticks.push((method, Yardstick::start(&files.python, folder, &input)?));
            }
        }
        let (threads, device) = (Shell::threads(), self.device);
        let names = ["reperio", "default"].into_iter().chain(yardsticks.iter().map(|(m, _)| *m));
        let mut turns: Vec<(&'static str, Vec<Turn>)> =
            names.map(|name| (name, Vec::new())).collect();
        // The first turn warms up and does not count.
        for turn in 0..=self.turns {
            shell.check_interrupted("run the command again")?;
            let (done, total) = (turn as u64, self.turns as u64 + 1);
            shell.observer().progress(Progress { task, done, total, unit: "turns" });
            let mut all = vec![once(&mut self.ours, share)?, once(&mut self.default, share)?];
            for (method, yardstick) in &mut yardsticks {
                let answer = yardstick.ask(Request { method, task, device, threads })?;
                let seconds = answer.seconds.first().copied().context("no time was measured")?;
                let (peak_bytes, logits, loss) = (answer.peak_bytes, answer.logits, answer.loss);
                all.push(Turn { seconds, peak_bytes, logits, loss });
            }
            if turn > 0 {
                for ((_, turns), turn) in turns.iter_mut().zip(all) {
                    turns.push(turn);
                }
            }
        }
        let whole = share.is_none_or(|share| share >= 1.0);
        let tolerance = if whole { TOLERANCE } else { TOLERANCE_OF_A_SHARE };
        found.torch = yardsticks.first().map(|(_, yardstick)| yardstick.torch.clone());
        for (name, own) in turns.iter().filter(|(name, _)| METHODS.contains(name)) {
            let difference = difference(&turns[0].1[0], &own[0]);
            if difference.is_nan() || difference > tolerance {
                bail!(
                    "logits or loss of {name} differ from ours by {difference:.1e} in {task}, expected at most {tolerance:.0e}"
                );
            }
            let largest = found.largest_difference.unwrap_or(0.0);
            found.largest_difference = Some(largest.max(difference));
        }
        let sequences = found.sequences as f64;
        found
            .measured
            .extend(turns.iter().map(|(name, turns)| measured(task, name, turns, sequences)));
        Ok(())
    }
}

/// One turn of ours.
fn once(workload: &mut Workload, share: Option<f64>) -> Result<Turn> {
    memory::reset();
    let start = Instant::now();
    let (logits, loss) = match share {
        None => (workload.score()?, None),
        Some(share) => {
            let update = workload.update(share)?;
            (update.logits, Some(update.loss))
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    Ok(Turn { seconds, peak_bytes: memory::peak(), logits, loss })
}

/// Largest difference of logits and loss, relative where they are above 1.
fn difference(ours: &Turn, theirs: &Turn) -> f64 {
    if ours.logits.len() != theirs.logits.len() {
        return f64::NAN;
    }
    let pairs = ours.logits.iter().zip(&theirs.logits).chain(ours.loss.iter().zip(&theirs.loss));
    let relative = |(a, b): (&f64, &f64)| (a - b).abs() / a.abs().max(1.0);
    pairs.map(relative).fold(0.0, |most: f64, one| if one.is_nan() { one } else { most.max(one) })
}

fn measured(task: &'static str, program: &'static str, turns: &[Turn], sequences: f64) -> Measured {
    let mut speeds: Vec<f64> = turns.iter().map(|turn| sequences / turn.seconds).collect();
    speeds.sort_by(f64::total_cmp);
    Measured {
        task,
        program,
        sequences_per_second: speeds[speeds.len() / 2],
        lowest: speeds[0],
        highest: speeds[speeds.len() - 1],
        peak_bytes: turns.iter().filter_map(|turn| turn.peak_bytes).max(),
    }
}
