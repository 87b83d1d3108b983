//! `reperio evaluate`: how good a classifier is on repertoires that it has not seen.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use polars::prelude::{Column, DataFrame};
use reperio_data::cohort::Cohort;
use reperio_data::repertoire::Repertoire;
use reperio_data::split::Splits;
use reperio_model::config::Config;
use reperio_model::confounders::{Confounders, of as confounders_of};
use reperio_model::evaluate::learning_curve::{self, CurvePlan, TargetCurve, Work};
use reperio_model::evaluate::{self, EvaluateError, Evaluation, Plan, SMALL_FOLD, TargetSummary};
use reperio_model::labelled::LabelledCohort;
use reperio_model::labels::{ChosenBy, Labels, TargetCounts};
use reperio_model::model::Model;
use reperio_model::pretrain::{Base, BaseUse};
use reperio_model::train::{Dataset, TrainingContext, TrainingReport};
use reperio_report::{Kind, verdict};
use reperio_stats::Groups;
use serde::Serialize;

use crate::arguments::base::FromArgs;
use crate::arguments::cohort::{CohortArgs, TargetArgs};
use crate::arguments::config::ConfigArgs;
use crate::arguments::device::DeviceArgs;
use crate::arguments::division::{Divided, DivisionArgs};
use crate::arguments::learning_curve::LearningCurveArgs;
use crate::arguments::page::PageArgs;
use crate::arguments::rarefy::RarefyArgs;
use crate::arguments::run_config;
use crate::shell::output::Report;
use crate::shell::outputs::{self, OverwriteArgs, Results};
use crate::shell::{Shell, paths, table};
use crate::tables::{self, confounders, evaluation, labels};

/// Cross-validate a classifier, or test a trained one
///
/// Every repertoire is scored by a model that saw neither it nor its group. Discovery, early stopping
/// and standardisation use only the training part. A control sees only depth and V/J usage. With
/// --model, a trained model is tested on another cohort. With --learning-curve, it also says how many
/// repertoires are needed, and how deep. Warns if depth, V/J usage or another column predicts the
/// labels without sequences. Writes metrics.json, predictions.tsv, splits.tsv, confounders.tsv,
/// `learning_curve.tsv` (if asked for), config.toml, a model card, and report.html, a page that shows
/// all of it, with the points of its figures in curves.tsv and decisions.tsv.
#[derive(clap::Args)]
#[command(mut_arg("target", |arg| arg.required(false).required_unless_present("model")))]
#[command(after_help = "\
Example:
  reperio evaluate --cohort cohort --target disease --folds 5 --out evaluation
  reperio evaluate --cohort cohort --target disease --permute-labels --out control
  reperio evaluate --cohort cohort --target disease --split 60/20/20 --out evaluation
  reperio evaluate --cohort cohort --target disease --batch laboratory --out across
  reperio evaluate --cohort cohort --target disease --learning-curve --out evaluation
  reperio evaluate --cohort cohort --target disease --from base --out evaluation
  reperio evaluate --cohort others --model run --out test")]
pub(crate) struct Args {
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Test this run folder or model file instead of training
    #[arg(long, value_name = "RUN", conflicts_with_all = ["splits", "permute_labels", "config", "seed", "epochs", "base"])]
    model: Option<PathBuf>,
    #[command(flatten)]
    division: DivisionArgs,
    /// Permute the labels first: a control whose AUC must be close to 0.5
    #[arg(long, value_name = "SEED", num_args = 0..=1, default_missing_value = "1")]
    permute_labels: Option<u64>,
    #[command(flatten)]
    curve: LearningCurveArgs,
    /// Continue an interrupted evaluation
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
    config: ConfigArgs,
    #[command(flatten)]
    rarefy: RarefyArgs,
    #[command(flatten)]
    device: DeviceArgs,
}

/// Name of the learning curve in its folder.
const CURVE: &str = "learning_curve.tsv";

