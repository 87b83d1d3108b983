//! `reperio explain`: the sequences that drove the scores.

use std::path::PathBuf;

use anyhow::Result;
use reperio_data::cohort;
use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_model::evaluate::COVERAGE;
use reperio_model::explain::{self, ExplainedCohort, HeadSummary, Ranked};
use reperio_model::labels::Target;
use reperio_model::model::Model;
use reperio_report::Kind;
use serde::{Serialize, Serializer};

use crate::arguments::device::DeviceArgs;
use crate::arguments::inputs::InputArgs;
use crate::arguments::page::PageArgs;
use crate::shell::output::{Report, align, row};
use crate::shell::outputs::{self, OverwriteArgs, Results, Sources};
use crate::shell::{Interrupted, Shell, paths};
use crate::tables::{attention, sequences};

/// Rows of a table on the terminal; the file has all of them.
const SHOWN: usize = 20;

/// Rank the sequences that drove a model's scores
///
/// Writes tables and pages. OUT/repertoires/ID/sequences.tsv.gz has the clonotypes of a repertoire
/// with their attention and evidence, and with the share of every residue: `residues_kmers` in the
/// evidence of the k-mers and, for the first 30 clonotypes, `residues_network` in that of the network
/// (integrated gradients; with `residues_network_rest`, which is there without residues, they add up to
/// it). attention.tsv beside it has how much attention the most attended ones
/// carry. OUT/scores.tsv has each logit with the bias and the evidence of each part that make it up.
/// OUT/heads.tsv has how many sequences carry 90 % of each head's attention,
/// and the head's operating class, from I (an average over most of the repertoire) to IV (a few
/// sequences picked out). OUT/sequences.tsv.gz ranks the distinct clonotypes of all repertoires by
/// their highest evidence, with the number of repertoires that carry them. OUT/report.html shows all of
/// it. Of several repertoires, each has its own page, which OUT/report.html links to.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio explain --model run patient7.tsv.gz --out why
  reperio explain --model run cohort --top 100 --out why")]
pub(crate) struct Args {
    /// Run folder or model file
    #[arg(long, value_name = "RUN")]
    model: PathBuf,
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Rows to keep in each ranking; 0 keeps all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    top: usize,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    device: DeviceArgs,
}

/// What it writes.
const RESULTS: Results = Results {
    files: &["scores.tsv", "heads.tsv", reperio_report::NAME],
    done: &["sequences.tsv.gz", reperio_report::EXPLANATION],
    folders: &[
        ("repertoires", "sequences.tsv.gz"),
        ("repertoires", "attention.tsv"),
        ("repertoires", reperio_report::NAME),
    ],
    resumes: false,
    is_own: |_| false,
};

/// What `explanation.json` holds: where the tables came from, and what their columns mean.
#[derive(Serialize)]
struct Origin<'a> {
    /// Version of the program.
    version: &'a str,
    /// Command line.
    command: Vec<String>,
    /// What the model predicts.
    targets: &'a [Target],
    /// Share of repertoires whose label a prediction set should hold.
    coverage: f64,
    /// Targets for which training found no signal.
    no_signal: Vec<String>,
}

/// What `explain --json` prints.
#[derive(Serialize)]
pub(crate) struct Explained {
    /// Folder written.
    out: PathBuf,
    /// Rankings written, one per repertoire.
    repertoires: usize,
    /// Ids of repertoires without clonotypes, which are left out.
    empty: Vec<String>,
    /// Targets for which training found no signal: their scores are at chance.
    no_signal: Vec<String>,
    /// Largest difference between a logit and the sum of bias and evidences.
    largest_difference: f64,
    /// What each head attends to.
    heads: Vec<HeadSummary>,
    /// The distinct clonotypes with the highest evidence, printed at most 20 an output.
    #[serde(serialize_with = "first")]
    pub(crate) sequences: Vec<Ranked>,
}

/// The first of each output.
fn shown(sequences: &[Ranked]) -> impl Iterator<Item = &Ranked> {
    sequences.iter().filter(|ranked| ranked.rank <= SHOWN)
}

