//! One repertoire while its rows are read.

use std::collections::HashSet;

use super::gene_cache::GeneCall;
use super::value::Count;
use crate::gene::Locus;
use crate::import_counts::ImportCounts;
use crate::repertoire::Builder;

/// Where the residues of a junction come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) translated: bool,
    pub(super) anchors_restored: bool,
    /// Whether it lacks one anchor or both although others of its column have theirs.
    pub(super) without_anchors: bool,
}

/// What a kept row says; its junction is in the buffer of the collector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) v: GeneCall,
    pub(super) j: GeneCall,
    pub(super) locus: Option<Locus>,
    pub(super) count: Count,
    pub(super) origin: Origin,
}

/// A cell's chain; a second one with the same key is the same chain again.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Contig {
    pub(super) cell: Box<[u8]>,
    pub(super) junction: Box<[u8]>,
    pub(super) v: u32,
    pub(super) j: u32,
}

/// One repertoire while its rows are read.
#[derive(Debug)]
pub(super) struct RowGroup {
    pub(super) id: Box<[u8]>,
    pub(super) first_line: u64,
    /// First values of the columns that must not change.
    pub(super) watched: Vec<Box<[u8]>>,
    pub(super) builder: Builder,
    pub(super) counts: ImportCounts,
    pub(super) residues: u64,
    /// Every contig kept, if clonotypes are counted in cells.
    pub(super) contigs: HashSet<Contig>,
}

impl RowGroup {
    /// A repertoire without rows, of which `watched` columns must not change.
    pub(super) fn new(id: &[u8], first_line: u64, watched: usize) -> Self {
        Self {
            id: id.into(),
            first_line,
            watched: vec![Box::default(); watched],
            builder: Builder::default(),
            counts: ImportCounts::default(),
            residues: 0,
            contigs: HashSet::new(),
        }
    }

    /// Counts what a kept row says. Where a row is a cell, its count of 1 is not missing.
    pub(super) fn note(&mut self, kept: Kept, count_expected: bool) {
        let counts = &mut self.counts;
        counts.rows += 1;
        counts.kept += 1;
        counts.missing_counts += u64::from(kept.count == Count::Missing && count_expected);
        counts.rounded_counts += u64::from(matches!(kept.count, Count::Rounded(_)));
        counts.gene_ties += u64::from(kept.v.tie || kept.j.tie);
        counts.unknown_v += u64::from(kept.v.gene == 0);
        counts.unknown_j += u64::from(kept.j.gene == 0);
        counts.family_v += u64::from(kept.v.family_only);
        counts.family_j += u64::from(kept.j.family_only);
        counts.translated += u64::from(kept.origin.translated);
        counts.anchors_restored += u64::from(kept.origin.anchors_restored);
        counts.without_anchors += u64::from(kept.origin.without_anchors);
        match kept.locus {
            Some(locus) => *counts.loci.entry(locus).or_default() += 1,
            None => counts.unknown_locus += 1,
        }
    }
}
