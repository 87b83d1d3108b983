//! Judges rows and gathers those that are kept, by repertoire.

use std::collections::HashMap;

use super::barcodes;
use super::columns::is_missing;
use super::fault::{Fault, shown};
use super::gene_cache::{GeneCache, GeneCall};
use super::group::{Contig, Kept, Origin, RowGroup};
use super::reading::fields::{gene, is_junction, no_tallies, read_letters, sequence, stated_locus};
use super::reading::{
    Chain, Letters, Plan, Reading, Tally, is_anchored, is_grouped, is_nucleotides,
};
use super::record::Record;
use super::value::{self, Count};
use super::verdict::verdict;
use super::{Format, ReadOptions, ReadRepertoire};
use crate::gene::Locus;
use crate::import_counts::{DropReason, ImportCounts};
use crate::junction::{self, JunctionAa, MAX_LENGTH};
use crate::repertoire::Row;

/// Distinct genes of a file; more do not fit a repertoire's 16-bit indices.
const MAX_GENES: usize = 60_000;

/// Residues of one repertoire, so that their offsets fit 32 bits.
const MAX_RESIDUES: u64 = u32::MAX as u64 - MAX_LENGTH as u64;

/// After so many rows of a repertoire a column that has said nothing so far may no longer begin to say where rows are
/// from: a few may lack it, so many are of another table.
const UNNAMED: u64 = 500;

/// What one field of a sequence may hold.
const ONE_CHAIN: &str = "one chain per field (several are joined here: use the table of contigs, or one column per chain)";

/// What all chains of a row share.
#[derive(Clone, Copy, Debug)]
struct Shared {
    group: usize,
    count: Count,
    /// Why no chain of the row is usable.
    failed: Option<DropReason>,
}

