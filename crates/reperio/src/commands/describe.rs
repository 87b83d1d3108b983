//! `reperio describe`: what is in repertoire files or a cohort.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use reperio_data::cohort::Description;
use reperio_data::format::{self, Reading};
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

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    if args.columns {
        return shell.print(&preview(&args.input)?);
    }
    shell.print(&args.input.load(shell)?.describe())
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
