//! The known-motif oracle: who knows the motifs and their positions counts them.
//!
//! It is the yardstick for methods that have to find both. It counts what the background carries by
//! chance, too, so even the oracle errs.

use super::config::{Position, SimulationConfig};
use super::motif::Motif;
use super::{InvalidSimulation, Signal};
use crate::repertoire::Repertoire;

/// Counts the motifs of a configuration at their positions.
#[derive(Clone, Debug)]
pub struct Oracle {
    signals: Vec<(Vec<Motif>, Position)>,
}

impl Oracle {
    /// The oracle of a configuration's signals.
    ///
    /// # Errors
    ///
    /// If a motif cannot be read.
    pub fn new(config: &SimulationConfig) -> Result<Self, InvalidSimulation> {
        let compile = |signal: &Signal| Ok((signal.compile()?, signal.position));
        Ok(Self { signals: config.signals.iter().map(compile).collect::<Result<_, _>>()? })
    }

    /// Whether a junction (residue codes) carries a motif of `signal` at an allowed position.
    ///
    /// # Panics
    ///
    /// If there is no such signal.
    pub fn carries(&self, signal: usize, junction: &[u8]) -> bool {
        let (motifs, position) = &self.signals[signal];
        motifs
            .iter()
            .any(|motif| motif.occurs(junction, |span| position.starts(junction.len(), span)))
    }

    /// Clonotypes of `repertoire` that carry `signal`.
    ///
    /// # Panics
    ///
    /// If there is no such signal.
    pub fn count(&self, signal: usize, repertoire: &Repertoire) -> u64 {
        (0..repertoire.len())
            .filter(|&i| self.carries(signal, repertoire.junction_codes(i)))
            .count() as u64
    }

    /// Clonotypes of `repertoire` that carry any signal.
    pub fn count_any(&self, repertoire: &Repertoire) -> u64 {
        let any = |&i: &usize| {
            let junction = repertoire.junction_codes(i);
            (0..self.signals.len()).any(|signal| self.carries(signal, junction))
        };
        (0..repertoire.len()).filter(any).count() as u64
    }
}
