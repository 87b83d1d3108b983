//! Repertoires of equal depth, so that depth itself tells nothing.

use std::num::{NonZeroU64, NonZeroUsize};

use reperio_data::rarefy::{self, Depth};
use reperio_data::repertoire::Repertoire;

/// How deep repertoires may be; smaller ones stay whole.
#[derive(clap::Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Depth")]
pub(crate) struct RarefyArgs {
    /// Draw this many clonotypes from each larger repertoire
    #[arg(long, value_name = "N", conflicts_with = "rarefy_templates")]
    rarefy: Option<NonZeroUsize>,
    /// Draw this many templates (copies) from each larger repertoire
    #[arg(long, value_name = "N")]
    rarefy_templates: Option<NonZeroU64>,
}

impl RarefyArgs {
    /// Draws from every repertoire, if a depth is given.
    pub(crate) fn apply(self, repertoires: &mut [Repertoire], seed: u64) {
        let templates = || self.rarefy_templates.map(|n| Depth::Templates(n.get()));
        let depth = self.rarefy.map(|n| Depth::Clonotypes(n.get())).or_else(templates);
        if let Some(depth) = depth {
            rarefy::all(repertoires, depth, seed);
        }
    }
}
