//! `reperio report`: the page of a run, made again.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::shell::Shell;
use crate::shell::output::Report;

/// Make the page of a run again
///
/// `train`, `evaluate`, `score` and `explain` write a page beside their tables. This command makes the page again from these
/// tables, and from nothing else. It needs neither the model nor the repertoires.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio report evaluation
  reperio report why scores.tsv")]
pub(crate) struct Args {
    /// Folders that `train`, `evaluate` or `explain` wrote, and tables that `score` wrote
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// What `report --json` prints.
#[derive(Serialize)]
struct Reported {
    /// Pages written.
    pages: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    let pages = args.paths.iter().map(|folder| reperio_report::write(folder));
    shell.print(&Reported { pages: pages.collect::<Result<_, _>>()? })
}

impl Report for Reported {
    fn lines(&self) -> Vec<String> {
        self.pages.iter().map(|page| page.display().to_string()).collect()
    }
}
