//! `reperio compare`: published methods and Reperio on the same folds.

mod fold_files;
mod page;
mod tables;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use reperio_baselines::catalogue::{self, Setup};
use reperio_baselines::compare::{
    self, CompareError, Comparison, ComparisonCohort, FoldsWanted, Outcome, Summary,
};
use reperio_baselines::method::Method;
use reperio_data::split::Division;
use reperio_model::covariates::Covariates;
use reperio_model::labelled::LabelledCohort;
use reperio_model::labels::TargetCounts;
use serde::Serialize;

use crate::arguments::cohort::{CohortArgs, TargetArgs};
use crate::arguments::config::ConfigArgs;
use crate::arguments::device::DeviceArgs;
use crate::arguments::rarefy::RarefyArgs;
use crate::arguments::run_config;
use crate::arguments::simulated::Simulated;
use crate::shell::output::Report;
use crate::shell::outputs::{self, OverwriteArgs, Results};
use crate::shell::{Shell, interrupted, paths};
use crate::tables::labels;
use fold_files::FoldFiles;

/// Compare published methods with Reperio on the same folds
///
/// Every method chooses its hyper-parameters inside the training part of each fold. There are two
/// controls: depth and diversity alone, and Reperio on permuted labels. Writes compare.html,
/// compare.md, compare.tsv, compare.json, predictions.tsv, splits.tsv and what each method chose in
/// each fold.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio compare --cohort cohort --target disease --out comparison
  reperio compare --cohort made/repertoires --metadata made/metadata.tsv --target label \\
    --simulated made --methods reperio,kmer3-logistic,burden --out comparison
  reperio compare --cohort cohort --target disease --out comparison --resume")]
pub(crate) struct Args {
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Methods, separated by commas [default: all]; a wrong name lists them all
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    methods: Vec<String>,
    /// Number of folds
    #[arg(long, value_name = "K", default_value_t = 5)]
    folds: usize,
    /// Table of `repertoire_id` and `fold` to use instead of random folds, as `evaluate` writes it
    #[arg(long, value_name = "TSV", conflicts_with_all = ["folds", "repeats"])]
    splits: Option<PathBuf>,
    /// Repeats of the cross-validation, each with its own folds
    #[arg(long, value_name = "N", default_value = "1")]
    repeats: std::num::NonZeroUsize,
    /// Folder that `simulate` wrote; adds the known-motif oracle and how well methods find implanted sequences
    #[arg(long, value_name = "DIR")]
    simulated: Option<PathBuf>,
    /// Training updates of DeepRC; its publication used 100,000
    #[arg(long, value_name = "N", default_value = "5000")]
    deeprc_updates: std::num::NonZeroUsize,
    /// Continue an interrupted comparison, or add methods to a finished one
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
    rarefy: RarefyArgs,
    #[command(flatten)]
    device: DeviceArgs,
}

/// What it writes.
const RESULTS: Results = Results {
    files: &[
        "compare.json",
        "compare.html",
        "compare.md",
        "compare.tsv",
        "predictions.tsv",
        "splits.tsv",
    ],
    done: &["config.toml"],
    folders: &[("folds", ".json"), ("folds", "sha256")],
    resumes: true,
    is_own: |out| run_config::is_of(out, "compare"),
};

/// What `compare --json` prints and `compare.json` holds.
#[derive(Serialize)]
struct Compared {
    /// Folder written.
    out: PathBuf,
    /// Version of the program.
    version: &'static str,
    /// Command line.
    command: Vec<String>,
    /// `target`, sizes, and for each of `methods` its figures and `curves`.
    #[serde(flatten)]
    summary: Summary,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    shell.print(&execute(args, shell)?)
}

