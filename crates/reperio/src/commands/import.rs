//! `reperio import`: files in, a cohort store out.

use std::path::PathBuf;

use anyhow::Result;
use reperio_data::cohort::{self, ImportRequest, ImportSummary, Skipped};
use serde::Serialize;

use crate::arguments::inputs::InputArgs;
use crate::shell::Shell;
use crate::shell::output::Report;
use crate::shell::outputs::{self, Existing, Results, Sources};
use crate::tables::{counts, readings};

/// Notes on the terminal; `--json` has all of them.
const SHOWN: usize = 5;

/// Files that were not read, on the terminal; `--json` has all of them.
const SKIPPED: usize = 20;

/// Read repertoire files and labels into a cohort store
///
/// The store is a folder of Parquet files. Importing again into the same store adds repertoires
/// and replaces those with the same id.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio import exports/ --metadata labels.tsv --out cohort
  reperio import clones.tsv.gz --format mixcr --locus TRB --out cohort")]
pub(crate) struct Args {
    /// Folder of the store
    #[arg(long, value_name = "COHORT")]
    out: PathBuf,
    #[command(flatten)]
    input: InputArgs,
}

/// What `import --json` prints.
#[derive(Serialize)]
pub(crate) struct Imported {
    /// Folder of the store.
    out: PathBuf,
    /// `repertoires` of this import, each with its `id`, `source`, `format`, `counts` (`rows` =
    /// `kept` + all of `dropped`), `notes` and `reading` (what each column became, unit of counts, species); files `skipped`; repertoires `in_cohort` now.
    #[serde(flatten)]
    summary: ImportSummary,
    /// Warnings for the user about the whole cohort.
    warnings: Vec<String>,
}

/// What an import replaces: a cohort is added to.
const STORE: Results = Results {
    files: &["cohort.parquet", "import_report.tsv"],
    done: &["manifest.json"],
    folders: &[],
    resumes: true,
    is_own: |_| true,
};

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    shell.print(&execute(args, shell)?)
}

/// The command, without printing its result.
pub(crate) fn execute(args: &Args, shell: &Shell) -> Result<Imported> {
    let Args { input, out } = args;
    let _made = outputs::make(out)?;
    // The store itself is locked by the import.
    let sources = Sources::of(&input.inputs).and(&input.metadata);
    STORE.check(out, &sources, Existing::GoOn)?;
    let request = ImportRequest {
        inputs: input.inputs.clone(),
        metadata: input.metadata.clone(),
        out: out.to_owned(),
        options: input.read.options(),
    };
    let resume = "run the same command again to continue";
    let summary = shell.read(resume, move |observer| cohort::import(&request, observer))?;
    let warnings = summary.warnings();
    Ok(Imported { out: out.to_owned(), summary, warnings })
}

impl Report for Imported {
    fn lines(&self) -> Vec<String> {
        let summary = &self.summary;
        let pairs: Vec<_> =
            summary.repertoires.iter().map(|row| (row.id.as_str(), &row.counts)).collect();
        let mut lines = counts::table(&pairs);
        let noted: Vec<_> =
            summary.repertoires.iter().filter(|row| !row.notes.is_empty()).collect();
        for row in noted.iter().take(SHOWN) {
            lines.push(format!("{}: {}", row.id, row.notes.join(", ")));
        }
        if noted.len() > SHOWN {
            lines.push(format!("... {} more with notes, listed by --json", noted.len() - SHOWN));
        }
        lines.extend(self.warnings.iter().cloned());
        lines.extend(readings::lines(&summary.repertoires));
        lines.extend(skipped(&summary.skipped));
        let unchanged = summary.repertoires.iter().filter(|row| row.unchanged).count();
        if unchanged > 0 {
            lines.push(format!("{unchanged} repertoires were already in the cohort"));
        }
        let (n, out) = (summary.in_cohort, self.out.display());
        lines.push(format!("{n} repertoires in {out}"));
        lines
    }
}

/// A line for each file that was not read: one of them may be somebody's repertoire.
fn skipped(files: &[Skipped]) -> Vec<String> {
    if files.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("{} files not read", files.len())];
    let shown = files.iter().take(SKIPPED);
    lines.extend(shown.map(|file| format!("  {}: {}", file.path.display(), file.reason)));
    if files.len() > SKIPPED {
        lines.push(format!("  ... {} more, listed by --json", files.len() - SKIPPED));
    }
    lines
}
