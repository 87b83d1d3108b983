//! Judges rows and gathers those that are kept, by repertoire.

use std::collections::{HashMap, HashSet};

use csv::ByteRecord;

use super::columns::{Places, is_missing};
use super::fault::Fault;
use super::value::{self, Count};
use super::verdict::verdict;
use super::{Format, ReadOptions, ReadRepertoire};
use crate::encode::MAX_LENGTH;
use crate::gene::{GeneCache, GeneCall, Locus};
use crate::import_counts::{DropReason, ImportCounts};
use crate::junction;
use crate::repertoire::{Builder, Row};

/// Distinct genes of a file; more do not fit a repertoire's 16-bit indices.
const MAX_GENES: usize = 60_000;

/// Residues of one repertoire, so that their offsets fit 32 bits.
const MAX_RESIDUES: u64 = u32::MAX as u64 - MAX_LENGTH as u64;

/// Where the residues of a junction come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Written,
    Translated,
    AnchorsRestored,
}

/// What a kept row says; its junction is in [`Collector::junction`].
#[derive(Clone, Copy, Debug)]
struct Kept {
    v: GeneCall,
    j: GeneCall,
    locus: Option<Locus>,
    count: Count,
    origin: Origin,
}

/// A cell's chain; a second one with the same key is the same chain again.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Contig {
    /// Fields that name the cell, joined.
    cell: Vec<u8>,
    junction: Box<[u8]>,
    v: u32,
    j: u32,
}

/// One repertoire while its rows are read.
#[derive(Debug)]
struct Group {
    id: Box<[u8]>,
    first_line: u64,
    builder: Builder,
    counts: ImportCounts,
    residues: u64,
    /// Every contig kept, if clonotypes are counted in cells.
    contigs: HashSet<Contig>,
}

/// Gathers the rows of one file.
pub(super) struct Collector<'a> {
    format: Format,
    places: Places,
    options: &'a ReadOptions,
    /// Fields of the header.
    width: usize,
    genes: GeneCache,
    junction: Vec<u8>,
    groups: Vec<Group>,
    index: HashMap<Box<[u8]>, usize>,
    last: usize,
}