/// What it writes.
const RESULTS: Results = Results {
    files: &[
        "config.toml",
        "predictions.tsv",
        "splits.tsv",
        "confounders.tsv",
        CURVE,
        reperio_report::NAME,
        reperio_report::CARD,
        reperio_report::CURVES,
        reperio_report::DECISIONS,
    ],
    done: &["metrics.json"],
    folders: &[("checkpoint", ".safetensors")],
    resumes: true,
    is_own: |out| run_config::is_of(out, "evaluate"),
};

/// What `metrics.json` holds.
#[derive(Serialize)]
struct Metrics<'a> {
    /// Every target with all its pooled metrics.
    targets: &'a [TargetSummary],
    /// Each target's labels as they were read.
    labels: &'a [TargetCounts],
    /// The batch or batches of each fold, if the folds are batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    batches: Option<&'a [String]>,
    /// How the training of each fold went.
    training: &'a [TrainingReport],
    /// The learning curve of each target, if it was measured.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    learning_curve: &'a [TargetCurve],
    /// What the networks started from, if not from random numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<&'a BaseUse>,
}

/// What `evaluate --json` prints.
#[derive(Serialize)]
pub(crate) struct Evaluated {
    /// Folder written.
    out: PathBuf,
    /// Repertoires scored.
    repertoires: usize,
    /// Folds; 1 where a trained model was tested.
    folds: usize,
    /// Seed with which the labels were permuted, if they were.
    permute_labels: Option<u64>,
    /// AUC of the first target pooled over held-out predictions; none for a regression.
    pub(crate) auc: Option<f64>,
    /// Its 95 % interval.
    pub(crate) auc_ci: Option<[f64; 2]>,
    /// The batch or batches of each fold, if the folds are batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    batches: Option<Vec<String>>,
    /// Its AUC in each fold.
    fold_auc: Vec<Option<f64>>,
    /// Mean of the folds' AUCs; see the warning where folds are small.
    mean_fold_auc: Option<f64>,
    /// The same (R² for a regression) for a model that sees depth and V/J usage alone.
    control: Option<f64>,
    /// Every target with all its `pooled` metrics.
    targets: Vec<TargetSummary>,
    /// Each target's labels as they were read.
    labels: Vec<TargetCounts>,
    /// A sentence on the groups that are never split; none if each repertoire is its own group.
    group: Option<String>,
    /// The verdict and the next step, one sentence for each target.
    verdicts: Vec<String>,
    /// What predicts each target without sequences, in a sentence; of permuted labels where they were permuted.
    confounding: Vec<String>,
    /// The learning curve of each target, if it was measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    learning_curve: Vec<TargetCurve>,
    /// What more repertoires, and less depth, would give: sentences for each target with a curve.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outlook: Vec<String>,
    /// What the networks started from, and how many of the repertoires it has `seen` before, without their labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<BaseUse>,
    /// Seconds from reading to writing.
    pub(crate) seconds: f64,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    shell.print(&execute(args, shell)?)
}

