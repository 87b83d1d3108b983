//! `reperio explain`: the sequences that drove the scores.

mod antigens;
mod remote;

use std::path::{Path, PathBuf};

use anyhow::Result;
use reperio_data::antigens::FileReport;
use reperio_data::cohort;
use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;
use reperio_model::evaluate::COVERAGE;
use reperio_model::explain::{self, ExplainedCohort, HeadSummary, Ranked, Ranking};
use reperio_model::labels::Target;
use reperio_model::model::Model;
use reperio_report::Kind;
use serde::{Deserialize, Serialize, Serializer};

use antigens::{AnnotateArgs, Annotator, KnownAntigens};

use crate::arguments::device::DeviceArgs;
use crate::arguments::inputs::InputArgs;
use crate::arguments::page::PageArgs;
use crate::arguments::server::ServerArgs;
use crate::shell::output::{Report, align, row};
use crate::shell::outputs::{self, OverwriteArgs, Results, Sources};
use crate::shell::{Interrupted, Shell, paths};
use crate::tables::cases::{self, Cases};
use crate::tables::{attention, covariates, held_out, ranking, sequences};

/// Rows of a table on the terminal; the file has all of them.
const SHOWN: usize = 20;

/// Rows of each ranking unless told otherwise.
const TOP: usize = 1000;

/// Rank the sequences that drove a model's scores
///
/// Writes tables and pages. OUT/repertoires/ID/sequences.tsv.gz has the clonotypes of a repertoire
/// with their attention and evidence, and with the share of every residue: `residues_kmers` in the
/// evidence of the k-mers and, for the first 30 clonotypes, `residues_network` in that of the network
/// (integrated gradients; with `residues_network_rest`, which is there without residues, they add up to
/// it). attention.tsv beside it has how much attention the most attended ones
/// carry. OUT/scores.tsv has each logit with the bias and the evidence of each part that make it up.
/// OUT/covariates.tsv has what each covariate adds, if the model has any, and its value.
/// OUT/heads.tsv has how many sequences carry 90 % of each head's attention,
/// and the head's operating class, from I (an average over most of the repertoire) to IV (a few
/// sequences picked out). OUT/sequences.tsv.gz ranks the distinct clonotypes of all repertoires by
/// their highest evidence, with the number of repertoires that carry them; OUT/families.tsv has the
/// same in families: of one V gene and length, each clonotype within one substitution of another.
/// OUT/cases.tsv has the training repertoires that each score leans on, with their labels and their weights, which sum to 1 over all of
/// them, if the model lies in the folder that `train` wrote, beside `held_out.tsv`. `memory` in OUT/scores.tsv is what they
/// predict by themselves. A case of the same name is left out, and so are
/// others of its person (its group in the training, or one subject in the table of what is explained).
/// OUT/report.html shows all of it. Of several repertoires, each has its own page, which OUT/report.html links to.
///
/// With --annotate, OUT/annotations.tsv and OUT/repertoires/ID/annotations.tsv name the receptors of the databases that
/// the 100 leading clonotypes match: the same junction or one other residue, and the same V gene.
/// OUT/annotation_chance.tsv says how many match, how many would by chance, and P of as many by chance. Do not
/// read matches without it.
#[expect(clippy::doc_markdown, reason = "it is the help text, where names of files are no code")]
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio explain --model run patient7.tsv.gz --out why
  reperio explain --model run cohort --top 100 --out why
  reperio explain --model run cohort --annotate vdjdb.txt --annotate McPAS-TCR.csv --out why")]
