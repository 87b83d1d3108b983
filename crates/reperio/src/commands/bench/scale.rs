//! How time and memory grow with the size of a repertoire.

use std::time::Instant;

use anyhow::Result;
use reperio_data::progress::Progress;
use reperio_model::bag::Device;
use reperio_model::config::Config;
use reperio_model::workload::Workload;
use serde::Serialize;

use super::repertoires;
use crate::shell::output::{Report, align, row};
use crate::shell::{Shell, memory};

/// Sequences of the one repertoire.
const SIZES: [usize; 4] = [10_000, 100_000, 1_000_000, 10_000_000];

/// Small repertoires are repeated until a turn has this many sequences: a millisecond cannot be timed.
const SEQUENCES_A_TURN: usize = 2_000_000;

/// What `bench --scale --json` prints.
#[derive(Serialize)]
pub(super) struct Scaled {
    threads: usize,
    device: String,
    sizes: Vec<Size>,
}

/// Cost at one size.
#[derive(Serialize)]
struct Size {
    /// Sequences of the repertoire.
    sequences: usize,
    /// Nanoseconds per sequence, median over the turns.
    score_ns: f64,
    /// Nanoseconds per sequence of an exact update, median over the turns.
    update_ns: f64,
    /// What scoring added to the resident memory, in bytes, where the system tells.
    score_bytes: Option<u64>,
    /// The same of an exact update.
    update_bytes: Option<u64>,
}

/// The default network at all sizes, turn by turn.
pub(super) fn run(device: &Device, turns: usize, shell: &Shell) -> Result<Scaled> {
    let mut sizes = Vec::new();
    for (done, &n) in SIZES.iter().enumerate() {
        let (done, total) = (done as u64, SIZES.len() as u64);
        shell.observer().progress(Progress { task: "sizes", done, total, unit: "sizes" });
        shell.check_interrupted("run the command again")?;
        let mut workload = Workload::new(&Config::default(), &repertoires(1, n)?, 1)?.on(device);
        let score = cost(n, turns, || Ok(workload.score().map(drop)?))?;
        let update = cost(n, turns, || Ok(workload.update(1.0).map(drop)?))?;
        sizes.push(Size {
            sequences: n,
            score_ns: score.0,
            update_ns: update.0,
            score_bytes: score.1,
            update_bytes: update.1,
        });
    }
    Ok(Scaled { threads: Shell::threads(), device: device.to_string(), sizes })
}

/// Median nanoseconds per sequence, and the largest number of bytes added.
fn cost(
    sequences: usize,
    turns: usize,
    mut work: impl FnMut() -> Result<()>,
) -> Result<(f64, Option<u64>)> {
    let repeats = SEQUENCES_A_TURN.div_ceil(sequences);
    let before = memory::resident();
    memory::reset();
    work()?; // Warms up and does not count.
    let added = memory::peak().zip(before).map(|(peak, before)| peak.saturating_sub(before));
    let mut times = Vec::with_capacity(turns);
    for _ in 0..turns {
        let start = Instant::now();
        for _ in 0..repeats {
            work()?;
        }
        times.push(start.elapsed().as_secs_f64() * 1e9 / (repeats * sequences) as f64);
    }
    times.sort_by(f64::total_cmp);
    Ok((times[times.len() / 2], added))
}

impl Report for Scaled {
    fn lines(&self) -> Vec<String> {
        let mut rows =
            vec![row([&"sequences", &"score ns", &"update ns", &"score MB", &"update MB"])];
        let megabytes = |bytes: Option<u64>| {
            bytes.map_or_else(String::new, |bytes| format!("{:.1}", bytes as f64 / 1e6))
        };
        for size in &self.sizes {
            let times = [size.score_ns, size.update_ns].map(|ns| format!("{ns:.0}"));
            let added = [size.score_bytes, size.update_bytes].map(megabytes);
            rows.push(row([&size.sequences, &times[0], &times[1], &added[0], &added[1]]));
        }
        let mut lines = align(&rows);
        let Self { threads, device, .. } = self;
        lines.push(String::new());
        lines.push(format!(
            "One repertoire, the default network, on {device}, {threads} threads; times per sequence, memory added"
        ));
        lines
    }
}
