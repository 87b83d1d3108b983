//! `reperio train`: labels and repertoires in, a run folder with a model out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use polars::prelude::{Column, DataFrame};
use reperio_data::cohort::Cohort;
use reperio_model::config::Config;
use reperio_model::features::FeatureCache;
use reperio_model::model::{Prediction, TargetPrediction};
use reperio_model::parts::Part;
use reperio_model::target::Labels;
use reperio_model::train::{self, Dataset, Fitted, MemberReport, Place, SeedFate, TrainingReport};
use serde::Serialize;

use crate::arguments::cohort::{CohortArgs, TargetArgs, fingerprint};
use crate::arguments::device::DeviceArgs;
use crate::arguments::groups::Groups;
use crate::arguments::run_config;
use crate::shell::output::{Report, align, row};
use crate::shell::outputs::{self, OverwriteArgs, Results};
use crate::shell::{Shell, interrupted, paths, table};
use crate::tables::labels::TargetCounts;
use crate::tables::{parts, predictions, ranking};

/// Rows of the run folder's `sequences.tsv.gz` for each output.
const RANKED: usize = 1000;

/// Train a classifier
///
/// Learns every part of the model (network, k-mers, public clonotypes, genes) and weights each part by how well
/// it predicts held-out repertoires of inner folds. Writes a run folder: config.toml, model.safetensors (enough on
/// its own to score and explain), metrics.json, predictions.tsv, sequences.tsv.gz (the training cohort's clonotypes
/// ranked by evidence), log.jsonl, TensorBoard events and checkpoint/.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio train --cohort cohort --target disease --positive yes --out run
  reperio train --cohort cohort --target disease --parts network,kmers --out run
  reperio train --cohort exports/ --metadata labels.tsv --target disease --out run --resume")]
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
    cohort: CohortArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    device: DeviceArgs,
}

/// What it writes.
const RESULTS: Results = Results {
    files: &["config.toml", "metrics.json", "predictions.tsv", "sequences.tsv.gz"],
    done: &["model.safetensors", "checkpoint/state.safetensors"],
    folders: &[],
    resumes: true,
    is_own: |out| run_config::is_of(out, "train"),
};

