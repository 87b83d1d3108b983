//! A format as data: the meaning of its columns, and how a header is matched to them.

use super::header::Header;
use crate::format::{Columns, Format};
use crate::gene::{Locus, Species};
use crate::import_counts::DropReason;

/// What a status column says about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// 10x `productive`: everything but true drops the row.
    SurelyProductive,
    /// AIRR `stop_codon`: true drops the row.
    StopCodon,
    /// immunoSEQ `frame_type` or `sequenceStatus`: In, Out, Stop.
    FrameType,
    /// IMGT `V-DOMAIN Functionality`.
    Functionality,
    /// `is_cell`: false drops the row.
    Cell,
    /// 10x `high_confidence`: false drops the row.
    Confident,
    /// 10x `chain`: `Multi` drops the row.
    OneChain,
    /// A status, as AIRR's `productive`: words as `unproductive` and `out-of-frame`, or a truth value, of which the
    /// false one drops the row for this reason; a missing one leaves the verdict to the junction.
    Said(DropReason),
    /// A status in words alone.
    Words,
    /// A truth value that is true of a row that is dropped.
    Flaw(DropReason),
    /// A species: another than this is an error.
    Species(Species),
}

/// A file format: the names of its columns, in lower case and in order of preference.
///
/// Of sequences and genes, all columns present are tried in order until one has a value in the row;
/// counts, cells and repertoires are taken from one column of the table.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) format: Format,
    /// A header is of this format if it has a column of each group and none of `not`.
    pub(super) signature: &'static [&'static [&'static str]],
    pub(super) not: &'static [&'static str],
    /// Junction with both anchors; text behind a `+` is ignored.
    pub(super) junction_aa: &'static [&'static str],
    /// Nucleotides of the junction.
    pub(super) junction: &'static [&'static str],
    /// CDR3 without anchors.
    pub(super) cdr3_aa: &'static [&'static str],
    pub(super) v_call: &'static [&'static str],
    pub(super) j_call: &'static [&'static str],
    pub(super) counts: &'static [&'static str],
    pub(super) locus: &'static [&'static str],
    pub(super) repertoire_id: &'static [&'static str],
    /// Barcode of the cell, where a row is a contig and clonotypes are counted in cells.
    pub(super) cell: &'static [&'static str],
    pub(super) checks: &'static [(&'static str, Check)],
    /// Says of each row which region its sequence covers.
    pub(super) region: &'static [&'static str],
    /// Whether the format's writers leave off trailing empty fields. The columns that are read must
    /// be there all the same.
    pub(super) short_rows: bool,
}

impl Layout {
    /// Nothing; the formats state what they have.
    pub(super) const NONE: Self = Self {
        format: Format::Custom,
        signature: &[],
        not: &[],
        junction_aa: &[],
        junction: &[],
        cdr3_aa: &[],
        v_call: &[],
        j_call: &[],
        counts: &[],
        locus: &[],
        repertoire_id: &[],
        cell: &[],
        checks: &[],
        region: &[],
        short_rows: false,
    };

    /// How much of what a repertoire needs `header` has under this format's names, if it is of this format.
    pub(super) fn matches(&self, header: &Header) -> Option<usize> {
        let has = |names: &[&str]| names.iter().any(|name| header.find(name).is_some());
        if !self.signature.iter().all(|group| has(group)) || has(self.not) {
            return None;
        }
        // A junction translated from nucleotides is worth less than one that is written.
        let residues = has(self.junction_aa) || has(self.cdr3_aa);
        let needed = [self.v_call, self.j_call, self.counts].into_iter().filter(|names| has(names));
        Some(needed.count() + if residues { 2 } else { usize::from(has(self.junction)) })
    }
}

/// Columns that may say of a receptor chain what it is, best first.
#[derive(Clone, Debug, Default)]
pub(super) struct ChainPlaces {
    pub(super) junction_aa: Vec<usize>,
    pub(super) junction: Vec<usize>,
    pub(super) cdr3_aa: Vec<usize>,
    pub(super) v_call: Vec<usize>,
    pub(super) j_call: Vec<usize>,
    /// The locus that the names of the columns say.
    pub(super) locus: Option<Locus>,
}

