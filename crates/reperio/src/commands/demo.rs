//! `reperio demo`: the whole workflow on simulated repertoires, through the same code as the commands.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Command;
use reperio_baselines::compare;
use reperio_data::lock::Lock;
use reperio_data::simulate::Oracle;
use serde::Serialize;

use super::{evaluate, explain, import, score, simulate, train};
use crate::arguments::simulated::Simulated;
use crate::shell::output::{Report, align, row};
use crate::shell::outputs::{self, Output};
use crate::shell::{Shell, interrupted, paths};

/// What is simulated.
const CONFIG: &str = include_str!("../../demo.toml");

/// Repertoires to train on, and others to test with.
const TRAINING: usize = 200;
const TEST: usize = 80;

/// Simulate, import, train, evaluate, score and explain in one go
///
/// Half of the simulated repertoires carry a motif in 0.5 % of their sequences. The model is trained on
/// 200 repertoires and tested on 80 others. All results are in the folder.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio demo
  reperio demo --out my-demo --json")]
pub(crate) struct Args {
    /// Folder to write to; an earlier demo in it is replaced
    #[arg(long, value_name = "DIR", default_value = "reperio-demo")]
    out: PathBuf,
}

/// What `demo --json` prints.
#[derive(Serialize)]
struct Demo {
    /// Folder written.
    out: PathBuf,
    /// AUC on the test repertoires.
    auc: Option<f64>,
    /// Its 95 % interval.
    auc_ci: Option<[f64; 2]>,
    /// Of the first `implanted` distinct sequences of the test repertoires by evidence, the share that
    /// carry a motif.
    recovery: f64,
    /// Distinct implanted sequences there.
    implanted: usize,
    /// Seconds of all steps.
    seconds: f64,
    /// The commands that were run, and the seconds of each.
    steps: Vec<Step>,
}

/// One step of the demo.
#[derive(Serialize)]
struct Step {
    /// Command line.
    command: String,
    /// Time it took.
    seconds: f64,
}

/// Says in the folder what it is; without it, a folder is not replaced.
const MARKER: (&str, &str) =
    ("DEMO.txt", "Written by `reperio demo`. The next demo into this folder replaces it.\n");

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    shell.print(&demo(&args.out, shell)?)
}

fn demo(out: &Path, shell: &Shell) -> Result<Demo> {
    let started = Instant::now();
    let _lock = prepare(out)?;
    let mut steps = Steps { out, shell, done: Vec::new() };
    let config = steps.path("simulate.toml");
    paths::write_text(Path::new(&config), CONFIG)?;
    for (folder, repertoires, seed) in [("training", TRAINING, "1"), ("test", TEST, "2")] {
        let (made, n) = (steps.path(&format!("{folder}-files")), repertoires.to_string());
        let arguments = ["--config", &config, "--repertoires", &n, "--seed", seed, "--out", &made];
        steps.run("simulate", &arguments, simulate::execute)?;
        let (files, labels) = (format!("{made}/repertoires"), format!("{made}/metadata.tsv"));
        let arguments = [&files, "--metadata", &labels, "--out", &steps.path(folder)];
        steps.run("import", &arguments, import::execute)?;
    }
    let (training, test) = (steps.path("training"), steps.path("test"));
    let (run, target) = (steps.path("run"), "label");
    let arguments = ["--cohort", &training, "--target", target, "--out", &run];
    steps.run("train", &arguments, train::execute)?;
    let arguments = ["--model", &run, "--cohort", &test, "--out", &steps.path("evaluation")];
    let evaluated = steps.run("evaluate", &arguments, evaluate::execute)?;
    let arguments = ["--model", &run, &test, "--out", &steps.path("scores.tsv")];
    steps.run("score", &arguments, score::execute)?;
    let Simulated { config, truth } = Simulated::read(&out.join("test-files"))?;
    let implanted = truth.distinct();
    let (top, why) = (implanted.to_string(), steps.path("why"));
    let arguments = ["--model", &run, &test, "--top", &top, "--out", &why];
    let explained = steps.run("explain", &arguments, explain::execute)?;
    Ok(Demo {
        out: out.to_owned(),
        auc: evaluated.auc,
        auc_ci: evaluated.auc_ci,
        recovery: compare::share_found(&Oracle::new(&config)?, &explained.sequences, implanted),
        implanted,
        seconds: started.elapsed().as_secs_f64(),
        steps: steps.done,
    })
}

/// Makes the folder, in place of an earlier demo's, and locks it.
fn prepare(out: &Path) -> Result<Output> {
    let marker = out.join(MARKER.0);
    if marker.exists() {
        drop(Lock::folder(out)?); // Another demo may be running there.
        fs::remove_dir_all(out).with_context(|| format!("cannot replace {}", out.display()))?;
    }
    let made = outputs::make(out)?;
    let mut entries =
        fs::read_dir(out).with_context(|| format!("cannot read {}", out.display()))?;
    if entries.next().is_some() {
        bail!("{} holds other files, expected a new folder or an earlier demo", out.display());
    }
    let own = made.locked(out)?;
    paths::write_text(&marker, MARKER.1)?;
    Ok(own)
}

/// Runs commands one after another and keeps the time.
struct Steps<'a> {
    out: &'a Path,
    shell: &'a Shell,
    done: Vec<Step>,
}

impl Steps<'_> {
    fn path(&self, name: &str) -> String {
        self.out.join(name).display().to_string()
    }

    /// Parses `arguments` as the command line does and runs the command.
    fn run<A: clap::Args, R>(
        &mut self,
        name: &'static str,
        arguments: &[&str],
        command: impl Fn(&A, &Shell) -> Result<R>,
    ) -> Result<R> {
        let started = Instant::now();
        let parser = A::augment_args(Command::new(name).no_binary_name(true));
        let matches = parser.try_get_matches_from(arguments)?;
        let result = command(&A::from_arg_matches(&matches)?, self.shell)?;
        if self.shell.observer().cancelled() {
            return Err(interrupted("run the demo again"));
        }
        let seconds = started.elapsed().as_secs_f64();
        let command = format!("reperio {name} {}", arguments.join(" "));
        self.done.push(Step { command, seconds });
        Ok(result)
    }
}

impl Report for Demo {
    fn lines(&self) -> Vec<String> {
        let steps =
            self.steps.iter().map(|step| format!("{:6.1} s  {}", step.seconds, step.command));
        let mut lines: Vec<String> = steps.collect();
        lines.push(String::new());
        let auc = self.auc.map_or_else(String::new, |auc| format!("{auc:.4}"));
        let interval = self.auc_ci.map_or_else(String::new, |[a, b]| format!("{a:.4} to {b:.4}"));
        let Self { recovery, implanted, .. } = self;
        lines.extend(align(&[
            row([&format!("AUC on {TEST} test repertoires"), &auc, &interval]),
            row([
                &"implanted sequences found",
                &format!("{:.1} %", 100.0 * recovery),
                &format!("of the first {implanted} by evidence"),
            ]),
            row([&"time", &format!("{:.1} s", self.seconds), &""]),
        ]));
        lines.push(String::new());
        let wrote = [
            ("run", "the trained model and how it was trained"),
            ("evaluation", "predictions and metrics of the test repertoires"),
            ("scores.tsv", "scores of the test repertoires"),
            ("why/sequences.tsv.gz", "the sequences that drove the scores"),
        ];
        let path = |name: &str| self.out.join(name).display().to_string();
        let width = wrote.iter().map(|(name, _)| path(name).len()).max().unwrap_or(0);
        lines.extend(wrote.map(|(name, what)| format!("{:width$}  {what}", path(name))));
        lines
    }
}
