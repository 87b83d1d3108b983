//! `reperio describe`: what is in repertoire files or a cohort.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use reperio_data::cohort::{Cohort, Description};
use reperio_data::format::{self, Reading};
use reperio_model::confounders::{self, Confounders};
use reperio_model::covariates::Covariates;
use reperio_model::labelled::LabelledCohort;
use reperio_model::labels::{Labels, TargetCounts};
use reperio_report::Kind;
use reperio_stats::Groups;
use serde::Serialize;

use crate::arguments::cohort::TargetArgs;
use crate::arguments::inputs::InputArgs;
use crate::arguments::page::PageArgs;
use crate::shell::output::{Report, align, row};
use crate::shell::outputs::{self, OverwriteArgs, Results, Sources};
use crate::shell::{Shell, paths};
use crate::tables::{confounders as sources, counts, description as tables, readings};

/// Show what is in repertoire files or a cohort
///
/// Shows clonotypes, templates, dropped rows with reasons, lengths, genes and labels. With --target, shows
/// how well depth, V/J usage, junction lengths and the other columns of the metadata predict it: a model
/// can learn these in place of receptors. With --out, writes all of it as tables, by label, and a page.
/// `batch_effects.tsv` then says how well depth, V/J usage and lengths predict the other columns: batches
/// that a model can see. classes.tsv has repertoires, subjects, depth and clonality by label.
#[derive(clap::Args)]
#[command(mut_arg("target", |arg| arg.required(false)))]
#[command(after_help = "\
Example:
  reperio describe patient7.tsv.gz
  reperio describe --columns patient7.tsv.gz
  reperio describe cohort --target disease --out described
  reperio describe cohort --json")]
pub(crate) struct Args {
    /// Show from the first rows how the files would be read and which columns would be ignored
    #[arg(long)]
    columns: bool,
    /// Folder to write tables and a page to
    #[arg(long, value_name = "DIR", conflicts_with = "columns")]
    out: Option<PathBuf>,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// What it writes.
const RESULTS: Results = Results {
    files: &[
        "repertoires.tsv",
        "dropped.tsv",
        "lengths.tsv",
        "genes.tsv",
        "classes.tsv",
        "confounders.tsv",
        "batch_effects.tsv",
        reperio_report::NAME,
    ],
    done: &[reperio_report::DESCRIPTION],
    folders: &[],
    resumes: false,
    is_own: |_| false,
};

/// What `description.json` holds: where the tables came from, and what the labels mean.
#[derive(Serialize)]
struct Origin<'a> {
    /// Version of the program.
    version: &'a str,
    /// Command line.
    command: Vec<String>,
    /// Each target's labels as they were read.
    labels: Vec<TargetCounts>,
}

/// What `describe --json` prints.
#[derive(Serialize)]
struct Described {
    /// Sizes, lengths, gene usage and labels.
    #[serde(flatten)]
    description: Description,
    /// What predicts each target without any sequence; left out without --target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    confounders: Vec<Confounders>,
    /// What follows from them, a sentence for each target; left out without --target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    confounding: Vec<String>,
    /// How well depth, V/J usage and junction lengths predict the other columns of the metadata; left out without --target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    batch_effects: Vec<Confounders>,
}

/// What `describe --columns --json` prints.
#[derive(Serialize)]
struct Previews {
    /// One entry per file, in the order they were named.
    files: Vec<Preview>,
}

/// A file of [`Previews`].
#[derive(Serialize)]
struct Preview {
    /// Its path.
    file: PathBuf,
    /// What each column becomes, the unit of counts, the species.
    reading: Reading,
    /// Columns that are not read.
    not_read: Vec<String>,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    if args.columns {
        return shell.print(&preview(&args.input)?);
    }
    shell.print(&execute(args, shell)?)
}

fn execute(args: &Args, shell: &Shell) -> Result<Described> {
    let sources = Sources::of(&args.input.inputs).and(&args.input.metadata);
    let existing = args.overwrite.existing();
    let lock = args.out.as_ref().map(|out| outputs::folder(out, &RESULTS, &sources, existing));
    let _lock = lock.transpose()?;
    let cohort = args.input.load(shell)?;
    let description = cohort.describe();
    let with_target = !args.target.target.is_empty();
    let labels = with_target.then(|| args.target.labels(cohort.metadata())).transpose()?;
    let measured = labels.as_ref().map(|labels| Measured::of(args, &cohort, labels)).transpose()?;
    let measured = measured.unwrap_or_default();
    if let Some(out) = &args.out {
        let (labels, people) = (labels.as_ref(), measured.people.as_ref());
        let own = tables::Described { cohort: &cohort, description: &description, labels, people };
        write(args, out, &own, &measured, shell)?;
        args.page.write(out, Kind::Description)?;
    }
    let Measured { confounders, batch_effects, .. } = measured;
    let confounding = sources::sentences(&confounders);
    Ok(Described { description, confounders, confounding, batch_effects })
}

/// What is known of a cohort with labels.
#[derive(Default)]
struct Measured {
    confounders: Vec<Confounders>,
    batch_effects: Vec<Confounders>,
    /// Which repertoires are of one person, if a column says so.
    people: Option<Groups>,
}