/// A field without surrounding space; a field left off is empty.
fn field(record: &ByteRecord, at: usize) -> &[u8] {
    record.get(at).unwrap_or_default().trim_ascii()
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        format: Format,
        places: Places,
        width: usize,
        options: &'a ReadOptions,
    ) -> Self {
        Self {
            format,
            places,
            options,
            width,
            genes: GeneCache::new(options.species),
            junction: Vec::new(),
            groups: Vec::new(),
            index: HashMap::new(),
            last: 0,
        }
    }

    /// Whether there was no row.
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Takes one row.
    pub(super) fn push(&mut self, record: &ByteRecord, line: u64) -> Result<(), Fault> {
        let verdict = self.judge(record)?;
        let group = self.group(record, line);
        match verdict {
            Ok(kept) => self.keep(group, kept, record),
            Err(reason) => {
                self.groups[group].counts.drop_row(reason);
                Ok(())
            }
        }
    }

    /// Index of the repertoire that a row belongs to.
    fn group(&mut self, record: &ByteRecord, line: u64) -> usize {
        let mut ids = self.places.repertoire_id.iter().map(|&at| field(record, at));
        let id = ids.find(|id| !is_missing(id)).unwrap_or_default();
        if self.groups.get(self.last).is_some_and(|group| *group.id == *id) {
            return self.last;
        }
        self.last = if let Some(&group) = self.index.get(id) {
            group
        } else {
            self.groups.push(Group {
                id: id.into(),
                first_line: line,
                builder: Builder::default(),
                counts: ImportCounts::default(),
                residues: 0,
                contigs: HashSet::new(),
            });
            self.index.insert(id.into(), self.groups.len() - 1);
            self.groups.len() - 1
        };
        self.last
    }

    /// Whether a row is kept, or why not. Its count is read in any case, so that a column that holds
    /// no counts is found even if all rows are dropped.
    fn judge(&mut self, record: &ByteRecord) -> Result<Result<Kept, DropReason>, Fault> {
        let count = self.count(record)?;
        let failed = self.check(record)?;
        let v = gene(&mut self.genes, &self.places, &self.places.v_call, record, 1);
        let j = gene(&mut self.genes, &self.places, &self.places.j_call, record, 2);
        if self.genes.len() > MAX_GENES {
            return Err(Fault::TooLarge("60,000 different genes"));
        }
        let locus = self.locus(record, v, j);
        let loci = &self.options.loci;
        if locus.is_some_and(|locus| !loci.is_empty() && !loci.contains(&locus)) {
            return Ok(Err(DropReason::OtherLocus));
        }
        if let Some(reason) = failed {
            return Ok(Err(reason));
        }
        let origin = match self.read_junction(record, locus, j) {
            Ok(origin) => origin,
            Err(reason) => return Ok(Err(reason)),
        };
        let reason = if self.junction.len() < self.options.min_length {
            Some(DropReason::TooShort)
        } else if self.junction.len() > self.options.max_length.min(MAX_LENGTH) {
            Some(DropReason::TooLong)
        } else if count == Count::Whole(0) {
            Some(DropReason::ZeroCount)
        } else {
            None
        };
        Ok(reason.map_or(Ok(Kept { v, j, locus, count, origin }), Err))
    }

    /// The first count column that has a value.
    fn count(&self, record: &ByteRecord) -> Result<Count, Fault> {
        for &at in &self.places.counts {
            let raw = field(record, at);
            match value::count(raw) {
                Some(Count::Missing) => {}
                Some(count) => return Ok(count),
                None => return Err(Fault::value(at, raw, value::COUNT)),
            }
        }
        Ok(Count::Missing)
    }

    /// The first status column that speaks against the row.
    fn check(&self, record: &ByteRecord) -> Result<Option<DropReason>, Fault> {
        for &(at, check) in &self.places.checks {
            let raw = field(record, at);
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
    fn locus(&self, record: &ByteRecord, v: GeneCall, j: GeneCall) -> Option<Locus> {
        let mut columns = self.places.locus.iter().map(|&at| field(record, at));
        let stated = columns.find_map(Locus::of_column);
        stated.or_else(|| self.genes.locus(j.gene)).or_else(|| self.genes.locus(v.gene))
    }

    /// Puts the junction into the buffer, from the best column that has one.
    fn read_junction(
        &mut self,
        record: &ByteRecord,
        locus: Option<Locus>,
        j: GeneCall,
    ) -> Result<Origin, DropReason> {
        let junction = &mut self.junction;
        for &at in &self.places.junction_aa {
            let raw = part(&self.places, record, at, 0);
            if !is_missing(raw) {
                return junction::read(raw, junction).map(|()| Origin::Written);
            }
        }
        for &at in &self.places.junction {
            let raw = field(record, at);
            if !is_missing(raw) {
                return junction::translate(raw, junction).map(|()| Origin::Translated);
            }
        }
        for &at in &self.places.cdr3_aa {
            let raw = field(record, at);
            if is_missing(raw) {
                continue;
            }
            junction::read(raw, junction)?;
            let region = self.places.region.map(|at| field(record, at));
            if region.is_some_and(|region| region.ends_with(b"JUNCTION")) {
                return Ok(Origin::Written);
            }
            junction.insert(0, b'C');
            junction.push(junction::closing_anchor(self.genes.name(j.gene), locus));
            return Ok(Origin::AnchorsRestored);
        }
        Err(DropReason::MissingJunction)
    }

    /// Adds a row that is kept to its repertoire.
    fn keep(&mut self, group: usize, kept: Kept, record: &ByteRecord) -> Result<(), Fault> {
        let group = &mut self.groups[group];
        if !self.places.cell.is_empty() {
            let named = self.places.cell.iter().map(|&at| field(record, at));
            let cell = named.collect::<Vec<_>>().join(&b'\t');
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
        let junction_aa = std::str::from_utf8(&self.junction).expect("amino acids are ASCII");
        let (v_call, j_call) = (self.genes.name(kept.v.gene), self.genes.name(kept.j.gene));
        group.builder.push(Row { junction_aa, v_call, j_call, duplicate_count });
        note(&mut group.counts, kept, self.places.cell.is_empty());
        group.counts.short_rows += u64::from(record.len() < self.width);
        Ok(())
    }

    /// Collapses every repertoire. `only` is the id of a file that holds just one.
    ///
    /// # Errors
    ///
    /// With the line of the first row that says nothing where others name their repertoire.
    pub(super) fn finish(self, only: &str) -> Result<Vec<ReadRepertoire>, (u64, Fault)> {
        let named = self.options.repertoire_column.is_some() || self.groups.len() > 1;
        let mut out = Vec::with_capacity(self.groups.len());
        for Group { id, first_line, builder, mut counts, contigs, .. } in self.groups {
            if named && id.is_empty() {
                let at = self.places.repertoire_id[0];
                let expected = "the id of a repertoire in every row";
                return Err((first_line, Fault::value(at, b"", expected)));
            }
            let id =
                if named { String::from_utf8_lossy(&id).into_owned() } else { only.to_owned() };
            let repertoire = builder.finish(id);
            counts.clonotypes = repertoire.len() as u64;
            counts.templates = repertoire.templates();
            counts.samples_joined = samples_joined(&contigs);
            out.push(ReadRepertoire { repertoire, counts, format: self.format });
        }
        out.sort_by(|a, b| a.repertoire.id.cmp(&b.repertoire.id));
        Ok(out)
    }
}

/// Samples that the barcodes tell apart: `aggr` numbers those that it joins behind the last `-`. 0 if
/// there is one.
fn samples_joined(contigs: &HashSet<Contig>) -> u64 {
    let number = |contig: &Contig| {
        let barcode = contig.cell.split(|&byte| byte == b'\t').next()?;
        barcode.iter().rposition(|&byte| byte == b'-').map(|dash| barcode[dash..].to_vec())
    };
    let numbers: HashSet<Vec<u8>> = contigs.iter().filter_map(number).collect();
    if numbers.len() > 1 { numbers.len() as u64 } else { 0 }
}

/// A field, or the part of a `bio_identity` (junction+V+J) that is asked for.
fn part<'r>(places: &Places, record: &'r ByteRecord, at: usize, part: usize) -> &'r [u8] {
    let raw = field(record, at);
    if places.identity != Some(at) {
        return raw;
    }
    raw.split(|&byte| byte == b'+').nth(part).unwrap_or_default()
}

