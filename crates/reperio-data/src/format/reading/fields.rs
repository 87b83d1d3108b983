//! Reads the fields of a row by a plan: the sequence of a chain, a gene, the locus.

use super::super::columns::is_missing;
use super::super::gene_cache::{GeneCache, GeneCall};
use super::super::record::Record;
use super::super::verdict::verdict;
use super::anchors::Tally;
use super::plan::{Chain, Plan};
use super::sample::Sample;
use super::sequence::{Letters, Sequence};
use crate::gene::Locus;
use crate::import_counts::DropReason;
use crate::junction;

/// What the columns of sequences hold in the rows of a sample that are usable.
pub(in super::super) fn tallies(plan: &Plan, sample: &Sample) -> Vec<Vec<Tally>> {
    let mut tallies = no_tallies(plan);
    let mut residues = Vec::new();
    let usable = |row: &&Record| {
        let mut checks = plan.checks.iter();
        checks.all(|&(at, check)| verdict(check, row.field(at)) == Ok(None))
    };
    for row in sample.rows.iter().filter(usable) {
        for (chain, tallies) in plan.chains.iter().zip(&mut tallies) {
            let Some((column, own, raw)) = sequence(plan, chain, row) else { continue };
            match read_letters(own.letters, raw, &mut residues) {
                Ok(()) if !is_junction(plan, row) => tallies[column].add(&residues),
                Err(DropReason::OtherLetters) => tallies[column].amino_acids += 1,
                Ok(()) | Err(_) => {}
            }
        }
    }
    tallies
}

pub(in super::super) fn no_tallies(plan: &Plan) -> Vec<Vec<Tally>> {
    plan.chains.iter().map(|chain| vec![Tally::default(); chain.sequences.len()]).collect()
}

/// The best column of a chain that has a sequence, its place among the chain's, and what it says.
pub(in super::super) fn sequence<'r>(
    plan: &Plan,
    chain: &Chain,
    record: &'r Record,
) -> Option<(usize, Sequence, &'r [u8])> {
    let own = chain.sequences.iter().enumerate();
    let mut own = own.map(|(i, own)| (i, *own, part(plan.identity, record, own.at, 0)));
    own.find(|(_, _, raw)| !is_missing(raw))
}

/// Whether a row says that its sequence has its anchors, whatever the column holds otherwise.
pub(in super::super) fn is_junction(plan: &Plan, record: &Record) -> bool {
    plan.region.is_some_and(|at| record.field(at).ends_with(b"JUNCTION"))
}

pub(in super::super) fn read_letters(
    letters: Letters,
    raw: &[u8],
    residues: &mut Vec<u8>,
) -> Result<(), DropReason> {
    match letters {
        Letters::AminoAcids => junction::read(raw, residues),
        Letters::Nucleotides => match junction::translate(raw, residues) {
            Err(_) if junction::is_no_nucleotides(raw) => Err(DropReason::OtherLetters),
            read => read,
        },
    }
}

/// The locus that a field states, by its own name or that of a constant gene.
pub(in super::super) fn stated_locus(field: &[u8]) -> Option<Locus> {
    Locus::of_column(field).or_else(|| Locus::of_constant(field))
}

/// A field, or the part of a `bio_identity` (junction+V+J) that is asked for.
fn part(identity: Option<usize>, record: &Record, at: usize, part: usize) -> &[u8] {
    let raw = record.field(at);
    if identity != Some(at) {
        return raw;
    }
    raw.split(|&byte| byte == b'+').nth(part).unwrap_or_default()
}

/// The first of `columns` that names a gene, else the first that names a family.
pub(in super::super) fn gene(
    genes: &mut GeneCache,
    identity: Option<usize>,
    columns: &[usize],
    record: &Record,
    identity_part: usize,
) -> GeneCall {
    let mut best = GeneCall::UNKNOWN;
    for &at in columns {
        let call = genes.call(part(identity, record, at, identity_part));
        if call.is_gene() {
            return call;
        }
        if best.gene == 0 {
            best = call;
        }
    }
    best
}
