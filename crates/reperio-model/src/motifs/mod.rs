//! The motifs of a trained model: what its filters see where they carry evidence, against what stands there anyway.
//!
//! A filter's share in the evidence of a clonotype is exact (see [`FilterEvidence`](crate::model::FilterEvidence)). A
//! window is what a filter answers to: where its activation is highest in the clonotype, and above 0. Its weight is
//! the filter's evidence in the clonotype, without the sign. A filter's windows speak for an output or against it; the
//! side with more weight is the motif.
//!
//! ```text
//! f_kr = weight of the windows with residue r in column k / weight of all that have a residue there
//! b_kr = mean over the same windows, by weight, of the frequency of r at the place of column k
//! bits_k = sum over r of f_kr log2(f_kr / b_kr)
//! ```
//!
//! A place is the distance of a residue from the nearer end of its junction, up to eight residues; the frequencies are
//! those of all clonotypes of the cohort. So the ends, which V and J genes write, say nothing. A logo of it has stacks as
//! high as the bits, and letters by `f` (Schneider and Stephens 1990; the relative entropy is that of Stormo 1998).
//!
//! What a motif is worth is how far its filter moves the output between the classes, over all clonotypes, silent ones
//! included. For a number it is the slope against the standardised number.
//!
//! ```text
//! moves_c = s_t / M * sum_h w_thc (mean z_hc of the positive repertoires - mean z_hc of the others)
//! share_c = |moves_c| / sum over all filters and genes of |moves|
//! ```
//!
//! The `moves` of all filters and genes add up to the difference of the network's mean outputs. Filters with a share below
//! 1 % are left out.
//!
//! A network with an LSTM has no filters, and so no motifs.
//!
//! Of a repertoire with more than 4096 clonotypes, the windows of 4096 count: half of them are those with the network's
//! highest evidence for the output, half those with its lowest.

mod background;
mod collect;
mod columns;
#[cfg(test)]
mod tests;
mod windows;

use std::ops::Range;

use rayon::prelude::*;
use reperio_data::repertoire::Repertoire;

use crate::discover::contrast::Contrast;
use crate::labels::Labels;
use crate::model::{FilterName, Model};
pub(crate) use collect::Collector;
use collect::{Side, Sums};
pub use columns::Column;

/// Filters that move an output less than this share of all are left out.
pub const LEAST_SHARE: f64 = 0.01;

/// What one filter sees where it carries evidence for one output.
#[derive(Clone, Debug, PartialEq)]
pub struct Motif {
    /// Output of the evidence.
    pub output: String,
    /// Place among the motifs of this output, from 1.
    pub rank: usize,
    /// Residues of the columns with at least 1 bit, `-` for any; "" without such a column.
    pub consensus: String,
    /// The filter.
    pub filter: FilterName,
    /// Whether its windows speak against the output.
    pub is_against: bool,
    /// How far the filter moves the output.
    pub moves: f64,
    /// Its share in all that filters and genes move.
    pub share: f64,
    /// Windows.
    pub windows: u64,
    /// Repertoires with a clonotype that has the consensus anywhere; none without a consensus.
    pub carriers: Option<Carriers>,
    /// Its columns that have residues.
    pub columns: Vec<Column>,
}

/// Repertoires that carry a motif.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carriers {
    /// All.
    pub all: usize,
    /// Those of the output, and labelled others; none for a number.
    pub by_label: Option<[usize; 2]>,
}

/// The motifs of each output of `model`, those that move it most first.
///
/// `totals` are what [`Collector::add`] returned for each of `repertoires`, `None` for those that it did not see.
pub(crate) fn motifs(
    model: &Model,
    sums: &Sums,
    totals: &[Option<Vec<f64>>],
    (repertoires, labels): (&[Repertoire], &Labels),
) -> Vec<Motif> {
    let filters = model.filters();
    if filters.is_empty() && model.n_members() > 0 {
        tracing::info!("the network has no filters but an LSTM, so there are no motifs");
    }
    let frequencies = sums.background.frequencies();
    let width = filters.len() + model.n_members();
    let named = model.output_names().into_iter().enumerate();
    let mut all = Vec::new();
    for ((output, name), contrast) in named.zip(Contrast::of(labels)) {
        let moves = moves(totals, &contrast, output * width..(output + 1) * width);
        let sum: f64 = moves.iter().map(|own| own.abs()).sum();
        let mut own: Vec<Motif> = Vec::new();
        for (f, (&filter, &moves)) in filters.iter().zip(&moves).enumerate() {
            let (side, windows) = sums.strongest(output, f);
            if sum > 0.0 && moves.abs() / sum >= LEAST_SHARE && windows.total() > 0.0 {
                let columns = columns::columns(windows, &frequencies);
                own.push(Motif {
                    output: name.clone(),
                    rank: 0,
                    consensus: columns::text(&columns::pattern(&columns)),
                    filter,
                    is_against: side == Side::Against,
                    moves,
                    share: moves.abs() / sum,
                    windows: windows.n,
                    carriers: None,
                    columns,
                });
            }
        }
        own.sort_by(|a, b| b.share.total_cmp(&a.share)); // Stable: equal ones in the order of filters.
        count_carriers(&mut own, repertoires, &contrast);
        all.extend(own.into_iter().zip(1..).map(|(own, rank)| Motif { rank, ..own }));
    }
    all
}

/// The slopes of some of the totals against the labels: for two classes, the difference of the means.
fn moves(totals: &[Option<Vec<f64>>], contrast: &Contrast, of: Range<usize>) -> Vec<f64> {
    let known = || {
        let pairs = totals.iter().zip(&contrast.values);
        pairs.filter_map(|(totals, value)| Some((totals.as_ref()?, (*value)?)))
    };
    let mean = known().map(|(_, value)| value).sum::<f64>() / known().count().max(1) as f64;
    let squares: f64 = known().map(|(_, value)| (value - mean).powi(2)).sum();
    let slope = |at: usize| {
        let products: f64 = known().map(|(totals, value)| (value - mean) * totals[at]).sum();
        if squares > 0.0 { products / squares } else { 0.0 }
    };
    of.map(slope).collect()
}

/// Counts the repertoires that have the consensus of each motif.
fn count_carriers(motifs: &mut [Motif], repertoires: &[Repertoire], contrast: &Contrast) {
    let patterns: Vec<_> = motifs.iter().map(|own| columns::pattern(&own.columns)).collect();
    let mut distinct = patterns.clone();
    distinct.sort();
    distinct.dedup();
    distinct.retain(|own| !own.is_empty());
    let carries = |repertoire: &Repertoire| -> Vec<bool> {
        let has = |pattern: &Vec<(usize, u8)>| {
            (0..repertoire.len()).any(|i| columns::has(repertoire.junction_codes(i), pattern))
        };
        distinct.iter().map(has).collect()
    };
    let carried: Vec<Vec<bool>> = repertoires.par_iter().map(carries).collect();
    for (motif, pattern) in motifs.iter_mut().zip(&patterns) {
        let Some(at) = distinct.iter().position(|own| own == pattern) else { continue };
        let mut own = Carriers { all: 0, by_label: contrast.is_class.then_some([0; 2]) };
        for (carried, value) in carried.iter().zip(&contrast.values).filter(|(own, _)| own[at]) {
            own.all += usize::from(carried[at]);
            if let (Some(by_label), Some(value)) = (&mut own.by_label, value) {
                by_label[usize::from(*value <= 0.0)] += 1;
            }
        }
        motif.carriers = Some(own);
    }
}