pub(crate) struct Args {
    /// Run folder or model file; with --server, a name
    #[arg(long, value_name = "RUN")]
    model: PathBuf,
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Rows to keep in each ranking; 0 keeps all
    #[arg(long, value_name = "N", default_value_t = TOP)]
    top: usize,
    #[command(flatten)]
    annotate: AnnotateArgs,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// What it writes.
const RESULTS: Results = Results {
    files: &[
        "scores.tsv",
        "heads.tsv",
        cases::NAME,
        covariates::NAME,
        ranking::FAMILIES,
        antigens::ANNOTATIONS,
        antigens::CHANCE,
        reperio_report::NAME,
    ],
    done: &[ranking::SEQUENCES, reperio_report::EXPLANATION],
    folders: &[
        ("repertoires", "sequences.tsv.gz"),
        ("repertoires", "attention.tsv"),
        ("repertoires", antigens::ANNOTATIONS),
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
    /// What became of the exports of databases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    antigens: Vec<FileReport>,
}

/// What `explain --json` prints.
#[derive(Serialize, Deserialize)]
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
    /// Known antigens beside the leading clonotypes, with `--annotate`.
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    known_antigens: Option<KnownAntigens>,
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
    let server = args.server.open()?;
    let file = Model::file(&args.model);
    let model = server.is_none().then_some(&file);
    let annotate = &args.annotate.annotate;
    let sources =
        Sources::of(&args.input.inputs).and(&args.input.metadata).and(model).and(annotate);
    let _lock = outputs::folder(&args.out, &RESULTS, &sources, args.overwrite.existing())?;
    RESULTS.remove(&args.out, &sources)?; // What an interrupted run left.
    let explained = match server {
        Some(server) => remote::explain(args, server, shell),
        None => explain_here(args, &file, shell),
    };
    if explained.as_ref().is_err_and(|err| !err.is::<Interrupted>()) {
        RESULTS.remove(&args.out, &sources)?;
    }
    let explained = explained?;
    args.page.write(&args.out, Kind::Explanation)?;
    Ok(explained)
}

fn explain_here(args: &Args, file: &Path, shell: &Shell) -> Result<Explained> {
    let annotator = Annotator::load(&args.annotate.annotate)?;
    let model = Model::load(file)?;
    let device = args.device.open_for(&model.info().config.model)?;
    let model = model.on(&device);
    let no_signal = model.no_signal();
    for column in &no_signal {
        tracing::warn!("{}", chance(column));
    }
    let cases = held_out::beside(file, &model)?.map(Cases::new);
    let (explained, known_antigens) = explain(args, (model, annotator), cases, shell)?;
    let ExplainedCohort { repertoires, empty, largest_difference, heads, ranking, .. } = explained;
    let Ranking { sequences, .. } = ranking;
    Ok(Explained {
        out: args.out.clone(),
        repertoires: repertoires.len(),
        empty,
        no_signal,
        largest_difference,
        heads,
        sequences,
        known_antigens,
    })
}

/// Explains everything and writes it; `cases` are the training repertoires, if they are known.
fn explain(
    args: &Args,
    (model, annotator): (Model, Option<Annotator>),
    cases: Option<Cases>,
    shell: &Shell,
) -> Result<(ExplainedCohort, Option<KnownAntigens>)> {
    let top = if args.top == 0 { usize::MAX } else { args.top };
    let (request, folder) = (args.input.request(shell), args.out.join("repertoires"));
    let explain = move |observer: &dyn Observer| {
        let outputs = model.output_names();
        let write = |repertoire: &Repertoire, explained: &explain::Explained| {
            let own = folder.join(cohort::file_name(&repertoire.id));
            if let Some(cases) = &cases {
                cases.add(&model, repertoire, explained);
            }
            let mut written = write_one(&own, &model, repertoire, explained);
            if let (Ok(()), Some(annotator)) = (&written, &annotator) {
                written = annotator.add(&own, repertoire, (&outputs, explained));
            }
            written.map_err(anyhow::Error::into_boxed_dyn_error)
        };
        let found = explain::inputs(&model, &request, top, observer, write);
        found.map(|found| (model, annotator, cases, found))
    };
    let (model, annotator, cases, found) = shell.read("run the command again", explain)?;
    let files = annotator.as_ref().map(|own| own.files().to_vec()).unwrap_or_default();
    let known = annotator.map(|own| own.finish(&args.out, &found.ranking.sequences)).transpose()?;
    let targets = &model.info().targets;
    let memory = cases.map(|own| own.write(&args.out.join(cases::NAME), targets, &found));
    let (scores, memory) = (args.out.join("scores.tsv"), memory.transpose()?);
    sequences::write_sums(&scores, &model, &found.repertoires, memory)?;
    attention::write(&args.out.join("heads.tsv"), &model, &found.repertoires)?;
    covariates::write(&args.out.join(covariates::NAME), &model, &found.repertoires)?;
    ranking::write(&args.out, &found.ranking)?;
    let origin = Origin {
        version: env!("CARGO_PKG_VERSION"),
        command: shell.command_line(),
        targets: &model.info().targets,
        coverage: COVERAGE,
        no_signal: model.no_signal(),
        antigens: files,
    };
    let origin = serde_json::to_string_pretty(&origin)?;
    // Last: its presence means "done".
    paths::write_text(&args.out.join(reperio_report::EXPLANATION), &origin)?;
    Ok((found, known))
}

/// Writes the tables of one repertoire.
fn write_one(
    folder: &Path,
    model: &Model,
    repertoire: &Repertoire,
    explained: &explain::Explained,
) -> Result<()> {
    sequences::write(&folder.join("sequences.tsv.gz"), model, repertoire, explained)?;
    attention::write_curve(&folder.join("attention.tsv"), &explained.explanation)
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
        if let Some(known) = &self.known_antigens {
            lines.push(String::new());
            lines.extend(known.lines());
        }
        let (n, out) = (self.repertoires, self.out.display());
        lines.push(format!("{n} repertoires explained in {out}"));
        lines
    }
}
