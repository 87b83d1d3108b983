//! Whether a command writes a page beside its tables.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use reperio_report::Kind;

/// The page beside the tables.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct PageArgs {
    /// Write only tables, without the page and the model card
    #[arg(long)]
    no_report: bool,
}

impl PageArgs {
    /// The page beside a table of scores; none where it is left out, or the table goes to a pipe or a device.
    pub(crate) fn beside(self, table: &Path) -> Option<PathBuf> {
        let is_file = std::fs::metadata(table).map_or(true, |found| found.is_file());
        (is_file && !self.no_report).then(|| reperio_report::beside(table))
    }

    /// Writes the page of a run whose files all lie in `folder`. It comes after all of them, so that a page that cannot be
    /// made costs nothing else.
    pub(crate) fn write(self, folder: &Path, kind: Kind) -> Result<()> {
        if !self.no_report {
            reperio_report::write_as(folder, kind).with_context(|| {
                let folder = folder.display();
                format!(
                    "{folder} holds all results, and only their page is missing: `reperio report {folder}` makes it, --no-report leaves it out"
                )
            })?;
        }
        Ok(())
    }
}

/// Writes the page beside a table of scores.
pub(crate) fn of_scores(table: &Path) -> Result<()> {
    reperio_report::write(table).context("cannot make the page; --no-report leaves it out")?;
    Ok(())
}
