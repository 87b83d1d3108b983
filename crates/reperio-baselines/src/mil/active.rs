//! The highest snippet of each repertoire while the weights move, without looking at all of them.

use super::snippets::{K, Snippets};
use super::tables::Tables;

/// Snippets a repertoire that are worth keeping: fewer need refreshing too often, more are slow to look at.
const KEPT: [usize; 2] = [60, 200];
/// What rounding could hide of a score.
const SLACK: f64 = 1e-3;

/// A snippet that may be the highest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) at: u32,
    pub(super) pair: u16,
    pub(super) rest: u16,
    pub(super) ln_share: f32,
}

/// Snippets near the highest at some weights, and how far the weights may move from there.
///
/// ```text
/// kept:  score(x) >= max score - margin              at the old weights
/// drift: max over all x of change(x) - min of it     a sum of ranges over residues and abundance
/// ```
///
/// While drift < margin no snippet that was not kept can have become the highest: exact, and on 5,000 clonotypes
/// several times as fast as looking at all.
#[derive(Default)]
pub(super) struct Active {
    kept: Option<Kept>,
    margin: f64,
}

struct Kept {
    tables: Tables,
    lists: Vec<Vec<Candidate>>,
    margin: f64,
}

impl Active {
    /// Forgets all snippets, for the memory.
    pub(super) fn clear(&mut self) {
        self.kept = None;
    }

    /// Moves `highest` to the highest snippet of each repertoire, which `tables` score.
    pub(super) fn seek(
        &mut self,
        tables: Tables,
        repertoires: &[&Snippets],
        share_range: f64,
        highest: &mut [usize],
    ) {
        if let Some(kept) = &self.kept
            && tables.drift(&kept.tables, share_range) + SLACK < kept.margin
        {
            for (highest, list) in highest.iter_mut().zip(&kept.lists) {
                *highest = tables.highest_of(list);
            }
            return;
        }
        if self.margin == 0.0 {
            self.margin = 1.0;
        }
        let margin = self.margin;
        let keep = |(snippets, highest): (&&Snippets, &mut usize)| {
            *highest = tables.highest(snippets, *highest);
            tables.near(snippets, *highest, margin as f32)
        };
        let lists: Vec<Vec<Candidate>> = repertoires.iter().zip(highest).map(keep).collect();
        let mean = lists.iter().map(Vec::len).sum::<usize>() / lists.len().max(1);
        if mean > KEPT[1] {
            self.margin *= 0.8;
        } else if mean < KEPT[0] {
            self.margin *= 1.25;
        }
        self.kept = Some(Kept { tables, lists, margin });
    }
}

/// Residue codes as one number.
pub(super) fn code(residues: [usize; K]) -> usize {
    residues.iter().fold(0, |code, own| code * 20 + own)
}