fn first<S: Serializer>(sequences: &[Ranked], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(shown(sequences))
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    shell.print(&execute(args, shell)?)
}

/// The command, without printing its result: explains every repertoire, writes a table each, and
/// ranks their clonotypes together.
pub(crate) fn execute(args: &Args, shell: &Shell) -> Result<Explained> {
    let model = Model::file(&args.model);
    let sources = Sources::of(&args.input.inputs).and(&args.input.metadata).and([&model]);
    let _lock = outputs::folder(&args.out, &RESULTS, &sources, args.overwrite.existing())?;
    RESULTS.remove(&args.out, &sources)?; // What an interrupted run left.
    let model = Model::load(&model)?.on(&args.device.open()?);
    let no_signal = model.no_signal();
    for column in &no_signal {
        tracing::warn!("{}", chance(column));
    }
    let explained = explain(args, model, shell);
    if explained.as_ref().is_err_and(|err| !err.is::<Interrupted>()) {
        RESULTS.remove(&args.out, &sources)?;
    }
    let ExplainedCohort { repertoires, empty, largest_difference, heads, sequences } = explained?;
    Ok(Explained {
        out: args.out.clone(),
        repertoires: repertoires.len(),
        empty,
        no_signal,
        largest_difference,
        heads,
        sequences,
    })
}

/// Explains everything and writes it.
fn explain(args: &Args, model: Model, shell: &Shell) -> Result<ExplainedCohort> {
    let top = if args.top == 0 { usize::MAX } else { args.top };
    let (request, folder) = (args.input.request(), args.out.join("repertoires"));
    let explain = move |observer: &dyn Observer| {
        let write = |repertoire: &Repertoire, explained: &explain::Explained| {
            let own = folder.join(cohort::file_name(&repertoire.id));
            let path = own.join("sequences.tsv.gz");
            let written = sequences::write(&path, &model, repertoire, explained).and_then(|()| {
                attention::write_curve(&own.join("attention.tsv"), &explained.explanation)
            });
            written.map_err(anyhow::Error::into_boxed_dyn_error)
        };
        let found = explain::inputs(&model, &request, top, observer, write);
        found.map(|found| (model, found))
    };
    let (model, found) = shell.read("run the command again", explain)?;
    sequences::write_sums(&args.out.join("scores.tsv"), &model, &found.repertoires)?;
    attention::write(&args.out.join("heads.tsv"), &model, &found.repertoires)?;
    sequences::write_ranked(&args.out.join("sequences.tsv.gz"), &found.sequences)?;
    let origin = Origin {
        version: env!("CARGO_PKG_VERSION"),
        command: std::env::args().collect(),
        targets: &model.info().targets,
        coverage: COVERAGE,
        no_signal: model.no_signal(),
    };
    let origin = serde_json::to_string_pretty(&origin)?;
    args.page.write(&args.out, Kind::Explanation, &origin)?;
    // Last: its presence means "done".
    paths::write_text(&args.out.join(reperio_report::EXPLANATION), &origin)?;
    Ok(found)
}

/// The warning for a target without a signal.
fn chance(column: &str) -> String {
    format!(
        "training found no signal for {column}: the sequences below explain scores that are at chance"
    )
}

impl Report for Explained {
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.no_signal.iter().map(|column| chance(column)).collect();
        let mut rows =
            vec![row([&"output", &"rank", &"junction", &"V", &"J", &"evidence", &"carriers"])];
        for one in shown(&self.sequences) {
            let carriers = match (one.positive_carriers, one.negative_carriers) {
                (Some(positive), Some(negative)) => format!("{positive} + / {negative} -"),
                _ => one.carriers.to_string(),
            };
            let evidence = format!("{:.4}", one.evidence);
            let Ranked { output, rank, junction_aa, v_call, j_call, .. } = one;
            rows.push(row([output, rank, junction_aa, v_call, j_call, &evidence, &carriers]));
        }
        lines.extend(align(&rows));
        lines.push(String::new());
        lines.extend(attention::lines(&self.heads));
        let (n, out) = (self.repertoires, self.out.display());
        lines.push(format!("{n} repertoires explained in {out}"));
        lines
    }
}
