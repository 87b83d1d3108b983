//! `reperio train`: labels and repertoires in, a run folder with a model out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use polars::prelude::{Column, DataFrame};
use reperio_model::covariates::Adjustment;
use reperio_model::labelled::LabelledCohort;
use reperio_model::labels::{Labels, TargetCounts};
use reperio_model::model::{ModelInfo, Prediction};
use reperio_model::people::People;
use reperio_model::train::{
    self, MemberReport, Run, RunPrediction, SeedFate, TargetMemory, TrainingContext, TrainingReport,
};
use reperio_report::Kind;
use serde::Serialize;

use crate::arguments::background::BackgroundArgs;
use crate::arguments::base::FromArgs;
use crate::arguments::cohort::{CohortArgs, TargetArgs};
use crate::arguments::config::ConfigArgs;
use crate::arguments::covariates::{self, CovariateArgs};
use crate::arguments::device::DeviceArgs;
use crate::arguments::page::PageArgs;
use crate::arguments::run_config;
use crate::shell::output::{Report, align, row};
use crate::shell::outputs::{self, OverwriteArgs, Results};
use crate::shell::{Shell, paths, table};
use crate::tables::{
    confounders, held_out, labels, motifs, parts, predictions, pretraining, ranking,
};

/// Rows of the run folder's `sequences.tsv.gz` for each output.
const RANKED: usize = 1000;

/// Train a classifier
///
/// Learns every part of the model (network, k-mers, public clonotypes, genes) and weights each part by how well
/// it predicts held-out repertoires of inner folds. Writes a run folder: config.toml, model.safetensors (enough on
/// its own to score and explain), metrics.json, predictions.tsv, sequences.tsv.gz (the training cohort's clonotypes
/// ranked by evidence), families.tsv (the same in families of similar clonotypes), motifs.tsv (what the filters of the
/// network see, against what stands there anyway), `held_out.tsv` (what each part said of the training repertoires that
/// inner folds held out; it names repertoires and their labels, numbers the groups, and belongs to this model alone: do not
/// pass it on with the model unless the names may be known), confounders.tsv (how well depth, V/J usage and other columns predict the labels without
/// sequences, with a warning if they do), report.html (a page that shows all of it), a model card, log.jsonl,
/// TensorBoard events and checkpoint/.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio train --cohort cohort --target disease --positive yes --out run
  reperio train --cohort cohort --target disease --parts network,kmers --out run
  reperio train --cohort cohort --target disease --covariate sex --adjust age --out run
  reperio train --cohort exports/ --metadata labels.tsv --target disease --out run --resume
  reperio train --cohort cohort --target disease --background healthy/ --out run
  reperio train --cohort cohort --target disease --from base --out run")]
pub(crate) struct Args {
    /// Folder of the run
    #[arg(long, value_name = "RUN")]
    out: PathBuf,
    /// Continue an interrupted run; the result is the same to the last bit
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    base: FromArgs,
    #[command(flatten)]
    cohort: CohortArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    covariates: CovariateArgs,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    background: BackgroundArgs,
    #[command(flatten)]
    device: DeviceArgs,
}

/// What it writes.
const RESULTS: Results = Results {
    files: &[
        "config.toml",
        "metrics.json",
        "predictions.tsv",
        ranking::SEQUENCES,
        ranking::FAMILIES,
        motifs::NAME,
        held_out::NAME,
        "confounders.tsv",
        reperio_report::NAME,
        reperio_report::CARD,
    ],
    done: &["model.safetensors", "checkpoint/state.safetensors"],
    folders: &[],
    resumes: true,
    is_own: |out| run_config::is_of(out, "train"),
};

/// What `metrics.json` holds.
#[derive(Serialize)]
struct Metrics<'a> {
    /// Each target's labels as they were read.
    labels: &'a [TargetCounts],
    /// What the training repertoires say as cases, by target.
    memory: Vec<Option<MemoryReport>>,
    /// How the training went.
    #[serde(flatten)]
    report: &'a TrainingReport,
}

/// The case memory of one target.
#[derive(Serialize)]
struct MemoryReport {
    /// Inverse temperature.
    beta: f64,
    /// Held-out loss of what the cases predict by themselves, and of the class shares.
    loss: f64,
    loss_shares: f64,
}

impl MemoryReport {
    fn of(own: &TargetMemory) -> Self {
        let TargetMemory { beta, losses: [loss, loss_shares], .. } = *own;
        Self { beta, loss, loss_shares }
    }
}

/// What `train --json` prints.
#[derive(Serialize)]
pub(crate) struct Trained {
    /// Run folder.
    out: PathBuf,
    /// What is predicted: `column`, `kind`, and how many repertoires have each label.
    targets: Vec<TargetCounts>,
    /// A sentence on the groups that are never split; none if each repertoire is its own group.
    group: Option<String>,
    /// What predicts each target without sequences, in a sentence.
    confounding: Vec<String>,
    /// How the training went: `repertoires`, and for each of `members` its losses and seeds.
    report: TrainingReport,
    /// Seconds from reading to writing.
    seconds: f64,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    shell.print(&execute(args, shell)?)
}

