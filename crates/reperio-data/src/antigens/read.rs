//! Reads one export.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::entry::{Database, Entry};
use super::error::AntigenError;
use super::fields::{Texts, first};
use super::layout::{ChainPlaces, Places};
use super::rows::Rows;
use crate::format::ReadError;
use crate::format::record::Record;
use crate::gene::{Locus, Species};
use crate::import_counts::DropReason;
use crate::junction::{self, MAX_LENGTH};

/// Why a chain of an export is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unused {
    /// The row has no junction at all.
    NoJunction,
    /// The junction is too long or not of the 20 standard amino acids alone.
    Residues,
    /// There is no V gene of its chain.
    NoV,
    /// The host is neither human nor mouse.
    OtherHost,
    /// Nothing is said of the antigen.
    NoAntigen,
}

impl fmt::Display for Unused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoJunction => "no junction",
            Self::Residues => "not of the 20 amino acids",
            Self::NoV => "no V gene",
            Self::OtherHost => "other host",
            Self::NoAntigen => "no antigen",
        })
    }
}

/// What became of the rows of an export. Chains that are used and chains that are not add up to all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// Whose export it is.
    pub database: Database,
    /// Rows below the header.
    pub rows: u64,
    /// Chains with a junction, and rows without any.
    pub chains: u64,
    /// Chains that are used, some of them perhaps more than once in the file.
    pub used: u64,
    /// Those of them whose anchors were added.
    pub anchors_restored: u64,
    /// Chains that are not used, by reason.
    pub unused: BTreeMap<Unused, u64>,
}

/// Reads all rows of the export at `path`.
pub(super) fn read(path: &Path) -> Result<(Vec<Entry>, FileReport), AntigenError> {
    let mut rows = Rows::open(path)?;
    let Some(places) = Places::of(&rows.names) else {
        let (path, line, found) = (rows.path(), rows.header, rows.names);
        return Err(AntigenError::UnknownHeader { path, line, found });
    };
    let mut reader = Reader::new(path, places);
    while rows.next()? {
        reader.row(&rows.record);
    }
    if reader.report.rows == 0 {
        return Err(ReadError::HeaderOnly { path: rows.path(), line: rows.header }.into());
    }
    Ok((reader.entries, reader.report))
}

struct Reader {
    places: Places,
    texts: Texts,
    junction: Vec<u8>,
    entries: Vec<Entry>,
    report: FileReport,
}

impl Reader {
    fn new(path: &Path, places: Places) -> Self {
        let report = FileReport {
            path: path.to_owned(),
            database: places.database,
            rows: 0,
            chains: 0,
            used: 0,
            anchors_restored: 0,
            unused: BTreeMap::new(),
        };
        let (texts, junction) = (Texts::default(), Vec::new());
        Self { places, texts, junction, entries: Vec::new(), report }
    }

    fn row(&mut self, record: &Record) {
        self.report.rows += 1;
        let before = self.report.chains;
        for at in 0..self.places.chains.len() {
            if let Some(cdr3) = first(record, &self.places.chains[at].cdr3) {
                self.chain(record, at, &cdr3);
            }
        }
        if self.report.chains == before {
            self.count(Err(Unused::NoJunction));
        }
    }

    fn chain(&mut self, record: &Record, at: usize, cdr3: &str) {
        let entry = self.entry(record, at, cdr3);
        self.count(entry.as_ref().map(|_| ()).map_err(|unused| *unused));
        self.entries.extend(entry);
    }

    fn count(&mut self, outcome: Result<(), Unused>) {
        self.report.chains += 1;
        match outcome {
            Ok(()) => self.report.used += 1,
            Err(unused) => *self.report.unused.entry(unused).or_default() += 1,
        }
    }

    fn entry(&mut self, record: &Record, at: usize, cdr3: &str) -> Result<Entry, Unused> {
        let Self { places, texts, junction, report, .. } = self;
        junction::read(cdr3.as_bytes(), junction).map_err(|reason| match reason {
            DropReason::MissingJunction => Unused::NoJunction,
            _ => Unused::Residues,
        })?;
        let chain = &places.chains[at];
        let species = host(record, chain)?;
        let locus = chain.locus.or_else(|| {
            first(record, &chain.chain).and_then(|own| Locus::of_column(own.as_bytes()))
        });
        let of = (species.unwrap_or_default(), locus);
        let (v_call, j_call) = (texts.gene(record, &chain.v, of), texts.gene(record, &chain.j, of));
        if v_call.is_empty() {
            return Err(Unused::NoV);
        }
        let bare = places.database == Database::Iedb && !junction.starts_with(b"C");
        if bare {
            junction.insert(0, b'C');
            junction.push(junction::closing_anchor(&j_call, Locus::of_gene(&v_call)));
        }
        if junction.len() > MAX_LENGTH {
            return Err(Unused::Residues);
        }
        let entry = Entry {
            junction_aa: junction.iter().map(|&letter| char::from(letter)).collect(),
            v_call,
            j_call,
            epitope: texts.first(record, &places.epitope),
            antigen: texts.first(record, &places.antigen),
            antigen_species: texts.first(record, &places.antigen_species),
            mhc: mhc(record, &places.mhc, texts),
            species,
            database: places.database,
            score: first(record, &places.score).and_then(|own| own.parse().ok()),
        };
        if [&entry.epitope, &entry.antigen, &entry.antigen_species].iter().all(|own| own.is_empty())
        {
            return Err(Unused::NoAntigen);
        }
        report.anchors_restored += u64::from(bare);
        Ok(entry)
    }
}

/// Host of a chain, if the row says it. The IEDB writes an address that ends in a taxon.
fn host(record: &Record, chain: &ChainPlaces) -> Result<Option<Species>, Unused> {
    let Some(written) = first(record, &chain.species) else { return Ok(None) };
    let name = written.rsplit('/').next().unwrap_or_default();
    Species::of_column(name).map(Some).ok_or(Unused::OtherHost)
}

/// What presents the epitope, without the chain that all MHC of class I share.
fn mhc(record: &Record, places: &[usize], texts: &mut Texts) -> Arc<str> {
    let known = places.iter().filter_map(|&at| first(record, &[at]));
    let known: Vec<String> = known.filter(|own| !own.eq_ignore_ascii_case("B2M")).collect();
    texts.shared(&known.join(", "))
}
