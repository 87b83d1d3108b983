//! How a table is read. This is decided once, from its header and its first rows, and stated in the import report.
//!
//! Column names can be wrong. So before rows are read, a sample of them is
//! examined, and each question gets one answer for the whole table: which columns hold sequences and
//! whether these have their anchors ([`anchors`]), which columns name genes and of which species ([`genes`]),
//! what is counted ([`counts`]), which column divides the table into repertoires ([`samples`]), which rows are
//! usable ([`status`]), and which columns look like one of these but are not read ([`unread`]).

mod anchors;
mod counts;
pub(super) mod fields;
mod genes;
mod plan;
mod report;
mod sample;
mod samples;
mod sequence;
mod status;
mod thinned;
mod unread;

pub use counts::CountUnit;
pub use report::{ColumnUse, Reading};
pub use sequence::Letters;
pub use unread::{LooksLike, Unread};

pub(super) use anchors::{Tally, is_anchored, is_nucleotides};
pub(super) use counts::is_grouped;
pub(super) use plan::{Chain, Plan};
pub(super) use sample::Sample;
pub(super) use sequence::Sequence;
pub(super) use thinned::Thinned;

use super::columns::{ChainPlaces, Check, Places};
use super::error::ReadError;
use super::header::Header;
use super::opened::{OpenTable, Place};
use super::{Format, ReadOptions};
use genes::Segment;

/// Names of columns that tell the locus, in every format: constant genes do so too.
const LOCUS: [&str; 6] = ["locus", "chain", "chains", "c_call", "c_gene", "c"];

/// Decides how `table` is read. `known` is how its sequences are read if the whole of them has been
/// seen, in place of the sample.
pub(super) fn plan(
    table: &OpenTable,
    sample: &Sample,
    options: &ReadOptions,
    known: Option<&[Vec<Sequence>]>,
) -> Result<Plan, ReadError> {
    let OpenTable { format, header, places, asked, .. } = table;
    let is_custom = *format == Format::Custom;
    let place = table.place();
    let counted = counts::decide(sample, places, header, asked.count, is_custom);
    if let Some(at) = counted.column
        && let Some(found) = counts::thousands(sample, header, at)
    {
        let (path, line, column) = (place.path.to_owned(), place.line, header.names[at].clone());
        return Err(ReadError::Thousands { path, line, column, found });
    }
    let divided = samples::decide(sample, places, header, asked.repertoire);
    let mut plan = Plan::named(places);
    plan.named = named_sequences(header, options);
    (plan.count, plan.cell) = (counted.column, counted.cell);
    plan.repertoire_id = divided.column;
    plan.semicolons = header.delimiter == b';';
    let mut unread = Vec::new();
    if !is_custom {
        plan.checks = status::checks(sample, places, header);
        add_locus(&mut plan, sample, header);
        search_genes(&mut plan, sample, &header.names, &mut unread);
    }
    // Behind the search: genes in columns that are found tell the species as others do.
    let species = genes::species(sample, &plan, &header.names, options.species);
    let species = species.map_err(|(found, because)| {
        let (path, line) = (place.path.to_owned(), place.line);
        ReadError::OtherSpecies { path, line, found, because }
    })?;
    plan.species = species.species;
    watch_species(&mut plan, &species);
    match known {
        Some(known) => plan.read_sequences_as(known),
        None => judge_sequences(&mut plan, sample, place)?,
    }
    let mut used = plan.columns();
    if let Some(&at) = used.iter().find(|&&at| header.repeats(at)) {
        let (path, line, column) = (place.path.to_owned(), place.line, header.names[at].clone());
        return Err(ReadError::DuplicateColumn { path, line, column });
    }
    plan.watched = divided.watched;
    plan.watched.retain(|&at| !is_checked_species(&plan.checks, at));
    used.extend(&plan.watched);
    used.extend(species.column);
    unread.extend(unread::find(sample, header, &used));
    plan.reading = report::reading(&report::Said {
        format: *format,
        names: &header.names,
        places,
        plan: &plan,
        unit: counted.unit,
        few_cells: counted.few_cells,
        species: &species,
        unread,
        latin: header.latin,
        sample,
    });
    Ok(plan)
}

/// How a file of nothing but sequences is read; `known` as for a table.
pub(super) fn plan_of_one(
    format: Format,
    sample: &Sample,
    place: Place,
    known: Option<&[Vec<Sequence>]>,
) -> Result<Plan, ReadError> {
    let chain = ChainPlaces { junction_aa: vec![0], ..ChainPlaces::default() };
    let mut plan = Plan { chains: vec![Chain::named(&chain)], ..Plan::default() };
    match known {
        Some(known) => plan.read_sequences_as(known),
        None => judge_sequences(&mut plan, sample, place)?,
    }
    plan.reading = report::reading(&report::Said {
        format,
        names: place.names,
        places: &Places { chains: vec![chain], ..Places::default() },
        plan: &plan,
        unit: CountUnit::Rows,
        few_cells: None,
        species: &genes::KnownSpecies::default(),
        unread: Vec::new(),
        latin: false,
        sample,
    });
    Ok(plan)
}