impl Measured {
    fn of(args: &Args, cohort: &Cohort, labels: &Labels) -> Result<Self> {
        let people = args.target.people(cohort.metadata())?;
        let none = Covariates::default();
        let (groups, covariates, background) = (&people.groups, &none, None);
        let data = LabelledCohort { cohort, labels, groups, covariates, background };
        let (confounders, batch_effects) = data.with_dataset(|dataset| {
            let cache = dataset.cache;
            (confounders::of(data, cache, None), confounders::batch_effects(data, cache))
        });
        let people = people.column.is_some().then_some(people.groups);
        Ok(Self { confounders, batch_effects, people })
    }
}

/// Writes all tables; the last file says that they are there.
fn write(
    args: &Args,
    out: &Path,
    own: &tables::Described<'_>,
    measured: &Measured,
    shell: &Shell,
) -> Result<()> {
    own.write(out)?;
    sources::write(&out.join("confounders.tsv"), &measured.confounders)?;
    sources::write(&out.join("batch_effects.tsv"), &measured.batch_effects)?;
    let counted = |own: &Labels| TargetCounts::of(own, args.target.chosen());
    let origin = Origin {
        version: env!("CARGO_PKG_VERSION"),
        command: shell.command_line(),
        labels: own.labels.map(counted).unwrap_or_default(),
    };
    let origin = serde_json::to_string_pretty(&origin)?;
    paths::write_text(&out.join(reperio_report::DESCRIPTION), &origin)
}

fn preview(input: &InputArgs) -> Result<Previews> {
    let options = input.read.options();
    let mut files = Vec::new();
    for file in &input.inputs {
        ensure!(!file.is_dir(), "{} is a folder, expected files for --columns", file.display());
        let (reading, not_read) = format::preview(file, &options)?;
        files.push(Preview { file: file.clone(), reading, not_read });
    }
    Ok(Previews { files })
}

impl Report for Previews {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for Preview { file, reading, not_read } in &self.files {
            lines.push(file.display().to_string());
            lines.extend(readings::block(reading).iter().map(|line| format!("  {line}")));
            if !not_read.is_empty() {
                lines.push(format!("  not read: {}", not_read.join(", ")));
            }
            lines.extend(reading.notes.iter().map(|note| format!("  note: {note}")));
        }
        lines
    }
}

impl Report for Described {
    fn lines(&self) -> Vec<String> {
        let mut lines = description_lines(&self.description);
        for target in &self.confounders {
            lines.push(String::new());
            lines.extend(sources::lines(target));
        }
        lines
    }
}

fn description_lines(own: &Description) -> Vec<String> {
    let pairs: Vec<_> =
        own.repertoires.iter().map(|one| (one.repertoire_id.as_str(), &one.counts)).collect();
    let mut lines = counts::table(&pairs);
    lines.push(format!("Junction lengths   {}", quartiles(&own.lengths)));
    lines.push(format!("V genes   {}", top(&own.v_usage)));
    lines.push(format!("J genes   {}", top(&own.j_usage)));
    let columns: Vec<_> =
        own.metadata.iter().map(|(name, values)| row([name, &values_line(values)])).collect();
    if !columns.is_empty() {
        lines.push("Metadata".to_owned());
        lines.extend(align(&columns));
    }
    lines
}

/// "CD4 42, CD8 42", or how many values there are if they are many.
fn values_line(values: &BTreeMap<String, u64>) -> String {
    if values.len() > 8 {
        return format!("{} different values", values.len());
    }
    let name =
        |value: &String| if value.is_empty() { "(missing)".to_owned() } else { value.clone() };
    let cells: Vec<_> = values.iter().map(|(value, n)| format!("{} {n}", name(value))).collect();
    cells.join(", ")
}

/// "5 to 30, median 14".
fn quartiles(lengths: &BTreeMap<u64, u64>) -> String {
    let (Some(min), Some(max)) = (lengths.keys().next(), lengths.keys().next_back()) else {
        return "none".to_owned();
    };
    let half = lengths.values().sum::<u64>().div_ceil(2);
    let mut seen = 0;
    let median = lengths.iter().find(|&(_, n)| {
        seen += n;
        seen >= half
    });
    format!("{min} to {max}, median {}", median.map_or(min, |(length, _)| length))
}

/// The eight most used genes: "TRBV20-1 9.1 %, TRBV5-1 7.0 %, ...".
fn top(usage: &BTreeMap<String, f64>) -> String {
    let mut genes: Vec<_> = usage.iter().collect();
    genes.sort_by(|a, b| b.1.total_cmp(a.1));
    let name = |gene: &String| if gene.is_empty() { "unknown".to_owned() } else { gene.clone() };
    let cells = genes
        .iter()
        .take(8)
        .map(|(gene, share)| format!("{} {:.1} %", name(gene), 100.0 * **share));
    let mut parts: Vec<String> = cells.collect();
    if genes.len() > 8 {
        parts.push(format!("{} more", genes.len() - 8));
    }
    parts.join(", ")
}
