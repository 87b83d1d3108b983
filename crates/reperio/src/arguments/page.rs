//! Whether a command writes a page beside its tables.

use std::path::Path;

use anyhow::{Context as _, Result};
use reperio_report::Kind;

/// The page beside the tables.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct PageArgs {
    /// Write only tables, without the page
    #[arg(long)]
    no_report: bool,
}

impl PageArgs {
    /// Writes the page of a run whose files all lie in `folder`, except `metrics.json` and what is written after it.
    pub(crate) fn write(self, folder: &Path, kind: Kind, metrics: &str) -> Result<()> {
        if !self.no_report {
            reperio_report::write_unfinished(folder, kind, metrics)
                .context("cannot make the page; --no-report leaves it out")?;
        }
        Ok(())
    }
}