/// The command, without printing its result.
pub(crate) fn execute(args: &Args, shell: &Shell) -> Result<Evaluated> {
    let started = Instant::now();
    let mut config = args.config.resolve()?;
    if let Some(shares) = args.division.split {
        config.training.validation_fraction = shares.validation_fraction();
        config.validate()?;
    }
    let base = args.base.open(&mut config, args.config.config.as_deref())?;
    let existing = args.overwrite.or_resume(args.resume)?;
    let base_file = args.base.source();
    let model = args.model.as_deref().map(Model::file);
    let sources =
        args.cohort.sources().and(&args.config.config).and(&args.division.splits).and(&model);
    let sources = sources.and(&base_file);
    let _lock = outputs::folder(&args.out, &RESULTS, &sources, existing)?;
    let mut cohort = args.cohort.load(shell)?;
    // Before repertoires are made smaller: the base knows them as they are.
    let repertoires: Vec<&Repertoire> = cohort.repertoires().iter().collect();
    let base_use = base.as_ref().map(|base| BaseUse::new(base, &repertoires));
    args.rarefy.apply(cohort.repertoires_mut(), config.training.seed);
    let people = args.target.people(cohort.metadata())?;
    let learning = Learning { config: &config, base: base.as_ref() };
    let found = match &model {
        Some(model) => test(args, Model::load(model)?, &cohort, &people.groups, shell)?,
        None => cross_validate(args, learning, &cohort, &people.groups, shell)?,
    };
    let Found { evaluation, batches, .. } = &found;
    let seconds = started.elapsed().as_secs_f64();
    let chosen = if model.is_some() { ChosenBy::Model } else { args.target.chosen() };
    let labels = evaluation::counts(evaluation, chosen);
    write(&args.out, &found, &labels, base_use.as_ref())?;
    args.page.write(&args.out, Kind::Evaluation)?;
    let Some(first) = evaluation.summaries.first().cloned() else {
        bail!("no target was evaluated");
    };
    let TargetSummary { auc, auc_ci, fold_auc, mean_fold_auc, control, .. } = first;
    let (repertoires, batches) = (evaluation.predictions.len(), batches.clone());
    let confounding = confounders::sentences(&found.confounders);
    let (targets, permute_labels) = (found.evaluation.summaries, args.permute_labels);
    let curves = found.curves;
    Ok(Evaluated {
        out: args.out.clone(),
        repertoires,
        folds: fold_auc.len(),
        permute_labels,
        auc,
        auc_ci,
        batches,
        fold_auc,
        mean_fold_auc,
        control,
        verdicts: targets.iter().map(|own| verdict::of(own, permute_labels.is_some())).collect(),
        outlook: outlook(&curves, &targets),
        learning_curve: curves,
        targets,
        confounding,
        labels,
        group: labels::people(&people),
        base: base_use,
        seconds,
    })
}

/// What an evaluation found.
struct Found {
    evaluation: Evaluation,
    /// Names of the folds that are batches.
    batches: Option<Vec<String>>,
    /// What predicts the labels without sequences.
    confounders: Vec<Confounders>,
    /// The learning curve of each target, if it was asked for.
    curves: Vec<TargetCurve>,
}

/// What more repertoires would give for each target, and less depth.
fn outlook(curves: &[TargetCurve], targets: &[TargetSummary]) -> Vec<String> {
    let mut sentences = Vec::new();
    for (curve, target) in curves.iter().zip(targets) {
        sentences.push(verdict::more_repertoires(curve, target));
        sentences.extend(verdict::less_depth(curve));
    }
    sentences
}

/// How a model is learned.
#[derive(Clone, Copy)]
struct Learning<'a> {
    config: &'a Config,
    base: Option<&'a Base>,
}

/// Trains and tests in every fold; with --learning-curve, again on parts of the cohort.
fn cross_validate(
    args: &Args,
    Learning { config, base }: Learning<'_>,
    cohort: &Cohort,
    groups: &Groups,
    shell: &Shell,
) -> Result<Found> {
    let labels = args.target.labels(cohort.metadata())?;
    let items = evaluate::items(cohort.metadata().ids(), &labels, groups);
    let Divided { folds, batches } =
        args.division.of(&items, cohort.metadata(), config.training.seed)?;
    shell.log_to(&args.out)?;
    run_config::write(&args.out, config, cohort.sha256(), shell.command_line())?;
    Splits::new(&items, &folds).write(&args.out.join("splits.tsv"))?;
    let plan = Plan { folds, permute_labels: args.permute_labels, batches: batches.is_some() };
    if let Some(smallest) = plan.small_fold() {
        tracing::warn!(
            smallest,
            "folds of fewer than {SMALL_FOLD} repertoires make the pooled AUC too low: see the mean of the folds' AUCs"
        );
    }
    let checkpoint = args.out.join("checkpoint");
    let device = args.device.open()?;
    let context = TrainingContext { checkpoint: Some(&checkpoint), device: &device, base };
    let data = LabelledCohort { cohort, labels: &labels, groups };
    let observer = shell.observer();
    let found = data.with_dataset(|dataset| {
        let points = args.curve.points();
        let curve = points.map(|n| CurvePlan::new(dataset, &plan, n)).transpose()?;
        // Of the permuted labels where they are permuted: what predicts the true ones says nothing of a control.
        let labels = plan.labels(dataset);
        let confounders = confounded(LabelledCohort { labels: &labels, ..data }, dataset, args);
        let evaluation = evaluate::evaluate(dataset, config, &plan, context, observer)?;
        let work = Work { config, plan: &plan, context, observer };
        let curves = match &curve {
            Some(curve) => learning_curve::measure(dataset, &evaluation, curve, work)?,
            None => Vec::new(),
        };
        Ok::<_, EvaluateError>(Found { evaluation, batches, confounders, curves })
    });
    shell.or_interrupted(found, "run the same command with --resume to continue")
}

