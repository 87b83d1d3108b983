//! `reperio report`: the page of a run, made again.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::shell::Shell;
use crate::shell::output::Report;

/// Make the page of a run again
///
/// `train` and `evaluate` write report.html beside their tables. This command makes the page again from these
/// tables, and from nothing else. It needs neither the model nor the repertoires.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio report evaluation")]
pub(crate) struct Args {
    /// Folders that `train` or `evaluate` wrote
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
}

/// What `report --json` prints.
#[derive(Serialize)]
struct Reported {
    /// Pages written.
    pages: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    let pages = args.folders.iter().map(|folder| reperio_report::write(folder));
    shell.print(&Reported { pages: pages.collect::<Result<_, _>>()? })
}

impl Report for Reported {
    fn lines(&self) -> Vec<String> {
        self.pages.iter().map(|page| page.display().to_string()).collect()
    }
}