/// Gathers the rows of one file.
pub(super) struct Collector<'a> {
    format: Format,
    plan: &'a Plan,
    options: &'a ReadOptions,
    /// Fields of the header.
    width: usize,
    genes: GeneCache,
    junction: Vec<u8>,
    /// Of each column of sequences of each chain, what it holds.
    tallies: Vec<Vec<Tally>>,
    /// The first count in which a point may divide thousands.
    grouped: Option<String>,
    /// Whether a point in another count is a decimal one.
    has_fractions: bool,
    groups: Vec<RowGroup>,
    index: HashMap<Box<[u8]>, usize>,
    last: usize,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        format: Format,
        plan: &'a Plan,
        width: usize,
        options: &'a ReadOptions,
    ) -> Self {
        Self {
            format,
            plan,
            options,
            width,
            genes: GeneCache::new(plan.species),
            junction: Vec::new(),
            tallies: no_tallies(plan),
            grouped: None,
            has_fractions: false,
            groups: Vec::new(),
            index: HashMap::new(),
            last: 0,
        }
    }

    /// Whether there was no row.
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// What the columns of sequences hold.
    pub(super) fn tallies(&self) -> &[Vec<Tally>] {
        &self.tallies
    }

    /// A count of thousands that would be read as a fraction, where no other says that points are decimal ones.
    pub(super) fn thousands(&self) -> Option<&str> {
        self.grouped.as_deref().filter(|_| !self.has_fractions)
    }

    /// The counts of all repertoires together.
    pub(super) fn totals(&self) -> ImportCounts {
        let mut totals = ImportCounts::default();
        for group in &self.groups {
            totals.add(&group.counts);
        }
        totals
    }

    /// Takes one row: its chain, or each of its chains that has a sequence.
    pub(super) fn push(&mut self, record: &Record, line: u64) -> Result<(), Fault> {
        // The count is read in any case, so that a column that holds no counts is found even if all
        // rows are dropped.
        let count = self.count(record)?;
        let failed = self.check(record)?;
        let group = self.group(record, line)?;
        let shared = Shared { group, count, failed };
        let plan = self.plan;
        if let [chain] = &plan.chains[..] {
            return self.push_chain(record, chain, 0, shared);
        }
        let mut is_empty = true;
        for (i, chain) in plan.chains.iter().enumerate() {
            if chain.sequences.iter().any(|own| !is_missing(record.field(own.at))) {
                is_empty = false;
                self.push_chain(record, chain, i, shared)?;
            }
        }
        if is_empty {
            self.groups[group].counts.drop_row(DropReason::MissingJunction);
        }
        Ok(())
    }

    fn push_chain(
        &mut self,
        record: &Record,
        chain: &Chain,
        i: usize,
        shared: Shared,
    ) -> Result<(), Fault> {
        match self.judge(record, chain, i, shared)? {
            Ok(kept) => self.keep(shared.group, kept, record),
            Err(reason) => {
                self.groups[shared.group].counts.drop_row(reason);
                Ok(())
            }
        }
    }

    /// Index of the repertoire that a row belongs to.
    fn group(&mut self, record: &Record, line: u64) -> Result<usize, Fault> {
        let id = self.plan.repertoire_id.map_or(&b""[..], |at| record.field(at));
        let id = if is_missing(id) { b"" } else { id };
        if self.groups.get(self.last).is_none_or(|group| *group.id != *id) {
            self.last = match self.index.get(id) {
                Some(&group) => group,
                None => self.add_group(id, line),
            };
        }
        let RowGroup { watched, counts, .. } = &mut self.groups[self.last];
        for (before, &at) in watched.iter_mut().zip(&self.plan.watched) {
            let value = record.field(at);
            if **before == *value || is_missing(value) {
                continue;
            }
            if !before.is_empty() || counts.rows >= UNNAMED {
                let (found, before) = (shown(value), shown(before));
                return Err(Fault::Changes { at, found, before });
            }
            *before = value.into();
        }
        Ok(self.last)
    }

    fn add_group(&mut self, id: &[u8], first_line: u64) -> usize {
        self.groups.push(RowGroup::new(id, first_line, self.plan.watched.len()));
        self.index.insert(id.into(), self.groups.len() - 1);
        self.groups.len() - 1
    }

    /// Whether a chain is kept, or why not.
    fn judge(
        &mut self,
        record: &Record,
        chain: &Chain,
        i: usize,
        shared: Shared,
    ) -> Result<Result<Kept, DropReason>, Fault> {
        let v = gene(&mut self.genes, self.plan.identity, &chain.v_call, record, 1);
        let j = gene(&mut self.genes, self.plan.identity, &chain.j_call, record, 2);
        if self.genes.len() > MAX_GENES {
            return Err(Fault::TooLarge("60,000 different genes"));
        }
        let locus = self.locus(record, v, j).or(chain.locus);
        let loci = &self.options.loci;
        if locus.is_some_and(|locus| !loci.is_empty() && !loci.contains(&locus)) {
            return Ok(Err(DropReason::OtherLocus));
        }
        if let Some(reason) = shared.failed {
            return Ok(Err(reason));
        }
        let origin = match self.read_junction(record, chain, i, locus, j)? {
            Ok(origin) => origin,
            Err(reason) => return Ok(Err(reason)),
        };
        let count = shared.count;
        let reason = if self.junction.len() < self.options.min_length {
            Some(DropReason::TooShort)
        } else if self.junction.len() > self.options.max_length.min(MAX_LENGTH) {
            Some(DropReason::TooLong)
        } else if count == Count::Whole(0) {
            Some(DropReason::ZeroCount)
        } else if self.plan.cell.is_some_and(|at| is_missing(record.field(at))) {
            Some(DropReason::NotACell)
        } else {
            None
        };
        Ok(reason.map_or(Ok(Kept { v, j, locus, count, origin }), Err))
    }

    /// The count, if it is read from a column.
    fn count(&mut self, record: &Record) -> Result<Count, Fault> {
        let Some(at) = self.plan.count else { return Ok(Count::Missing) };
        let raw = record.field(at);
        if self.plan.semicolons && raw.contains(&b'.') && !is_missing(raw) {
            if is_grouped(raw) {
                self.grouped.get_or_insert_with(|| shown(raw));
            } else {
                self.has_fractions = true;
            }
        }
        value::count(raw).ok_or_else(|| Fault::value(at, raw, value::COUNT))
    }

    /// The first status column that speaks against the row.
    fn check(&self, record: &Record) -> Result<Option<DropReason>, Fault> {
        for &(at, check) in &self.plan.checks {
            let raw = record.field(at);
            let reason = match verdict(check, raw) {
                Ok(reason) => reason,
                Err(expected) => return Err(Fault::value(at, raw, expected)),
            };
            if reason.is_some() {
                return Ok(reason);
            }
        }
        Ok(None)
    }

    /// Locus of a row: from its column, else from the J gene (V genes serve alpha and delta), else V.
    fn locus(&self, record: &Record, v: GeneCall, j: GeneCall) -> Option<Locus> {
        let stated = self.plan.locus.iter().find_map(|&at| stated_locus(record.field(at)));
        stated.or_else(|| self.genes.locus(j.gene)).or_else(|| self.genes.locus(v.gene))
    }

    /// Puts the junction into the buffer, from the best column that has one.
    fn read_junction(
        &mut self,
        record: &Record,
        chain: &Chain,
        i: usize,
        locus: Option<Locus>,
        j: GeneCall,
    ) -> Result<Result<Origin, DropReason>, Fault> {
        let Some((column, sequence, raw)) = sequence(self.plan, chain, record) else {
            return Ok(Err(DropReason::MissingJunction));
        };
        let residues = &mut self.junction;
        if let Err(reason) = read_letters(sequence.letters, raw, residues) {
            if reason == DropReason::Ambiguous && raw.iter().any(|byte| b";,|".contains(byte)) {
                return Err(Fault::value(sequence.at, raw, ONE_CHAIN));
            }
            self.tallies[i][column].amino_acids += u64::from(reason == DropReason::OtherLetters);
            return Ok(Err(reason));
        }
        let translated = sequence.letters == Letters::Nucleotides;
        if is_junction(self.plan, record) {
            let (anchors_restored, without_anchors) = (false, false);
            return Ok(Ok(Origin { translated, anchors_restored, without_anchors }));
        }
        self.tallies[i][column].add(residues);
        // A person's word decides, also where a junction among CDR3s has its anchors.
        let is_named = self.plan.named.contains(&sequence.at);
        if !translated && !is_named && is_nucleotides(residues) {
            return Ok(Err(DropReason::OtherLetters));
        }
        let anchors_restored = !sequence.anchors && (!is_anchored(residues) || is_named);
        let without_anchors = sequence.anchors && !is_anchored(residues);
        if anchors_restored {
            residues.insert(0, b'C');
            residues.push(junction::closing_anchor(self.genes.name(j.gene), locus));
        }
        Ok(Ok(Origin { translated, anchors_restored, without_anchors }))
    }

    /// Adds a row that is kept to its repertoire.
    fn keep(&mut self, group: usize, kept: Kept, record: &Record) -> Result<(), Fault> {
        let group = &mut self.groups[group];
        if let Some(at) = self.plan.cell {
            let cell = record.field(at).into();
            let junction = self.junction.as_slice().into();
            let contig = Contig { cell, junction, v: kept.v.gene, j: kept.j.gene };
            if !group.contigs.insert(contig) {
                group.counts.drop_row(DropReason::SameCell);
                return Ok(());
            }
        }
        group.residues += self.junction.len() as u64;
        if group.residues > MAX_RESIDUES {
            return Err(Fault::TooLarge("4 x 10^9 residues in one repertoire"));
        }
        let duplicate_count = match kept.count {
            Count::Missing => 1,
            Count::Whole(count) | Count::Rounded(count) => count,
        };
        let junction_aa = JunctionAa::of_read(&self.junction);
        let (v_call, j_call) = (self.genes.name(kept.v.gene), self.genes.name(kept.j.gene));
        group.builder.push(Row { junction_aa, v_call, j_call, duplicate_count });
        group.note(kept, self.plan.cell.is_none());
        group.counts.short_rows += u64::from(record.len() < self.width);
        Ok(())
    }

    /// Collapses every repertoire. `only` is the id of a file that holds just one.
    ///
    /// # Errors
    ///
    /// With the line of the first row that says nothing where others name their repertoire.
    pub(super) fn finish(
        self,
        only: &str,
        reading: &Reading,
    ) -> Result<Vec<ReadRepertoire>, (u64, Fault)> {
        let named = self.options.repertoire_column.is_some() || self.groups.len() > 1;
        let mut out = Vec::with_capacity(self.groups.len());
        for RowGroup { id, first_line, builder, mut counts, contigs, .. } in self.groups {
            if named && id.is_empty() {
                let at = self.plan.repertoire_id.unwrap_or_default();
                let expected = "the id of a repertoire in every row";
                return Err((first_line, Fault::value(at, b"", expected)));
            }
            let said = String::from_utf8_lossy(&id).into_owned();
            let sample = (!named && !said.is_empty()).then(|| said.clone());
            let id = if named { said } else { only.to_owned() };
            let repertoire = builder.finish(id);
            counts.clonotypes = repertoire.len() as u64;
            counts.templates = repertoire.templates();
            counts.samples_joined = barcodes::samples(contigs.iter().map(|contig| &*contig.cell));
            let reading = reading.clone();
            out.push(ReadRepertoire { repertoire, counts, format: self.format, reading, sample });
        }
        out.sort_by(|a, b| a.repertoire.id.cmp(&b.repertoire.id));
        Ok(out)
    }
}
