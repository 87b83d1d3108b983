//! `reperio simulate`: a cohort with implanted signals, and the truth about it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use reperio_data::generator::Generator;
use reperio_data::progress::Observer;
use reperio_data::simulate::{
    self, Background, Clonotypes, Signal, SimulationConfig, SimulationSummary,
};
use reperio_stats::metrics;
use serde::Serialize;

use crate::arguments::inputs::ReadArgs;
use crate::shell::Shell;
use crate::shell::output::{Report, align, row};
use crate::shell::outputs::{self, Existing, OverwriteArgs, Results, Sources};

/// Simulate a cohort with implanted signals
///
/// Writes OUT/repertoires/*.tsv.gz, OUT/metadata.tsv, OUT/truth.tsv.gz (what was implanted where),
/// OUT/oracle.tsv (signal counts for an observer who knows the signals) and OUT/simulation.toml (the
/// resolved configuration). The background comes from the built-in generator of human TCR beta or
/// from the rows of any cohort.
#[derive(clap::Args)]
#[command(after_help = "\
Motifs:
  LDR      these residues
  GL-N     any residue at `-`
  [ST]FEN  S or T first
  SF(d)EN  the residue before `(d)` may be missing: SFEN or SEN

Example:
  reperio simulate --motif LDR --witness-rate 0.001 --repertoires 300 --out simulated
  reperio simulate --config configs/simulate/ldr-0.1.toml --background cohort --out simulated
  reperio simulate --config configs/simulate/public-clones-20.toml --scale 0.1 --out simulated")]
pub(crate) struct Args {
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Config file (TOML) with the settings that differ from the defaults
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
    /// Total number of repertoires
    #[arg(long, value_name = "N")]
    repertoires: Option<usize>,
    /// Share of the config's repertoires to make, at least 20, classes balanced; pools of clonotypes shrink too
    #[arg(long, value_name = "SHARE", conflicts_with = "repertoires")]
    scale: Option<f64>,
    /// Clonotypes per repertoire
    #[arg(long, value_name = "N")]
    clonotypes: Option<usize>,
    /// Seed of all random numbers
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Motif of a signal in the positive repertoires; may be repeated, each witness carries one of them
    #[arg(long, value_name = "MOTIF")]
    motif: Vec<String>,
    /// Share of a positive repertoire's sequences that carry a --motif
    #[arg(long, value_name = "SHARE", requires = "motif", default_value_t = 0.005)]
    witness_rate: f64,
    /// Cohort whose rows are used as the background; may be repeated
    #[arg(long, value_name = "COHORT", conflicts_with = "generator")]
    background: Vec<PathBuf>,
    /// Generator file of `fit-generator` to draw the background from
    #[arg(long, value_name = "FILE")]
    generator: Option<PathBuf>,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    read: ReadArgs,
}

/// What `simulate --json` prints.
#[derive(Serialize)]
pub(crate) struct Simulated {
    /// Folder written.
    out: PathBuf,
    /// `repertoires`, `clonotypes`, `witnesses` (implanted sequences) and `unplaced` ones.
    #[serde(flatten)]
    summary: SimulationSummary,
    /// AUC for `label` of an observer who knows its signals and counts their motifs at their positions, or the
    /// clonotypes of its pools; none without a signal.
    oracle_auc: Option<f64>,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    shell.print(&execute(args, shell)?)
}

/// The command, without printing its result.
pub(crate) fn execute(args: &Args, shell: &Shell) -> Result<Simulated> {
    let config = resolve(args)?;
    let sources = Sources::of(&args.background).and(&args.config).and(&args.generator);
    sources.check_folder(&args.out.join("repertoires"))?;
    let _lock = outputs::folder(&args.out, &RESULTS, &sources, existing(args))?;
    if args.background.is_empty() {
        let generator =
            args.generator.as_deref().map_or(Ok(Generator::human_trb()), Generator::load)?;
        return to(&args.out, &config, Background::Generator(&generator), shell);
    }
    let request = shell.request(&args.background, None, args.read.options());
    let load = move |observer: &dyn Observer| request.load(observer);
    let real = shell.read(AGAIN, load)?;
    to(&args.out, &config, Background::Repertoires(real.repertoires()), shell)
}

/// What it writes beside the repertoires.
const RESULTS: Results = Results {
    files: &["metadata.tsv", "truth.tsv.gz", "oracle.tsv"],
    done: &["simulation.toml"],
    folders: &[],
    resumes: false,
    is_own,
};

/// Whether a simulation was started in a folder.
fn is_own(out: &Path) -> bool {
    ["simulation.toml", ".simulation-begun"].iter().any(|name| out.join(name).exists())
}

