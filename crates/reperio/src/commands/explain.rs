//! `reperio explain`: the sequences that drove the scores.

use std::path::PathBuf;

use anyhow::{Result, bail};
use reperio_data::cohort::{self, Cohort};
use reperio_data::repertoire::Repertoire;
use reperio_model::model::{Explanation, Model};
use serde::Serialize;

use crate::arguments::device::DeviceArgs;
use crate::arguments::inputs::InputArgs;
use crate::shell::output::{Report, align, row};
use crate::shell::outputs::{self, OverwriteArgs, Results, Sources};
use crate::shell::{Shell, interrupted};
use crate::tables::heads::{self, HeadSummary, HeadsOf};
use crate::tables::predictions::for_each;
use crate::tables::ranking::{self, Ranked};
use crate::tables::sequences::{self, Sum};

/// Evidences and bias add up to the logit within this; more would be a fault of the program.
const TOLERANCE: f64 = 1e-4;

/// Rows of a table on the terminal; the file has all of them.
const SHOWN: usize = 20;

/// Rank the sequences that drove a model's scores
///
/// Writes OUT/repertoires/ID/sequences.tsv.gz: the clonotypes of a repertoire with their attention and
/// evidence; OUT/scores.tsv: each logit with the bias and the sum of all evidences that make it up;
/// OUT/heads.tsv: how many sequences carry 90 % of each head's attention, and its operating class, from I
/// (an average over most of the repertoire) to IV (a few sequences picked out); and OUT/sequences.tsv.gz: the distinct clonotypes of all repertoires by their highest evidence,
/// with the number of repertoires that carry them.
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
    /// Rows to keep of each ranking; 0 keeps all
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
    /// Rankings written, one a repertoire.
    repertoires: usize,
    /// Ids of repertoires without clonotypes, which are left out.
    empty: Vec<String>,
    /// Targets for which training found no signal: what drives their scores is chance.
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
pub(crate) fn execute(args: &Args, shell: &Shell) -> Result<Explained> {
    let model = Model::file(&args.model);
    let sources = Sources::of(&args.input.inputs).and(&args.input.metadata).and([&model]);
    let _lock = outputs::folder(&args.out, &RESULTS, &sources, args.overwrite.existing())?;
    let ranking = args.out.join("sequences.tsv.gz"); // Written last: its presence means "done".
    let model = Model::load(&model)?.on(&args.device.open()?);
    let no_signal = model.no_signal();
    for column in &no_signal {
        tracing::warn!("{}", chance(column));
    }
    let mut loaded = args.input.load(shell)?;
    let empty = loaded.take_empty();
    for id in &empty {
        tracing::warn!("{id} has no clonotypes: there is nothing to explain");
    }
    let top = if args.top == 0 { usize::MAX } else { args.top };
    let write = |repertoire: &Repertoire, explanation: &Explanation| {
        let folder = args.out.join("repertoires").join(cohort::file_name(&repertoire.id));
        let path = folder.join("sequences.tsv.gz");
        sequences::write(&path, &model, repertoire, explanation, top)?;
        Ok(HeadsOf::new(explanation))
    };
    let CohortRanking { ranked, sums, each: heads } =
        rank_cohort(&model, &loaded, top, shell, write)?;
    sequences::write_sums(&args.out.join("scores.tsv"), &model, &loaded.metadata.ids, &sums)?;
    heads::write(&args.out.join("heads.tsv"), &model, &loaded.repertoires, &heads)?;
    ranking::write(&ranking, &ranked)?;
    Ok(Explained {
        out: args.out.clone(),
        repertoires: loaded.repertoires.len(),
        empty,
        no_signal,
        largest_difference: largest_difference(&sums),
        heads: heads::summary(&model, &loaded.repertoires, &heads),
        sequences: ranked.into_iter().filter(|ranked| ranked.rank <= SHOWN).collect(),
    })
}

fn largest_difference(sums: &[Vec<Sum>]) -> f64 {
    // A difference that is no number is the largest: it must not be lost in a comparison.
    let larger = |a: f64, b: f64| if a.is_nan() || a > b { a } else { b };
    sums.iter().flatten().map(|sum| sum.difference()).fold(0.0, larger)
}

/// What is said of a target without a signal.
fn chance(column: &str) -> String {
    format!(
        "training found no signal for {column}: the sequences below drove scores that are at chance"
    )
}

/// What drove the scores of a cohort.
pub(crate) struct CohortRanking<T> {
    /// Distinct clonotypes by evidence.
    pub(crate) ranked: Vec<Ranked>,
    /// What the logits of each repertoire are made of.
    pub(crate) sums: Vec<Vec<Sum>>,
    /// What the caller made of each explanation.
    pub(crate) each: Vec<T>,
}

/// Explains every repertoire of `cohort` and keeps the `top` distinct clonotypes; `each` gets every
/// repertoire's explanation, in any order.
pub(crate) fn rank_cohort<T: Send>(
    model: &Model,
    cohort: &Cohort,
    top: usize,
    shell: &Shell,
    each: impl Fn(&Repertoire, &Explanation) -> Result<T> + Sync,
) -> Result<CohortRanking<T>> {
    let repertoires = &cohort.repertoires;
    if repertoires.is_empty() {
        bail!("no repertoire to explain");
    }
    let explained = for_each("explaining", repertoires, shell.observer(), |repertoire| {
        let explanation = model.explain(repertoire);
        let own = each(repertoire, &explanation)?;
        let best = sequences::best(repertoire, &explanation, top);
        Ok(((best, sequences::sums(&explanation)), own))
    });
    let Some(explained) = explained else {
        return Err(interrupted("run the command again"));
    };
    let explained = explained.into_iter().collect::<Result<Vec<_>>>()?;
    let ((best, sums), each): ((Vec<_>, Vec<_>), _) = explained.into_iter().unzip();
    let largest = largest_difference(&sums);
    if largest.is_nan() || largest > TOLERANCE {
        let wrong = |sums: &Vec<Sum>| !sums.iter().all(|sum| sum.difference() <= TOLERANCE);
        let at = sums.iter().position(wrong).unwrap_or(0);
        bail!(
            "{}: evidences and bias differ from the logit by {largest}, expected at most {TOLERANCE}: \
             the model is damaged",
            repertoires[at].id
        );
    }
    Ok(CohortRanking { ranked: ranking::rank(model, cohort, &best, top), sums, each })
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
