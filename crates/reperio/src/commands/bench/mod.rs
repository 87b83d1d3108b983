//! `reperio bench`: how fast this machine scores and trains, beside PyTorch.

mod load;
mod measure;
mod scale;
mod yardstick;

use std::path::PathBuf;

use anyhow::{Context, Result};
use reperio_data::generator::Generator;
use reperio_data::repertoire::Repertoire;
use reperio_data::simulate::{self, Background, Clonotypes, SimulationConfig};
use reperio_model::bag::InstructionSet;
use serde::Serialize;

use crate::arguments::device::DeviceArgs;
use crate::shell::Shell;
use crate::shell::output::{Report, align, row};
use load::Load;
use measure::{Bench, Measured};

/// Measure scoring and training on this machine, beside PyTorch
///
/// Makes random repertoires and a random network of DeepRC's size. Then it scores them, makes one exact
/// training update and one with the published reduction to 10 % of the sequences. With --yardstick, two
/// PyTorch programs of the same network do the same work turn by turn: `published`, composed like DeepRC,
/// and `best`, written for speed. All must compute the same logits. A ratio that was measured beside other
/// work is marked with a star. With --scale, it measures only the default network, on one repertoire of
/// 10^4 to 10^7 sequences: time per sequence and memory.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio bench
  crates/reperio-model/benches/yardstick/install.sh venv
  reperio bench --yardstick venv/bin/python --json
  reperio bench --scale")]
pub(crate) struct Args {
    /// Python with PyTorch and safetensors, to compare with
    #[arg(long, value_name = "PYTHON")]
    yardstick: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArgs,
    /// Measure instead how cost grows with the size of a repertoire
    #[arg(long, conflicts_with_all = ["yardstick", "repertoires", "sequences"])]
    scale: bool,
    /// Repertoires in the minibatch
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = at_least_2)]
    repertoires: usize,
    /// Sequences per repertoire
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    sequences: usize,
    /// Number of turns; their median is reported
    #[arg(long, value_name = "N", default_value = "5")]
    turns: std::num::NonZeroUsize,
}

fn at_least_2(text: &str) -> Result<usize, String> {
    let n = text.parse().map_err(|_| "expected a whole number".to_owned())?;
    if n < 2 { Err("expected at least 2, one of each class".to_owned()) } else { Ok(n) }
}

/// What `bench --json` prints.
#[derive(Serialize)]
struct Benched {
    /// Threads of every program.
    threads: usize,
    /// Instruction set of ours.
    instruction_set: String,
    /// Where the networks ran, the yardsticks' too.
    device: String,
    /// Version of PyTorch, if it took part.
    torch: Option<String>,
    /// Sequences of one pass.
    sequences: usize,
    /// Sequences per second and peak memory of each program and task.
    measured: Vec<Measured>,
    /// Largest difference between our logits and a yardstick's, relative where they are above 1.
    largest_difference: Option<f64>,
    /// How busy the machine was, and whether the ratios may be quoted.
    load: Load,
    #[serde(flatten)]
    ratios: Ratios,
}

/// Ours over a yardstick's, medians; none where it did not take part.
#[derive(Serialize)]
struct Ratios {
    /// Scoring, published.
    scoring_ratio: Option<f64>,
    /// Our exact update over the published 10 % update.
    training_ratio: Option<f64>,
    /// Scoring, best.
    scoring_ratio_best: Option<f64>,
    /// Exact update, best.
    training_ratio_best: Option<f64>,
    /// Our default network's scoring over our scoring with the published network.
    default_scoring_share: Option<f64>,
    /// The same for the exact update.
    default_training_share: Option<f64>,
    /// The published 10 % update's peak memory over that of our exact update.
    memory_ratio: Option<f64>,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    let device = args.device.open()?;
    if args.scale {
        return shell.print(&scale::run(&device, args.turns.get(), shell)?);
    }
    let before = load::last_minute();
    let repertoires = repertoires(args.repertoires, args.sequences)?;
    let bench = Bench::new(&repertoires, &device, args.yardstick.as_deref(), args.turns.get())?;
    let found = bench.run(shell)?;
    let ratios = Ratios::of(&found.measured);
    shell.print(&Benched {
        threads: Shell::threads(),
        instruction_set: format!("{:?}", InstructionSet::detect()),
        device: device.to_string(),
        torch: found.torch,
        sequences: found.sequences,
        measured: found.measured,
        largest_difference: found.largest_difference,
        load: Load::new(before, load::last_minute(), Shell::threads()),
        ratios,
    })
}