/// The columns of sequences that a person named.
fn named_sequences(header: &Header, options: &ReadOptions) -> Vec<usize> {
    let columns = options.columns.iter();
    let names = columns.flat_map(|own| [&own.junction_aa, &own.cdr3_aa, &own.junction]);
    names.flatten().filter_map(|name| header.find_named(name)).collect()
}

/// Lets each row say whether it is of the species as which all are read.
fn watch_species(plan: &mut Plan, species: &genes::KnownSpecies) {
    if let Some(at) = species.column.filter(|_| species.foreign.is_none()) {
        plan.checks.push((at, Check::Species(species.species)));
    }
}

/// Whether a column is one of which the species of each row is read: how it is written may change.
fn is_checked_species(checks: &[(usize, Check)], at: usize) -> bool {
    checks.iter().any(|&(own, check)| own == at && matches!(check, Check::Species(_)))
}

/// Where the format's own columns do not tell the locus, takes those that do.
fn add_locus(plan: &mut Plan, sample: &Sample, header: &Header) {
    if plan.locus.is_empty() {
        let states = |value| fields::stated_locus(value).is_some();
        plan.locus = header.all(&LOCUS);
        plan.locus.retain(|&at| sample.values(at).any(states));
    }
}

/// Where the format's own columns have no gene, takes those that do.
fn search_genes(plan: &mut Plan, sample: &Sample, names: &[String], unread: &mut Vec<Unread>) {
    let used = plan.columns();
    let identity = plan.identity;
    // Of several chains a column that names none could be of any.
    let [chain] = &mut plan.chains[..] else { return };
    let looks = [LooksLike::VCall, LooksLike::JCall];
    let both = [(&mut chain.v_call, Segment::V), (&mut chain.j_call, Segment::J)];
    for ((own, segment), looks_like) in both.into_iter().zip(looks) {
        if genes::any(sample, own, identity) {
            continue;
        }
        match genes::search(sample, names.len(), &used, segment) {
            Ok(found) => own.extend(found),
            Err(doubtful) => {
                let entries = doubtful.iter().map(|&at| unread::entry(&names[at], looks_like));
                unread.extend(entries);
            }
        }
    }
}

/// Lets the content of each column of sequences say what it holds.
fn judge_sequences(plan: &mut Plan, sample: &Sample, place: Place) -> Result<(), ReadError> {
    let by_name = plan.chains.clone();
    let tallies = fields::tallies(plan, sample);
    let judged = judge(plan, &tallies, place);
    if judged.is_err() && !sample.is_whole {
        // All rows decide: a column that is sorted may begin with what is rare in it.
        plan.chains = by_name;
        return Ok(());
    }
    judged?;
    // What turns out to be nucleotides is looked at again, translated.
    let mut sequences = plan.chains.iter().flat_map(|chain| &chain.sequences);
    if !sequences.any(|own| own.is_renamed()) {
        return Ok(());
    }
    let tallies = fields::tallies(plan, sample);
    for (chain, tallies) in plan.chains.iter().zip(&tallies) {
        let mut all = chain.sequences.iter().zip(tallies);
        if let Some((own, _)) = all.find(|(own, tally)| own.is_renamed() && tally.rows == 0) {
            return Err(no_junctions(place, own.at));
        }
    }
    judge(plan, &tallies, place)
}

/// That the nucleotides of a column are of no junctions.
fn no_junctions(place: Place, at: usize) -> ReadError {
    let (path, line, column) = (place.path.to_owned(), place.line, place.names[at].clone());
    ReadError::Nucleotides { path, line, column }
}

/// Reads each column of sequences as `tallies` of its content say.
pub(super) fn judge(
    plan: &mut Plan,
    tallies: &[Vec<Tally>],
    place: Place,
) -> Result<(), ReadError> {
    for (chain, tallies) in plan.chains.iter_mut().zip(tallies) {
        for (sequence, &tally) in chain.sequences.iter_mut().zip(tallies) {
            match sequence.judged(tally) {
                Ok(judged) => *sequence = judged,
                Err(tally) if sequence.is_mistaken(tally) => {
                    return Err(no_junctions(place, sequence.at));
                }
                Err(_) if plan.named.contains(&sequence.at) => {} // A person's word decides.
                Err(tally) => return Err(unfit(tally, place, &place.names[sequence.at])),
            }
        }
    }
    Ok(())
}

/// Why a column of sequences is read neither as junctions nor as CDR3s.
fn unfit(tally: Tally, place: Place, column: &str) -> ReadError {
    let (path, line, column) = (place.path.to_owned(), place.line, column.to_owned());
    let Tally { rows, anchored, front, behind, bare, .. } = tally;
    if let Some((found, rows)) = tally.of_both_letters() {
        return ReadError::BothLetters { path, line, column, rows, found };
    }
    if front + behind > anchored.min(bare) {
        ReadError::OneAnchor { path, line, column, rows, front, behind }
    } else {
        ReadError::MixedAnchors { path, line, column, rows, anchored, bare }
    }
}
