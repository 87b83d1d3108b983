//! The decisions about a table as text for the user.

use serde::{Deserialize, Serialize};

use super::super::Format;
use super::super::columns::{Check, Places};
use super::anchors::Tally;
use super::counts::CountUnit;
use super::genes::KnownSpecies;
use super::plan::{Chain, Plan};
use super::sample::Sample;
use super::sequence::{Letters, Sequence};
use super::unread::{LooksLike, Unread};
use crate::gene::{Species, normalise};
use crate::import_counts::DropReason;

/// A column that is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnUse {
    /// Its name in the file.
    pub column: String,
    /// What it became: `junction_aa`, `v_call`, `duplicate_count`, ...
    pub read_as: String,
}

/// How a table is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Its format.
    pub format: String,
    /// The columns that are read, in the order of the file.
    pub columns: Vec<ColumnUse>,
    /// The unit of the counts.
    pub count_unit: CountUnit,
    /// Species of its genes.
    pub species: Species,
    /// The reason for the species.
    pub species_because: String,
    /// Columns that are not read although they look meaningful.
    pub unread: Vec<Unread>,
    /// Number of columns that are not read, including those of `unread`.
    pub columns_not_read: usize,
    /// Notes for the user.
    pub notes: Vec<String>,
}

/// What the column became that tells repertoires apart.
const REPERTOIRE: &str = "repertoire_id";

impl Reading {
    /// The column that tells repertoires apart.
    pub(crate) fn repertoire_column(&self) -> Option<&str> {
        let is_it = |own: &&ColumnUse| own.read_as.split(", ").any(|part| part == REPERTOIRE);
        self.columns.iter().find(is_it).map(|own| own.column.as_str())
    }
}

/// Everything that [`reading`] tells.
pub(super) struct Said<'a> {
    pub(super) format: Format,
    pub(super) names: &'a [String],
    pub(super) places: &'a Places,
    pub(super) plan: &'a Plan,
    pub(super) unit: CountUnit,
    /// A column of cells that are not counted.
    pub(super) few_cells: Option<usize>,
    pub(super) species: &'a KnownSpecies,
    pub(super) unread: Vec<Unread>,
    /// Whether the header is not UTF-8.
    pub(super) latin: bool,
    pub(super) sample: &'a Sample,
}

pub(super) fn reading(said: &Said) -> Reading {
    let mut uses: Vec<(usize, String)> = Vec::new();
    for chain in &said.plan.chains {
        uses.extend(chain.sequences.iter().map(|own| (own.at, sequence_use(*own).to_owned())));
        uses.extend(chain.v_call.iter().map(|&at| (at, "v_call".to_owned())));
        uses.extend(chain.j_call.iter().map(|&at| (at, "j_call".to_owned())));
    }
    let plan = said.plan;
    uses.extend(plan.locus.iter().map(|&at| (at, "locus".to_owned())));
    uses.extend(plan.count.map(|at| (at, format!("duplicate_count ({})", said.unit))));
    uses.extend(plan.cell.map(|at| (at, "cell, counted".to_owned())));
    uses.extend(plan.repertoire_id.map(|at| (at, REPERTOIRE.to_owned())));
    uses.extend(plan.region.map(|at| (at, "region of the sequence".to_owned())));
    uses.extend(plan.checks.iter().map(|&(at, check)| (at, check_use(check).to_owned())));
    uses.extend(said.species.column.map(|at| (at, "species".to_owned())));
    let same = |at: &usize| (*at, "must be the same in all rows of a repertoire".to_owned());
    let watched = plan.watched.iter().filter(|at| Some(**at) != said.species.column);
    uses.extend(watched.map(same));
    uses.sort();
    uses.dedup();
    let mut columns: Vec<ColumnUse> = Vec::new();
    let mut last = None;
    for (at, read_as) in uses {
        match columns.last_mut().filter(|_| last == Some(at)) {
            Some(same) => same.read_as = format!("{}, {read_as}", same.read_as),
            None => columns.push(ColumnUse { column: said.names[at].clone(), read_as }),
        }
        last = Some(at);
    }
    Reading {
        format: said.format.to_string(),
        columns_not_read: said.names.len() - columns.len(),
        columns,
        count_unit: said.unit,
        species: said.species.species,
        species_because: said.species.because.clone(),
        unread: said.unread.clone(),
        notes: notes(said),
    }
}

