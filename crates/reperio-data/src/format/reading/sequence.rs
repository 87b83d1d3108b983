//! Columns of sequences.

use serde::{Deserialize, Serialize};

use super::super::columns::ChainPlaces;
use super::anchors::{ColumnContent, Tally};

/// The kind of letters of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letters {
    /// Amino acids.
    AminoAcids,
    /// Nucleotides, to be translated.
    Nucleotides,
}

/// A column of sequences and how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(in super::super) at: usize,
    pub(in super::super) letters: Letters,
    /// What its name says that they are.
    named: Letters,
    /// Whether both anchors are there; otherwise they are put back.
    pub(in super::super) anchors: bool,
}

impl Sequence {
    /// The columns of a chain in order of preference, as their names say.
    pub(in super::super) fn named(chain: &ChainPlaces) -> Vec<Self> {
        let all = |places: &[usize], letters, anchors| {
            let own = places.iter().map(|&at| Self { at, letters, named: letters, anchors });
            own.collect::<Vec<_>>()
        };
        let mut own = all(&chain.junction_aa, Letters::AminoAcids, true);
        own.extend(all(&chain.junction, Letters::Nucleotides, true));
        own.extend(all(&chain.cdr3_aa, Letters::AminoAcids, false));
        own
    }

    /// Whether it holds nucleotides although its name says amino acids.
    pub(in super::super) fn is_renamed(self) -> bool {
        self.letters != self.named
    }

    /// Whether its nucleotides are translated although most are of no junctions.
    pub(in super::super) fn is_mistaken(self, tally: Tally) -> bool {
        self.is_renamed() && tally.rows > 0 && 2 * tally.anchored <= tally.rows
    }

    /// The same column as its content says; what it holds is the error where that cannot be read.
    pub(in super::super) fn judged(self, tally: Tally) -> Result<Self, Tally> {
        match tally.content() {
            _ if self.is_mistaken(tally) => Err(tally),
            ColumnContent::Junctions => Ok(Self { anchors: true, ..self }),
            ColumnContent::Cdr3s => Ok(Self { anchors: false, ..self }),
            ColumnContent::Nucleotides if self.letters == Letters::AminoAcids => {
                Ok(Self { letters: Letters::Nucleotides, anchors: true, ..self })
            }
            // A second C in front would make another sequence of most of them.
            ColumnContent::Unclear if !self.anchors && tally.mostly_begins_with_c() => Err(tally),
            ColumnContent::Nucleotides | ColumnContent::Unclear => Ok(self),
            ColumnContent::Mixture | ColumnContent::OneAnchor | ColumnContent::BothLetters => {
                Err(tally)
            }
        }
    }
}