impl ChainPlaces {
    /// Whether any column holds a sequence.
    pub(super) fn has_sequence(&self) -> bool {
        !(self.junction_aa.is_empty() && self.junction.is_empty() && self.cdr3_aa.is_empty())
    }
}

/// Which columns of one file may say what, as far as their names tell.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Receptor chains of a row; mostly one.
    pub(super) chains: Vec<ChainPlaces>,
    pub(super) counts: Vec<usize>,
    pub(super) locus: Vec<usize>,
    pub(super) repertoire_id: Vec<usize>,
    pub(super) cell: Vec<usize>,
    pub(super) checks: Vec<(usize, Check)>,
    /// immuneML `region_type`: `IMGT_JUNCTION` means that the CDR3 column has its anchors.
    pub(super) region: Option<usize>,
    /// Position of immunoSEQ's `bio_identity`, of which only the part before the first `+` is a junction.
    pub(super) identity: Option<usize>,
    pub(super) short_rows: bool,
}

impl Places {
    pub(super) fn of(layout: &Layout, header: &Header) -> Self {
        let checks = layout.checks.iter();
        let chain = ChainPlaces {
            junction_aa: header.all(layout.junction_aa),
            junction: header.all(layout.junction),
            cdr3_aa: header.all(layout.cdr3_aa),
            v_call: header.all(layout.v_call),
            j_call: header.all(layout.j_call),
            locus: None,
        };
        Self {
            chains: vec![chain],
            counts: header.all(layout.counts),
            locus: header.all(layout.locus),
            repertoire_id: header.all(layout.repertoire_id),
            cell: header.all(layout.cell),
            checks: checks.filter_map(|&(name, check)| Some((header.find(name)?, check))).collect(),
            region: layout.region.iter().find_map(|name| header.find(name)),
            identity: header.find("bio_identity"),
            short_rows: layout.short_rows,
        }
    }

    /// The columns a person named, or the name that the header lacks.
    pub(super) fn named(columns: &Columns, header: &Header) -> Result<Self, String> {
        let mut own = Self { chains: vec![ChainPlaces::default()], ..Self::default() };
        own.overrule(columns, header)?;
        Ok(own)
    }

    /// Puts the columns that a person named in place of those of the format.
    pub(super) fn overrule(&mut self, columns: &Columns, header: &Header) -> Result<(), String> {
        let chain = &mut self.chains[0];
        let named = [
            (&columns.junction_aa, &mut chain.junction_aa),
            (&columns.junction, &mut chain.junction),
            (&columns.cdr3_aa, &mut chain.cdr3_aa),
            (&columns.v_call, &mut chain.v_call),
            (&columns.j_call, &mut chain.j_call),
            (&columns.duplicate_count, &mut self.counts),
            (&columns.locus, &mut self.locus),
        ];
        for (name, places) in named {
            if let Some(name) = name {
                *places = vec![header.find_named(name).ok_or_else(|| name.clone())?];
            }
        }
        if let Some(name) = &columns.productive {
            let at = header.find_named(name).ok_or_else(|| name.clone())?;
            self.checks = vec![(at, Check::Said(DropReason::Unproductive))];
        }
        Ok(())
    }

    /// Whether any column holds a sequence.
    pub(super) fn has_sequence(&self) -> bool {
        self.chains.iter().any(ChainPlaces::has_sequence)
    }
}

/// Whether a field is any tool's word for "no value".
pub(crate) fn is_missing(field: &[u8]) -> bool {
    match field.len() {
        0 => true,
        1 => matches!(field, b"." | b"-" | b"*" | b"X"), // `X`: Adaptive, `*`: TRUST4.
        2..=10 => ["na", "n/a", "nan", "null", "none", "unknown", "unresolved", "no data"]
            .iter()
            .any(|word| field.eq_ignore_ascii_case(word.as_bytes())),
        _ => false,
    }
}
