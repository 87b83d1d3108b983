//! The known-motif oracle: who knows the motifs and their positions counts them.
//!
//! It is the yardstick for methods that have to find both. It counts what the background carries by
//! chance, too, so even the oracle errs.

use super::config::{Position, SimulationConfig};
use super::motif::Motif;
use super::{InvalidSimulation, Signal, Target};
use crate::repertoire::Repertoire;

/// Counts the motifs of a configuration at their positions.
#[derive(Clone, Debug)]
pub struct Oracle {
    signals: Vec<(Target, Vec<Motif>, Position)>,
}

impl Oracle {
    /// The oracle of a configuration's signals.
    ///
    /// # Errors
    ///
    /// If a motif cannot be read.
    pub fn new(config: &SimulationConfig) -> Result<Self, InvalidSimulation> {
        let compile = |signal: &Signal| Ok((signal.target, signal.compile()?, signal.position));
        Ok(Self { signals: config.signals.iter().map(compile).collect::<Result<_, _>>()? })
    }

    /// Whether any signal belongs to `target`.
    pub fn knows(&self, target: Target) -> bool {
        self.signals.iter().any(|(own, ..)| *own == target)
    }

    /// Whether a junction (residue codes) carries a motif of a signal of `target` at an allowed
    /// position.
    pub fn carries(&self, target: Target, junction: &[u8]) -> bool {
        let mut signals = self.signals.iter().filter(|(own, ..)| *own == target);
        signals.any(|(_, motifs, position)| {
            let allowed = |span| position.starts(junction.len(), span);
            motifs.iter().any(|motif| motif.occurs(junction, allowed))
        })
    }

    /// Clonotypes of `repertoire` that carry a signal of `target`.
    pub fn count(&self, target: Target, repertoire: &Repertoire) -> u64 {
        let carries = |&i: &usize| self.carries(target, repertoire.junction_codes(i));
        (0..repertoire.len()).filter(carries).count() as u64
    }
}
