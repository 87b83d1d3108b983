//! Unlabelled repertoires of other people.

use std::path::PathBuf;

use anyhow::Result;
use reperio_data::cohort::Cohort;
use reperio_data::progress::Observer;
use reperio_model::background::{Background, Plan};
use reperio_model::config::Config;

use crate::arguments::inputs::ReadArgs;
use crate::shell::Shell;

/// Strangers that a training knows.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Background")]
pub(crate) struct BackgroundArgs {
    /// Unlabelled repertoires of other people (cohort stores, files, folders): what they carry as well is no
    /// sign of the positive class; read one by one, labels are never looked at
    #[arg(long, value_name = "COHORT", num_args = 1..)]
    pub(crate) background: Vec<PathBuf>,
}

impl BackgroundArgs {
    /// Reads what strangers have of the clonotypes and k-mers of `cohort`; nothing if there are none.
    pub(crate) fn load(
        &self,
        cohort: &Cohort,
        config: &Config,
        read: &ReadArgs,
        shell: &Shell,
    ) -> Result<Option<Background>> {
        if self.background.is_empty() {
            return Ok(None);
        }
        let plan = Plan::new(cohort.repertoires(), config);
        let request = shell.request(&self.background, None, read.options());
        let work = move |observer: &dyn Observer| plan.read(&request, observer);
        let background = shell.read("nothing was written, run the command again", work)?;
        for id in background.left_out() {
            tracing::warn!("{id} of the background is in the cohort too: it is left out");
        }
        let repertoires = background.info().repertoires;
        tracing::info!(repertoires, "background");
        Ok(Some(background))
    }
}
