//! A format as data: which columns say what, and how a header is matched to them.

use std::collections::HashMap;

use crate::format::{Columns, Format};

/// What a status column says about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// AIRR `productive`: false drops the row, missing leaves the verdict to the junction.
    Productive,
    /// 10x `productive`: everything but true drops the row.
    SurelyProductive,
    /// AIRR `vj_in_frame`: false drops the row.
    InFrame,
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
}

/// A file format: the names of its columns, in lower case and in order of preference.
///
/// For every item, all columns present are tried in order until one has a value in the row.
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
    /// Barcode of the cell, if a row is a contig and clonotypes are counted in cells.
    pub(super) cell: &'static [&'static str],
    pub(super) checks: &'static [(&'static str, Check)],
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
        short_rows: false,
    };

    /// Whether `header` is of this format.
    pub(super) fn matches(&self, header: &Header) -> bool {
        let has = |names: &[&str]| names.iter().any(|name| header.find(name).is_some());
        self.signature.iter().all(|group| has(group)) && !has(self.not)
    }
}

/// The column names of a file.
#[derive(Debug)]
pub(super) struct Header {
    /// As written, without surrounding space.
    pub(super) names: Vec<String>,
    index: HashMap<String, usize>,
    pub(super) line: u64,
    pub(super) delimiter: u8,
}

impl Header {
    pub(super) fn new(names: Vec<String>, line: u64, delimiter: u8) -> Self {
        let mut index = HashMap::new();
        for (at, name) in names.iter().enumerate() {
            // Of two columns with one name the first counts.
            index.entry(name.to_ascii_lowercase()).or_insert(at);
        }
        Self { names, index, line, delimiter }
    }

    /// Position of a column, by its name in lower case.
    pub(super) fn find(&self, lower_case: &str) -> Option<usize> {
        self.index.get(lower_case).copied()
    }

    /// Position of a column that a person named, exactly or else but for its case.
    pub(super) fn find_named(&self, name: &str) -> Option<usize> {
        let exact = self.names.iter().position(|candidate| candidate == name);
        exact.or_else(|| self.find(&name.to_ascii_lowercase()))
    }

    fn all(&self, names: &[&str]) -> Vec<usize> {
        names.iter().filter_map(|name| self.find(name)).collect()
    }
}

/// Where the columns of one file are.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) junction_aa: Vec<usize>,
    pub(super) junction: Vec<usize>,
    pub(super) cdr3_aa: Vec<usize>,
    pub(super) v_call: Vec<usize>,
    pub(super) j_call: Vec<usize>,
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
        Self {
            junction_aa: header.all(layout.junction_aa),
            junction: header.all(layout.junction),
            cdr3_aa: header.all(layout.cdr3_aa),
            v_call: header.all(layout.v_call),
            j_call: header.all(layout.j_call),
            counts: header.all(layout.counts),
            locus: header.all(layout.locus),
            repertoire_id: header.all(layout.repertoire_id),
            cell: header.all(layout.cell),
            checks: checks.filter_map(|&(name, check)| Some((header.find(name)?, check))).collect(),
            region: None,
            identity: header.find("bio_identity"),
            short_rows: layout.short_rows,
        }
    }

    /// The columns a person named, or the name that the header lacks.
    pub(super) fn named(columns: &Columns, header: &Header) -> Result<Self, String> {
        let find = |name: &Option<String>| match name {
            None => Ok(Vec::new()),
            Some(name) => header.find_named(name).map(|at| vec![at]).ok_or_else(|| name.clone()),
        };
        let productive = find(&columns.productive)?;
        Ok(Self {
            junction_aa: find(&columns.junction_aa)?,
            junction: find(&columns.junction)?,
            cdr3_aa: find(&columns.cdr3_aa)?,
            v_call: find(&columns.v_call)?,
            j_call: find(&columns.j_call)?,
            counts: find(&columns.duplicate_count)?,
            locus: find(&columns.locus)?,
            checks: productive.into_iter().map(|at| (at, Check::Productive)).collect(),
            ..Self::default()
        })
    }

    /// Whether any column holds a sequence.
    pub(super) fn has_sequence(&self) -> bool {
        !(self.junction_aa.is_empty() && self.junction.is_empty() && self.cdr3_aa.is_empty())
    }

    /// Fields that a row must have at least, so that every column that is read is there.
    pub(super) fn width(&self) -> usize {
        let lists = [
            &self.junction_aa,
            &self.junction,
            &self.cdr3_aa,
            &self.v_call,
            &self.j_call,
            &self.counts,
            &self.locus,
            &self.repertoire_id,
            &self.cell,
        ];
        let listed = lists.into_iter().flatten().copied();
        let checked = self.checks.iter().map(|&(at, _)| at);
        listed.chain(checked).chain(self.region).max().map_or(0, |last| last + 1)
    }
}

/// Whether a field says in any tool's words that there is no value.
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