fn execute(args: &Args, shell: &Shell) -> Result<Compared> {
    let config = args.config.resolve()?;
    let simulated = args.simulated.as_deref().map(Simulated::read).transpose()?;
    let setup = Setup {
        config: config.clone(),
        deeprc_updates: args.deeprc_updates.get(),
        device: args.device.open_for(&config.model)?,
        simulation: simulated.as_ref().map(|own| own.config.clone()),
    };
    if !config.covariates.is_empty() {
        bail!("compare knows no covariates, expected a config file without `[covariates]`");
    }
    let methods = catalogue::choose(catalogue::methods(&setup)?, &args.methods)?;
    let existing = args.overwrite.or_resume(args.resume)?;
    let sources = args.cohort.sources().and(&args.config.config);
    let sources = sources.and(&args.splits).and(&args.simulated);
    let _lock = outputs::folder(&args.out, &RESULTS, &sources, existing)?;
    let mut cohort = args.cohort.load(shell)?;
    args.rarefy.apply(cohort.repertoires_mut(), config.training.seed);
    let (repeats, seed) = (args.repeats.get(), config.training.seed);
    let table = args.splits.as_deref().map(Division::Table);
    let division = table.unwrap_or(Division::Folds(args.folds));
    let folds = FoldsWanted { division, repeats, seed };
    let labels = args.target.labels(cohort.metadata())?;
    for counts in TargetCounts::of(&labels, args.target.chosen()) {
        tracing::info!("{}", labels::line(&counts));
    }
    let people = args.target.people(cohort.metadata())?;
    if let Some(line) = labels::people(&people) {
        tracing::info!("{line}");
    }
    let none = Covariates::default();
    let (groups, covariates, background) = (&people.groups, &none, None);
    let data = LabelledCohort { cohort: &cohort, labels: &labels, groups, covariates, background };
    let labelled = ComparisonCohort::of(data, &folds)?;
    shell.log_to(&args.out)?;
    let sha256 = cohort.sha256();
    let same = (&sha256, &labelled.target, &labelled.folds, &config, setup.deeprc_updates);
    let files =
        FoldFiles::open(&args.out, &serde_json::to_string(&same)?, labelled.repertoires.len())?;
    run_config::write(&args.out, &config, (sha256, None), shell.command_line())?;
    write_splits(&args.out, &labelled)?;
    let truth = simulated.as_ref().map(|own| &own.truth);
    let comparison = labelled.comparison(truth, seed);
    let outcomes = all_folds(&comparison, &methods, files, shell)?;
    let compared = Compared {
        out: args.out.clone(),
        version: env!("CARGO_PKG_VERSION"),
        command: shell.command_line(),
        summary: compare::summary(&labelled, &comparison, &methods, &outcomes),
    };
    tables::write(&args.out, &compared, &labelled, &outcomes)?;
    paths::write_text(&args.out.join("compare.html"), &page::html(&compared, &outcomes))?;
    Ok(compared)
}

/// `splits.tsv`, which `evaluate --splits` takes; of further repeats `splits-2.tsv` and so on.
fn write_splits(out: &Path, labelled: &ComparisonCohort<'_>) -> Result<()> {
    for (repeat, splits) in labelled.splits().iter().enumerate() {
        let mark = if repeat == 0 { String::new() } else { format!("-{}", repeat + 1) };
        splits.write(&out.join(format!("splits{mark}.tsv")))?;
    }
    Ok(())
}

/// Runs the methods, and the reference on permuted labels.
fn all_folds(
    comparison: &Comparison<'_>,
    methods: &[Box<dyn Method>],
    mut files: FoldFiles,
    shell: &Shell,
) -> Result<Vec<Outcome>> {
    match compare::run(comparison, &compare::entries(methods), &mut files, shell.observer()) {
        Ok(outcomes) => Ok(outcomes),
        Err(CompareError::Cancelled) => {
            Err(interrupted("run the same command with --resume to continue"))
        }
        Err(CompareError::FoldStore(err)) => Err(err),
        Err(CompareError::Method { method, fold, source }) => {
            Err(anyhow::Error::new(source).context(format!("{method}, fold {fold}")))
        }
    }
}

impl Report for Compared {
    fn lines(&self) -> Vec<String> {
        tables::lines(self)
    }
}