/// The first of `columns` that names a gene, else the first that names a family.
fn gene(
    genes: &mut GeneCache,
    places: &Places,
    columns: &[usize],
    record: &ByteRecord,
    identity_part: usize,
) -> GeneCall {
    let mut best = GeneCall::UNKNOWN;
    for &at in columns {
        let call = genes.call(part(places, record, at, identity_part));
        if call.is_gene() {
            return call;
        }
        if best.gene == 0 {
            best = call;
        }
    }
    best
}

/// Counts what a kept row says. Where a row is a cell, its count of 1 is not missing.
fn note(counts: &mut ImportCounts, kept: Kept, count_expected: bool) {
    counts.rows += 1;
    counts.kept += 1;
    counts.missing_counts += u64::from(kept.count == Count::Missing && count_expected);
    counts.rounded_counts += u64::from(matches!(kept.count, Count::Rounded(_)));
    counts.gene_ties += u64::from(kept.v.tie || kept.j.tie);
    counts.unknown_v += u64::from(kept.v.gene == 0);
    counts.unknown_j += u64::from(kept.j.gene == 0);
    counts.family_v += u64::from(kept.v.family_only);
    counts.family_j += u64::from(kept.j.family_only);
    counts.translated += u64::from(kept.origin == Origin::Translated);
    counts.anchors_restored += u64::from(kept.origin == Origin::AnchorsRestored);
    match kept.locus {
        Some(locus) => *counts.loci.entry(locus).or_default() += 1,
        None => counts.unknown_locus += 1,
    }
}
