//! Discovery before gradient descent: statistics propose the start of the network.
//!
//! Gradient descent from random filters does not find a motif that one sequence in a thousand
//! carries, but counting does. Discovery uses only the *training* repertoires and proposes
//!
//! - [`Seed`]s: contiguous and gapped k-mers that more (or fewer) sequences carry than depth and V/J
//!   usage explain, found one after another, each without the sequences that the earlier ones explain;
//! - [`GeneUsage`]: a regularised linear score of V and J usage, if it predicts under cross-validation.
//!
//! Either may find nothing. The network then starts at random.

pub mod contrast;
pub mod genes;
mod hits;
mod screen;
mod search;
mod statistic;
mod strangers;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use reperio_data::encode::EncodedRepertoire;
use reperio_data::kmer::pattern::Pattern;
use reperio_data::progress::Observer;
use reperio_stats::Groups;

use crate::background::Background;
use crate::config::DiscoveryConfig;
use contrast::Contrast;
pub use genes::GeneUsage;

/// A k-mer that discovery proposes as a filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Seed {
    /// Counted positions.
    pub pattern: Pattern,
    /// The residues at the counted positions.
    pub code: u32,
    /// Output of the network that it was found for.
    pub output: usize,
    /// Score statistic, standard normal if the k-mer is independent of the labels; negative if
    /// positive repertoires have fewer carriers.
    pub z: f64,
    /// Window starts (0-based junction positions) that count.
    pub starts: RangeInclusive<usize>,
    /// Share of the training sequences that carry it there.
    pub share: f64,
    /// Natural logarithm of the carriers' enrichment by window start, shrunk to 0, from position 0.
    pub by_start: Vec<f64>,
    /// The same by residues between the k-mer's end and the sequence's end.
    pub by_end: Vec<f64>,
}

impl Seed {
    /// The k-mer in letters, `-` for ignored positions.
    pub fn text(&self) -> String {
        self.pattern.text(self.code)
    }
}

/// The findings of discovery.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Discovery {
    /// Seeds, strongest first within each output.
    pub seeds: Vec<Seed>,
    /// A score of V and J usage per network output, if one predicts.
    pub genes: Vec<Option<GeneUsage>>,
    /// k-mers tested against one output.
    pub tested: usize,
}

/// The training part as discovery sees it.
#[derive(Clone, Copy, Debug)]
pub struct DiscoveryInput<'a> {
    /// Repertoires.
    pub repertoires: &'a [&'a EncodedRepertoire],
    /// Sizes of the vocabulary of V and J genes.
    pub n_genes: (usize, usize),
    /// One contrast per network output.
    pub contrasts: &'a [Contrast],
    /// Repertoires of one group (subject) stay together in cross-validation.
    pub groups: &'a Groups,
    /// What strangers have, if it is known.
    pub background: Option<&'a Background>,
}

/// Looks for seeds and gene usage in the training part.
pub fn discover(
    input: DiscoveryInput<'_>,
    config: &DiscoveryConfig,
    observer: &dyn Observer,
) -> Discovery {
    let mut discovery = Discovery::default();
    if config.genes {
        let usage = genes::Usage::of(input.repertoires, input.n_genes);
        discovery.genes =
            input.contrasts.iter().map(|contrast| usage.fit(contrast, input.groups)).collect();
    }
    if config.motifs {
        let found = search::search(input, config, observer);
        discovery.seeds = found.seeds;
        discovery.tested = found.tested;
    }
    discovery
}
