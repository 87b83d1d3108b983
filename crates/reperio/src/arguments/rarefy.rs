//! Repertoires of equal depth, so that depth itself tells nothing.

use std::num::{NonZeroU64, NonZeroUsize};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use reperio_data::rarefy;
use reperio_data::repertoire::Repertoire;
use sha2::{Digest, Sha256};

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
    /// Draws from every repertoire; what is drawn depends on the seed and the repertoire's id alone.
    pub(crate) fn apply(self, repertoires: &mut [Repertoire], seed: u64) {
        if self.rarefy.is_none() && self.rarefy_templates.is_none() {
            return;
        }
        repertoires.par_iter_mut().for_each(|repertoire| {
            let mut rng = rng(seed, &repertoire.id);
            if let Some(n) = self.rarefy {
                *repertoire = rarefy::to_clonotypes(repertoire, n.get(), &mut rng);
            }
            if let Some(n) = self.rarefy_templates {
                *repertoire = rarefy::to_templates(repertoire, n.get(), &mut rng);
            }
        });
    }
}

fn rng(seed: u64, id: &str) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let digest = Sha256::digest(id.as_bytes());
    let first = digest.iter().take(8).fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    rng.set_stream(first);
    rng
}