fn repertoires(n: usize, sequences: usize) -> Result<Vec<Repertoire>> {
    let config = SimulationConfig {
        repertoires: n,
        clonotypes: Clonotypes::Fixed(sequences),
        ..SimulationConfig::default()
    };
    let generator = Generator::human_trb();
    let made = simulate::cohort(&config, Background::Generator(&generator));
    Ok(made.context("cannot make repertoires")?.cohort.into_repertoires())
}

impl Ratios {
    fn of(all: &[Measured]) -> Self {
        let find = |program: &str, task: &str| {
            all.iter().find(|one| one.program == program && one.task == task)
        };
        let ratio = |over: (&str, &str), under: (&str, &str)| {
            let (over, under) = (find(over.0, over.1)?, find(under.0, under.1)?);
            Some(over.sequences_per_second / under.sequences_per_second)
        };
        let memory = || {
            let (ours, theirs) = (find("reperio", "update")?, find("published", "update10")?);
            Some(theirs.peak_bytes? as f64 / ours.peak_bytes? as f64)
        };
        Self {
            scoring_ratio: ratio(("reperio", "score"), ("published", "score")),
            training_ratio: ratio(("reperio", "update"), ("published", "update10")),
            scoring_ratio_best: ratio(("reperio", "score"), ("best", "score")),
            training_ratio_best: ratio(("reperio", "update"), ("best", "update")),
            default_scoring_share: ratio(("default", "score"), ("reperio", "score")),
            default_training_share: ratio(("default", "update"), ("reperio", "update")),
            memory_ratio: memory(),
        }
    }
}

impl Report for Benched {
    fn lines(&self) -> Vec<String> {
        let mut rows =
            vec![row([&"task", &"program", &"sequences/s", &"lowest", &"highest", &"peak MB"])];
        for one in &self.measured {
            let number = |value: f64| format!("{value:.0}");
            let peak = one.peak_bytes.map_or_else(String::new, |bytes| (bytes >> 20).to_string());
            let speeds = [one.sequences_per_second, one.lowest, one.highest].map(number);
            rows.push(row([&one.task, &one.program, &speeds[0], &speeds[1], &speeds[2], &peak]));
        }
        let mut lines = align(&rows);
        let ratios = &self.ratios;
        let named = [
            ("scoring against published", ratios.scoring_ratio),
            ("exact update against published 10 % update", ratios.training_ratio),
            ("scoring against best", ratios.scoring_ratio_best),
            ("exact update against best", ratios.training_ratio_best),
            ("peak memory of the published 10 % update against ours", ratios.memory_ratio),
            ("default network's scoring against DeepRC's", ratios.default_scoring_share),
            ("default network's update against DeepRC's", ratios.default_training_share),
        ];
        let mark = self.load.mark();
        let known = named.iter().filter_map(|(name, ratio)| {
            ratio.map(|ratio| row([name, &format!("{ratio:.2}{mark}")]))
        });
        lines.push(String::new());
        lines.extend(align(&known.collect::<Vec<_>>()));
        if let (Some(torch), Some(difference)) = (&self.torch, self.largest_difference) {
            lines.push(format!("PyTorch {torch}; logits agree within {difference:.1e}"));
        }
        let Self { threads, instruction_set, device, sequences, .. } = self;
        lines.push(format!(
            "{sequences} sequences on {device}, {threads} threads, {instruction_set}"
        ));
        lines.extend(self.load.lines());
        lines
    }
}
