//! One signal of a simulated cohort: what is implanted, in which repertoires, how often and where.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::config::{InvalidSimulation, SimulationConfig, check, check_share};
use super::motif::Motif;
use crate::junction::MAX_LENGTH;

/// One implanted signal: a set of motifs of which each witness gets one, or a pool of whole clonotypes
/// of which each witness is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Name in the truth table and the `class` column.
    pub name: String,
    /// Motifs in the notation of [`Motif`]; none if the signal is a pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub motifs: Vec<String>,
    /// Share of a carrier's sequences that are witnesses. In 0 to 1.
    #[serde(default)]
    pub witness_rate: f64,
    /// Witnesses per carrier, instead of a rate.
    #[serde(default)]
    pub witness_number: Option<usize>,
    /// Where the motif may be.
    #[serde(default)]
    pub position: Position,
    /// Factor on the counts of witnesses. At least 1.
    #[serde(default = "one")]
    pub count_boost: f64,
    /// Share of positives that carry it. In 0 to 1.
    #[serde(default = "one")]
    pub share_of_positives: f64,
    /// Share of negatives that carry it. In 0 to 1.
    #[serde(default)]
    pub share_of_negatives: f64,
    /// The label that it makes positive.
    #[serde(default)]
    pub target: Target,
}

/// The label that a signal belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Column `label`.
    #[default]
    Label,
    /// Column `second`.
    Second,
    /// Column `age`: all carry it, the more the older they are.
    Age,
}

/// Allowed positions of a motif in a junction. The anchors are never replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Position {
    /// Smallest 0-based junction position of the motif's first residue; 0 acts as 1.
    pub min: usize,
    /// Largest 0-based junction position of the motif's first residue.
    pub max: usize,
    /// Residues that must follow the motif; 0 acts as 1.
    pub from_end: usize,
}

impl Position {
    /// Allowed starts of a motif of `span` residues in a junction of `length` residues.
    pub(super) fn starts(self, length: usize, span: usize) -> Range<usize> {
        let after_last = (length + 1).saturating_sub(span + self.from_end.max(1));
        self.min.max(1)..after_last.min(self.max.saturating_add(1))
    }
}

impl Default for Position {
    fn default() -> Self {
        Self { min: 1, max: 255, from_end: 1 }
    }
}

fn one() -> f64 {
    1.0
}

impl Signal {
    pub(super) fn validate(&self, config: &SimulationConfig) -> Result<(), InvalidSimulation> {
        let key = |field: &str| format!("signals.{}.{field}", self.name);
        self.validate_content(config)?;
        check_share(&key("witness_rate"), self.witness_rate)?;
        check_share(&key("share_of_positives"), self.share_of_positives)?;
        check_share(&key("share_of_negatives"), self.share_of_negatives)?;
        let boost = self.count_boost;
        check((1.0..=1e6).contains(&boost), &key("count_boost"), boost, "1 to 10^6")?;
        let Position { min, max, from_end } = self.position;
        let at = from_end as f64;
        check(from_end <= MAX_LENGTH, &key("position.from_end"), at, "at most 255")?;
        check(min <= max, &key("position.min"), min as f64, "at most `position.max`")?;
        let has_rate = self.witness_rate > 0.0 || config.load.is_some();
        let number = self.witness_number.unwrap_or(usize::from(has_rate));
        check(number > 0, &key("witness_number"), 0.0, "at least 1, or a `witness_rate` above 0")?;
        let known = match self.target {
            Target::Label => true,
            Target::Second => config.second.is_some(),
            Target::Age => config.age.is_some(),
        };
        check(known, &key("target"), 2.0, "label, or one with a section of its name")
    }

    /// Shares of positives and of negatives that carry it.
    pub(super) fn shares(&self) -> [f64; 2] {
        [self.share_of_positives, self.share_of_negatives]
    }

    /// Either motifs or a pool.
    fn validate_content(&self, config: &SimulationConfig) -> Result<(), InvalidSimulation> {
        let key = |field: &str| format!("signals.{}.{field}", self.name);
        let motifs = self.motifs.len();
        let Some(&size) = config.pools.get(&self.name) else {
            check(motifs > 0, &key("motifs"), 0.0, "at least one motif, or a size in `pools`")?;
            return self.compile().map(drop);
        };
        let either = "none beside its size in `pools`";
        check(motifs == 0, &key("motifs"), motifs as f64, either)?;
        let number = self.witness_number.unwrap_or(0);
        let fits = (1..=size).contains(&number);
        check(fits, &key("witness_number"), number as f64, "1 to its size in `pools`")
    }

    /// The motifs, ready for use; none if it has a pool.
    ///
    /// # Errors
    ///
    /// Names the motif that cannot be read.
    pub(super) fn compile(&self) -> Result<Vec<Motif>, InvalidSimulation> {
        let key = || format!("signals.{}.motifs", self.name);
        let motif = |text: &String| {
            text.parse().map_err(|source| InvalidSimulation::Motif { key: key(), source })
        };
        self.motifs.iter().map(motif).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn motifs_never_touch_the_anchors() {
        assert_eq!(Position::default().starts(5, 3), 1..2);
        assert!(Position::default().starts(4, 3).is_empty());
        assert!(Position::default().starts(0, 3).is_empty());
        assert_eq!(Position { min: 6, ..Position::default() }.starts(14, 3), 6..11);
        assert_eq!(Position { min: 0, max: 2, from_end: 0 }.starts(14, 3), 1..3);
    }
}