/// What predicts the labels without sequences. What does is told in the log.
fn confounded(data: LabelledCohort<'_>, dataset: Dataset<'_>, args: &Args) -> Vec<Confounders> {
    let found = confounders_of(data, dataset.cache, args.division.batch.as_deref());
    found.iter().for_each(Confounders::log);
    found
}

/// Tests a trained model on the labelled repertoires of `cohort`.
fn test(
    args: &Args,
    model: Model,
    cohort: &Cohort,
    groups: &Groups,
    shell: &Shell,
) -> Result<Found> {
    let labels = Labels::of(cohort.metadata(), &model.info().targets)?;
    shell.log_to(&args.out)?;
    let model = model.on(&args.device.open()?);
    run_config::write(&args.out, &model.info().config, cohort.sha256(), shell.command_line())?;
    let data = LabelledCohort { cohort, labels: &labels, groups };
    let (confounders, evaluation) = data.with_dataset(|dataset| {
        let confounders = confounded(data, dataset, args);
        (confounders, evaluate::test(&model, dataset, shell.observer()))
    });
    let evaluation = shell.or_interrupted(evaluation, "run the command again")?;
    Ok(Found { evaluation, batches: None, confounders, curves: Vec::new() })
}

/// Writes the tables of an evaluation.
fn write(out: &Path, found: &Found, labels: &[TargetCounts], base: Option<&BaseUse>) -> Result<()> {
    let Found { evaluation, batches, confounders, curves } = found;
    let Evaluation { predictions, summaries, training, .. } = evaluation;
    let ids: Vec<&str> = predictions.iter().map(|own| own.repertoire_id.as_str()).collect();
    let folds: Vec<u64> = predictions.iter().map(|own| own.fold as u64).collect();
    let mut columns = vec![Column::new("repertoire_id".into(), ids)];
    columns.push(Column::new("fold".into(), folds));
    columns.extend(evaluation::columns(evaluation));
    let table = DataFrame::new(predictions.len(), columns)?;
    table::write(&out.join("predictions.tsv"), table)?;
    confounders::write(&out.join("confounders.tsv"), confounders)?;
    let curve = out.join(CURVE);
    if !curves.is_empty() {
        table::write(&curve, tables::learning_curve::frame(curves)?)?;
    } else if curve.exists() {
        // Of an evaluation that is gone on with, without its curve.
        fs::remove_file(&curve).with_context(|| format!("cannot remove {}", curve.display()))?;
    }
    let batches = batches.as_deref();
    let metrics =
        Metrics { targets: summaries, labels, batches, training, learning_curve: curves, base };
    // Last: its presence means "done".
    paths::write_text(&out.join("metrics.json"), &serde_json::to_string_pretty(&metrics)?)
}

impl Report for Evaluated {
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.labels.iter().map(labels::line).collect();
        lines.extend(self.group.clone());
        lines.extend(self.base.iter().flat_map(tables::pretraining::started_from));
        lines.push(String::new());
        for target in &self.targets {
            lines.extend(evaluation::lines(target, self.batches.as_deref()));
            lines.push(String::new());
        }
        for curve in &self.learning_curve {
            lines.extend(tables::learning_curve::lines(curve));
            lines.push(String::new());
        }
        if let Some(seed) = self.permute_labels {
            lines.push(format!(
                "Labels were permuted with seed {seed}: a control that should be at chance"
            ));
        }
        let (n, seconds, out) = (self.repertoires, self.seconds, self.out.display());
        lines.push(format!("{n} repertoires, {} folds, {seconds:.1} s: {out}", self.folds));
        lines.extend(self.verdicts.iter().chain(&self.outlook).cloned());
        lines.extend(self.confounding.iter().cloned());
        lines
    }
}
