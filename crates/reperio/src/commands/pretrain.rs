//! `reperio pretrain`: repertoires without labels in, a base for trainings out.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use reperio_model::people;
use reperio_model::pretrain::{self, PretrainContext, PretrainReport, Unlabelled};
use serde::Serialize;

use crate::arguments::device::DeviceArgs;
use crate::arguments::inputs::InputArgs;
use crate::arguments::pretraining::{self, PretrainingArgs};
use crate::arguments::run_config::{self, Provenance};
use crate::shell::output::Report;
use crate::shell::outputs::{self, OverwriteArgs, Results, Sources};
use crate::shell::{Shell, paths};
use crate::tables::{labels, pretraining as tables};

/// Pre-train a network on repertoires without labels
///
/// Two views of each subject are drawn (disjoint halves of a repertoire; or two repertoires of a subject, such as two visits
/// or TRA and TRB), and the network learns to tell by one view whose the other is: contrastive learning with Hopfield retrieval
/// (CLOOB). `train --from` then starts from what it learned in place of random numbers. Whether that helps depends on the
/// disease: what tells people apart need not be what makes them ill. Writes config.toml, base.safetensors, metrics.json,
/// losses.tsv, log.jsonl, TensorBoard events and checkpoint/.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio pretrain unlabelled/ --out base
  reperio pretrain cohort --views halves --epochs 50 --out base
  reperio train --cohort cohort --target disease --from base --out run")]
pub(crate) struct Args {
    /// Folder to write to
    #[arg(long, value_name = "BASE")]
    out: PathBuf,
    /// Column of people [default: a column of people whose values repeat, such as `subject_id`, `patient`
    /// or `donor`]; `repertoire_id` for none
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Continue an interrupted pre-training; the result is the same to the last bit
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    config: PretrainingArgs,
    #[command(flatten)]
    device: DeviceArgs,
}

/// What it writes.
const RESULTS: Results = Results {
    files: &["config.toml", "metrics.json", tables::LOSSES],
    done: &["base.safetensors", "checkpoint/state.safetensors"],
    folders: &[],
    resumes: true,
    is_own: |out| run_config::is_of(out, "pretrain"),
};

/// What `pretrain --json` prints.
#[derive(Serialize)]
pub(crate) struct Pretrained {
    /// Folder of the base.
    out: PathBuf,
    /// SHA-256 of base.safetensors, by which models name their base.
    sha256: String,
    /// A sentence on the column of people; none if each repertoire is of its own.
    group: Option<String>,
    /// How it went: `views`, numbers of repertoires, losses of `epochs`, and figures of held-out subjects at the `start` and
    /// the `end`.
    report: PretrainReport,
    /// Seconds from reading to writing.
    seconds: f64,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    shell.print(&execute(args, shell)?)
}

/// The command, without printing its result.
pub(crate) fn execute(args: &Args, shell: &Shell) -> Result<Pretrained> {
    let started = Instant::now();
    let config = args.config.resolve()?;
    let existing = args.overwrite.or_resume(args.resume)?;
    let sources =
        Sources::of(&args.input.inputs).and(&args.input.metadata).and(&args.config.config);
    let _lock = outputs::folder(&args.out, &RESULTS, &sources, existing)?;
    let mut cohort = args.input.load(shell)?;
    for id in cohort.take_empty() {
        tracing::warn!("{id} has no clonotypes: it is left out");
    }
    let people = people::find(cohort.metadata(), args.group.as_deref(), &[])?;
    let data = Unlabelled { repertoires: cohort.repertoires(), groups: &people.groups };
    pretrain::check(data, &config)?;
    shell.log_to(&args.out)?;
    let run = Provenance::new(cohort.sha256(), shell.command_line());
    pretraining::write(&args.out, &config, run)?;
    let checkpoint = args.out.join("checkpoint");
    let device = args.device.open()?;
    let context = PretrainContext { checkpoint: Some(&checkpoint), device: &device };
    let made = pretrain::pretrain(data, &config, context, shell.observer());
    let resume = format!(
        "{} holds everything so far: run the same command with --resume to continue",
        checkpoint.display()
    );
    let made = shell.or_interrupted(made, &resume)?;
    let (out, report) = (args.out.clone(), made.report);
    tables::write(&out.join(tables::LOSSES), &report)?;
    paths::write_text(&out.join("metrics.json"), &serde_json::to_string_pretty(&report)?)?;
    made.base.save(&out.join("base.safetensors"))?; // Last: its presence means "done".
    let (sha256, group) = (made.base.sha256().to_owned(), labels::people(&people));
    Ok(Pretrained { out, sha256, group, report, seconds: started.elapsed().as_secs_f64() })
}

impl Report for Pretrained {
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.group.iter().cloned().collect();
        lines.extend(tables::lines(&self.report));
        let (out, seconds) = (self.out.display(), self.seconds);
        lines.push(format!("Pre-trained in {seconds:.1} s: {out}"));
        lines
    }
}
