//! `reperio explain`: the sequences that drove the scores.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use reperio_data::cohort;
use reperio_data::repertoire::Repertoire;
use reperio_model::model::Model;
use serde::Serialize;

use crate::arguments::device::DeviceArgs;
use crate::arguments::inputs::InputArgs;
use crate::shell::output::{Report, align, row};
use crate::shell::outputs::{self, OverwriteArgs, Results, Sources};
use crate::shell::{Interrupted, Shell};
use crate::tables::heads::{self, HeadSummary, HeadsOf};
use crate::tables::ranking::{self, Carriers, Leaders, Ranked};
use crate::tables::sequences::{self, Sum};

/// Rows of a table on the terminal; the file has all of them.
const SHOWN: usize = 20;

/// Rank the sequences that drove a model's scores
///
/// Writes four kinds of tables. OUT/repertoires/ID/sequences.tsv.gz has the clonotypes of a repertoire
/// with their attention and evidence. OUT/scores.tsv has each logit with the bias and the sum of all
/// evidence that make it up. OUT/heads.tsv has how many sequences carry 90 % of each head's attention,
/// and the head's operating class, from I (an average over most of the repertoire) to IV (a few
/// sequences picked out). OUT/sequences.tsv.gz ranks the distinct clonotypes of all repertoires by
/// their highest evidence, with the number of repertoires that carry them.
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
    input: InputArgs,
    #[command(flatten)]
    device: DeviceArgs,
}

/// What it writes.
const RESULTS: Results = Results {
    files: &["scores.tsv", "heads.tsv"],
    done: &["sequences.tsv.gz"],
    folders: &[("repertoires", "sequences.tsv.gz")],
    resumes: false,
    is_own: |_| false,
};

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
    /// The distinct clonotypes with the highest evidence, at most 20 an output.
    pub(crate) sequences: Vec<Ranked>,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    shell.print(&execute(args, shell)?)
}

/// The command, without printing its result: explains every repertoire, writes a table each, and
/// ranks their clonotypes together.
///
/// The repertoires come twice, and none is kept: to be explained, and to count who carries the clonotypes that turned out
/// to lead.
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
    explained.map(|own| Explained { no_signal, ..own })
}

/// Writes everything.
fn explain(args: &Args, model: Model, shell: &Shell) -> Result<Explained> {
    let top = if args.top == 0 { usize::MAX } else { args.top };
    let leaders = Leaders::new(&model, top);
    let work = Arc::new(Work { model, leaders, folder: args.out.join("repertoires"), top });
    let own = Arc::clone(&work);
    let visited =
        args.input.visit("explaining", shell, move |repertoire| own.explain(&repertoire))?;
    let ids = visited.metadata.ids.iter();
    let empty: Vec<String> = ids
        .zip(&visited.results)
        .filter(|(_, one)| one.is_none())
        .map(|(id, _)| id.clone())
        .collect();
    for id in &empty {
        tracing::warn!("{id} has no clonotypes: there is nothing to explain");
    }
    let all: Vec<One> = visited.results.into_iter().flatten().collect();
    if all.is_empty() {
        bail!("no repertoire to explain");
    }
    let again = Arc::new(Again {
        carriers: Carriers::new(&work.model, &work.leaders, &visited.metadata),
        sample: heads::Sample::of(all.iter().map(|one| &one.heads)),
        fingerprints: all.iter().map(|one| (one.id.clone(), one.fingerprint)).collect(),
    });
    let own = Arc::clone(&again);
    let others = args
        .input
        .visit("counting carriers", shell, move |repertoire| own.look(&repertoire))?
        .results;
    let again = Arc::into_inner(again).context("reading has not ended")?;
    let ranked = again.carriers.ranked();
    let (model, out) = (&work.model, &args.out);
    let largest_difference = largest_difference(all.iter().map(|one| &one.sums));
    sequences::write_sums(
        &out.join("scores.tsv"),
        model,
        &all.iter().map(|one| (&one.id, &one.sums)),
    )?;
    let heads: Vec<HeadsOf> = all.into_iter().map(|one| one.heads).collect();
    heads::write(&out.join("heads.tsv"), model, &heads)?;
    ranking::write(&out.join("sequences.tsv.gz"), &ranked)?; // Last: its presence means "done".
    Ok(Explained {
        out: out.clone(),
        repertoires: heads.len(),
        empty,
        no_signal: vec![],
        largest_difference,
        heads: heads::summary(model, &heads, &others.concat()),
        sequences: ranked.into_iter().filter(|ranked| ranked.rank <= SHOWN).collect(),
    })
}

/// What explaining one repertoire takes.
struct Work {
    model: Model,
    leaders: Leaders,
    /// Where the tables go.
    folder: PathBuf,
    top: usize,
}

/// What is kept of one repertoire.
struct One {
    id: String,
    fingerprint: [u8; 32],
    sums: Vec<Sum>,
    heads: HeadsOf,
}

impl Work {
    /// Explains one repertoire and writes its table; nothing without clonotypes.
    fn explain(&self, repertoire: &Repertoire) -> Result<Option<One>> {
        if repertoire.is_empty() {
            return Ok(None);
        }
        let explanation = self.model.explain(repertoire);
        let (id, sums) = (repertoire.id.clone(), sequences::sums(&explanation));
        sequences::check(&id, &sums)?;
        let path = self.folder.join(cohort::file_name(&id)).join("sequences.tsv.gz");
        sequences::write(&path, &self.model, repertoire, &explanation, self.top)?;
        self.leaders.add(repertoire, &explanation);
        let heads = HeadsOf::new(repertoire, &explanation);
        Ok(Some(One { id, fingerprint: repertoire.fingerprints().counted, sums, heads }))
    }
}

/// What the second look at every repertoire takes.
struct Again {
    carriers: Carriers,
    sample: heads::Sample,
    fingerprints: BTreeMap<String, [u8; 32]>,
}

impl Again {
    /// Junctions that represent the repertoire.
    fn look(&self, repertoire: &Repertoire) -> Result<Vec<Vec<u8>>> {
        let id = &repertoire.id;
        let same = self
            .fingerprints
            .get(id)
            .map_or(repertoire.is_empty(), |own| *own == repertoire.fingerprints().counted);
        if !same {
            bail!("{id} changed while it was explained: run the command again");
        }
        self.carriers.add(repertoire);
        Ok(self.sample.take(repertoire))
    }
}

fn largest_difference<'a>(sums: impl Iterator<Item = &'a Vec<Sum>>) -> f64 {
    sums.flatten().map(|sum| sum.difference()).fold(0.0, f64::max)
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
        for one in &self.sequences {
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
        lines.extend(self.head_lines());
        let (n, out) = (self.repertoires, self.out.display());
        lines.push(format!("{n} repertoires explained in {out}"));
        lines
    }
}

impl Explained {
    /// A table of the heads: how widely they attend, and to what.
    fn head_lines(&self) -> Vec<String> {
        if self.heads.is_empty() {
            return vec!["The model has no network: no attention".to_owned()];
        }
        let mut rows = vec![row([&"head", &"sequences with 90 %", &"share", &"class"])];
        let mut motifs = vec!["motifs of the most attended (of all)".to_owned()];
        for head in &self.heads {
            let share = format!("{:.1} %", 100.0 * head.share);
            rows.push(row([&head.attention, &head.sequences, &share, &head.class]));
            motifs.push(head.motifs());
        }
        let lines = align(&rows).into_iter().zip(motifs);
        lines.map(|(line, motifs)| format!("{line}  {motifs}")).collect()
    }
}