/// The command, without printing its result.
pub(crate) fn execute(args: &Args, shell: &Shell) -> Result<Trained> {
    let started = Instant::now();
    let mut config = args.config.resolve()?;
    args.covariates.resolve(&mut config)?;
    let base = args.base.open(&mut config, args.config.config.as_deref())?;
    let existing = args.overwrite.or_resume(args.resume)?;
    let base_file = args.base.source();
    let sources = args.cohort.sources().and(&args.config.config).and(&args.background.background);
    let sources = sources.and(&base_file);
    let _lock = outputs::folder(&args.out, &RESULTS, &sources, existing)?;
    let cohort = args.cohort.load(shell)?;
    let labels = args.target.labels(cohort.metadata())?;
    let covariates = covariates::read(&config, cohort.metadata(), &args.target.target)?;
    let people = args.target.people(cohort.metadata())?;
    let targets = TargetCounts::of(&labels, args.target.chosen());
    for target in &targets {
        tracing::info!("{}", labels::line(target));
    }
    shell.log_to(&args.out)?;
    let background = args.background.load(&cohort, &config, &args.cohort.read, shell)?;
    let background = background.as_ref();
    let origin = (cohort.sha256(), background);
    run_config::write(&args.out, &config, origin, shell.command_line())?;
    let checkpoint = args.out.join("checkpoint");
    let device = args.device.open_for(&config.model)?;
    let context =
        TrainingContext { checkpoint: Some(&checkpoint), device: &device, base: base.as_ref() };
    let (groups, covariates) = (&people.groups, &covariates);
    let data = LabelledCohort { cohort: &cohort, labels: &labels, groups, covariates, background };
    let run = train::run(data, &config, context, RANKED, shell.observer());
    let resume = format!(
        "{} holds everything so far: run the same command with --resume to continue",
        checkpoint.display()
    );
    let run = shell.or_interrupted(run, &resume)?;
    write(&args.out, &run, &labels, &people, &targets)?;
    args.page.write(&args.out, Kind::Training)?;
    let seconds = started.elapsed().as_secs_f64();
    let (out, group) = (args.out.clone(), labels::people(&people));
    let confounding = confounders::sentences(&run.confounders);
    Ok(Trained { out, targets, group, confounding, report: run.fitted.report, seconds })
}

/// Writes what a run folder holds beside its configuration and its page.
fn write(
    out: &Path,
    run: &Run,
    labels: &Labels,
    people: &People,
    counts: &[TargetCounts],
) -> Result<()> {
    let Run { confounders, fitted, predictions, ranking, motifs, memories } = run;
    confounders::write(&out.join("confounders.tsv"), confounders)?;
    held_out::write(&out.join(held_out::NAME), run, labels, people)?;
    write_predictions(out, fitted.model.info(), predictions)?;
    ranking::write(out, ranking)?;
    motifs::write(&out.join(motifs::NAME), motifs)?;
    let memory = memories.iter().map(|own| own.as_ref().map(MemoryReport::of)).collect();
    let metrics = Metrics { labels: counts, memory, report: &fitted.report };
    paths::write_text(&out.join("metrics.json"), &serde_json::to_string_pretty(&metrics)?)?;
    fitted.model.save(&out.join("model.safetensors"))?; // Last: its presence means "done".
    Ok(())
}

/// `predictions.tsv`: the finished model's scores, and in which part each repertoire was.
fn write_predictions(out: &Path, model: &ModelInfo, all: &[RunPrediction]) -> Result<()> {
    let ids: Vec<&str> = all.iter().map(|own| own.repertoire_id.as_str()).collect();
    let parts: Vec<String> = all.iter().map(|own| own.side.to_string()).collect();
    let said: Vec<&Prediction> = all.iter().map(|own| &own.prediction).collect();
    let mut columns = vec![Column::new("repertoire_id".into(), ids)];
    columns.push(Column::new("part".into(), parts));
    columns.extend(predictions::columns(&model.targets, &said));
    table::write(&out.join("predictions.tsv"), DataFrame::new(all.len(), columns)?)
}

impl Report for Trained {
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.targets.iter().map(labels::line).collect();
        lines.extend(self.group.clone());
        lines.extend(self.report.base.iter().flat_map(pretraining::started_from));
        lines.extend(self.network_lines());
        for (terms, held_out) in self.report.terms.iter().zip(&self.report.out_of_fold) {
            lines.extend(parts::lines(terms, held_out));
        }
        lines.extend(self.report.adjustments.iter().map(Adjustment::sentence));
        lines.extend(self.confounding.iter().cloned());
        let (out, seconds) = (self.out.display(), self.seconds);
        lines.push(format!("Trained in {seconds:.1} s: {out}"));
        lines
    }
}

impl Trained {
    /// The members of the network and the seeds that discovery gave them.
    fn network_lines(&self) -> Vec<String> {
        let members = &self.report.members;
        if members.is_empty() {
            return vec![];
        }
        let mut rows =
            vec![row([&"member", &"fitted", &"validated", &"seeds", &"best epoch", &"loss"])];
        for (m, member) in members.iter().enumerate() {
            let MemberReport { fitted, validation, seeds, best_epoch, .. } = member;
            let loss =
                member.validation_loss().map_or_else(String::new, |loss| format!("{loss:.4}"));
            rows.push(row([&(m + 1), fitted, &validation.len(), &seeds.len(), best_epoch, &loss]));
        }
        let mut lines = vec![String::new()];
        lines.extend(align(&rows));
        let seeds: Vec<String> = members
            .iter()
            .flat_map(|member| &member.seeds)
            .map(|seed| format!("{} (z {:.1}, {})", seed.kmer, seed.z, fate(seed.fate)))
            .collect();
        if !seeds.is_empty() {
            lines.push(format!("Seeds   {}", seeds.join(", ")));
        }
        lines
    }
}

fn fate(fate: SeedFate) -> &'static str {
    match fate {
        SeedFate::Kept => "kept",
        SeedFate::Moved => "moved",
        SeedFate::Died => "died",
    }
}