/// What a person changes from run to run.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Training")]
pub(crate) struct ConfigArgs {
    /// Config file (TOML) with the settings that differ from the defaults
    #[arg(long, value_name = "TOML")]
    pub(crate) config: Option<PathBuf>,
    /// Seed of all random numbers [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Largest number of passes over the training repertoires
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Parts to learn, separated by commas: network, kmers, clones, genes, depth [default: all but
    /// depth]. A part that does not help gets no weight
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    parts: Vec<Part>,
    /// Learn from the number of clonotypes and copies too. Depth often reflects how samples were prepared, not who
    /// is ill
    #[arg(long)]
    use_depth: bool,
}

impl ConfigArgs {
    /// The config file with what the command line overrides.
    pub(crate) fn resolve(&self) -> Result<Config> {
        let mut config = run_config::read(self.config.as_deref())?;
        let training = &mut config.training;
        training.seed = self.seed.unwrap_or(training.seed);
        training.epochs = self.epochs.unwrap_or(training.epochs);
        if !self.parts.is_empty() {
            config.parts.include.clone_from(&self.parts);
        }
        let parts = &mut config.parts.include;
        if self.use_depth && !parts.contains(&Part::Depth) {
            parts.push(Part::Depth);
        }
        config.validate()?;
        Ok(config)
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
    let config = args.config.resolve()?;
    let existing = args.overwrite.or_resume(args.resume)?;
    let sources = args.cohort.sources().and(&args.config.config);
    let _lock = outputs::folder(&args.out, &RESULTS, &sources, existing)?;
    let cohort = args.cohort.load(shell)?;
    let labels = args.target.labels(&cohort.metadata)?;
    let Groups { names: groups, line: group } = args.target.groups(&cohort.metadata)?;
    let training = Training {
        cohort: &cohort,
        labels: &labels,
        groups: &groups,
        config: &config,
        device: args.device,
    };
    let targets = TargetCounts::of(&labels, args.target.because());
    for target in &targets {
        tracing::info!("{}", target.line());
    }
    let Fitted { report, .. } = training.run(&args.out, shell)?;
    let seconds = started.elapsed().as_secs_f64();
    Ok(Trained { out: args.out.clone(), targets, group, report, seconds })
}

/// A training run and what it works on.
pub(crate) struct Training<'a> {
    pub(crate) cohort: &'a Cohort,
    pub(crate) labels: &'a Labels,
    pub(crate) groups: &'a [String],
    pub(crate) config: &'a Config,
    pub(crate) device: DeviceArgs,
}

impl Training<'_> {
    /// Trains and writes the run folder `out`.
    pub(crate) fn run(&self, out: &Path, shell: &Shell) -> Result<Fitted> {
        shell.log_to(out)?;
        run_config::write(out, self.config, fingerprint(self.cohort)?)?;
        let (labels, groups) = (self.labels, self.groups);
        let repertoires: Vec<_> = self.cohort.repertoires.iter().collect();
        let cache = FeatureCache::new(&repertoires, groups);
        let members: Vec<usize> = (0..repertoires.len()).collect();
        let dataset = Dataset { cache: &cache, members: &members, labels };
        let checkpoint = out.join("checkpoint");
        let device = self.device.open()?;
        let place = Place { checkpoint: Some(&checkpoint), device: &device };
        let fitted = train::fit(dataset, self.config, place, shell.observer());
        let resume = format!(
            "{} holds everything so far: run the same command with --resume to continue",
            checkpoint.display()
        );
        let fitted = shell.or_interrupted(fitted, &resume)?;
        let scored =
            predictions::predict(&fitted.model, &self.cohort.repertoires, shell.observer())?;
        let Some(scored) = scored else { return Err(interrupted(&resume)) };
        self.write_predictions(out, &fitted, &scored)?;
        let ranked = ranking::rank(&fitted.model, self.cohort, RANKED, shell.observer())?;
        let Some(ranked) = ranked else { return Err(interrupted(&resume)) };
        ranking::write(&out.join("sequences.tsv.gz"), &ranked)?;
        let metrics = serde_json::to_string_pretty(&fitted.report)?;
        paths::write_text(&out.join("metrics.json"), &metrics)?;
        fitted.model.save(&out.join("model.safetensors"))?; // Last: its presence means "done".
        Ok(fitted)
    }

    /// `predictions.tsv`: the finished model's scores, and in which part each repertoire was.
    fn write_predictions(&self, out: &Path, fitted: &Fitted, scored: &[Prediction]) -> Result<()> {
        let ids = &self.cohort.metadata.ids;
        let mut columns = vec![Column::new("repertoire_id".into(), ids.clone())];
        let part = |i: usize| part(&fitted.report, self.labels, i, &ids[i]);
        columns.push(Column::new("part".into(), (0..ids.len()).map(part).collect::<Vec<_>>()));
        let targets: Vec<Vec<TargetPrediction>> =
            scored.iter().map(|prediction| prediction.targets.clone()).collect();
        columns.extend(predictions::columns(&fitted.model.info().targets, &targets));
        table::write(&out.join("predictions.tsv"), DataFrame::new(ids.len(), columns)?)
    }
}

/// "fit", "validation" (of a member that was not trained again on everything), or "unlabelled".
fn part(report: &TrainingReport, labels: &Labels, i: usize, id: &String) -> &'static str {
    if !labels.is_labelled(i) {
        "unlabelled"
    } else if report
        .members
        .iter()
        .any(|member| member.selection.is_empty() && member.validation.contains(id))
    {
        "validation"
    } else {
        "fit"
    }
}

impl Report for Trained {
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.targets.iter().map(TargetCounts::line).collect();
        lines.extend(self.group.clone());
        lines.extend(self.network_lines());
        for (terms, held_out) in self.report.terms.iter().zip(&self.report.out_of_fold) {
            lines.extend(parts::lines(terms, held_out));
        }
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