fn sequence_use(sequence: Sequence) -> &'static str {
    match (sequence.letters, sequence.anchors) {
        (Letters::AminoAcids, true) => "junction_aa, with its anchors",
        (Letters::AminoAcids, false) => "cdr3_aa, anchors added",
        (Letters::Nucleotides, true) => "junction, translated",
        (Letters::Nucleotides, false) => "cdr3, translated, anchors added",
    }
}

fn check_use(check: Check) -> &'static str {
    match check {
        Check::FrameType
        | Check::Said(DropReason::OutOfFrame)
        | Check::Flaw(DropReason::OutOfFrame) => "reading frame",
        Check::StopCodon | Check::Flaw(DropReason::StopCodon) => "stop codon",
        Check::SurelyProductive
        | Check::Functionality
        | Check::Said(_)
        | Check::Words
        | Check::Flaw(_) => "productive",
        Check::Species(_) => "species",
        Check::Cell => "is_cell",
        Check::Confident => "high confidence",
        Check::OneChain => "one chain or several",
    }
}

fn notes(said: &Said) -> Vec<String> {
    let mut notes = Vec::new();
    let tallies = super::fields::tallies(said.plan, said.sample);
    for (chain, (named, tallies)) in
        said.plan.chains.iter().zip(said.places.chains.iter().zip(&tallies))
    {
        let named = Sequence::named(named);
        for ((own, named), tally) in chain.sequences.iter().zip(&named).zip(tallies) {
            notes.extend(contradiction(*own, *named, &said.names[own.at], tally));
        }
    }
    if let Some(foreign) = &said.species.foreign {
        let species = said.species.species;
        notes.push(format!(
            "the species {foreign:?} is not known: gene names are read as those of {species}"
        ));
    } else if said.species.species == Species::Mouse {
        notes.extend(Some(&said.species.because).filter(|text| text.starts_with("its")).cloned());
    }
    let unknown = unknown_genes(said);
    if !unknown.is_empty() {
        let shown: Vec<_> = unknown.iter().take(3).map(|name| format!("{name:?}")).collect();
        notes.push(format!(
            "gene names that IMGT does not have, such as {}, are taken as unknown",
            shown.join(", ")
        ));
    }
    notes.extend(
        said.few_cells.map(|at| {
            format!("`{}` names a cell in few rows: cells are not counted", said.names[at])
        }),
    );
    if said.latin {
        notes.push("the header is not UTF-8: letters beyond ASCII are read as Latin-1".to_owned());
    }
    notes.extend(said.unread.iter().filter(|unread| is_lacking(said, unread.looks_like)).map(
        |unread| {
            let noun = unread.looks_like.noun();
            format!("`{}` looks like a {noun} and is not read: {}", unread.column, unread.option)
        },
    ));
    notes
}

/// Whether no column is read as that which another looks like.
fn is_lacking(said: &Said, looks_like: LooksLike) -> bool {
    let plan = said.plan;
    let lacks =
        |call: fn(&Chain) -> &Vec<usize>| plan.chains.iter().all(|own| call(own).is_empty());
    match looks_like {
        LooksLike::VCall => lacks(|chain| &chain.v_call),
        LooksLike::JCall => lacks(|chain| &chain.j_call),
        LooksLike::Count => plan.count.is_none() && plan.cell.is_none(),
        LooksLike::Productive => {
            plan.checks.iter().all(|(_, check)| matches!(check, Check::Species(_)))
        }
    }
}

/// What is said where a column holds something else than its name promises.
fn contradiction(own: Sequence, named: Sequence, column: &str, tally: &Tally) -> Option<String> {
    let Tally { rows, anchored, .. } = tally;
    let share = format!("{anchored} of {rows} begin with C and end in F or W");
    if own.letters != named.letters {
        return Some(format!("`{column}` holds nucleotides: translated"));
    }
    match (named.anchors, own.anchors) {
        (false, true) => Some(format!("`{column}` holds junctions, {share}: no anchors added")),
        (true, false) => Some(format!("`{column}` holds CDR3s, {share}: anchors added")),
        _ => None,
    }
}

/// Texts of gene columns that name a gene of no kind known.
fn unknown_genes(said: &Said) -> Vec<String> {
    let chains = said.plan.chains.iter();
    let columns = chains.flat_map(|chain| chain.v_call.iter().chain(&chain.j_call));
    let columns = columns.filter(|&&at| Some(at) != said.plan.identity);
    let texts = columns.flat_map(|&at| said.sample.texts(at));
    let unknown = |text: &String| {
        let is_name = text.chars().any(|c| c.is_ascii_digit());
        is_name && normalise(text, said.species.species).gene.is_empty()
    };
    let mut texts: Vec<String> = texts.filter(unknown).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}
