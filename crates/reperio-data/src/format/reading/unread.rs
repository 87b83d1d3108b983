//! Columns that are not read although they look meaningful.

use serde::{Deserialize, Serialize};

use super::super::columns::Check;
use super::super::header::Header;
use super::super::verdict::verdict;
use super::counts::{is_whole, letters};
use super::genes::Segment;
use super::sample::Sample;

/// What a column looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LooksLike {
    /// V genes.
    VCall,
    /// J genes.
    JCall,
    /// Counts.
    Count,
    /// Whether rows are usable.
    Productive,
}

impl LooksLike {
    /// What a row would have.
    pub(in super::super) fn noun(self) -> &'static str {
        match self {
            Self::VCall => "V gene",
            Self::JCall => "J gene",
            Self::Count => "count",
            Self::Productive => "status",
        }
    }

    /// The option that would use a column.
    pub(in super::super) fn option(self, column: &str) -> String {
        match self {
            Self::VCall => format!("--column v_call={column}"),
            Self::JCall => format!("--column j_call={column}"),
            Self::Count => format!("--count-column {column}"),
            Self::Productive => format!("--column productive={column}"),
        }
    }
}

/// A column that is not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Its name.
    pub column: String,
    /// What it looks like.
    pub looks_like: LooksLike,
    /// The option that would use it.
    pub option: String,
}

/// Words in the names of columns that are about an alignment or a share, and no call or count.
const ABOUT_SOMETHING_ELSE: [&str; 33] = [
    "score",
    "start",
    "end",
    "length",
    "align",
    "identity",
    "cigar",
    "support",
    "trim",
    "delet",
    "index",
    "function",
    "orphon",
    "family",
    "allele",
    "ties",
    "germline",
    "mutation",
    "insert",
    "position",
    "shm",
    "total",
    "fraction",
    "percent",
    "freq",
    "prop",
    "rank",
    "quality",
    "evalue",
    "substitution",
    "sequence",
    "primer",
    "evidence",
];

/// Words in the names of columns of counts.
const COUNTS: [&str; 11] = [
    "count",
    "read",
    "umi",
    "copies",
    "template",
    "abundance",
    "molecule",
    "expansion",
    "multiplicity",
    "occurrence",
    "observation",
];

/// Names that counts may have, and much else.
const COUNT: [&str; 8] = ["copy", "n", "size", "num", "number", "total", "instances", "depth"];

/// Different values that a status has at most.
const FEW: usize = 6;

/// The columns outside of `used` that look like something.
pub(super) fn find(sample: &Sample, header: &Header, used: &[usize]) -> Vec<Unread> {
    // Where a column that is read has such words, others repeat them.
    let is_known = used.iter().any(|&at| says_unusable(sample, at));
    let columns = (0..header.names.len()).filter(|at| !used.contains(at));
    let looks = columns.filter_map(|at| {
        if !is_known && says_unusable(sample, at) {
            return Some((at, LooksLike::Productive));
        }
        Some((at, looks_like(sample, &header.names[at], at)?))
    });
    let unread = looks.map(|(at, looks_like)| entry(&header.names[at], looks_like));
    unread.collect()
}

pub(super) fn entry(column: &str, looks_like: LooksLike) -> Unread {
    Unread { column: column.to_owned(), looks_like, option: looks_like.option(column) }
}

/// Words in the names of columns that say whether a row is usable.
const STATUS: [&str; 7] = [
    "productiv",
    "functional",
    "inframe",
    "outofframe",
    "frametype",
    "sequencestatus",
    "stopcodon",
];

/// Whether a column has words as `unproductive` that are about the rows, whatever else it has. `In`, `Out` and `Stop` may
/// be of much else.
fn says_unusable(sample: &Sample, at: usize) -> bool {
    let says = |value: &[u8]| matches!(verdict(Check::Words, value), Ok(Some(_)));
    sample.values(at).any(|value| (5..=20).contains(&value.len()) && says(value))
}

fn looks_like(sample: &Sample, name: &str, at: usize) -> Option<LooksLike> {
    let name = letters(name);
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let is_status = has(&STATUS);
    if is_status && (1..=FEW).contains(&sample.texts(at).len()) {
        return Some(LooksLike::Productive);
    }
    if is_status || has(&ABOUT_SOMETHING_ELSE) {
        return None;
    }
    if names_genes(&name, Segment::V) && has_letters(sample, at) {
        Some(LooksLike::VCall)
    } else if names_genes(&name, Segment::J) && has_letters(sample, at) {
        Some(LooksLike::JCall)
    } else if (has(&COUNTS) || COUNT.contains(&name.as_str()))
        && is_whole(sample, at)
        && !is_running(sample, at)
    {
        Some(LooksLike::Count)
    } else {
        None
    }
}

/// Rows that are numbered, and not counted, if all numbers are greater than the one before.
const NUMBERED: usize = 20;

/// Whether a column numbers the rows, of which some may have been left out.
fn is_running(sample: &Sample, at: usize) -> bool {
    let number = |value: &[u8]| std::str::from_utf8(value).ok()?.parse::<u64>().ok();
    let numbers: Vec<Option<u64>> = sample.values(at).map(number).collect();
    let all = |fits: fn(u64, u64) -> bool| {
        let next = |pair: &[Option<u64>]| pair[0].zip(pair[1]).is_some_and(|(a, b)| fits(a, b));
        numbers.windows(2).all(next)
    };
    let is_next = |a: u64, b: u64| a.checked_add(1) == Some(b);
    numbers.len() > 1 && all(is_next) || numbers.len() > NUMBERED && all(|a, b| a < b)
}

fn names_genes(name: &str, segment: Segment) -> bool {
    let letter = segment.letter().to_ascii_lowercase();
    let words = ["gene", "call", "segment", "region", "hit", "name"];
    let locus =
        name.get(..3).is_some_and(|start| start.starts_with("tr") || start.starts_with("ig"));
    name == letter.to_string()
        || words.iter().any(|word| name.contains(&format!("{letter}{word}")))
        || (locus && name.chars().nth(3) == Some(letter))
}

fn has_letters(sample: &Sample, at: usize) -> bool {
    sample.values(at).any(|value| value.iter().any(u8::is_ascii_alphabetic))
}