/// What to do with what is there: an earlier simulation is cleared away by the library.
fn existing(args: &Args) -> Existing {
    if args.overwrite.overwrite && is_own(&args.out) {
        Existing::GoOn
    } else {
        args.overwrite.existing()
    }
}

/// What an interrupted simulation asks for.
const AGAIN: &str = "run the command again";

/// Simulates into the folder `out`.
fn to(
    out: &Path,
    config: &SimulationConfig,
    background: Background<'_>,
    shell: &Shell,
) -> Result<Simulated> {
    let summary = simulate::simulate(config, background, out, shell.observer());
    let summary = shell.or_interrupted(summary, AGAIN)?;
    let (labels, carriers): (Vec<bool>, Vec<f64>) =
        summary.oracle.iter().map(|&(label, carriers)| (label, carriers as f64)).unzip();
    let oracle_auc = metrics::auc(&carriers, &labels);
    Ok(Simulated { out: out.to_owned(), summary, oracle_auc })
}

/// The config file with what the command line overrides.
fn resolve(args: &Args) -> Result<SimulationConfig> {
    let mut config = args.config.as_deref().map_or(Ok(SimulationConfig::default()), read)?;
    if !args.motif.is_empty() {
        if !config.signals.is_empty() {
            bail!("both --motif and the config file define signals, expected only one of them");
        }
        config.signals = vec![signal(&args.motif, args.witness_rate)?];
    }
    if let Some(scale) = args.scale {
        config = config.scaled(scale)?;
    }
    config.repertoires = args.repertoires.unwrap_or(config.repertoires);
    config.seed = args.seed.unwrap_or(config.seed);
    config.clonotypes = args.clonotypes.map_or(config.clonotypes, Clonotypes::Fixed);
    config.validate()?;
    Ok(config)
}

fn read(path: &Path) -> Result<SimulationConfig> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let config: SimulationConfig = toml::from_str(&text)
        .with_context(|| format!("{} is not a valid config file", path.display()))?;
    config.validate().with_context(|| path.display().to_string())?;
    Ok(config)
}

/// A signal that differs from the defaults of a config file in its motifs and rate alone.
fn signal(motifs: &[String], witness_rate: f64) -> Result<Signal> {
    let table = toml::toml! { name = "motif" motifs = [] };
    let signal: Signal = table.try_into().context("cannot make a signal of --motif")?;
    Ok(Signal { motifs: motifs.to_vec(), witness_rate, ..signal })
}

impl Report for Simulated {
    fn lines(&self) -> Vec<String> {
        let SimulationSummary { repertoires, clonotypes, witnesses, unplaced, .. } = &self.summary;
        let mut rows = vec![
            row([&"repertoires", repertoires]),
            row([&"clonotypes", clonotypes]),
            row([&"implanted", witnesses]),
            row([&"not placed", unplaced]),
        ];
        if let Some(auc) = self.oracle_auc {
            rows.push(row([&"oracle AUC", &format!("{auc:.4}")]));
        }
        let mut lines = align(&rows);
        lines.push(format!("Simulated in {}", self.out.display()));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    /// Repertoires, clonotypes and pool of what the command line asks for, or what is wrong with it.
    fn check(arguments: &str) -> String {
        let config =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/simulate/public-clones-20.toml");
        let fixed = ["simulate", "--out", "made", "--config", config];
        let cli = match Cli::try_parse_from(fixed.into_iter().chain(arguments.split_whitespace())) {
            Ok(cli) => cli,
            Err(err) => return err.kind().to_string(),
        };
        match resolve(&cli.args) {
            Ok(SimulationConfig { repertoires, clonotypes, pools, .. }) => {
                format!("{repertoires} x {clonotypes:?}, pools {pools:?}")
            }
            Err(err) => format!("{err:#}"),
        }
    }

    #[test]
    fn a_scale_changes_repertoires_and_pool_and_nothing_else() {
        assert_eq!(check(""), "800 x Fixed(25000), pools {\"public\": 1000}");
        assert_eq!(check("--scale 0.05"), "40 x Fixed(25000), pools {\"public\": 50}");
        assert_eq!(
            check("--scale 0.05 --clonotypes 2000"),
            "40 x Fixed(2000), pools {\"public\": 50}"
        );
        assert_eq!(check("--repertoires 40"), "40 x Fixed(25000), pools {\"public\": 1000}");
        assert_eq!(check("--scale 2"), "`scale` is 2, expected above 0, at most 1");
        let both = check("--scale 0.5 --repertoires 20");
        assert_eq!(
            both,
            "an argument cannot be used with one or more of the other specified arguments"
        );
    }
}
