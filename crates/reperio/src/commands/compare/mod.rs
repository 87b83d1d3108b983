//! `reperio compare`: published methods and Reperio on the same folds.

mod keeper;
mod labelled;
mod page;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use reperio_data::simulate::SimulationConfig;
use reperio_reference::catalogue::{self, Setup};
use reperio_reference::compare::{
    self, CompareError, Comparison, Curves, Entry, Figures, Outcome, Truth,
};
use reperio_reference::method::Method;
use serde::Serialize;

use super::train::ConfigArgs;
use crate::arguments::cohort::{CohortArgs, TargetArgs, fingerprint};
use crate::arguments::device::DeviceArgs;
use crate::arguments::folds::Division;
use crate::arguments::rarefy::RarefyArgs;
use crate::arguments::run_config;
use crate::shell::output::Report;
use crate::shell::outputs::{self, OverwriteArgs, Results};
use crate::shell::{Shell, interrupted, paths};
use keeper::FoldFiles;
use labelled::{FoldsWanted, Labelled};

/// The method that others are compared with, and the one that is trained on permuted labels too.
const REFERENCE: &str = "reperio";

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
    /// Column and its positive value.
    target: String,
    /// Labelled repertoires.
    repertoires: usize,
    /// Positive ones.
    positive: usize,
    /// Median number of clonotypes per repertoire.
    clonotypes: usize,
    /// Folds.
    folds: usize,
    /// Repeats.
    repeats: usize,
    /// One entry per method and control, in the order of `--methods`.
    methods: Vec<Row>,
    /// Points of the curves of the first repeat.
    curves: Vec<Curves>,
}

/// A method of [`Compared`].
#[derive(Serialize)]
struct Row {
    /// What it is.
    about: &'static str,
    /// Whether it is a control that shows what can be reached without the signal: permuted labels, depth alone.
    control: bool,
    #[serde(flatten)]
    figures: Figures,
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
        device: args.device.open()?,
        simulation: simulated.as_ref().map(|own| own.config.clone()),
    };
    let methods = choose(catalogue::methods(&setup)?, &args.methods)?;
    let existing = args.overwrite.or_resume(args.resume)?;
    let sources = args.cohort.sources().and(&args.config.config);
    let sources = sources.and(&args.splits).and(&args.simulated);
    let _lock = outputs::folder(&args.out, &RESULTS, &sources, existing)?;
    let mut cohort = args.cohort.load(shell)?;
    args.rarefy.apply(&mut cohort.repertoires, config.training.seed);
    let (repeats, seed) = (args.repeats.get(), config.training.seed);
    let table = args.splits.as_deref().map(Division::Table);
    let division = table.unwrap_or(Division::Folds(args.folds));
    let folds = FoldsWanted { division, repeats, seed };
    let labelled = Labelled::of(&args.target, &cohort, &folds)?;
    shell.log_to(&args.out)?;
    let sha256 = fingerprint(&cohort)?;
    let same = (&sha256, &labelled.target, &labelled.folds, &config, setup.deeprc_updates);
    let files =
        FoldFiles::open(&args.out, &serde_json::to_string(&same)?, labelled.repertoires.len())?;
    run_config::write(&args.out, &config, sha256)?;
    labelled.write_splits(&args.out)?;
    let truth = simulated.as_ref().map(|own| &own.truth);
    let comparison = labelled.comparison(truth, seed);
    let outcomes = all_folds(&comparison, &methods, files, shell)?;
    let compared = summary(&args.out, &labelled, &comparison, &methods, &outcomes);
    tables::write(&args.out, &compared, &labelled, &outcomes)?;
    paths::write_text(&args.out.join("compare.html"), &page::html(&compared, &outcomes))?;
    Ok(compared)
}

/// What `simulate` wrote beside a cohort.
struct Simulated {
    config: SimulationConfig,
    truth: Truth,
}

impl Simulated {
    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("simulation.toml");
        let text = fs::read_to_string(&path).with_context(|| {
            format!("cannot read {}, expected a folder that `simulate` wrote", path.display())
        })?;
        let config =
            toml::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Self { config, truth: Truth::read(&folder.join("truth.tsv.gz"))? })
    }
}

/// The methods of those names, in their order; all if there are none.
fn choose(all: Vec<Box<dyn Method>>, names: &[String]) -> Result<Vec<Box<dyn Method>>> {
    if names.is_empty() {
        return Ok(all);
    }
    let mut left: Vec<Option<Box<dyn Method>>> = all.into_iter().map(Some).collect();
    let known: Vec<&str> = left.iter().flatten().map(|method| method.name()).collect();
    let known = known.join(", ");
    let mut take = |name: &String| {
        let named = left.iter_mut().find(|one| one.as_ref().is_some_and(|one| one.name() == name));
        let method = named.and_then(Option::take);
        method.with_context(|| format!("method {name:?}, expected each at most once of: {known}"))
    };
    names.iter().map(&mut take).collect()
}

/// Runs the methods, and the reference on permuted labels.
fn all_folds(
    comparison: &Comparison<'_>,
    methods: &[Box<dyn Method>],
    mut files: FoldFiles,
    shell: &Shell,
) -> Result<Vec<Outcome>> {
    let reference = methods.iter().filter(|method| method.name() == REFERENCE);
    let given = methods.iter().map(|method| Entry { method: &**method, permuted: false });
    let permuted = reference.map(|method| Entry { method: &**method, permuted: true });
    let entries: Vec<Entry<'_>> = given.chain(permuted).collect();
    match compare::run(comparison, &entries, &mut files, shell.observer()) {
        Ok(outcomes) => Ok(outcomes),
        Err(CompareError::Cancelled) => {
            Err(interrupted("run the same command with --resume to continue"))
        }
        Err(CompareError::Keeper(err)) => Err(err),
        Err(CompareError::Method { method, fold, source }) => {
            Err(anyhow::Error::new(source).context(format!("{method}, fold {fold}")))
        }
    }
}

fn summary(
    out: &Path,
    labelled: &Labelled<'_>,
    comparison: &Comparison<'_>,
    methods: &[Box<dyn Method>],
    outcomes: &[Outcome],
) -> Compared {
    let (figures, curves) = compare::figures(comparison, outcomes, REFERENCE);
    let row = |figures: Figures| {
        let own = methods.iter().find(|method| method.name() == figures.method);
        let about = own
            .map_or("reperio on permuted labels: its AUC must be close to 0.5", |own| own.about());
        let control = figures.permuted || own.is_some_and(|own| own.is_control());
        Row { about, control, figures }
    };
    let mut sizes: Vec<usize> = labelled.repertoires.iter().map(|own| own.len()).collect();
    sizes.sort_unstable();
    let folds = comparison.folds.first().and_then(|folds| folds.iter().max());
    Compared {
        out: out.to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        command: std::env::args().collect(),
        target: labelled.target.clone(),
        repertoires: labelled.repertoires.len(),
        positive: labelled.labels[0].given.iter().filter(|label| **label).count(),
        clonotypes: sizes.get(sizes.len() / 2).copied().unwrap_or(0),
        folds: folds.map_or(0, |last| last + 1),
        repeats: comparison.folds.len(),
        methods: figures.into_iter().map(row).collect(),
        curves,
    }
}

impl Report for Compared {
    fn lines(&self) -> Vec<String> {
        tables::lines(self)
    }
}
