//! `reperio describe`: what is in repertoire files or a cohort.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use rayon::prelude::*;
use reperio_data::cohort::Cohort;
use reperio_data::format::{self, Reading};
use reperio_data::import_counts::ImportCounts;
use reperio_data::summary::Summary;
use serde::Serialize;

use crate::arguments::inputs::InputArgs;
use crate::shell::Shell;
use crate::shell::output::{Report, align, row};
use crate::tables::{counts, readings};

/// Show what is in repertoire files or a cohort
///
/// Shows clonotypes, templates, dropped rows with reasons, lengths, genes and labels.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio describe patient7.tsv.gz
  reperio describe --columns patient7.tsv.gz
  reperio describe cohort --json")]
pub(crate) struct Args {
    /// Show from the first rows how the files would be read and which columns would be ignored
    #[arg(long)]
    columns: bool,
    #[command(flatten)]
    input: InputArgs,
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

/// What `describe --json` prints.
#[derive(Serialize)]
struct Description {
    /// One entry per repertoire, by id.
    repertoires: Vec<Described>,
    /// Clonotypes of all repertoires by junction length in residues.
    lengths: BTreeMap<u64, u64>,
    /// Share of clonotypes a V gene, "" for unknown.
    v_usage: BTreeMap<String, f64>,
    /// Share of clonotypes a J gene, "" for unknown.
    j_usage: BTreeMap<String, f64>,
    /// Repertoires by value, for each column of the metadata; missing values are "".
    metadata: BTreeMap<String, BTreeMap<String, u64>>,
}

/// A repertoire of [`Description`].
#[derive(Serialize)]
struct Described {
    /// Its id.
    repertoire_id: String,
    /// What reading it counted: `rows` = `kept` + all of `dropped`.
    #[serde(flatten)]
    counts: ImportCounts,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    if args.columns {
        return shell.print(&preview(&args.input)?);
    }
    shell.print(&describe(&args.input.load(shell)?))
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

fn describe(cohort: &Cohort) -> Description {
    let summaries: Vec<Summary> = cohort.repertoires.par_iter().map(Summary::of).collect();
    let mut lengths = BTreeMap::new();
    for (&length, n) in summaries.iter().flat_map(|own| &own.lengths) {
        *lengths.entry(length).or_default() += n;
    }
    let mut metadata: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for (name, values) in &cohort.metadata.columns {
        let column = metadata.entry(name.clone()).or_default();
        for value in values {
            *column.entry(value.clone().unwrap_or_default()).or_default() += 1;
        }
    }
    let ids = cohort.repertoires.iter().map(|repertoire| repertoire.id.clone());
    let repertoires = ids
        .zip(cohort.counts.iter().cloned())
        .map(|(repertoire_id, counts)| Described { repertoire_id, counts })
        .collect();
    let v_usage = shares(summaries.iter().map(|own| &own.v_call));
    let j_usage = shares(summaries.iter().map(|own| &own.j_call));
    Description { repertoires, lengths, v_usage, j_usage, metadata }
}

/// Share of each name among all clonotypes.
fn shares<'a>(tables: impl Iterator<Item = &'a BTreeMap<String, u64>>) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (name, n) in tables.flatten() {
        *counts.entry(name.clone()).or_default() += n;
    }
    let total: u64 = counts.values().sum();
    counts.into_iter().map(|(name, n)| (name, n as f64 / total as f64)).collect()
}

impl Report for Description {
    fn lines(&self) -> Vec<String> {
        let pairs: Vec<_> =
            self.repertoires.iter().map(|one| (one.repertoire_id.as_str(), &one.counts)).collect();
        let mut lines = counts::table(&pairs);
        lines.push(format!("Junction lengths   {}", quartiles(&self.lengths)));
        lines.push(format!("V genes   {}", top(&self.v_usage)));
        lines.push(format!("J genes   {}", top(&self.j_usage)));
        let columns: Vec<_> =
            self.metadata.iter().map(|(name, values)| row([name, &values_line(values)])).collect();
        if !columns.is_empty() {
            lines.push("Metadata".to_owned());
            lines.extend(align(&columns));
        }
        lines
    }
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
